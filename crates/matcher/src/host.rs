//! Names of hosts.
//!
//! A client chooses what it puts into `:authority`, so spellings that reach the same host must match alike: letter case, a
//! port, a user name before `@` and the final dot of a fully qualified name do not tell hosts apart (RFC 3986 section 3.2,
//! RFC 9110 section 4.2.3). Envoy compares domains of routes without case, and with the port unless it was told to strip it.

use filter::config::{Refused, Value};

/// The host and the port that a client named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host as it was written, without a final dot; an IPv6 address keeps its brackets.
    pub host: &'a [u8],
    /// The port, where a sensible one was written.
    pub port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Takes an authority apart. Every sequence of bytes has a reading; what is no port counts as none.
    #[must_use]
    pub fn parse(authority: &'a [u8]) -> Self {
        let host = after_last(authority, b'@');
        let (host, port) = match host.first() {
            Some(b'[') => bracketed(host),
            _ => plain(host),
        };
        Self {
            host: host.strip_suffix(b".").unwrap_or(host),
            port,
        }
    }
}

fn after_last(bytes: &[u8], mark: u8) -> &[u8] {
    bytes.rsplit(|byte| *byte == mark).next().unwrap_or(bytes)
}

/// `[::1]:8080`; without a closing bracket all of it is the host.
fn bracketed(host: &[u8]) -> (&[u8], Option<u16>) {
    let end = host.iter().position(|byte| *byte == b']');
    let split = end.and_then(|end| host.split_at_checked(end.saturating_add(1)));
    let (host, rest) = split.unwrap_or((host, b""));
    (host, rest.strip_prefix(b":").and_then(port))
}

/// `host:8080`. With several colons it is an IPv6 address that lacks its brackets, and has no port.
fn plain(host: &[u8]) -> (&[u8], Option<u16>) {
    let mut parts = host.splitn(3, |byte| *byte == b':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(number), None) => (name, port(number)),
        _ => (host, None),
    }
}

fn port(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The hosts that a rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: Name,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// This host.
    Exact(String),
    /// Hosts that end with this, which starts with a dot.
    Suffix(String),
}

/// Reads `example.com`, `example.com:8443` or `*.example.com`.
///
/// # Errors
///
/// [`Refused`] when it is anything else.
pub fn read(value: &Value<'_>) -> Result<HostPattern, Refused> {
    let text = value.text()?;
    pattern(text).ok_or_else(|| {
        value.refuse(format!(
            "must be a host such as example.com, example.com:8443 or *.example.com, is {}",
            value.describe()
        ))
    })
}

fn pattern(text: &str) -> Option<HostPattern> {
    let Authority { host, port } = Authority::parse(text.as_bytes());
    let host = std::str::from_utf8(host).ok()?;
    let written = match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let name = match host.strip_prefix('*') {
        Some(suffix) if suffix.starts_with('.') && suffix.len() > 1 => {
            Name::Suffix(suffix.to_owned())
        }
        Some(_) => return None,
        None => Name::Exact(host.to_owned()),
    };
    let (Name::Exact(rest) | Name::Suffix(rest)) = &name;
    let sound = written == text && !rest.is_empty() && rest.bytes().all(in_a_host);
    sound.then_some(HostPattern { name, port })
}

fn in_a_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'[' | b']' | b':')
}

impl HostPattern {
    /// Whether `found` is one of the hosts. A pattern without a port takes any port; one with a port takes only a client that
    /// wrote it, so leave it out unless hosts differ by nothing else.
    #[must_use]
    pub fn matches(&self, found: &Authority<'_>) -> bool {
        let port = self.port.is_none_or(|port| found.port == Some(port));
        port && match &self.name {
            Name::Exact(name) => found.host.eq_ignore_ascii_case(name.as_bytes()),
            Name::Suffix(suffix) => ends_with(found.host, suffix.as_bytes()),
        }
    }
}

/// Whether `host` is a name, a dot and the rest of `suffix`. The name may have dots of its own.
fn ends_with(host: &[u8], suffix: &[u8]) -> bool {
    let start = host.len().checked_sub(suffix.len());
    let (name, rest) = start
        .and_then(|start| host.split_at_checked(start))
        .unwrap_or_default();
    !name.is_empty() && rest.eq_ignore_ascii_case(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_authorities_apart() {
        let table: &[(&[u8], &[u8], Option<u16>)] = &[
            (b"example.com", b"example.com", None),
            (b"example.com:8443", b"example.com", Some(8443)),
            (b"example.com.:80", b"example.com", Some(80)),
            (b"me@example.com:80", b"example.com", Some(80)),
            (b"a@b@c", b"c", None),
            (b"example.com:", b"example.com", None),
            (b"example.com:http", b"example.com", None),
            (b"example.com:99999", b"example.com", None),
            (b"[::1]:8080", b"[::1]", Some(8080)),
            (b"[::1]", b"[::1]", None),
            (b"[::1", b"[::1", None),
            (b"::1", b"::1", None),
            (b"\xff", b"\xff", None),
            (b"", b"", None),
        ];
        for (text, host, port) in table {
            let found = Authority::parse(text);
            assert_eq!((found.host, found.port), (*host, *port), "{text:?}");
        }
    }

    #[test]
    fn matches_hosts() {
        let table = [
            ("example.com", "EXAMPLE.com", true),
            ("Example.com", "example.com:8080", true),
            ("example.com", "example.com.", true),
            ("example.com", "a.example.com", false),
            ("example.com", "example.com.evil.org", false),
            ("example.com:8443", "example.com:8443", true),
            ("example.com:8443", "example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "b.A.Example.com:80", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "evilexample.com", false),
            ("*.example.com:80", "a.example.com:80", true),
            ("*.example.com:80", "a.example.com:81", false),
            ("[::1]", "[::1]:80", true),
        ];
        for (text, authority, wanted) in table {
            let pattern = pattern(text).unwrap();
            let found = pattern.matches(&Authority::parse(authority.as_bytes()));
            assert_eq!(found, wanted, "{text} and {authority}");
        }
    }

    #[test]
    fn refuses_what_is_no_host() {
        for text in [
            "*",
            "*.",
            "*example.com",
            "a.*.com",
            "example.com.",
            "example.com:",
            "example.com:0x50",
            "https://example.com",
            "example.com/path",
            "me@example.com",
            "exämple.com",
            "a b",
            ":80",
        ] {
            assert_eq!(pattern(text), None, "{text}");
        }
    }
}
