//! Configurations that come, go, stand side by side and are refused.

use crate::{alone, filter};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use wasm_tests::envoy::proxy::wait;
use wasm_tests::envoy::{Client, Proxy, Request, Setup, Upstream, Version};

/// A limit that does not fill while a test runs.
fn limit(requests: u32) -> String {
    format!(
        r#"{{"rules": [{{"name": "all", "key": [{{"constant": "all"}}], "limit": {{"requests": {requests}, "per": "1h"}}}}]}}"#
    )
}

fn admitted(client: &mut Client, requests: usize) -> usize {
    let passes = |_: &usize| client.send(&Request::get("/")).unwrap().status == 200;
    (0..requests).filter(passes).count()
}

#[test]
fn configurations_of_one_module_stand_side_by_side() {
    let _alone = alone();
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let (two, three) = (limit(2), limit(3));
        let setup = Setup::new(upstream.address())
            .workers(2)
            .listener("two", &[filter("rate-limit", "two", &two)])
            .listener("three", &[filter("rate-limit", "three", &three)])
            .listener(
                "both",
                &[
                    filter("rate-limit", "outer", &three),
                    filter("rate-limit", "inner", &two),
                ],
            )
            .listener(
                "probed",
                &[
                    filter("probe", "one", r#"{"count": true}"#),
                    filter("probe", "other", r#"{"random": true}"#),
                ],
            );
        let proxy = Proxy::start(version, &setup).unwrap();
        let mut connections: Vec<Client> = ["two", "three", "both"]
            .map(|name| proxy.connect(name).unwrap())
            .into_iter()
            .collect();
        // One request to each in turn, so that streams of all of them meet in the VM.
        let mut counts = [0; 3];
        for _ in 0..5 {
            for (client, count) in connections.iter_mut().zip(&mut counts) {
                *count += admitted(client, 1);
            }
        }
        assert_eq!(counts, [2, 3, 2], "{version:?}");
        let shown = proxy
            .connect("probed")
            .unwrap()
            .send(&Request::get("/"))
            .unwrap()
            .text();
        assert!(
            shown.contains("x-probe-count: 1\n") && shown.contains("x-probe-random: "),
            "{shown}"
        );
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

#[test]
fn a_configuration_changes_under_load_and_no_request_notices() {
    let _alone = alone();
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let setup = Setup::new(upstream.address()).workers(2).discovered();
        let with = |value: usize| {
            let header = format!(r#"{{"header": "x-value", "value": "{value}"}}"#);
            let limit = limit(900_000 + u32::try_from(value).unwrap());
            let filters = [
                filter("rate-limit", "limit", &limit),
                filter("template", "header", &header),
            ];
            setup.clone().listener("main", &filters)
        };
        let mut proxy = Proxy::start(version, &with(0)).unwrap();
        let address = proxy.address("main").unwrap();
        let ends = AtomicBool::new(false);
        let seen: BTreeSet<usize> = thread::scope(|scope| {
            let send = || {
                let mut seen = BTreeSet::new();
                while !ends.load(Ordering::SeqCst) {
                    let mut client = Client::connect(&address).unwrap();
                    // The first one is still open when the configuration changes.
                    for path in ["/delay/20", "/"] {
                        let response = client.send(&Request::get(path)).unwrap();
                        assert_eq!(response.status, 200, "{}", response.text());
                        seen.insert(response.header("x-value").unwrap().parse().unwrap());
                    }
                }
                seen
            };
            let clients: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
            for value in 1..=20 {
                assert!(proxy.replace(&with(value)).unwrap());
                let takes_it = || -> anyhow::Result<bool> {
                    let response = proxy.connect("main")?.send(&Request::get("/"))?;
                    Ok(response.header("x-value") == Some(value.to_string()))
                };
                wait("the new configuration", takes_it).unwrap();
            }
            ends.store(true, Ordering::SeqCst);
            clients
                .into_iter()
                .flat_map(|client| client.join().unwrap())
                .collect()
        });
        assert!(seen.len() > 3, "{seen:?}");
        assert_eq!(proxy.traps(), Vec::<String>::new());
    }
}

#[test]
fn a_refused_configuration_says_every_mistake_and_the_old_one_serves_on() {
    let _alone = alone();
    const BAD: &str =
        r#"{"rules": [{"name": "All", "key": [], "limit": {"requests": 0}}], "colour": "red"}"#;
    for version in Version::ALL {
        let upstream = Upstream::start().unwrap();
        let setup = Setup::new(upstream.address()).discovered();
        let with = |configuration: &str| {
            setup
                .clone()
                .listener("main", &[filter("rate-limit", "limit", configuration)])
        };
        let mut proxy = Proxy::start(version, &with(&limit(2))).unwrap();
        let mut client = proxy.connect("main").unwrap();
        assert_eq!(admitted(&mut client, 1), 1);
        assert!(!proxy.replace(&with(BAD)).unwrap(), "{version:?} took it");
        let log = proxy.log();
        for place in [
            "/rules/0/name: ",
            "/rules/0/key: ",
            "/rules/0/limit/requests: ",
            "/rules/0/limit: ",
            "/colour: ",
        ] {
            assert!(
                log.contains(&format!("configuration refused: {place}")),
                "{place} is not in {log}"
            );
        }
        assert_eq!(admitted(&mut client, 3), 1, "the bucket is as it was");
        assert_eq!(proxy.traps(), Vec::<String>::new());

        let refused = Proxy::start(
            version,
            &Setup::new(upstream.address()).listener("main", &[filter("rate-limit", "limit", BAD)]),
        );
        let error = format!("{:#}", refused.unwrap_err());
        assert!(
            error.contains("configuration refused: /colour: "),
            "{error}"
        );
    }
}
