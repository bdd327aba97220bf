//! Dumps of a sidecar (Envoy 1.40, istiod 1.31), the long ones cut down to what refers to the plugin.

use serde_json::json;

use super::*;

const RUNNING: &str = include_str!("../fixtures/ecds-running.json");
const DENIED: &str = include_str!("../fixtures/ecds-denied.json");
const ACTIVE: &str = include_str!("../fixtures/listeners-active.json");
const WARMING: &str = include_str!("../fixtures/listeners-warming.json");
const REJECTED: &str = include_str!("../fixtures/listeners-rejected.json");

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_module_is_read_with_digest_configuration_and_policy() {
    let entry = entry(&read(RUNNING), "shop.limit").unwrap();

    let Loaded::Module(module) = &entry.loaded else {
        panic!("{entry:?}")
    };
    assert_eq!(
        module.digest(),
        Some("f6153596bb8d57243fc8d6414ce1905801e9636233a702a81836e44039a921a8")
    );
    assert_eq!(module.configuration, json!({"a": 1}));
    assert_eq!(
        (module.root.as_str(), module.failure_policy.as_str()),
        ("", "FAIL_CLOSED")
    );
    assert_eq!(entry.updated, "2026-11-24T07:59:16.411Z");
}

#[test]
fn a_filter_that_the_agent_put_in_its_place_is_no_module() {
    assert_eq!(
        entry(&read(DENIED), "shop.limit").unwrap().loaded,
        Loaded::DenyAll
    );
    let open = DENIED.replace("wasm-default-deny", "wasm-default-allow");
    assert_eq!(
        entry(&read(&open), "shop.limit").unwrap().loaded,
        Loaded::AllowAll
    );
    let network = DENIED.replace("rules_stat_prefix", "stat_prefix");
    assert_eq!(
        entry(&read(&network), "shop.limit").unwrap().loaded,
        Loaded::DenyAll
    );
}

#[test]
fn names_of_every_istio() {
    let cases = [
        (
            "extensions.istio.io/trafficextension/shop.limit~istio-translated-wasmplugin",
            "shop.limit",
        ),
        ("extensions.istio.io/wasmplugin/shop.limit", "shop.limit"),
        ("shop.limit", "shop.limit"),
        (
            "extensions.istio.io/wasmplugin/shop.my.dotted-name",
            "shop.my.dotted-name",
        ),
    ];
    for (resource, plugin) in cases {
        assert_eq!(plugin_of(resource), plugin);
    }
    assert_eq!(
        entry(&read(RUNNING), "shop.limi"),
        None,
        "no plugin of a shorter name"
    );
    assert_eq!(entry(&Value::Null, "shop.limit"), None);
}

#[test]
fn listeners_in_every_state() {
    let none = Uses::default();
    let named = || vec!["virtualInbound".to_owned()];
    assert_eq!(
        uses(&read(ACTIVE), "shop.limit"),
        Uses {
            active: named(),
            ..none.clone()
        }
    );
    assert_eq!(
        uses(&read(WARMING), "shop.limit"),
        Uses {
            warming: named(),
            ..none.clone()
        }
    );
    assert_eq!(
        uses(&read(REJECTED), "shop.limit"),
        Uses {
            rejected: vec![
                "virtualInbound: Unable to create Wasm plugin shop.limit~istio-translated-wasmplugin".to_owned()
            ],
            ..none.clone()
        }
    );
    assert_eq!(uses(&read(ACTIVE), "shop.other"), none);
}

#[test]
fn counts_out_of_statistics() {
    let stats = "wasm.wasm_vm_count: 4\nwasm.wasm_vm_count_else: 7\n";
    assert_eq!(count(stats, "wasm.wasm_vm_count"), Some(4));
    assert_eq!(count("", "wasm.wasm_vm_count"), None);
}
