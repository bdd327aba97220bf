//! Addresses of the lab: one link (a bridge of the host) and what each member gets on it. Pure.

use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// How many members a link has room for.
pub(crate) const MEMBERS: u8 = 100;

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cidr {
    base: Ipv4Addr,
    bits: u8,
}

impl Cidr {
    fn mask(self) -> u32 {
        u32::MAX
            .checked_shl(32_u32.saturating_sub(u32::from(self.bits)))
            .unwrap_or(0)
    }

    /// The address at that place of the network.
    #[must_use]
    pub(crate) fn host(self, number: u8) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.base) | u32::from(number))
    }

    pub(crate) fn bits(self) -> u8 {
        self.bits
    }

    /// Whether the two share an address.
    #[must_use]
    pub(crate) fn overlaps(self, other: Self) -> bool {
        let mask = self.mask() & other.mask();
        u32::from(self.base) & mask == u32::from(other.base) & mask
    }
}

impl FromStr for Cidr {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || anyhow!("{text:?} is no IPv4 network; write it like 10.77.0.0/24");
        let (base, bits) = text.split_once('/').unwrap_or((text, "32"));
        let base: Ipv4Addr = base.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let cidr = Self { base, bits };
        if bits > 32 || u32::from(base) & !cidr.mask() != 0 {
            return Err(wrong());
        }
        Ok(cidr)
    }
}

impl TryFrom<String> for Cidr {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Cidr> for String {
    fn from(cidr: Cidr) -> Self {
        cidr.to_string()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

/// The lab's link: 10.77.0.0/24 unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Link {
    pub(crate) net: Cidr,
}

impl Link {
    pub(crate) fn new(net: Cidr) -> Result<Self> {
        if net.bits != 24 {
            bail!("the lab's link must be a /24, not {net}; set WEFT_LAB_NET=10.77.0.0/24");
        }
        Ok(Self { net })
    }

    /// `WEFT_LAB_NET`, or the default.
    pub(crate) fn from_env() -> Result<Self> {
        let text = std::env::var("WEFT_LAB_NET").unwrap_or_else(|_| "10.77.0.0/24".into());
        Self::new(text.parse()?)
    }

    /// The host's address on it.
    pub(crate) fn host(self) -> Ipv4Addr {
        self.net.host(1)
    }

    /// The node address of a member.
    pub(crate) fn member(self, number: u8) -> Ipv4Addr {
        self.net.host(number.saturating_add(1))
    }

    /// The bridge: named after the network, so that two labs never share one by accident.
    pub(crate) fn bridge(self) -> String {
        let [a, b, c, _] = self.net.base.octets();
        format!("wl{a:02x}{b:02x}{c:02x}")
    }

    /// The host's end of a member's cable.
    pub(crate) fn port(self, number: u8) -> String {
        format!("{}-{number}", self.bridge())
    }
}

/// A member's pod network, unless told otherwise: one that is not `taken`. Labs on other links begin elsewhere, so that two which
/// start at once do not take the same one.
pub(crate) fn pods(link: Link, number: u8, taken: &[Cidr]) -> Result<Cidr> {
    let [_, second, _, _] = link.net.base.octets();
    let begin = usize::from(number)
        .saturating_add(usize::from(second.wrapping_sub(77) % 8).saturating_mul(12));
    let places = (101..=200_u8)
        .cycle()
        .skip(begin.saturating_sub(1))
        .take(100);
    for place in places {
        let net: Cidr = format!("10.{place}.0.0/16").parse()?;
        if !taken.iter().any(|taken| taken.overlaps(net)) {
            return Ok(net);
        }
    }
    bail!(
        "every network from 10.101.0.0/16 on is in use on this machine; choose the pods: --pod-cidr 172.30.0.0/16"
    )
}

/// A member's Service network, unless told otherwise.
pub(crate) fn services(number: u8) -> Result<Cidr> {
    // From 10.11 on, and not over 10.77 or the pods above 10.100.
    let octet = number.saturating_add(10);
    let octet = if octet >= 77 {
        octet.saturating_add(124)
    } else {
        octet
    };
    format!("10.{octet}.0.0/16").parse()
}

/// The lowest number that nobody has.
pub(crate) fn free_member(taken: &[u8]) -> Result<u8> {
    (1..=MEMBERS)
        .find(|number| !taken.contains(number))
        .ok_or_else(|| anyhow!("all {MEMBERS} places on the lab's link are taken; see: lab status, then free some with: lab down NAME"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn networks_are_read_strictly() {
        for text in ["10.77.0.0/24", "0.0.0.0/0", "1.2.3.4/32"] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
        }
        for text in ["10.77.0.1/24", "10.77.0/24", "10.77.0.0/33", "x", ""] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn overlap_is_symmetric() {
        let table = [
            ("10.77.0.0/24", "10.77.0.0/24", true),
            ("10.77.0.0/24", "10.0.0.0/8", true),
            ("10.77.0.0/24", "10.77.1.0/24", false),
            ("0.0.0.0/0", "1.2.3.4/32", true),
        ];
        for (a, b, expected) in table {
            let (a, b): (Cidr, Cidr) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(
                (a.overlaps(b), b.overlaps(a)),
                (expected, expected),
                "{a} {b}"
            );
        }
    }

    #[test]
    fn members_have_places_of_their_own() {
        let link = Link::new("10.77.0.0/24".parse().unwrap()).unwrap();
        assert_eq!(link.host().to_string(), "10.77.0.1");
        assert_eq!(link.member(1).to_string(), "10.77.0.2");
        assert_eq!(
            (link.bridge().as_str(), link.port(7).as_str()),
            ("wl0a4d00", "wl0a4d00-7")
        );
        let mut seen = BTreeSet::new();
        for number in 1..=MEMBERS {
            assert!(link.port(number).len() <= 15, "the kernel's limit");
            for net in [pods(link, number, &[]).unwrap(), services(number).unwrap()] {
                assert!(!net.overlaps(link.net), "{net}");
                assert!(seen.insert(net.to_string()), "{net}");
            }
        }
    }

    #[test]
    fn pods_are_where_nothing_else_is() {
        let link = |net: &str| Link::new(net.parse().unwrap()).unwrap();
        let cidr = |text: &str| text.parse::<Cidr>().unwrap();
        let table = [
            ("10.77.0.0/24", vec![], "10.101.0.0/16"),
            ("10.78.0.0/24", vec![], "10.113.0.0/16"),
            ("10.77.0.0/24", vec!["10.101.0.0/16"], "10.102.0.0/16"),
            ("10.77.0.0/24", vec!["10.96.0.0/12"], "10.112.0.0/16"),
        ];
        for (net, taken, expected) in table {
            let taken: Vec<_> = taken.into_iter().map(cidr).collect();
            assert_eq!(
                pods(link(net), 1, &taken).unwrap().to_string(),
                expected,
                "{net} {taken:?}"
            );
        }
        assert!(pods(link("10.77.0.0/24"), 1, &[cidr("10.0.0.0/8")]).is_err());
    }

    #[test]
    fn the_lowest_free_place_is_taken() {
        assert_eq!(free_member(&[]).unwrap(), 1);
        assert_eq!(free_member(&[1, 2, 4]).unwrap(), 3);
        let all: Vec<u8> = (1..=MEMBERS).collect();
        assert!(free_member(&all).is_err());
    }
}
