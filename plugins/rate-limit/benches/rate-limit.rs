//! What a request costs besides the calls to the host, which here cost next to nothing.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use filter::config::Errors;
use filter::foreign::{ForeignCall, ForeignError};
use filter::shared::{SharedError, Step};
use filter::{Exchange, Headers, HostError, Level, Plugin as _, Property, Proxy};
use rate_limit::RateLimit;

/// A proxy of one worker, to whom a request comes every microsecond.
struct Busy {
    now: Cell<Duration>,
    headers: Headers,
    shared: BTreeMap<String, Vec<u8>>,
}

impl Proxy for Busy {
    fn now(&self) -> Result<Duration, HostError> {
        self.now
            .set(self.now.get().saturating_add(Duration::from_micros(1)));
        Ok(self.now.get())
    }

    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
        // The host copies the bytes out for every step.
        let old = self.shared.get(slot).cloned();
        if let Some(new) = step(old.as_deref()) {
            self.shared.insert(slot.to_owned(), new);
        }
        Ok(())
    }

    fn count(&mut self, index: usize, amount: u64) {
        black_box((index, amount));
    }

    fn log(&self, _: Level, _: &str) {}

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), HostError> {
        bytes.fill(7);
        Ok(())
    }

    fn foreign(&mut self, _: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
        Err(ForeignError::Absent)
    }
}

impl Exchange for Busy {
    fn headers(&self) -> Result<&Headers, HostError> {
        Ok(&self.headers)
    }

    fn property(&self, _: Property) -> Result<Option<Vec<u8>>, HostError> {
        Ok(Some(b"192.0.2.1:1000".to_vec()))
    }

    fn body(&self, _: usize, _: usize) -> Result<Vec<u8>, HostError> {
        Ok(Vec::new())
    }
}

/// The headers of a request as browsers send them: 20.
fn busy() -> Busy {
    let mut headers = Headers::new();
    headers.push(":method", b"GET");
    headers.push(":authority", b"shop.example.com");
    headers.push(":path", b"/api/v1/users/17/orders?page=2&size=50");
    for index in 0..16 {
        headers.push(&format!("x-header-{index}"), b"some value of usual length");
    }
    headers.push("x-user", b"f3c1a0de-5a3e-4d0c-9c0b-1f6c9f2b7a11");
    Busy {
        now: Cell::new(Duration::from_secs(1_000_000)),
        headers,
        shared: BTreeMap::new(),
    }
}

/// So many rules with this limit and these fields besides.
fn rules(count: usize, limit: &str, more: &str) -> String {
    let rule = |index| {
        format!(
            r#"{{"name": "rule-{index}", "key": [{{"header": "x-user"}}], "limit": {limit}{more}}}"#
        )
    };
    let rules: Vec<_> = (0..count).map(rule).collect();
    format!(r#"{{"rules": [{}]}}"#, rules.join(","))
}

fn requests(criterion: &mut Criterion) -> Result<(), Errors> {
    let large = r#"{"requests": 1000000, "per": "1ms", "burst": 1000000}"#;
    let small = r#"{"requests": 1000000, "per": "1ms", "burst": 16}"#;
    let hour = r#"{"requests": 1, "per": "1h"}"#;
    let api = r#", "match": {"hosts": ["*.example.com"], "paths": [{"prefix": "/api"}], "methods": ["GET"]}"#;
    let other = r#", "match": {"hosts": ["*.example.com"], "paths": [{"prefix": "/other"}]}"#;
    let table = [
        ("leased", rules(1, large, "")),
        (
            "a step on shared data",
            rules(1, small, r#", "shadow": true"#),
        ),
        ("refused from memory", rules(1, hour, "")),
        ("leased, 10 rules", rules(10, large, "")),
        ("leased, 10 rules with matches", rules(10, large, api)),
        ("10 rules that do not match", rules(10, large, other)),
    ];
    for (name, configuration) in table {
        let mut plugin = RateLimit::configure(configuration.as_bytes())?;
        let mut proxy = busy();
        plugin.on_start(&mut proxy);
        criterion.bench_function(&format!("request/{name}"), |bencher| {
            bencher.iter(|| black_box(plugin.on_request(&mut proxy)));
        });
    }
    Ok(())
}

fn benches(criterion: &mut Criterion) {
    if let Err(errors) = requests(criterion) {
        panic_with(&errors);
    }
}

#[expect(
    clippy::panic,
    reason = "a bench of a wrong configuration would measure nothing"
)]
fn panic_with(errors: &Errors) {
    panic!("{errors}");
}

criterion_group!(all, benches);
criterion_main!(all);
