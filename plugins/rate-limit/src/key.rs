//! What a rule counts by.
//!
//! A key is read from the request into the hasher part by part; no key is ever assembled. A header that stands in a request
//! more than once counts as missing: which of the values the upstream reads is not known here, and a client that may choose
//! between them could use a fresh bucket for each request.

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};

use filter::{Exchange, HostError, Property};
use matcher::{Path, RequestLine};

use crate::fingerprint::{Fingerprint, Hasher, Seed};

/// Kinds of parts, as they are hashed.
mod kind {
    pub(super) const MISSING: u8 = 0;
    pub(super) const TEXT: u8 = 1;
    pub(super) const AMBIGUOUS: u8 = 2;
    pub(super) const IPV4: u8 = 4;
    pub(super) const IPV6: u8 = 6;
}

/// The parts of a key; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) Vec<Part>);

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The value of this header.
    Header(String),
    /// The address of the client, as Envoy sees it after `X-Forwarded-For`.
    SourceAddress(Prefixes),
    /// The path in normal form, without the query. All ambiguous paths are one.
    Path,
    /// Always the same.
    Constant(String),
}

/// How many bits of an address tell clients apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefixes {
    /// 0 to 32.
    pub(crate) ipv4: u32,
    /// 0 to 128.
    pub(crate) ipv6: u32,
}

/// The key of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The key, in which a missing part is a value like no other.
    pub(crate) fingerprint: Fingerprint,
    /// Whether every part was there.
    pub(crate) complete: bool,
}

/// What keys are read from.
pub(crate) struct Source<'a> {
    exchange: &'a dyn Exchange,
    line: &'a RequestLine<'a>,
    client: OnceCell<Result<Option<Client>, HostError>>,
}

/// Who sent the request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Client {
    Address(IpAddr),
    /// Something else, such as the path of a Unix socket.
    Other(Vec<u8>),
}

impl Key {
    /// Whether every request has the same key.
    pub(crate) fn is_constant(&self) -> bool {
        let constant = |part: &Part| matches!(part, Part::Constant(_));
        self.0.iter().all(constant)
    }

    /// The key of a request.
    ///
    /// # Errors
    ///
    /// [`HostError`] when the proxy could not say who the client is.
    pub(crate) fn find(&self, seed: &Seed, source: &Source<'_>) -> Result<Found, HostError> {
        let mut hasher = Hasher::new(seed);
        let mut complete = true;
        for part in &self.0 {
            let found = part.hash(&mut hasher, source)?;
            if !found {
                hasher.part(kind::MISSING, b"");
            }
            complete &= found;
        }
        Ok(Found {
            fingerprint: hasher.finish(),
            complete,
        })
    }
}

impl Part {
    /// Hashes this part of the request's key; `false` if the request lacks it.
    fn hash(&self, hasher: &mut Hasher, source: &Source<'_>) -> Result<bool, HostError> {
        let text = |hasher: &mut Hasher, text: Option<&[u8]>| {
            text.map(|text| hasher.part(kind::TEXT, text)).is_some()
        };
        Ok(match self {
            Self::Header(name) => {
                let value = source.line.headers().single(name);
                text(hasher, value.unwrap_or_default())
            }
            Self::SourceAddress(prefixes) => match source.client()? {
                Some(client) => {
                    client.hash(hasher, *prefixes);
                    true
                }
                None => false,
            },
            Self::Path => match source.line.path() {
                Some(Path::Normal(path)) => text(hasher, Some(path)),
                Some(Path::Ambiguous) => {
                    hasher.part(kind::AMBIGUOUS, b"");
                    true
                }
                None => false,
            },
            Self::Constant(constant) => text(hasher, Some(constant.as_bytes())),
        })
    }
}

impl<'a> Source<'a> {
    pub(crate) const fn new(exchange: &'a dyn Exchange, line: &'a RequestLine<'a>) -> Self {
        Self {
            exchange,
            line,
            client: OnceCell::new(),
        }
    }

    fn client(&self) -> Result<Option<&Client>, HostError> {
        let ask = || {
            let address = self.exchange.property(Property::SOURCE_ADDRESS)?;
            Ok(address.filter(|text| !text.is_empty()).map(Client::parse))
        };
        match self.client.get_or_init(ask) {
            Ok(client) => Ok(client.as_ref()),
            Err(error) => Err(*error),
        }
    }
}

impl Client {
    fn parse(text: Vec<u8>) -> Self {
        let address = std::str::from_utf8(&text).ok().and_then(|text| {
            let socket = text.parse::<SocketAddr>().map(|socket| socket.ip());
            socket.or_else(|_| text.parse::<IpAddr>()).ok()
        });
        match address {
            // ::ffff:192.0.2.1 is 192.0.2.1: a listener on [::] shows IPv4 clients so.
            Some(address) => Self::Address(address.to_canonical()),
            None => Self::Other(text),
        }
    }

    fn hash(&self, hasher: &mut Hasher, prefixes: Prefixes) {
        match self {
            Self::Address(IpAddr::V4(address)) => {
                let kept = u32::MAX.checked_shl(32_u32.saturating_sub(prefixes.ipv4));
                let network = address.to_bits() & kept.unwrap_or(0);
                hasher.part(kind::IPV4, &network.to_be_bytes());
            }
            Self::Address(IpAddr::V6(address)) => {
                let kept = u128::MAX.checked_shl(128_u32.saturating_sub(prefixes.ipv6));
                let network = address.to_bits() & kept.unwrap_or(0);
                hasher.part(kind::IPV6, &network.to_be_bytes());
            }
            Self::Other(text) => hasher.part(kind::TEXT, text),
        }
    }
}

#[cfg(test)]
mod tests;
