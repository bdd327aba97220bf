//! Two plugins in one module.

use crate::alone;
use std::thread;
use wasm_tests::envoy::held::Servers;
use wasm_tests::envoy::proxy::wait;
use wasm_tests::envoy::{Filter, Proxy, Request, Setup, Upstream, Version};
use wasm_tests::modules;

#[test]
fn both_see_a_body_once_and_each_waits_with_it() {
    let _alone = alone();
    let chain = modules::chain().unwrap();
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let mut servers = Servers::default();
        let (one, two) = (servers.start("one").unwrap(), servers.start("two").unwrap());
        let configuration = r#"{
            "probe": {"count": true, "body": true, "call": {"cluster": "one", "at": "request_body"}},
            "probe-two": {"body": true, "route": "seen", "call": {"cluster": "two", "at": "request_body"}}
        }"#;
        let setup = Setup::new(upstream.address())
            .cluster("one", one)
            .cluster("two", two)
            .listener(
                "main",
                &[Filter::wasm("chain", &chain.module, configuration)],
            );
        let proxy = Proxy::start(version, &setup).unwrap();
        let request = Request::new("POST", "/a").body("hello");
        let response = thread::scope(|scope| {
            let sent = scope.spawn(|| proxy.connect("main").unwrap().send(&request).unwrap());
            for (number, server) in ["one", "two"].into_iter().enumerate() {
                let come = || {
                    servers
                        .arrived()
                        .get(number)
                        .is_some_and(|call| call.received().end)
                };
                wait("the call-out", || Ok(come())).unwrap();
                let call = servers.arrived().remove(number);
                assert_eq!(call.server, server);
                call.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", true)
                    .unwrap();
            }
            sent.join().unwrap()
        });
        assert_eq!(response.status, 200);
        let seen = upstream.take().remove(0);
        assert_eq!(seen.body, b"HELLO");
        assert_eq!(
            (seen.all("x-probe-count"), seen.all("x-route")),
            (vec![b"1".to_vec()], vec![b"seen".to_vec()])
        );
        for name in ["probe.requests", "second.probe.requests"] {
            assert_eq!(
                proxy.counter(&format!("wasmcustom.{name}")).unwrap(),
                1,
                "{name}"
            );
        }
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

#[test]
fn two_plugins_of_request_headers_are_one_filter() {
    let _alone = alone();
    let light = modules::light().unwrap();
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let filter = Filter::wasm("light", &light.module, r#"{"tag-0": {}, "tag-1": {}}"#);
        let setup = Setup::new(upstream.address()).listener("main", &[filter]);
        let proxy = Proxy::start(version, &setup).unwrap();
        let mut client = proxy.connect("main").unwrap();
        for _ in 0..3 {
            assert_eq!(client.send(&Request::get("/")).unwrap().status, 200);
            let seen = upstream.take().remove(0);
            assert_eq!(
                (seen.all("x-tag-0").concat(), seen.all("x-tag-1").concat()),
                (b"0".to_vec(), b"1".to_vec())
            );
        }
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}
