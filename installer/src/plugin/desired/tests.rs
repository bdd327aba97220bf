//! Flags and files, right and wrong.

use serde_json::json;

use super::*;
use crate::plugin::wasmplugin::Selector;

fn flags() -> Written {
    Written {
        name: Some("limit".to_owned()),
        image: Some("r.example/limit:1".to_owned()),
        ..Written::default()
    }
}

fn manifest_file() -> Value {
    json!({
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": "WasmPlugin",
        "metadata": {"name": "limit", "namespace": "shop", "labels": {"team": "a"}, "resourceVersion": "7"},
        "spec": {
            "url": "oci://r.example/limit:1",
            "selector": {"matchLabels": {"app": "shop"}},
            "vmConfig": {"env": [{"name": "A", "value": "b"}]},
            "pluginConfig": {"rules": []},
        },
    })
}

#[test]
fn a_configuration_and_flags() {
    let written = Written {
        document: Some(json!({"rules": [{"rate": 5}]})),
        selector: vec!["app=shop".to_owned()],
        matches: vec!["mode=server".to_owned()],
        phase: Some("AUTHZ"),
        priority: Some(10),
        pull_secret: Some("registry".to_owned()),
        ..flags()
    };

    let desired = Desired::read(&written).unwrap();

    assert_eq!(
        (desired.name.as_str(), desired.image.as_str()),
        ("limit", "r.example/limit:1")
    );
    assert_eq!(
        serde_json::to_value(&desired.spec).unwrap(),
        json!({
            "url": "",
            "selector": {"matchLabels": {"app": "shop"}},
            "match": [{"mode": "SERVER"}],
            "phase": "AUTHZ",
            "priority": 10,
            "failStrategy": "FAIL_CLOSE",
            "imagePullSecret": "registry",
            "pluginConfig": {"rules": [{"rate": 5}]},
        })
    );
}

#[test]
fn a_manifest_and_flags_that_win() {
    let written = Written {
        document: Some(manifest_file()),
        image: Some("r.example/limit:2".to_owned()),
        selector: vec!["app=front".to_owned()],
        ..Written::default()
    };

    let desired = Desired::read(&written).unwrap();

    assert_eq!(
        (desired.name.as_str(), desired.namespace.as_deref()),
        ("limit", Some("shop"))
    );
    assert_eq!(desired.image, "r.example/limit:2");
    assert_eq!(
        desired.spec.selector,
        Some(Selector {
            match_labels: [("app".to_owned(), "front".to_owned())]
                .into_iter()
                .collect(),
            ..Selector::default()
        })
    );
    assert_eq!(desired.spec.rest.keys().collect::<Vec<_>>(), ["vmConfig"]);
    assert_eq!(
        desired
            .metadata
            .labels
            .unwrap()
            .into_keys()
            .collect::<Vec<_>>(),
        ["team"]
    );
    assert_eq!(desired.metadata.resource_version, None);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let written = Written {
        name: Some("Limit".to_owned()),
        image: Some("https://r.example/limit.wasm".to_owned()),
        document: Some(json!({"a": {"b/c": [1, 9_007_199_254_740_993_u64]}})),
        selector: vec!["app".to_owned()],
        matches: vec!["x".to_owned()],
        targets: vec!["y".to_owned()],
        ..Written::default()
    };

    assert_eq!(
        Desired::read(&written).unwrap_err(),
        [
            Mistake::BadName("Limit".to_owned()),
            Mistake::NotAnImage("https://r.example/limit.wasm".to_owned()),
            NotationError::Selector("app".to_owned()).into(),
            NotationError::Match("x".to_owned()).into(),
            NotationError::Target("y".to_owned()).into(),
            Mistake::LossyNumber {
                pointer: "/a/b~1c/1".to_owned(),
                number: "9007199254740993".to_owned()
            },
        ]
    );
}

#[test]
fn files_that_are_neither() {
    let cases = [
        (json!([1]), Mistake::NotAnObject("a list")),
        (json!("x"), Mistake::NotAnObject("a text")),
        (
            json!({"apiVersion": "v1", "kind": "Pod"}),
            Mistake::WrongKind("Pod of v1".to_owned()),
        ),
    ];
    for (document, mistake) in cases {
        let mistakes = Desired::read(&Written {
            document: Some(document),
            ..flags()
        })
        .unwrap_err();
        assert!(mistakes[0].is_in_file());
        assert_eq!(mistakes, [mistake]);
    }
    let broken = json!({"apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin", "spec": {"priority": "high"}});
    let mistakes = Desired::read(&Written {
        document: Some(broken),
        ..flags()
    })
    .unwrap_err();
    assert!(mistakes[0].to_string().contains("high"), "{mistakes:?}");
}

#[test]
fn what_flags_and_file_disagree_about() {
    let written = Written {
        name: Some("other".to_owned()),
        namespace: Some("elsewhere".to_owned()),
        targets: vec!["Gateway/public".to_owned()],
        document: Some(manifest_file()),
        ..Written::default()
    };

    let mistakes = Desired::read(&written).unwrap_err();

    assert!(matches!(
        mistakes[..],
        [
            Mistake::TwoNames { .. },
            Mistake::TwoNamespaces { .. },
            Mistake::TwoTargets
        ]
    ));
}

#[test]
fn nothing_given() {
    assert_eq!(
        Desired::read(&Written::default()).unwrap_err(),
        [Mistake::NoName, Mistake::NoImage]
    );
}

#[test]
fn nothing_in_a_file_is_left_out_silently() {
    let mut file = manifest_file();
    file["data"] = json!({});
    file["status"] = json!({"conditions": []});
    file["metadata"]["ownerReferences"] = json!([{"name": "x"}]);
    file["metadata"]["uid"] = json!("u");
    file["spec"]["sha256"] = json!("00");

    let mistakes = Desired::read(&Written {
        document: Some(file),
        ..Written::default()
    })
    .unwrap_err();

    assert!(mistakes.iter().all(Mistake::is_in_file));
    assert_eq!(
        mistakes,
        [
            Mistake::Unkept("data".to_owned()),
            Mistake::Unkept("metadata.ownerReferences".to_owned()),
            Mistake::Checksum,
        ]
    );
}

#[test]
fn a_single_target_is_a_list_of_one() {
    let target = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"});
    let mut file = manifest_file();
    file["spec"]["selector"].take();
    file["spec"]["targetRef"] = target.clone();
    let read = |file: &Value| {
        Desired::read(&Written {
            document: Some(file.clone()),
            ..Written::default()
        })
    };

    let spec = serde_json::to_value(read(&file).unwrap().spec).unwrap();
    assert_eq!(
        (&spec["targetRefs"], spec.get("targetRef")),
        (&json!([target]), None)
    );
    file["spec"]["targetRefs"] = json!([target]);
    assert_eq!(read(&file).unwrap_err(), [Mistake::TwoTargetFields]);
}

#[test]
fn notes_in_what_kubectl_printed_are_nobodys_wish() {
    let mut manifest = manifest_file();
    manifest["metadata"]["annotations"] = json!({
        "team": "shop",
        "weft.dev/rollout": "opening",
        "weft.dev/revision": "3",
        "weft.dev/history": "[]",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    });
    let written = Written {
        document: Some(manifest),
        ..Written::default()
    };

    let desired = Desired::read(&written).unwrap();

    let kept = desired.metadata.annotations.unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["team"]);
}
