//! Evidence and verdicts, as seen on a real mesh (Istio 1.31, Envoy 1.40).

use serde_json::{Map, Value, json};

use super::*;
use crate::plugin::wasmplugin::WasmPluginSpec;

const DIGEST: &str = "f6153596bb8d57243fc8d6414ce1905801e9636233a702a81836e44039a921a8";

fn spec() -> WasmPluginSpec {
    WasmPluginSpec {
        url: format!("oci://r.example/limit@sha256:{DIGEST}"),
        fail_strategy: Some("FAIL_CLOSE".to_owned()),
        plugin_config: json!({"a": 1}).as_object().cloned(),
        ..WasmPluginSpec::default()
    }
}

fn module() -> Module {
    Module {
        file: format!("/var/lib/istio/data/00/{DIGEST}.wasm"),
        configuration: json!({"a": 1}),
        root: String::new(),
        failure_policy: "FAIL_CLOSED".to_owned(),
    }
}

fn has(loaded: Loaded) -> Evidence {
    Evidence {
        entry: Some(Entry {
            loaded,
            updated: "2026-11-24T08:03:05.166Z".to_owned(),
        }),
        uses: active(),
        machines: Some(4),
        ..Evidence::default()
    }
}

fn active() -> Uses {
    Uses {
        active: vec!["virtualInbound".to_owned()],
        ..Uses::default()
    }
}

fn judged(evidence: &Evidence) -> Verdict {
    judge(&Expected::of("shop", "limit", &spec()), evidence)
}

fn told(trouble: Trouble, evidence: Evidence) -> Evidence {
    Evidence {
        account: Account::Told(trouble),
        ..evidence
    }
}

#[test]
fn running_is_the_right_module_in_a_listener_in_use() {
    assert_eq!(
        judged(&has(Loaded::Module(module()))),
        Verdict::new(State::Running, "")
    );
    let older = Module {
        failure_policy: String::new(),
        ..module()
    };
    assert_eq!(
        judged(&has(Loaded::Module(older))).state,
        State::Running,
        "an Envoy that does not know the policy"
    );
}

#[test]
fn whatever_differs_is_an_old_version() {
    let cases = [
        (
            Module {
                file: format!("/x/{}.wasm", "0".repeat(64)),
                ..module()
            },
            "it has sha256:000000000000",
        ),
        (
            Module {
                file: "/mine.wasm".to_owned(),
                ..module()
            },
            "it has \"/mine.wasm\", whose name holds no digest",
        ),
        (
            Module {
                file: String::new(),
                ..module()
            },
            "it has a module that is not a local file",
        ),
        (
            Module {
                configuration: json!({"a": 2}),
                ..module()
            },
            "its configuration differs in a",
        ),
        (
            Module {
                configuration: json!({"a": 2, "b": 3}),
                ..module()
            },
            "its configuration differs in a and 1 more",
        ),
        (
            Module {
                failure_policy: "FAIL_OPEN".to_owned(),
                ..module()
            },
            "it has the failure policy FAIL_OPEN",
        ),
        (
            Module {
                root: "x".to_owned(),
                ..module()
            },
            "it has the plugin named \"x\", not \"\"",
        ),
    ];
    for (module, reason) in cases {
        assert_eq!(
            judged(&has(Loaded::Module(module))),
            Verdict::new(State::OldVersion, reason)
        );
    }
}

#[test]
fn an_old_version_whose_successor_is_pulled_is_pulling() {
    let old = Module {
        file: format!("/x/{}.wasm", "0".repeat(64)),
        ..module()
    };
    assert_eq!(
        judged(&told(Trouble::Pulling, has(Loaded::Module(old)))).state,
        State::Pulling
    );
    // The module is there; the log of the last half minute still says that it was pulled.
    let other = Module {
        failure_policy: "FAIL_OPEN".to_owned(),
        ..module()
    };
    assert_eq!(
        judged(&told(Trouble::Pulling, has(Loaded::Module(other)))).state,
        State::OldVersion
    );
}

#[test]
fn envoy_shows_what_it_rejected_and_only_the_log_or_the_machines_tell() {
    let refused = Trouble::Refused("the plugin refused its configuration: /rules".to_owned());

    let update = judged(&told(refused.clone(), has(Loaded::Module(module()))));
    assert_eq!(update.state, State::Refused);
    assert!(
        update
            .reason
            .contains("/rules; the version before serves on"),
        "{}",
        update.reason
    );

    let first = judged(&told(
        refused,
        Evidence {
            machines: Some(0),
            ..has(Loaded::Module(module()))
        },
    ));
    assert!(
        first.reason.ends_with("every request is answered 500"),
        "{}",
        first.reason
    );

    let unreadable = Account::Unreadable("no permission".to_owned());
    let silent = Evidence {
        machines: Some(0),
        account: unreadable,
        ..has(Loaded::Module(module()))
    };
    assert_eq!(judged(&silent).state, State::Refused);
}

#[test]
fn an_entry_that_no_listener_uses_is_not_running() {
    let with = |uses: Uses| {
        judged(&Evidence {
            uses,
            ..has(Loaded::Module(module()))
        })
        .state
    };
    let one = || vec!["virtualInbound".to_owned()];

    assert_eq!(
        with(Uses::default()),
        State::Unused,
        "left from before, while old connections drain"
    );
    assert_eq!(
        with(Uses {
            warming: one(),
            ..Uses::default()
        }),
        State::Warming
    );
    assert_eq!(
        with(Uses {
            rejected: one(),
            ..Uses::default()
        }),
        State::Stuck
    );
}

#[test]
fn without_an_entry() {
    let with = |uses: Uses| {
        judged(&Evidence {
            uses,
            ..Evidence::default()
        })
        .state
    };
    let one = || vec!["virtualInbound".to_owned()];

    assert_eq!(
        with(Uses {
            warming: one(),
            ..Uses::default()
        }),
        State::Pulling
    );
    assert_eq!(
        with(Uses {
            rejected: one(),
            ..Uses::default()
        }),
        State::Stuck
    );
    assert_eq!(with(Uses::default()), State::Unused);
}

#[test]
fn failed_pulls_say_why_and_what_it_does_to_traffic() {
    let missing = Trouble::ImageMissing("the registry does not have the image".to_owned());
    let denied = judged(&told(missing.clone(), has(Loaded::DenyAll)));
    assert_eq!(denied.state, State::ImageMissing);
    assert_eq!(
        denied.reason,
        "the registry does not have the image; every request is denied (403)"
    );

    assert_eq!(judged(&has(Loaded::DenyAll)).state, State::PullFailed);
    let open = judged(&told(missing, has(Loaded::AllowAll)));
    assert_eq!(open.state, State::Bypassed);
    assert_eq!(
        open.reason,
        "the registry does not have the image; traffic passes without the plugin"
    );
}

#[test]
fn a_failure_that_is_being_made_good_is_a_pull() {
    for (loaded, effect) in [
        (Loaded::DenyAll, "every request is denied (403)"),
        (Loaded::AllowAll, "traffic passes without the plugin"),
    ] {
        let verdict = judged(&told(Trouble::Pulling, has(loaded)));
        assert_eq!(verdict.state, State::Pulling);
        assert!(verdict.reason.ends_with(effect), "{}", verdict.reason);
    }
}

#[test]
fn no_configuration_and_an_empty_one_are_the_same() {
    for written in [None, Some(Map::new())] {
        let expected = Expected::of(
            "shop",
            "limit",
            &WasmPluginSpec {
                plugin_config: written,
                ..spec()
            },
        );
        let module = Module {
            configuration: Value::Object(Map::new()),
            ..module()
        };
        assert_eq!(
            judge(&expected, &has(Loaded::Module(module))).state,
            State::Running
        );
    }
}

#[test]
fn the_worst_state_is_the_last() {
    assert!(
        State::Running < State::Pulling
            && State::Pulling < State::Unknown
            && State::Unknown < State::Refused
    );
}
