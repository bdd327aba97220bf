//! Several configurations in one VM: side by side, and one after the other while streams drain.

use sandbox::Module;
use simulator::{Request, Response, Seen, Simulator};
use wasm_tests::modules;

fn proxy(workers: usize) -> Simulator {
    let probe = modules::probe().unwrap();
    Simulator::new(Module::new(&probe.bytes().unwrap()).unwrap(), workers)
}

fn header(seen: &Seen, name: &str) -> String {
    let passed = seen.passed().unwrap_or_else(|| panic!("{seen:?}"));
    let value = passed.headers.first(name).unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}

#[test]
fn two_configurations_side_by_side_keep_their_streams_and_their_shared_data_apart() {
    let mut proxy = proxy(2);
    proxy
        .configure(br#"{"count": true, "route": "one"}"#)
        .unwrap();
    let two = proxy
        .configure_beside(br#"{"count": true, "route": "two"}"#)
        .unwrap();
    let ask = |configuration, worker| Request {
        configuration: Some(configuration),
        ..Request::get("/").on(worker)
    };
    for round in 1..=3 {
        for (number, name) in [(0, "one"), (two, "two")] {
            for (worker, count) in [(0, round * 2 - 1), (1, round * 2)] {
                let seen = proxy.roundtrip(&ask(number, worker)).unwrap();
                assert_eq!(header(&seen, "x-route"), name);
                assert_eq!(header(&seen, "x-probe-count"), count.to_string());
            }
        }
    }
    assert_eq!(proxy.take_problems(), Vec::<String>::new());
}

#[test]
fn a_stream_of_an_old_configuration_ends_where_it_began() {
    let mut proxy = proxy(1);
    proxy
        .configure(br#"{"cookies": {"drop": "a", "add": "old=1"}}"#)
        .unwrap();
    let mut streams = Vec::new();
    for generation in 0..5 {
        let (id, _) = proxy.request(&Request::get("/")).unwrap();
        streams.push((id, generation));
        let next = format!(r#"{{"cookies": {{"drop": "a", "add": "new={generation}"}}}}"#);
        proxy.configure(next.as_bytes()).unwrap();
    }
    for (id, generation) in streams {
        let seen = proxy.respond(id, &Response::new(200)).unwrap();
        let wanted = if generation == 0 {
            "old=1".to_owned()
        } else {
            format!("new={}", generation - 1)
        };
        assert_eq!(header(&seen, "set-cookie"), wanted);
        proxy.finish(id).unwrap();
    }
    assert_eq!(proxy.take_problems(), Vec::<String>::new());
}

#[test]
fn a_plugin_that_is_not_told_of_a_streams_end_keeps_configurations_apart_too() {
    let limiter = modules::plugins()
        .unwrap()
        .into_iter()
        .find(|built| built.name == "rate-limit")
        .unwrap();
    let mut proxy = Simulator::new(Module::new(&limiter.bytes().unwrap()).unwrap(), 2);
    let config = |name: &str, requests: u32| {
        format!(
            r#"{{"rules": [{{"name": "{name}", "key": [{{"constant": "all"}}], "limit": {{"requests": {requests}, "per": "1h"}}}}]}}"#
        )
    };
    proxy.configure(config("one", 2).as_bytes()).unwrap();
    let two = proxy.configure_beside(config("two", 4).as_bytes()).unwrap();
    let mut admitted = [0, 0];
    for round in 0..20 {
        for (index, number) in [0, two].into_iter().enumerate() {
            let request = Request {
                configuration: Some(number),
                ..Request::get("/").on(round % 2)
            };
            let seen = proxy.roundtrip(&request).unwrap();
            admitted[index] += u32::from(seen.passed().is_some());
        }
    }
    assert_eq!(admitted, [2, 4]);
    // Pulses and a change of configuration do not disturb the other one.
    proxy.advance(std::time::Duration::from_mins(30)).unwrap();
    proxy.configure(config("three", 1).as_bytes()).unwrap();
    proxy.advance(std::time::Duration::from_mins(30)).unwrap();
    assert!(
        proxy
            .roundtrip(&Request::get("/"))
            .unwrap()
            .passed()
            .is_some()
    );
    assert!(
        proxy
            .roundtrip(&Request::get("/").on(1))
            .unwrap()
            .replied()
            .is_some()
    );
    assert_eq!(proxy.take_problems(), Vec::<String>::new());
}
