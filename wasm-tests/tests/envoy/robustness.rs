//! Whatever clients send: no trap, no refusal that nobody decided on, no memory that grows with it.

use crate::{alone, filter};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::thread;
use wasm_tests::envoy::{Client, Proxy, Request, Setup, Upstream, Version};

const LIMITS: &str = r#"{"rules": [
    {"name": "users", "key": [{"header": "x-user"}, {"path": {}}], "limit": {"requests": 3, "per": "1s"}, "maxKeys": 512},
    {"name": "addresses", "match": {"hosts": ["*.test"], "paths": [{"prefix": "/own/a"}], "methods": ["GET", "POST"],
     "headers": [{"name": "x-internal", "present": false}]}, "key": [{"sourceAddress": {}}], "limit": {"requests": 1000, "per": "1s"}}
]}"#;
const PROBE: &str = r#"{"count": true, "properties": true, "random": true, "verify": "00ff",
    "cookies": {"drop": "session", "add": "pin=1"}, "filter_state": {"name": "envoy.string", "value": "x"}}"#;
const HEADER: &str = r#"{"header": "x-served-by", "value": "weft"}"#;

/// Numbers from a seed (xorshift64*): a failure comes again.
struct Random(u64);

impl Random {
    fn of(seed: usize) -> Self {
        Self(
            u64::try_from(seed)
                .unwrap()
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                | 1,
        )
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn bytes(&mut self, from: &[u8], most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.pick(from)).collect()
    }
}

/// What may stand in a value: everything visible, blanks, and whatever is no ASCII.
fn value_bytes() -> Vec<u8> {
    (b' '..=b'~').chain([b'\t']).chain(0x80..=0xff).collect()
}

fn request(random: &mut Random, number: usize) -> Request {
    const NAMES: [&str; 14] = [
        "x-user",
        "X-User",
        "x-internal",
        "x-signature",
        "cookie",
        "authorization",
        "x-forwarded-for",
        "user-agent",
        "content-type",
        "accept",
        "x-probe-count",
        "x-route",
        "forwarded",
        "grpc-timeout",
    ];
    const PATHS: &[u8] = b"abcAB019/._~-%;:@!$&'()*+,=?";
    const NAME: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~";
    let method = random.pick(&["GET", "POST", "HEAD", "DELETE", "OPTIONS", "PURGE"]);
    let has_body = number.is_multiple_of(7);
    // A reply to a request whose body is still to come closes the connection, so those go on to an upstream.
    let folder = if has_body { &b"/up/"[..] } else { b"/own/" };
    let mut request = Request::new(method, "/");
    request.path = [folder, &random.bytes(PATHS, 40)].concat();
    let values = value_bytes();
    for _ in 0..random.below(20) {
        let size = random.pick(&[3, 20, 20, 20, 200, 2000]);
        let value = random.bytes(&values, size).trim_ascii().to_vec();
        let name = if random.below(2) == 0 {
            random.pick(&NAMES).to_owned()
        } else {
            format!("x-{}a", String::from_utf8(random.bytes(NAME, 12)).unwrap())
        };
        request = request.with(&name, value);
    }
    if has_body {
        request = request.body(random.bytes(&values, 300));
    }
    request
}

/// An Envoy that answers requests for `/own` itself, behind every module there is.
fn proxy(version: Version, upstream: &Upstream) -> Proxy {
    let direct = json!({"match": {"prefix": "/own"}, "direct_response": {"status": 200}});
    let filters = [
        filter("rate-limit", "limits", LIMITS),
        filter("probe", "probe", PROBE),
        filter("template", "header", HEADER),
    ];
    let setup = Setup::new(upstream.address())
        .route(direct)
        .workers(2)
        .listener("main", &filters);
    Proxy::start(version, &setup).unwrap()
}

/// How many clients send at once.
const CLIENTS: usize = 4;

/// Sends the requests that `make` makes of their numbers, over several connections; counts how often each status comes.
fn send(
    proxy: &Proxy,
    numbers: Range<usize>,
    make: &(impl Fn(usize) -> Request + Sync),
) -> BTreeMap<u16, usize> {
    let statuses = Mutex::new(BTreeMap::new());
    let address = proxy.address("main").unwrap();
    thread::scope(|scope| {
        for first in 0..CLIENTS {
            let (statuses, address, numbers) = (&statuses, &address, numbers.clone());
            scope.spawn(move || {
                let mut client = Client::connect(address).unwrap();
                for number in numbers.skip(first).step_by(CLIENTS) {
                    let request = make(number);
                    let response = client.send(&request).unwrap();
                    *statuses.lock().unwrap().entry(response.status).or_default() += 1;
                    // As it does after a reply to a request whose body was still to come.
                    if response.header("connection").as_deref() == Some("close") {
                        client = Client::connect(address).unwrap();
                    }
                }
            });
        }
    });
    statuses.into_inner().unwrap()
}

#[test]
fn a_hundred_thousand_random_requests_trap_no_module() {
    let _alone = alone();
    const REQUESTS: usize = 100_000;
    for version in Version::ALL {
        let upstream = Upstream::start_always("/size/9").unwrap();
        let proxy = proxy(version, &upstream);
        let created = proxy.counter("wasm.envoy.wasm.runtime.v8.created").unwrap();
        let make = |number: usize| request(&mut Random::of(number), number);
        let statuses = send(&proxy, 0..REQUESTS, &make);
        assert_eq!(statuses.values().sum::<usize>(), REQUESTS);
        assert_eq!(
            statuses.keys().copied().collect::<Vec<_>>(),
            [200, 429],
            "{statuses:?}"
        );
        assert_eq!(proxy.traps(), Vec::<String>::new());
        assert_eq!(
            proxy.counter("wasm.envoy.wasm.runtime.v8.created").unwrap(),
            created
        );
        let reloads = proxy.stats("vm_reload").unwrap();
        assert!(
            !reloads.is_empty() && reloads.values().all(|count| *count == 0),
            "{reloads:?}"
        );
        let passed = u64::try_from(statuses[&200]).unwrap();
        assert_eq!(
            proxy.counter("wasmcustom.probe.requests").unwrap(),
            passed,
            "{version:?}"
        );
    }
}

#[test]
fn memory_does_not_grow_with_the_number_of_clients() {
    let _alone = alone();
    for version in Version::ALL {
        let upstream = Upstream::start_always("/size/9").unwrap();
        let proxy = proxy(version, &upstream);
        let user = |number: usize| {
            Request::get("/own/b").with("x-user", format!("client number {number}"))
        };
        send(&proxy, 0..20_000, &user);
        let before = proxy.memory().unwrap();
        let statuses = send(&proxy, 20_000..120_000, &user);
        let after = proxy.memory().unwrap();
        assert!(
            after < before + 4096,
            "{version:?}: {before} KiB, then {after} KiB"
        );
        assert_eq!(proxy.traps(), Vec::<String>::new());
        assert_eq!(
            statuses.keys().copied().collect::<Vec<_>>(),
            [200, 429],
            "{statuses:?}"
        );
    }
}

#[test]
fn headers_that_are_huge_many_or_no_text_pass_unchanged() {
    let _alone = alone();
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let filters = [
            filter("rate-limit", "limits", LIMITS),
            filter("probe", "probe", PROBE),
            filter("template", "header", HEADER),
        ];
        let setup = Setup::new(upstream.address()).listener("main", &filters);
        let proxy = Proxy::start(version, &setup).unwrap();
        let huge = vec![0xfe; 500_000];
        let many = (0..900).fold(Request::get("/many"), |request, number| {
            request.with("x-many", number.to_string())
        });
        let requests = [
            Request::get("/huge").with("x-huge", &huge),
            many,
            Request::get("/twice")
                .with("x-user", "a")
                .with("x-user", "b")
                .with("x-empty", ""),
        ];
        for request in &requests {
            let response = proxy.connect("main").unwrap().send(request).unwrap();
            assert_eq!(response.status, 200, "{}", proxy.log());
            assert_eq!(response.header("x-served-by").as_deref(), Some("weft"));
            let seen = upstream.take().remove(0);
            for name in ["x-huge", "x-many", "x-user", "x-empty"] {
                let sent = request.headers.iter().filter(|(found, _)| found == name);
                let sent: Vec<Vec<u8>> = sent.map(|(_, value)| value.clone()).collect();
                assert_eq!(seen.all(name).concat(), sent.concat(), "{name}");
            }
        }
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}
