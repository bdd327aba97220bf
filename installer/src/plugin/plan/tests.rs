//! Plans, from snapshots and wishes.

use serde_json::json;

use super::*;
use crate::plugin::desired::Written;
use crate::plugin::snapshot::{PodName, PodView, ProxyView};

const NOW: &str = "2026-11-24T08:00:10Z";
const OLD: &str = "oci://r.example/limit@sha256:01";
const NEW: &str = "oci://r.example/limit@sha256:02";

fn desired() -> Desired {
    Desired::read(&Written {
        name: Some("limit".to_owned()),
        image: Some("r.example/limit:2".to_owned()),
        selector: vec!["app=shop".to_owned()],
        document: Some(json!({"rate": 5})),
        ..Written::default()
    })
    .unwrap()
}

fn terms(url: &str) -> Terms<'_> {
    Terms {
        scope: Scope {
            namespace: "shop",
            root: "istio-system",
        },
        url,
        registry: "r.example",
        now: NOW,
        allow_empty: false,
    }
}

fn snapshot(current: Option<WasmPlugin>) -> Snapshot {
    let pod = PodView {
        name: PodName {
            namespace: "shop".to_owned(),
            name: "shop-1".to_owned(),
        },
        labels: [("app".to_owned(), "shop".to_owned())].into(),
        proxy: ProxyView::Running,
        is_gateway: false,
    };
    Snapshot {
        current,
        pods: vec![pod],
        secret: SecretView::NotAsked,
    }
}

fn planned(current: Option<WasmPlugin>, url: &str) -> Plan {
    plan(&snapshot(current), &desired(), terms(url)).unwrap()
}

/// As the server gives it back: every field that was applied is weft's.
fn applied(object: &WasmPlugin) -> WasmPlugin {
    let mut object = object.clone();
    let fields = owned(
        &json!({"metadata": {"labels": object.metadata.labels, "annotations": object.metadata.annotations}, "spec": object.spec}),
    );
    object.metadata.managed_fields = serde_json::from_value(json!([
        {"manager": "weft", "operation": "Apply", "fieldsV1": fields},
    ]))
    .unwrap();
    object
}

fn owned(value: &serde_json::Value) -> serde_json::Value {
    match value.as_object() {
        Some(fields) => fields
            .iter()
            .map(|(key, value)| (format!("f:{key}"), owned(value)))
            .collect(),
        None => json!({}),
    }
}

fn record(object: &WasmPlugin) -> Record {
    Record::read(object)
}

#[test]
fn a_first_version_is_open_until_it_runs_everywhere() {
    let plan = planned(None, NEW);

    assert_eq!(plan.action, Action::Create);
    assert_eq!(plan.object.spec.fail_strategy.as_deref(), Some("FAIL_OPEN"));
    assert_eq!(record(&plan.object).rollout, Rollout::Opening);
    assert_eq!(
        plan.settled.spec.fail_strategy.as_deref(),
        Some("FAIL_CLOSE")
    );
    assert_eq!(record(&plan.settled).rollout, Rollout::Settled);
    assert_eq!(record(&plan.settled).revision, 1);
    assert_eq!(plan.previous, None);
    assert_eq!(plan.settled.spec.url, NEW);
}

#[test]
fn an_update_keeps_its_fail_strategy_and_remembers_what_ran() {
    let current = applied(&planned(None, OLD).settled);
    let plan = planned(Some(current.clone()), NEW);

    assert_eq!(plan.action, Action::Update);
    assert_eq!(
        plan.object.spec.fail_strategy.as_deref(),
        Some("FAIL_CLOSE")
    );
    assert_eq!(record(&plan.object).revision, 2);
    assert_eq!(record(&plan.object).history[0].spec.url, OLD);
    let paths: Vec<_> = plan
        .changes
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!(paths, ["spec.url"]);
    let previous = plan.previous.unwrap();
    assert_eq!(previous.spec, current.spec);
    assert_eq!(
        record(&previous),
        record(&current),
        "going back leaves no trace"
    );
}

#[test]
fn the_same_wish_twice_changes_nothing() {
    let current = applied(&planned(None, NEW).settled);
    let plan = planned(Some(current.clone()), NEW);

    assert_eq!((plan.action, plan.changes.len()), (Action::Unchanged, 0));
    assert_eq!(plan.previous, None);
    assert_eq!(record(&plan.settled), record(&current));
}

#[test]
fn what_was_cut_off_is_resumed() {
    let first = applied(&planned(None, NEW).object);
    let resumed = planned(Some(first.clone()), NEW);
    assert_eq!(resumed.action, Action::Resume);
    assert_eq!(resumed.object.spec, first.spec, "still open");
    assert_eq!(
        resumed.settled.spec.fail_strategy.as_deref(),
        Some("FAIL_CLOSE")
    );
    assert_eq!(resumed.previous, None);

    let ran = applied(&planned(None, OLD).settled);
    let second = applied(&planned(Some(ran.clone()), NEW).object);
    let resumed = planned(Some(second), NEW);
    assert_eq!(resumed.action, Action::Resume);
    assert_eq!(
        resumed.previous.map(|previous| previous.spec),
        Some(ran.spec)
    );
}

#[test]
fn a_version_that_never_ran_is_skipped_when_going_back() {
    let ran = applied(&planned(None, OLD).settled);
    let cut_off = applied(&planned(Some(ran), "oci://r.example/limit@sha256:03").object);
    let plan = planned(Some(cut_off), NEW);

    assert_eq!(plan.action, Action::Update);
    assert_eq!(
        plan.previous.map(|previous| previous.spec.url),
        Some(OLD.to_owned())
    );
    assert_eq!(record(&plan.object).revision, 3);
}

#[test]
fn an_older_pull_is_watched_for_as_long_as_it_can_take() {
    let mut cut_off = applied(&planned(None, NEW).object);
    assert_eq!(planned(Some(cut_off.clone()), NEW).older_pull, PULL);
    let annotations = cut_off.metadata.annotations.get_or_insert_default();
    annotations.insert(
        "weft.dev/deployed-at".to_owned(),
        "2026-11-24T08:00:00Z".to_owned(),
    );
    assert_eq!(
        planned(Some(cut_off.clone()), NEW).older_pull,
        PULL.saturating_sub(Duration::from_secs(10))
    );
    let annotations = cut_off.metadata.annotations.get_or_insert_default();
    annotations.insert(
        "weft.dev/deployed-at".to_owned(),
        "2026-11-24T07:00:00Z".to_owned(),
    );
    assert_eq!(planned(Some(cut_off), NEW).older_pull, Duration::ZERO);
    assert_eq!(planned(None, NEW).older_pull, Duration::ZERO);
}

#[test]
fn sending_again_is_no_difference_and_can_be_repeated() {
    let mut nudged = planned(None, NEW).settled;
    nudged
        .spec
        .rest
        .insert(PULL_POLICY.to_owned(), json!(IF_NOT_PRESENT));
    let plan = planned(Some(applied(&nudged)), NEW);

    assert_eq!(plan.action, Action::Unchanged);
    assert_eq!(
        plan.object.spec.rest.get(PULL_POLICY),
        Some(&json!(IF_NOT_PRESENT))
    );
}

#[test]
fn fields_of_others_stay_and_are_no_difference() {
    let mut current = applied(&planned(None, NEW).settled);
    current.spec.priority = Some(7);
    current
        .metadata
        .labels
        .get_or_insert_default()
        .insert("theirs".to_owned(), "x".to_owned());

    assert_eq!(planned(Some(current), NEW).action, Action::Unchanged);
}

#[test]
fn an_object_of_somebody_else_is_taken_over_and_can_be_gone_back_to() {
    let spec = WasmPluginSpec {
        url: "oci://r.example/limit:1".to_owned(),
        ..WasmPluginSpec::default()
    };
    let mut foreign = WasmPlugin::new("limit", spec);
    foreign.metadata.namespace = Some("shop".to_owned());
    let plan = planned(Some(foreign), NEW);

    assert_eq!(plan.action, Action::Update);
    assert_eq!(
        plan.notes,
        [BOTH_WAYS, "it was not written by weft until now"]
    );
    assert_eq!(
        plan.previous.map(|previous| previous.spec.url),
        Some("oci://r.example/limit:1".to_owned())
    );
}

#[test]
fn going_back_is_a_wish_for_an_earlier_version() {
    let first = applied(&planned(None, OLD).settled);
    let second = planned(Some(first), NEW).settled;

    let wish = back(&second, None).unwrap();
    assert_eq!((wish.name.as_str(), wish.spec.url.as_str()), ("limit", OLD));
    assert_eq!(back(&second, Some(1)).unwrap(), wish);
    let error = back(&second, Some(9)).unwrap_err().to_string();
    assert_eq!(
        error,
        "WasmPlugin limit does not keep version 9; it keeps: 1"
    );
    let error = back(&planned(None, NEW).settled, None)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "WasmPlugin limit does not keep an earlier version; it keeps: none"
    );
}

#[test]
fn nothing_is_written_for_nobody_unless_asked() {
    let nobody = Snapshot::default();
    let refusal = plan(&nobody, &desired(), terms(NEW)).unwrap_err();
    assert!(
        refusal
            .to_string()
            .contains("selector app=shop matches no pod"),
        "{refusal}"
    );
    assert!(
        plan(
            &nobody,
            &desired(),
            Terms {
                allow_empty: true,
                ..terms(NEW)
            }
        )
        .is_ok()
    );
}

#[test]
fn the_root_namespace_is_the_whole_mesh() {
    let desired = Desired {
        spec: WasmPluginSpec::default(),
        ..desired()
    };
    let scope = Scope {
        namespace: "istio-system",
        root: "istio-system",
    };
    let plan = plan(
        &snapshot(None),
        &desired,
        Terms {
            scope,
            ..terms(NEW)
        },
    )
    .unwrap();

    assert_eq!(plan.selection.running.len(), 1);
    assert!(
        plan.notes[1].contains("every proxy of the mesh"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn sidecars_without_a_match_are_told_that_their_own_calls_are_meant_too() {
    let noted = |matches: &[&str], gateway: bool| {
        let desired = Desired::read(&Written {
            name: Some("limit".to_owned()),
            image: Some("r.example/limit:2".to_owned()),
            matches: matches.iter().map(|flag| (*flag).to_owned()).collect(),
            ..Written::default()
        })
        .unwrap();
        let mut snapshot = snapshot(None);
        snapshot.pods[0].is_gateway = gateway;
        let plan = plan(&snapshot, &desired, terms(NEW)).unwrap();
        plan.notes == [BOTH_WAYS]
    };

    assert!(noted(&[], false));
    assert!(!noted(&["mode=server"], false));
    assert!(!noted(&["mode=both"], false));
    assert!(!noted(&[], true), "a gateway has one direction");
}

#[test]
fn going_back_leaves_the_labels_of_others_to_them() {
    let mut desired = desired();
    desired.metadata.labels = Some([("team".to_owned(), "ours".to_owned())].into());
    let first = plan(&snapshot(None), &desired, terms(OLD)).unwrap();
    let mut current = applied(&first.settled);
    for (key, value) in [("theirs", "1"), ("shared", "2")] {
        let metadata = &mut current.metadata;
        metadata
            .labels
            .get_or_insert_default()
            .insert(key.to_owned(), value.to_owned());
        metadata
            .annotations
            .get_or_insert_default()
            .insert(key.to_owned(), value.to_owned());
    }
    desired
        .metadata
        .labels
        .get_or_insert_default()
        .insert("shared".to_owned(), "new".to_owned());
    let next = plan(&snapshot(Some(current.clone())), &desired, terms(NEW)).unwrap();

    let previous = next.previous.unwrap().metadata;
    let labels = previous.labels.unwrap();
    assert_eq!(labels.get("team").map(String::as_str), Some("ours"));
    assert_eq!(
        labels.get("shared").map(String::as_str),
        Some("2"),
        "as it was before we wrote over it"
    );
    assert_eq!(labels.get("theirs"), None);
    assert!(!previous.annotations.unwrap().contains_key("theirs"));
    // An operator's going back.
    let settled = next.settled;
    let mut there = applied(&settled);
    there
        .metadata
        .labels
        .get_or_insert_default()
        .insert("theirs".to_owned(), "1".to_owned());
    let back = back(&there, None).unwrap().metadata.labels.unwrap();
    assert!(
        back.contains_key("team") && !back.contains_key("theirs"),
        "{back:?}"
    );
}
