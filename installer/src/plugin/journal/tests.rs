//! Lines of a sidecar's log (Istio 1.31, Envoy 1.40), behind the time that the API server puts before each.

use super::*;

const DIGEST: &str = "f6153596bb8d57243fc8d6414ce1905801e9636233a702a81836e44039a921a8";

const PULLING: &str = "2026-11-24T08:03:05.162800000Z 2026-11-24T08:03:05.162751Z	info	wasm	fetching image weft/limit from registry 10.78.0.1:41819 with tag sha256:f6153596bb8d57243fc8d6414ce1905801e9636233a702a81836e44039a921a8
";

const REFUSED: &str = "2026-11-24T08:03:05.171600000Z 2026-11-24T08:03:05.171578Z	critical	envoy wasm source/extensions/common/wasm/context.cc:1160	wasm log: /rules/0/rate: must be above 0	thread=14
2026-11-24T08:03:05.171620000Z 2026-11-24T08:03:05.171600Z	critical	envoy wasm source/extensions/common/wasm/context.cc:1160	wasm log: /rules/1/key: is missing	thread=14
2026-11-24T08:03:05.171700000Z 2026-11-24T08:03:05.171653Z	error	envoy wasm source/extensions/common/wasm/wasm.cc:104	Wasm VM failed Failed to configure base Wasm plugin	thread=14
2026-11-24T08:03:05.172300000Z 2026-11-24T08:03:05.172294Z	critical	envoy wasm source/extensions/common/wasm/wasm.cc:626	Plugin shop.limit~istio-translated-wasmplugin failed to load	thread=14
2026-11-24T08:03:05.172400000Z 2026-11-24T08:03:05.172331Z	critical	envoy wasm source/extensions/common/wasm/wasm.cc:479	Plugin configured to fail closed failed to load	thread=14
2026-11-24T08:03:05.172700000Z 2026-11-24T08:03:05.172613Z	warning	envoy config source/extensions/config_subscription/grpc/delta_subscription_state.cc:282	delta config for type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig rejected: Unable to create Wasm plugin shop.limit~istio-translated-wasmplugin	thread=14
";

const MISSING: &str = "2026-11-24T08:03:59.419800000Z 2026-11-24T08:03:59.419751Z	error	wasm	error in converting the wasm config to local: cannot fetch Wasm module oci://10.78.0.1:41819/weft/limit@sha256:f6153596bb8d57243fc8d6414ce1905801e9636233a702a81836e44039a921a8: could not fetch Wasm OCI image: could not fetch manifest: GET http://10.78.0.1:41819/v2/weft/limit/manifests/sha256:f6153596bb8d: MANIFEST_UNKNOWN: manifest unknown. applying deny RBAC filter
";

fn read(log: &str) -> Reading {
    since(log, None)
}

fn since(log: &str, moment: Option<&str>) -> Reading {
    let url = format!("oci://10.78.0.1:41819/weft/limit@sha256:{DIGEST}");
    let subject = Subject {
        plugin: "shop.limit",
        url: &url,
        digest: Some(DIGEST),
    };
    super::read(log, subject, moment.map(|moment| moment.parse().unwrap()))
}

fn told(log: &str) -> Trouble {
    match read(log).account {
        Account::Told(trouble) => trouble,
        other @ (Account::NotAsked | Account::Unreadable(_) | Account::Silent) => {
            panic!("{other:?}")
        }
    }
}

#[test]
fn a_refusal_lists_what_the_plugin_said() {
    let text = "the plugin refused its configuration: /rules/0/rate: must be above 0 / /rules/1/key: is missing";
    assert_eq!(told(REFUSED), Trouble::Refused(text.to_owned()));
    assert_eq!(
        read(REFUSED).at,
        Some("2026-11-24T08:03:05.172294Z".parse().unwrap())
    );
}

/// Envoy holds an earlier version against a listener, at the time when it takes a good one.
const LISTENER: &str = "2026-11-24T08:04:59.090000000Z 2026-11-24T08:04:59.085399Z	critical	envoy wasm source/extensions/common/wasm/wasm.cc:626	Plugin shop.limit~istio-translated-wasmplugin failed to load	thread=15
2026-11-24T08:04:59.090000000Z 2026-11-24T08:04:59.085652Z	warning	envoy upstream source/common/listener_manager/lds_api.cc:89	lds: listener 'virtualInbound' config rejected: Unable to create Wasm plugin shop.limit~istio-translated-wasmplugin	thread=15
2026-11-24T08:04:59.090000000Z 2026-11-24T08:04:59.085723Z	warning	envoy config source/extensions/config_subscription/grpc/delta_subscription_state.cc:282	delta config for type.googleapis.com/envoy.config.listener.v3.Listener rejected: Error adding/updating listener(s) virtualInbound: Unable to create Wasm plugin shop.limit~istio-translated-wasmplugin
";

#[test]
fn a_rejected_listener_is_no_refusal_of_this_version() {
    assert_eq!(read(LISTENER).account, Account::Silent);
    assert!(matches!(
        told(&(LISTENER.to_owned() + REFUSED)),
        Trouble::Refused(_)
    ));
    assert!(matches!(
        told(&(REFUSED.to_owned() + LISTENER)),
        Trouble::Refused(_)
    ));
}

#[test]
fn that_it_did_not_load_is_enough_where_envoy_logs_no_warnings() {
    let lines: Vec<_> = REFUSED
        .lines()
        .filter(|line| !line.contains("warning"))
        .collect();
    assert!(
        matches!(told(&lines.join("\n")), Trouble::Refused(text) if text.contains("/rules/1/key"))
    );
}

#[test]
fn the_proxys_own_time_counts_before_that_of_who_read_it() {
    assert_eq!(
        read(PULLING).at,
        Some("2026-11-24T08:03:05.162751Z".parse().unwrap())
    );
    let json = r#"2026-11-24T08:03:05.2Z {"level":"info","msg":"fetching image x with tag sha256:DIGEST"}"#;
    assert_eq!(
        read(&json.replace("DIGEST", DIGEST)).at,
        Some("2026-11-24T08:03:05.2Z".parse().unwrap())
    );
}

#[test]
fn only_lines_since_the_moment_count() {
    assert_eq!(
        since(REFUSED, Some("2026-11-24T08:03:06Z")).account,
        Account::Silent
    );
    assert_ne!(
        since(REFUSED, Some("2026-11-24T08:03:05.166Z")).account,
        Account::Silent
    );
}

#[test]
fn other_plugins_are_other_plugins() {
    for other in ["shop.limit2", "shop.limit-b", "workshop.limit"] {
        assert_eq!(
            read(&REFUSED.replace("shop.limit", other)).account,
            Account::Silent,
            "{other}"
        );
        let both = REFUSED.replace("shop.limit", other) + "…	Plugin shop.limit failed to load\n";
        let Trouble::Refused(text) = told(&both) else {
            panic!("{both}")
        };
        assert!(
            !text.contains("/rules"),
            "what {other} said is not ours: {text}"
        );
    }
}

#[test]
fn a_missing_image_is_told_from_a_registry_that_cannot_be_reached() {
    assert!(matches!(told(MISSING), Trouble::ImageMissing(_)));
    let cases = [
        (
            "Get \"https://10.78.0.1:5999/v2/\": context deadline exceeded",
            "did not answer the proxy within 30 s",
        ),
        (
            "dial tcp: lookup r.example: no such host",
            "cannot resolve the registry's name",
        ),
        ("UNAUTHORIZED: authentication required", "wants credentials"),
        ("rejected unsafe bearer realm", "names a realm"),
        ("something new", "something new"),
    ];
    for (reason, cause) in cases {
        let Trouble::PullFailed(text) =
            told(&MISSING.replace("MANIFEST_UNKNOWN: manifest unknown", reason))
        else {
            panic!("{reason}")
        };
        assert!(text.contains(cause), "{text}");
    }
    let secret = "…	error	wasm	error in converting the wasm config to local: cannot fetch Wasm module shop.limit~istio-translated-wasmplugin: missing image pulling secret. applying deny RBAC filter";
    assert!(matches!(told(secret), Trouble::PullFailed(text) if text.contains("imagePullSecret")));
}

#[test]
fn the_last_word_counts() {
    assert_eq!(told(PULLING), Trouble::Pulling);
    assert_eq!(told(&(REFUSED.to_owned() + PULLING)), Trouble::Pulling);
    assert!(matches!(
        told(&(PULLING.to_owned() + MISSING)),
        Trouble::ImageMissing(_)
    ));
    assert_eq!(
        read(&PULLING.replace(DIGEST, "00")).account,
        Account::Silent,
        "another version's"
    );
    assert_eq!(read("nothing of interest\n\n").account, Account::Silent);
}
