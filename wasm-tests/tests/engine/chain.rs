//! Two plugins in one module.

use probe::chained::{Chained, Light};
use sandbox::Module;
use simulator::world::Returned;
use simulator::{Native, Request, Response, Simulator, storm};
use wasm_tests::modules::{self, Built};

fn module(built: &Built) -> Module {
    Module::new(&built.bytes().unwrap()).unwrap()
}

const BOTH_ASK: &str = r#"{
    "probe": {"count": true, "body": true, "call": {"cluster": "one", "at": "request_body"}},
    "probe-two": {"count": true, "body": true, "call": {"cluster": "two", "at": "request_body"}}
}"#;

#[test]
fn both_see_a_body_once_and_each_waits_with_it() {
    let mut proxy = Simulator::new(module(&modules::chain().unwrap()), 1);
    proxy.configure(BOTH_ASK.as_bytes()).unwrap();
    let request = Request::new("POST", "/")
        .body("hello")
        .trailer("x-end", "1");
    let (stream, seen) = proxy.request(&request).unwrap();
    assert_eq!(seen, simulator::Seen::Waiting);
    for call in 0..2 {
        assert_eq!(proxy.world().calls.made().len(), call + 1);
        let headers = [(":status", "200")].into_iter().collect();
        let body = Vec::new();
        proxy
            .answer(call, Returned::Http { headers, body })
            .unwrap();
    }
    let seen = proxy.seen(stream).unwrap();
    let passed = seen.passed().unwrap();
    assert_eq!((passed.body.as_slice(), passed.end), (&b"HELLO"[..], true));
    let world = proxy.world();
    for name in [
        "probe.requests",
        "second.probe.requests",
        "probe.body_bytes",
    ] {
        assert_eq!(world.metrics.value(name), Some(1), "{name}");
    }
}

/// Configurations that hold each message on each of the two.
fn configurations() -> Vec<String> {
    let places = ["request", "request_body", "response", "response_body"];
    let one = |at: &str, body: bool| {
        format!(
            r#"{{"count": true, "body": {body}, "call": {{"cluster": "check", "at": "{at}"}}}}"#
        )
    };
    let keys = r#"{"keys": {"cluster": "keys", "every": "1s", "patience": "3s"}}"#;
    let mut all = vec![
        format!(r#"{{"probe": {keys}, "probe-two": {{"body": true}}}}"#),
        format!(
            r#"{{"probe": {}, "probe-two": {keys}}}"#,
            one("request_body", true)
        ),
    ];
    for first in places {
        for second in places {
            let (first, second) = (one(first, first.len() > 8), one(second, second.len() < 9));
            all.push(format!(r#"{{"probe": {first}, "probe-two": {second}}}"#));
        }
    }
    all
}

#[test]
fn a_chain_leaves_the_same_trace_in_a_storm_as_it_does_natively() {
    let module = module(&modules::chain().unwrap());
    for configuration in configurations() {
        for seed in 0..10 {
            let script = storm::script(seed);
            let natively =
                || Ok::<Box<dyn simulator::Engine>, String>(Box::new(Native::<Chained>::new()));
            let wanted = storm::raise(&natively, configuration.as_bytes(), &script).unwrap();
            let found = storm::raise(
                &|| Ok(Box::new(module.clone())),
                configuration.as_bytes(),
                &script,
            );
            assert_eq!(found.unwrap(), wanted, "{configuration}, storm {seed}");
        }
    }
}

#[test]
fn two_plugins_of_request_headers_are_one_light_module() {
    let built = modules::light().unwrap();
    let facts = weft::plugin::module::facts(&built.bytes().unwrap()).unwrap();
    let wanted = [
        "on_configure",
        "on_context_create",
        "on_request_headers",
        "on_tick",
        "on_vm_start",
    ];
    assert_eq!(facts.callbacks, wanted);
    let request = Request::get("/").with("x-tag-of-mine", "1");
    for engine in [
        Box::new(module(&built)) as Box<dyn simulator::Engine>,
        Box::new(Native::<Light>::new()),
    ] {
        let mut proxy = Simulator::boxed(engine, 1);
        proxy.configure(br#"{"tag-0": {}, "tag-1": {}}"#).unwrap();
        let (stream, _) = proxy.request(&request).unwrap();
        let seen = proxy.respond(stream, &Response::new(200)).unwrap();
        assert!(seen.passed().is_some());
        proxy.finish(stream).unwrap();
        let seen = proxy.roundtrip(&request).unwrap();
        let headers = &seen.passed().unwrap().headers;
        assert_eq!(headers.first("x-tag-0"), Some(&b"1"[..]));
        assert_eq!(
            headers.first("x-tag-1"),
            Some(&b"2"[..]),
            "it sees the first one's edits"
        );
    }
}

#[test]
fn so_many_may_wait_and_no_more_and_the_log_says_so_once() {
    let probe = module(&modules::probe().unwrap());
    for engine in [
        Box::new(probe) as Box<dyn simulator::Engine>,
        Box::new(Native::<probe::Probe>::new()),
    ] {
        let mut proxy = Simulator::boxed(engine, 1);
        proxy
            .configure(br#"{"call": {"cluster": "check"}}"#)
            .unwrap();
        for _ in 0..4096 {
            let (_, seen) = proxy.request(&Request::get("/")).unwrap();
            assert_eq!(seen, simulator::Seen::Waiting);
        }
        for _ in 0..3 {
            let (_, seen) = proxy.request(&Request::get("/")).unwrap();
            assert_eq!(seen.replied().unwrap().details, "weft_cannot_wait");
        }
        let lines = proxy
            .world()
            .lines(4)
            .filter(|line| line.text.contains("4096 requests wait"))
            .count();
        assert_eq!(lines, 1);
    }
}
