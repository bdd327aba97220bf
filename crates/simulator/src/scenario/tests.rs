use filter::config::Errors;
use filter::{Callbacks, Edit, Exchange, Outcome, Plugin, Reply};

use super::*;

/// Replies 403 to `/no`, and marks everything else.
struct Gate;

impl Plugin for Gate {
    const NAME: &'static str = "gate";
    const CALLBACKS: Callbacks = Callbacks::REQUEST;
    type Stream = ();

    fn configure(configuration: &[u8]) -> Result<Self, Errors> {
        filter::config::read(configuration, |_| Ok(Self))
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<()> {
        let path = exchange
            .headers()
            .ok()
            .and_then(|headers| headers.path().map(<[u8]>::to_vec));
        match path.as_deref() {
            Some(b"/no") => Outcome::reply(refusal(), ()),
            Some(b"/bad") => Outcome::proceed(()).edit(Edit::Set("x y".into(), b"1".to_vec())),
            _ => Outcome::proceed(()).edit(Edit::Add("x-gate".into(), b"passed".to_vec())),
        }
    }
}

fn refusal() -> Reply {
    Reply {
        status: 403,
        headers: vec![("x-why".into(), b"rule".to_vec())],
        body: b"no entry".to_vec(),
        grpc_status: Some(7),
        details: "gate shut".into(),
    }
}

fn play(text: &str) -> Result<usize, Failures> {
    run_text("gate.yaml", text, &|| Ok(Box::new(Native::<Gate>::new())))
}

fn failure(text: &str) -> String {
    play(text).unwrap_err().to_string()
}

#[test]
fn a_reply_reaches_a_client_as_envoy_sends_it() {
    let text = r"
- name: in HTTP and in gRPC
  steps:
    - request: {path: /yes}
      expect: {continue: {headers: {x-gate: passed}}}
    - request: {path: /no}
      expect:
        reply:
          status: 403
          headers: {x-why: rule, content-type: text/plain, content-length: 8, grpc-status: null}
          body: no entry
          details: gate_shut
    - request: {path: /no, method: POST, headers: [[content-type, application/grpc+proto]], body: x}
      expect:
        reply: {status: 200, grpc_status: 7, body: '', headers: {grpc-message: no entry, content-type: application/grpc}}
    - request: {path: /no}
      repeat: 3
      every: 1s
      expect: {admitted: 0, refused: 3, reply: {status: 403}}
";
    assert_eq!(play(text), Ok(1));
}

#[test]
fn a_failure_says_where_what_was_expected_and_what_was_seen() {
    let table = [
        (
            "- {name: a, steps: [{request: {}, expect: continue}, {request: {path: /no}, expect: continue}]}",
            "gate.yaml, scenario \"a\", step 2 (GET /no): expected that the message passes, seen a reply with \
             {\":status\": \"403\", \"x-why\": \"rule\", \"content-length\": \"8\", \"content-type\": \"text/plain\"}, \
             body \"no entry\", details gate_shut",
        ),
        (
            "- {name: a, steps: [{request: {}, expect: {continue: {headers: {x-gate: [a, b]}}}}]}",
            "gate.yaml, scenario \"a\", step 1 (GET /): expected header x-gate to be \"a\", \"b\", seen \"passed\"",
        ),
        (
            "- {name: a, config: {b: 1}, steps: [{request: {}, expect: continue}]}",
            "gate.yaml, scenario \"a\", configuration: expected that it is taken\n  \
             seen that it is refused for\n    /b: unknown field; the fields here are ",
        ),
        (
            "- {name: a, steps: [{request: {}, repeat: 2, expect: {admitted: 1, refused: 1}}]}",
            "gate.yaml, scenario \"a\", step 1 (GET /): expected 1 admitted and 1 refused, seen 2 and 0",
        ),
        (
            "- {name: a, steps: [{request: {path: /bad}, expect: continue}]}",
            "gate.yaml, scenario \"a\", step 1 (GET /bad): worker 0: sets a header with the name \"x y\"",
        ),
    ];
    for (text, wanted) in table {
        assert_eq!(failure(text), wanted, "{text}");
    }
}

#[test]
fn what_would_pass_for_ever_is_an_error() {
    let table = [
        ("[]", "gate.yaml: there is no scenario in it"),
        (
            "- {name: a, steps: [{after: 1s}]}",
            "gate.yaml, scenario \"a\", nothing is expected, so it would always pass",
        ),
        (
            "- {name: a, steps: [{request: {}}, {logs: []}]}",
            "gate.yaml, scenario \"a\", step 1 (GET /): what is expected of it? `expect` is missing",
        ),
        (
            "- {name: a, steps: [{tick: 0, mend: true, logs: []}]}",
            "gate.yaml, scenario \"a\", step 1 (tick): a step does one thing, and this has `tick` and `mend`",
        ),
    ];
    for (text, wanted) in table {
        assert_eq!(failure(text), wanted, "{text}");
    }
    assert!(
        failure("- {name: a, stepps: []}").contains("stepps"),
        "an unknown field"
    );
    let empty = tempfile::tempdir().unwrap();
    let ran = run_folder(empty.path(), &|| Ok(Box::new(Native::<Gate>::new())));
    assert!(
        ran.unwrap_err()
            .to_string()
            .starts_with("there is no .yaml file in ")
    );
}
