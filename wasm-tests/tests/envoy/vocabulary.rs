//! What plugins may ask and answer, each part against what a real proxy makes of it.

use crate::{Probed, alone};
use serde_json::json;
use std::collections::BTreeSet;
use std::thread;
use wasm_tests::envoy::{Request, Setup, Version};

/// An RSA key of 2048 bits, and its signature of `/signed` (PKCS #1 v1.5, SHA-256).
const KEY: &str = "30820122300d06092a864886f70d01010105000382010f003082010a02820101009429fd0602762974a7ca6b1a08e86d4a2d\
24a29b1cf6858f9b85eb27f57ff831cd9440967d2a430936e475c63c8069569dc8e6a6bf31c38b2870b64f2caf048f35f8ad\
32158c7a64c32f8e995c54f70df637bc1549f09b0904d3a0fe5c5f1a1cc3923496b50b87aaa44d5cfea5e9d07730f7b8b9ea\
443cfb7ae0d4e78e0d7efe4c030865148dce3306d912d71be87dd8d8abd06de23a62a880567b22586fed8f7822890e98fcba\
0cb463f5f15a111de0d133f6481c688d22e5248f1f958c987b0312d847d391af1e7b09fbaedd676e65770ad3f64f48c3818c\
e6d8edc5bea3fe8396a27d82a41635db4d07c41454b19220400403fb7acf5c1a2ebbf94353b7e30203010001";
const SIGNATURE: &str = "03fac6b7745d113459b6c6fdb2159a85ed655da072606a29c1998823ba3f23d59bf30adabb27afce559c112d6faf3fa78e9f\
16d91d951539587a6fc262ee5d7c309199ea21e15fbf797ea4d8b25061a233db9437a998e550d7166aed86c77796fb6ab9c6\
bed587a0402d4b97ca2d85305baad2c9425bf6281f38d992b4a1e563091e6807be86a8704dd11276803ba4dda0ebfe5d98a2\
71704e43fc4f4647008a1161d1f8159846561dd1b01367f62a8c8b63b4d10450e43655003ed5dec5bdbb37b778bfeb9be590\
67eace980b63d2a524fbef93de4aacfd418889cf02e72bfffecfc1de49a4330c7146a66c5084f4f7faff91c1ec80b848f24a\
bc0043582c40";

/// What the upstream got in the header `name`, from the answer that shows it the request.
fn got(shown: &str, name: &str) -> Option<String> {
    let prefix = format!("{name}: ");
    shown
        .lines()
        .find_map(|line| line.strip_prefix(&prefix))
        .map(str::to_owned)
}

#[test]
fn properties_are_what_the_proxy_knows_of_the_request() {
    let _alone = alone();
    for version in Version::ALL {
        let probed = Probed::start(version, r#"{"properties": true}"#);
        let response = probed.send(&Request::get("/a").with("x-forwarded-for", "10.1.2.3"));
        let shown = response.text();
        assert_eq!(
            got(&shown, "x-probe-source").as_deref(),
            Some("10.1.2.3:0"),
            "{shown}"
        );
        assert_eq!(got(&shown, "x-probe-route").as_deref(), Some("everything"));
        assert_eq!(got(&shown, "x-probe-plugin").as_deref(), Some("probe"));
        assert_eq!(
            response.header("x-probe-upstream"),
            Some(probed.upstream.address().to_string())
        );
        let direct = probed.send(&Request::get("/a"));
        assert!(
            got(&direct.text(), "x-probe-source")
                .unwrap()
                .starts_with("127.0.0.1:")
        );
    }
}

#[test]
fn a_property_that_a_stream_does_not_have_is_absent() {
    let _alone = alone();
    for version in Version::ALL {
        let own = |setup: Setup| {
            setup.route(json!({"match": {"path": "/own"}, "direct_response": {"status": 200}}))
        };
        let probed = Probed::with(version, r#"{"properties": true}"#, own);
        let response = probed.send(&Request::get("/own"));
        assert_eq!(
            (response.status, response.header("x-probe-upstream")),
            (200, None)
        );
    }
}

#[test]
fn cookies_of_others_stay_and_ours_is_replaced() {
    let _alone = alone();
    for version in Version::ALL {
        let probed = Probed::start(
            version,
            r#"{"cookies": {"drop": "session", "add": "pin=1"}}"#,
        );
        let path = "/headers/set-cookie=a=1&Set-Cookie=session=old&set-cookie=sessions=2&x-other=3";
        let response = probed.send(&Request::get(path));
        assert_eq!(response.all("set-cookie"), ["a=1", "sessions=2", "pin=1"]);
        assert_eq!(response.header("x-other").as_deref(), Some("3"));
    }
}

#[test]
fn bodies_are_replaced_on_both_ways() {
    let _alone = alone();
    for version in Version::ALL {
        let probed = Probed::start(version, r#"{"body": true}"#);
        let body = "abc".repeat(50_000);
        let response = probed.send(&Request::new("POST", "/a").body(&body));
        let seen = probed.upstream.take();
        assert_eq!(seen[0].body, body.to_uppercase().into_bytes());
        assert!(seen[0].all("content-length").is_empty());
        assert!(
            response.text().starts_with("POST /A\n"),
            "the upstream's answer, in capitals"
        );
        assert_eq!(
            probed.send(&Request::get("/size/300000")).text(),
            "X".repeat(300_000)
        );
    }
}

#[test]
fn a_reply_says_why_in_the_access_log_and_a_grpc_client_gets_a_grpc_status() {
    let _alone = alone();
    for version in Version::ALL {
        let reply = r#"{"log": true, "reply": {"status": 418, "body": "no, 100 %", "details": "why not", "grpc_status": 9}}"#;
        let probed = Probed::start(version, reply);
        let response = probed.send(&Request::get("/reply").with("x-request-id", "plain"));
        assert_eq!(
            (response.status, response.text().as_str()),
            (418, "no, 100 %")
        );
        let raw = response
            .headers
            .iter()
            .find(|(name, _)| name == "x-probe-reply");
        assert_eq!(raw.map(|(_, value)| value.as_slice()), Some(&b"\xff"[..]));
        let access = probed.proxy.access("plain").unwrap();
        assert!(access.contains("status=418 details=why_not"), "{access}");
        let grpc = Request::new("POST", "/reply")
            .with("content-type", "application/grpc")
            .body("\0\0\0\0\0");
        let response = probed.send(&grpc.with("x-request-id", "grpc"));
        assert_eq!(response.status, 200);
        assert_eq!(response.header("grpc-status").as_deref(), Some("9"));
        assert_eq!(
            response.header("grpc-message").as_deref(),
            Some("no, 100 %25")
        );
        assert!(
            probed
                .proxy
                .access("grpc")
                .unwrap()
                .contains("details=why_not")
        );
        assert_eq!(probed.upstream.take(), [], "the upstream never sees it");
        let logged = |text: &str| {
            probed
                .proxy
                .log()
                .lines()
                .filter(|line| line.contains(text))
                .count()
        };
        assert_eq!(logged("probe saw GET /reply why_not"), 1);
        assert_eq!(logged("probe saw POST /reply why_not"), 1);
    }
}

#[test]
fn the_route_is_chosen_again_after_an_edit() {
    let _alone = alone();
    for version in Version::ALL {
        let blue = |setup: Setup| {
            setup.route(json!({
                "name": "blue",
                "match": {"prefix": "/", "headers": [{"name": "x-route", "string_match": {"exact": "blue"}}]},
                "direct_response": {"status": 202},
            }))
        };
        let probed = Probed::with(version, r#"{"route": "blue", "properties": true}"#, blue);
        let response = probed.send(&Request::get("/").with("x-request-id", "blue"));
        assert_eq!(response.status, 202);
        assert!(probed.proxy.access("blue").unwrap().contains("route=blue"));
    }
}

#[test]
fn signatures_are_verified_by_the_proxy() {
    let _alone = alone();
    for version in Version::ALL {
        let probed = Probed::start(version, &format!(r#"{{"verify": "{KEY}"}}"#));
        let verified = |path: &str, signature: &str| {
            let response = probed.send(&Request::get(path).with("x-signature", signature));
            got(&response.text(), "x-probe-verified").unwrap()
        };
        assert_eq!(verified("/signed", SIGNATURE), "valid");
        assert_eq!(verified("/other", SIGNATURE), "invalid");
        assert_eq!(
            verified("/signed", &SIGNATURE.replacen("03", "04", 1)),
            "invalid"
        );
        assert_eq!(verified("/signed", "00"), "invalid");
        let broken = Probed::start(version, r#"{"verify": "00ff"}"#);
        let response = broken.send(&Request::get("/signed").with("x-signature", SIGNATURE));
        assert_eq!(
            got(&response.text(), "x-probe-verified").as_deref(),
            Some("invalid"),
            "a key that is none"
        );
    }
}

#[test]
fn filter_state_is_set_under_names_that_the_proxy_knows() {
    let _alone = alone();
    for version in Version::ALL {
        let known = Probed::start(
            version,
            r#"{"filter_state": {"name": "envoy.string", "value": "pod-1"}}"#,
        );
        let response = known.send(&Request::get("/").with("x-request-id", "state"));
        assert_eq!(
            got(&response.text(), "x-probe-filter-state").as_deref(),
            Some("done")
        );
        assert!(
            known
                .proxy
                .access("state")
                .unwrap()
                .ends_with("state=pod-1")
        );
        let unknown = Probed::start(
            version,
            r#"{"filter_state": {"name": "weft.own", "value": "pod-1"}}"#,
        );
        let response = unknown.send(&Request::get("/"));
        assert_eq!(
            got(&response.text(), "x-probe-filter-state").as_deref(),
            Some("absent")
        );
    }
}

#[test]
fn random_numbers_differ() {
    let _alone = alone();
    for version in Version::ALL {
        let probed = Probed::start(version, r#"{"random": true}"#);
        let draw = |_| got(&probed.send(&Request::get("/")).text(), "x-probe-random").unwrap();
        let drawn: BTreeSet<String> = (0..20).map(draw).collect();
        assert_eq!(drawn.len(), 20, "{drawn:?}");
    }
}

#[test]
fn workers_count_together_and_no_race_loses_a_count() {
    let _alone = alone();
    const WORKERS: usize = 4;
    const EACH: usize = 2000;
    for version in Version::ALL {
        let probed = Probed::with(version, r#"{"count": true}"#, |setup| {
            setup.workers(WORKERS)
        });
        let clients = probed.proxy.connect_all("main").unwrap();
        let counts: Vec<u64> = thread::scope(|scope| {
            let count = |mut client: wasm_tests::envoy::Client| {
                scope.spawn(move || {
                    let one = |_| {
                        let response = client.send(&Request::get("/")).unwrap();
                        got(&response.text(), "x-probe-count")
                            .unwrap()
                            .parse::<u64>()
                            .unwrap()
                    };
                    (0..EACH).map(one).collect::<Vec<_>>()
                })
            };
            let threads: Vec<_> = clients.into_iter().map(count).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let distinct: BTreeSet<u64> = counts.iter().copied().collect();
        let all = u64::try_from(WORKERS * EACH).unwrap();
        assert_eq!(
            (distinct.len(), distinct.last()),
            (WORKERS * EACH, Some(&all)),
            "{version:?}"
        );
        assert_eq!(
            probed.proxy.counter("wasmcustom.probe.requests").unwrap(),
            all
        );
    }
}
