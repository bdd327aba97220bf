//! Trailers, which HTTP/2 clients send as they like: they end a body, and must not carry it past a plugin.

use crate::{alone, filter};
use std::net::SocketAddr;
use wasm_tests::envoy::held::Servers;
use wasm_tests::envoy::http2::{Message, Upstream, post};
use wasm_tests::envoy::{Proxy, Setup, Version};

/// The probe before an upstream that speaks HTTP/2 and answers so.
fn probed(version: Version, configuration: &str, answer: &Message) -> (Upstream, Proxy) {
    with(version, configuration, answer, None)
}

/// The same with a service to call out to.
fn with(
    version: Version,
    configuration: &str,
    answer: &Message,
    check: Option<SocketAddr>,
) -> (Upstream, Proxy) {
    let upstream = Upstream::start(answer).unwrap();
    let to_it = serde_json::json!({"match": {"prefix": "/"}, "route": {"cluster": "two", "timeout": "10s"}});
    let mut setup = Setup::new(upstream.address())
        .http2("two", upstream.address())
        .route(to_it);
    if let Some(check) = check {
        setup = setup.cluster("check", check);
    }
    let setup = setup.listener("main", &[filter("probe", "probe", configuration)]);
    (upstream, Proxy::start(version, &setup).unwrap())
}

fn answer() -> Message {
    Message::new("200", &["wor", "ld"])
        .with("content-type", "application/grpc")
        .trailer("grpc-status", "0")
}

fn sum() -> Vec<(String, Vec<u8>)> {
    vec![("x-sum".to_owned(), b"5".to_vec())]
}

#[test]
fn a_body_is_decided_on_whichever_way_it_ends() {
    let _alone = alone();
    for version in Version::ALL {
        let (upstream, proxy) = probed(version, r#"{"body": true}"#, &answer());
        let address = proxy.address("main").unwrap();
        for parts in [
            &["hello body"][..],
            &["hel", "lo", " body"],
            &["hello body", ""],
        ] {
            let plain = post(&address, &Message::new("/plain", parts)).unwrap();
            let seen = upstream.take().remove(0);
            assert_eq!(
                (seen.body().as_str(), seen.trailers),
                ("HELLO BODY", Vec::new())
            );
            assert_eq!(plain.body(), "WORLD", "{version:?}");
            assert_eq!(plain.trailers, [("grpc-status".to_owned(), b"0".to_vec())]);
            let trailed = Message::new("/trailed", parts).trailer("x-sum", "5");
            assert_eq!(post(&address, &trailed).unwrap().body(), "WORLD");
            let seen = upstream.take().remove(0);
            assert_eq!((seen.body().as_str(), seen.trailers), ("HELLO BODY", sum()));
        }
        let empty = Message::new("/empty", &[]).trailer("x-sum", "5");
        assert_eq!(post(&address, &empty).unwrap().start, "200");
        let seen = upstream.take().remove(0);
        assert_eq!((seen.body().as_str(), seen.trailers), ("", sum()));
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

/// Sends a request while the service answers call-outs with this status; what came back, and what reached the upstream.
fn asked(version: Version, at: &str, body: bool, status: u16) -> (Message, Vec<Message>) {
    let mut servers = Servers::default();
    let check = servers.start("check").unwrap();
    let configuration = format!(
        r#"{{"body": {body}, "call": {{"cluster": "check", "at": "{at}", "timeout": "5s"}}}}"#
    );
    let (upstream, proxy) = with(version, &configuration, &answer(), Some(check));
    let request = Message::new("/a", &["hel", "lo"]).trailer("x-sum", "5");
    let ended = std::sync::atomic::AtomicBool::new(false);
    let response = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut answered = 0;
            while !ended.load(std::sync::atomic::Ordering::SeqCst) {
                let arrived = servers.arrived();
                for call in arrived
                    .iter()
                    .skip(answered)
                    .filter(|call| call.received().end)
                {
                    // Longer than the client takes for the rest of its request.
                    std::thread::sleep(std::time::Duration::from_millis(200));
                    let head = format!("HTTP/1.1 {status} S\r\ncontent-length: 0\r\n\r\n");
                    call.send(head.as_bytes(), true).unwrap();
                    answered += 1;
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
        let response = post(&proxy.address("main").unwrap(), &request);
        ended.store(true, std::sync::atomic::Ordering::SeqCst);
        response.unwrap()
    });
    assert_eq!(proxy.traps(), Vec::<String>::new());
    (response, upstream.take())
}

#[test]
fn a_call_out_holds_a_message_with_its_trailers_and_lets_both_go_or_neither() {
    let _alone = alone();
    for version in Version::ALL {
        for (at, body) in [
            ("request", true),
            ("request_body", true),
            ("request_body", false),
            ("response", true),
            ("response_body", true),
        ] {
            let (response, seen) = asked(version, at, body, 200);
            let (there, back) = if body {
                ("HELLO", "WORLD")
            } else {
                ("hello", "world")
            };
            let request = &seen[0];
            assert_eq!(
                (request.body().as_str(), &request.trailers),
                (there, &sum()),
                "{version:?} {at} {body}"
            );
            assert_eq!(response.body(), back, "{version:?} {at} {body}");
            assert_eq!(
                response.trailers,
                [("grpc-status".to_owned(), b"0".to_vec())]
            );
        }
        let (response, seen) = asked(version, "request_body", true, 401);
        assert_eq!((response.start.as_str(), seen), ("403", Vec::new()));
    }
}
