//! Call-outs: answered, refused, broken off, late; and what waits for them.

use crate::{Probed, alone, filter};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;
use wasm_tests::envoy::held::{Arrival, Servers};
use wasm_tests::envoy::proxy::wait;
use wasm_tests::envoy::{Proxy, Request, Response, Setup, Upstream, Version};

/// What becomes of a request whose call-out `server` answers so.
fn asked(
    version: Version,
    kind: &str,
    change: impl FnOnce(Setup, SocketAddr) -> Setup,
    answer: impl FnOnce(&Arrival),
) -> (Response, String) {
    let mut servers = Servers::default();
    let server = servers.start("check").unwrap();
    let configuration =
        format!(r#"{{"call": {{"cluster": "check", "kind": "{kind}", "timeout": "400ms"}}}}"#);
    let probed = Probed::with(version, &configuration, |setup| change(setup, server));
    let response = thread::scope(|scope| {
        let sent = scope.spawn(|| probed.send(&Request::get("/a").with("x-request-id", "asked")));
        // A call-out that is refused never arrives.
        let arrived = wait("the call-out", || {
            Ok(sent.is_finished() || servers.arrived().iter().any(|call| call.received().end))
        });
        arrived.unwrap();
        if let Some(call) = servers.arrived().first() {
            answer(call);
        }
        sent.join().unwrap()
    });
    let details = probed.proxy.access("asked").unwrap();
    let details = details
        .split_once("details=")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    (response, details)
}

fn http(version: Version, answer: impl FnOnce(&Arrival)) -> (Response, String) {
    asked(
        version,
        "http",
        |setup, server| setup.cluster("check", server),
        answer,
    )
}

fn grpc(version: Version, answer: impl FnOnce(&Arrival)) -> (Response, String) {
    asked(
        version,
        "grpc",
        |setup, server| setup.grpc("check", server),
        answer,
    )
}

fn respond(call: &Arrival, status: u16, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status} S\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    call.send(&[head.as_bytes(), body].concat(), true).unwrap();
}

#[test]
fn an_http_call_holds_the_request_until_its_answer_lets_it_pass() {
    let _alone = alone();
    for version in Version::ALL {
        let (response, _) = http(version, |call| {
            let received = call.received();
            let (start, headers) = received.head.unwrap();
            assert_eq!(start, "POST /check HTTP/1.1");
            assert!(headers.contains(&("x-path".to_owned(), b"/a".to_vec())));
            assert_eq!(received.body, b"may it pass?");
            respond(call, 200, b"yes");
        });
        assert_eq!(response.status, 200);
        assert!(
            response.text().contains("x-probe-answer: yes\n"),
            "{}",
            response.text()
        );
        let (response, details) = http(version, |call| respond(call, 401, b"\xffno"));
        assert_eq!(
            (response.status, response.body, details.as_str()),
            (403, b"\xffno".to_vec(), "probe_denied")
        );
    }
}

#[test]
fn a_server_that_does_not_answer_is_answered_for_by_the_proxy() {
    let _alone = alone();
    for version in Version::ALL {
        let (response, details) = http(version, Arrival::break_off);
        assert_eq!((response.status, details.as_str()), (403, "probe_denied"));
        let text = "upstream connect error or disconnect/reset before headers. reset reason: connection termination";
        assert_eq!(response.text(), text);
        let (response, details) = http(version, |_| {});
        assert_eq!(
            (response.text().as_str(), details.as_str()),
            ("upstream request timeout", "probe_denied")
        );
        let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let (response, _) = asked(
            version,
            "http",
            |setup, _| setup.cluster("check", nobody),
            |_| {},
        );
        assert!(
            response.text().starts_with("upstream connect error"),
            "{}",
            response.text()
        );
    }
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    let _alone = alone();
    for version in Version::ALL {
        let (response, details) = http(version, |call| {
            call.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun", false)
                .unwrap();
            // So that the proxy sees the beginning before the end.
            thread::sleep(Duration::from_millis(50));
            call.break_off();
        });
        assert_eq!(
            (response.status, details.as_str()),
            (503, "probe_no_answer"),
            "{version:?}"
        );
    }
}

#[test]
fn a_cluster_that_the_proxy_does_not_know_is_refused_at_once() {
    let _alone = alone();
    for version in Version::ALL {
        let (response, details) = asked(version, "http", |setup, _| setup, |_| {});
        assert_eq!(
            (response.status, details.as_str()),
            (503, "probe_refused_2")
        );
        let (response, details) = asked(version, "grpc", |setup, _| setup, |_| {});
        assert_eq!(
            (response.status, details.as_str()),
            (503, "probe_refused_10")
        );
    }
}

#[test]
fn a_grpc_call_brings_a_message_or_a_status() {
    let _alone = alone();
    for version in Version::ALL {
        let (response, _) = grpc(version, |call| {
            let received = call.received();
            assert_eq!(
                received.head.unwrap().0,
                "POST /probe.Check/MayPass HTTP/1.1"
            );
            assert_eq!(received.body, b"/a");
            respond(call, 200, b"\x80yes");
        });
        assert_eq!(response.status, 200);
        assert!(String::from_utf8_lossy(&response.body).contains("x-probe-answer: \u{fffd}yes\n"));
        let denied = grpc(version, |call| respond(call, 403, b"")).1;
        let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let unavailable = asked(
            version,
            "grpc",
            |setup, _| setup.http2("check", nobody),
            |_| {},
        )
        .1;
        let late = grpc(version, |_| {}).1;
        assert_eq!(
            [denied, unavailable, late],
            ["probe_grpc_7", "probe_grpc_14", "probe_grpc_14"],
            "{version:?}"
        );
    }
}

#[test]
fn a_grpc_call_reaches_a_cluster_whatever_its_name() {
    let _alone = alone();
    for version in Version::ALL {
        // Both can be read as a protobuf message; as bare names they make Envoy abort.
        for name in ["authorize", "a-service"] {
            let mut servers = Servers::default();
            let server = servers.start(name).unwrap();
            let configuration =
                format!(r#"{{"call": {{"cluster": "{name}", "kind": "grpc", "timeout": "5s"}}}}"#);
            let probed = Probed::with(version, &configuration, |setup| setup.grpc(name, server));
            let mut client = probed.proxy.connect("main").unwrap();
            client.write(&Request::get("/a").encode()).unwrap();
            wait("the call-out", || {
                Ok(servers
                    .arrived()
                    .first()
                    .is_some_and(|call| call.received().end))
            })
            .unwrap();
            respond(&servers.arrived()[0], 200, b"yes");
            assert_eq!(client.response(false).unwrap().status, 200);
        }
    }
}

#[test]
fn one_worker_fetches_for_all_and_the_requests_of_every_worker_go_on() {
    let _alone = alone();
    for version in Version::ALL {
        let (upstream, keys) = (
            Upstream::start().unwrap(),
            Upstream::start_always("/size/6").unwrap(),
        );
        let setup = Setup::new(upstream.address())
            .workers(4)
            .cluster("keys", keys.address());
        let configuration = r#"{"keys": {"cluster": "keys", "every": "200ms", "patience": "5s"}}"#;
        let setup = setup.listener("main", &[filter("probe", "probe", configuration)]);
        let proxy = Proxy::start(version, &setup).unwrap();
        let mut workers = proxy.connect_all("main").unwrap();
        for client in &mut workers {
            client.write(&Request::get("/").encode()).unwrap();
        }
        for client in &mut workers {
            let shown = client.response(false).unwrap().text();
            assert!(shown.contains("x-probe-key: xxxxxx\n"), "{shown}");
        }
        // Many ticks of four workers later there still was one fetch.
        thread::sleep(Duration::from_secs(1));
        assert_eq!(keys.take().len(), 1, "{version:?}");
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

#[test]
fn patience_ends() {
    let _alone = alone();
    for version in Version::ALL {
        let configuration =
            r#"{"keys": {"cluster": "dead", "every": "50ms", "patience": "300ms"}}"#;
        let probed = Probed::start(version, configuration);
        let response = probed.send(&Request::get("/").with("x-request-id", "late"));
        assert_eq!(response.status, 503);
        assert!(
            probed
                .proxy
                .access("late")
                .unwrap()
                .contains("details=probe_too_late")
        );
        let log = probed.proxy.log();
        assert!(
            log.contains("probe has no keys: the answer has status 503"),
            "{log}"
        );
    }
}

#[test]
fn a_client_that_goes_away_while_its_request_waits_leaves_nothing_behind() {
    let _alone = alone();
    for version in Version::ALL {
        let slow = Upstream::start_always("/delay/100/size/3").unwrap();
        let configuration = r#"{"call": {"cluster": "slow", "timeout": "5s"}}"#;
        let probed = Probed::with(version, configuration, |setup| {
            setup.cluster("slow", slow.address())
        });
        for _ in 0..50 {
            let mut client = probed.proxy.connect("main").unwrap();
            client.write(&Request::get("/gone").encode()).unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        let response = probed.send(&Request::get("/stays").with("x-request-id", "stays"));
        assert_eq!(
            response.status,
            200,
            "{}",
            probed.proxy.access("stays").unwrap()
        );
        let paths: Vec<String> = probed
            .upstream
            .take()
            .into_iter()
            .map(|seen| seen.path)
            .collect();
        assert_eq!(paths.iter().filter(|path| *path == "/stays").count(), 1);
        wait("all exchanges to end", || {
            Ok(probed.proxy.counter("http.main.downstream_rq_active")? == 0)
        })
        .unwrap();
    }
}
