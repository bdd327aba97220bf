use filter::Headers;
use filter::foreign::{ForeignCall, ForeignError};
use filter::shared::{SharedError, Step};
use filter::{Level, Proxy};

use super::*;
use crate::fingerprint::SEED;

/// A proxy that knows a client's address.
struct Client(Result<Option<&'static [u8]>, HostError>);

const ERROR: HostError = HostError {
    call: "proxy_get_property",
    status: 1,
};

impl Proxy for Client {
    fn now(&self) -> Result<std::time::Duration, HostError> {
        Err(ERROR)
    }

    fn shared(&mut self, _: &str, _: &mut Step<'_>) -> Result<(), SharedError> {
        Ok(())
    }

    fn count(&mut self, _: usize, _: u64) {}

    fn log(&self, _: Level, _: &str) {}

    fn random(&mut self, _: &mut [u8]) -> Result<(), HostError> {
        Err(ERROR)
    }

    fn foreign(&mut self, _: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
        Err(ForeignError::Absent)
    }
}

impl Exchange for Client {
    fn headers(&self) -> Result<&Headers, HostError> {
        Err(ERROR)
    }

    fn property(&self, _: Property) -> Result<Option<Vec<u8>>, HostError> {
        self.0.map(|address| address.map(<[u8]>::to_vec))
    }

    fn body(&self, _: usize, _: usize) -> Result<Vec<u8>, HostError> {
        Err(ERROR)
    }
}

fn find(parts: Vec<Part>, headers: &[(&str, &[u8])], client: &Client) -> Result<Found, HostError> {
    let headers: Headers = headers.iter().copied().collect();
    let line = RequestLine::new(&headers);
    Key(parts).find(&Seed([1; SEED]), &Source::new(client, &line))
}

fn by_header(headers: &[(&str, &[u8])]) -> Found {
    find(
        vec![Part::Header("x-user".into())],
        headers,
        &Client(Ok(None)),
    )
    .unwrap()
}

fn by_address(ipv4: u32, ipv6: u32, address: &'static str) -> Found {
    let part = Part::SourceAddress(Prefixes { ipv4, ipv6 });
    find(vec![part], &[], &Client(Ok(Some(address.as_bytes())))).unwrap()
}

fn by_path(path: &'static str) -> Found {
    find(
        vec![Part::Path],
        &[(":path", path.as_bytes())],
        &Client(Ok(None)),
    )
    .unwrap()
}

#[test]
fn a_header_is_its_bytes() {
    let alice = by_header(&[("X-User", b"alice")]);
    assert!(alice.complete);
    assert_eq!(alice, by_header(&[("x-other", b"1"), ("x-user", b"alice")]));
    for other in [&b"Alice"[..], b"alice ", b"", b"\xff\xfe"] {
        let found = by_header(&[("x-user", other)]);
        assert!(found.complete);
        assert_ne!(found.fingerprint, alice.fingerprint, "{other:?}");
    }
}

#[test]
fn a_header_that_is_missing_or_stands_there_twice_is_no_key_but_always_the_same() {
    let missing = by_header(&[]);
    assert!(!missing.complete);
    assert_eq!(
        missing,
        by_header(&[("x-user", b"alice"), ("x-user", b"alice")])
    );
    assert_eq!(
        missing,
        by_header(&[("x-user", b"alice"), ("X-USER", b"bob")])
    );
    assert_ne!(
        missing.fingerprint,
        by_header(&[("x-user", b"")]).fingerprint
    );
}

#[test]
fn a_client_is_an_address_without_its_port() {
    let same = [
        (32, 64, "192.0.2.1:80", "192.0.2.1:81"),
        (32, 64, "192.0.2.1:80", "192.0.2.1"),
        (32, 64, "192.0.2.1:80", "[::ffff:192.0.2.1]:80"),
        (24, 64, "192.0.2.1:80", "192.0.2.254:80"),
        (32, 64, "[2001:db8::1]:80", "[2001:db8::ffff:1]:9"),
        (32, 128, "[2001:db8::1]:80", "[2001:db8:0:0::1]:80"),
        (32, 64, "/run/client.sock", "/run/client.sock"),
    ];
    for (ipv4, ipv6, one, other) in same {
        let found = [one, other].map(|address| by_address(ipv4, ipv6, address));
        assert_eq!(found[0], found[1], "{one} {other}");
        assert!(found[0].complete);
    }
    let different = [
        (32, 64, "192.0.2.1:80", "192.0.2.2:80"),
        (24, 64, "192.0.2.1:80", "192.0.3.1:80"),
        (32, 64, "[2001:db8::1]:80", "[2001:db8:0:1::1]:80"),
        (32, 128, "[2001:db8::1]:80", "[2001:db8::2]:80"),
        (32, 64, "/tmp", "47.116.109.112:80"),
    ];
    for (ipv4, ipv6, one, other) in different {
        let found = [one, other].map(|address| by_address(ipv4, ipv6, address).fingerprint);
        assert_ne!(found[0], found[1], "{one} {other}");
    }
}

#[test]
fn a_client_that_the_proxy_does_not_know_has_no_key() {
    let part = || vec![Part::SourceAddress(Prefixes { ipv4: 32, ipv6: 64 })];
    assert!(!find(part(), &[], &Client(Ok(None))).unwrap().complete);
    assert!(!find(part(), &[], &Client(Ok(Some(b"")))).unwrap().complete);
    assert_eq!(find(part(), &[], &Client(Err(ERROR))), Err(ERROR));
}

#[test]
fn a_path_is_its_normal_form() {
    for other in ["/api?x", "//api/", "/%61pi;x=1", "/./api"] {
        assert_eq!(by_path("/api"), by_path(other), "{other}");
    }
    assert_ne!(by_path("/api"), by_path("/api/users"));
    assert_eq!(
        by_path("/x/../a"),
        by_path("/x%2F..%2Fb"),
        "all ambiguous paths share a bucket"
    );
    assert_ne!(by_path("/x/../a"), by_path("/"));
    assert!(
        !find(vec![Part::Path], &[], &Client(Ok(None)))
            .unwrap()
            .complete
    );
}

#[test]
fn parts_are_joined_so_that_they_cannot_be_confused() {
    let parts = || vec![Part::Header("a".into()), Part::Header("b".into())];
    let key = |a: &'static [u8], b: &'static [u8]| {
        find(parts(), &[("a", a), ("b", b)], &Client(Ok(None)))
            .unwrap()
            .fingerprint
    };
    assert_ne!(key(b"xy", b"z"), key(b"x", b"yz"));
    assert_ne!(key(b"x", b""), key(b"", b"x"));
    let one = find(parts(), &[("a", b"x")], &Client(Ok(None))).unwrap();
    let two = find(parts(), &[("a", b"y")], &Client(Ok(None))).unwrap();
    assert_ne!(
        one.fingerprint, two.fingerprint,
        "only what is missing is shared"
    );
}
