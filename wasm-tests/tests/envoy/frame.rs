//! What the other tests stand on: the client, the upstream and the proxy without any plugin.

use wasm_tests::envoy::{Filter, Proxy, Request, Setup, Upstream, Version};

#[test]
fn each_worker_gets_a_connection_and_bytes_pass_unchanged() {
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let setup = Setup::new(upstream.address())
            .workers(3)
            .listener("main", &[]);
        let proxy = Proxy::start(version, &setup).unwrap();
        let mut workers = proxy.connect_all("main").unwrap();
        assert_eq!(workers.len(), 3);
        for worker in &mut workers {
            let request = Request::new("POST", "/a?b")
                .with("x-bytes", b"\xff\xfe")
                .with("x-two", "1")
                .with("x-two", "2");
            let response = worker
                .send(&request.with("x-request-id", "frame").body("hello"))
                .unwrap();
            assert_eq!(response.status, 200);
            assert!(
                response.text().ends_with("\n\nhello"),
                "{}",
                response.text()
            );
        }
        let seen = upstream.take();
        assert_eq!(seen.len(), 3);
        assert_eq!(seen[0].all("x-bytes"), [b"\xff\xfe"]);
        assert_eq!(seen[0].all("x-two").concat(), b"12", "{seen:?}");
        let access = proxy.access("frame").unwrap();
        assert!(
            access.contains("status=200 details=via_upstream flags=- route=everything"),
            "{access}"
        );
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

#[test]
fn listeners_are_replaced_and_a_bad_one_is_refused() {
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let setup = Setup::new(upstream.address()).discovered();
        let mut proxy = Proxy::start(version, &setup.clone().listener("main", &[])).unwrap();
        assert_eq!(
            proxy
                .connect("main")
                .unwrap()
                .send(&Request::get("/"))
                .unwrap()
                .status,
            200
        );
        let fault = Filter::typed(
            "fault",
            "http.fault.v3.HTTPFault",
            serde_json::json!({"abort": {"http_status": 418, "percentage": {"numerator": 100}}}),
        );
        assert!(
            proxy
                .replace(&setup.clone().listener("main", &[fault]))
                .unwrap()
        );
        let status = || {
            proxy
                .connect("main")
                .and_then(|mut client| client.send(&Request::get("/")))
                .map_or(0, |response| response.status)
        };
        wasm_tests::envoy::proxy::wait("the new listener", || Ok(status() == 418)).unwrap();
        let bad = Filter::typed(
            "bad",
            "http.fault.v3.HTTPFault",
            serde_json::json!({"abort": {"http_status": 7}}),
        );
        assert!(!proxy.replace(&setup.listener("main", &[bad])).unwrap());
        assert_eq!(
            proxy
                .connect("main")
                .unwrap()
                .send(&Request::get("/"))
                .unwrap()
                .status,
            418
        );
    }
}
