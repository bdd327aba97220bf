//! What matching one request costs.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use filter::{Headers, config};
use matcher::{Match, RequestLine};

/// A rule for paths, methods and hosts.
fn rule() -> Match {
    let text = br#"{"match": {"hosts": ["*.example.com"], "paths": [{"prefix": "/api"}], "methods": ["GET", "POST"]}}"#;
    config::read(text, |fields| fields.required("match", matcher::read)).unwrap_or_default()
}

fn request(path: &str) -> Headers {
    let mut headers = Headers::new();
    headers.push(":method", b"GET");
    headers.push(":authority", b"shop.example.com:8080");
    headers.push(":path", path.as_bytes());
    for index in 0..17 {
        headers.push(&format!("x-header-{index}"), b"some value of usual length");
    }
    headers
}

fn matching(criterion: &mut Criterion) {
    let rule = rule();
    let plain = request("/api/v1/users/17/orders?page=2&size=50");
    criterion.bench_function("match/normal path", |bencher| {
        bencher.iter(|| rule.matches(&RequestLine::new(black_box(&plain))));
    });
    let odd = request("/api//v1/%75sers/17;x=1/orders?page=2&size=50");
    criterion.bench_function("match/odd path", |bencher| {
        bencher.iter(|| rule.matches(&RequestLine::new(black_box(&odd))));
    });
}

criterion_group!(benches, matching);
criterion_main!(benches);
