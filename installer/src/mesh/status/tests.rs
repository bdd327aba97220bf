use serde_json::json;

use super::look::theirs;
use super::*;
use crate::mesh::record::MeshState;

fn record(mode: &str, phase: &str) -> MeshRecord {
    let found = json!({
        "rootNamespace": "istio-system",
        "controlPlanes": [{"revision": "default", "namespace": "istio-system", "name": "istiod", "installedBy": {"tool": "unknown"}}],
        "tags": [], "webhooks": [], "gateways": [],
    });
    let state: MeshState =
        serde_json::from_value(json!({"mode": mode, "phase": phase, "adopted": found})).unwrap();
    MeshRecord {
        name: "shop".to_owned(),
        root_namespace: "istio-system".to_owned(),
        spec: None,
        state,
        resource_version: None,
    }
}

#[test]
fn what_has_to_be_there_and_is_not_has_failed() {
    for (mode, phase, status, exit, words) in [
        (
            "DEDICATED",
            "SUCCEEDED",
            State::Failed,
            Exit::Findings,
            "weft mesh apply",
        ),
        (
            "DEDICATED",
            "CREATING",
            State::Updating,
            Exit::Findings,
            "does not exist yet",
        ),
        (
            "DEDICATED",
            "TERMINATING",
            State::Failed,
            Exit::Findings,
            "weft mesh delete shop",
        ),
        (
            "EXTERNAL",
            "SUCCEEDED",
            State::Failed,
            Exit::Findings,
            "weft mesh adopt shop",
        ),
    ] {
        let record = record(mode, phase);
        let targets = theirs(&record).unwrap();
        let components = targets
            .iter()
            .map(|target| Component::of(&record, target, None));
        let seen = MeshStatus::of(&record, components.collect());
        assert_eq!((seen.status, seen.exit()), (status, exit), "{mode} {phase}");
        let told = seen.complaints().join("\n");
        assert!(told.contains("Deployment istio-system/istiod"), "{told}");
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_mesh_of_nothing_does_not_work() {
    let seen = MeshStatus::of(&record("DEDICATED", "SUCCEEDED"), Vec::new());
    assert_eq!((seen.status, seen.exit()), (State::Failed, Exit::Findings));
    assert_eq!(seen.complaints(), ["nothing of it is there"]);
}

#[test]
fn of_an_istio_that_is_not_adopted_as_it_should_be_the_place_is_named() {
    let mut record = record("EXTERNAL", "SUCCEEDED");
    record.state.adopted = Some(json!({"controlPlanes": 1}));
    let error = theirs(&record).unwrap_err().to_string();
    assert!(
        error.contains("istio-system/weft-mesh-shop: state.json: adopted"),
        "{error}"
    );
}
