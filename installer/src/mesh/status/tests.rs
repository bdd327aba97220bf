use serde_json::json;

use super::*;
use crate::cluster::cause::Cause;
use crate::cluster::discovery::Resource;
use crate::cluster::object::ObjectId;
use crate::cluster::readiness::Readiness;
use crate::cluster::watch::Target;
use crate::mesh::record::MeshState;
use crate::mesh::upgrade::state::{Stage, Upgrade};
use crate::mesh::upgrade::steps::tests::upgrade;
use crate::output::Terminal;

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

fn istiod() -> Target {
    Target {
        component: "istiod".to_owned(),
        id: ObjectId {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("istio-system".to_owned()),
            name: "istiod".to_owned(),
        },
        resource: Resource::core("Deployment", "deployments"),
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
        let components = vec![Component::of(&record, &istiod(), None, None)];
        let seen = MeshStatus::of(&record, components);
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
fn a_command_that_was_left_is_told_and_one_that_works_is_waited_for() {
    let at_work = || Last::AtWork("alice with `weft mesh apply shop` since noon".to_owned());
    let left = || Last::Left(Some("mesh apply shop".to_owned()));
    let again = "the last command (weft mesh apply shop) has not come to its end: run it again";
    let works = "weft works on it (alice with `weft mesh apply shop` since noon)";
    let unseen = || Last::Unseen("no".to_owned());
    let cases = [
        ("UPDATING", true, left(), Some(again), true),
        ("CREATING", false, left(), Some(again), false),
        ("UPDATING", true, at_work(), Some(works), false),
        ("UPDATING", true, unseen(), Some("cannot be seen"), false),
        (
            "FAILED",
            true,
            Last::Ended,
            Some("run the same command again"),
            true,
        ),
        ("SUCCEEDED", true, Last::Ended, None, true),
    ];
    for (phase, ready, last, told, is_left) in cases {
        let record = record("DEDICATED", phase);
        let readiness = ready.then_some(&Readiness::Ready);
        let parts = vec![Component::of(&record, &istiod(), readiness, None)];
        let seen = MeshStatus::of(&record, parts).after(&last);
        let said = seen.unfinished.clone().unwrap_or_default();
        assert!(said.contains(told.unwrap_or_default()), "{phase}: {said}");
        assert_eq!(said.is_empty(), told.is_none(), "{phase}: {said}");
        assert_eq!(seen.is_left(&last), is_left, "{phase} {last:?}");
        // Both for people and for programs.
        let table = seen.table().layout(false, true, Terminal::default());
        assert!(table.contains(&said), "{table}");
        let json = serde_json::json!(seen);
        assert_eq!(json["unfinished"].as_str().unwrap_or_default(), said);
    }
}

/// Where both control planes run, the next command is for somebody to give.
#[test]
#[expect(clippy::too_many_lines, reason = "a table, row by row")]
fn an_upgrade_between_two_commands_is_told_and_not_waited_for() {
    let at_work = || Last::AtWork("alice with `weft mesh upgrade move shop`".to_owned());
    let left = || Last::Left(Some("mesh upgrade shop".to_owned()));
    let ready = Some(Stage::Ready);
    let promoted = Some(Stage::Promoted);
    let begun = Some(Stage::Installing);
    let cases = [
        (None, "SUCCEEDED", true, Last::Ended, true, ""),
        (
            None,
            "SUCCEEDED",
            false,
            Last::Ended,
            false,
            "does not exist",
        ),
        (
            None,
            "FAILED",
            true,
            Last::Ended,
            false,
            "same command again",
        ),
        (
            ready,
            "SUCCEEDED",
            true,
            Last::Ended,
            true,
            "1.31.0 is READY",
        ),
        (
            ready,
            "SUCCEEDED",
            false,
            Last::Ended,
            false,
            "does not exist",
        ),
        (
            ready,
            "SUCCEEDED",
            true,
            at_work(),
            false,
            "weft works on it",
        ),
        (
            ready,
            "FAILED",
            true,
            Last::Ended,
            false,
            "same command again",
        ),
        (
            promoted,
            "SUCCEEDED",
            true,
            Last::Ended,
            true,
            "1.31.0 is PROMOTED",
        ),
        (begun, "UPDATING", true, left(), false, "run it again"),
        (
            begun,
            "UPDATING",
            true,
            at_work(),
            false,
            "1.31.0 is INSTALLING",
        ),
    ];
    for (stage, phase, works, last, is_ready, words) in cases {
        let mut record = record("DEDICATED", phase);
        record.state.upgrade = stage.map(|stage| {
            let begun = upgrade("{version: 1.30.0}");
            Box::new(Upgrade { stage, ..begun })
        });
        let readiness = works.then_some(&Readiness::Ready);
        let parts = vec![Component::of(&record, &istiod(), readiness, None)];
        let seen = MeshStatus::of(&record, parts).after(&last);
        let what = format!("{stage:?} {phase} {works} {last:?}");
        assert_eq!(seen.is_ready(&last), is_ready, "{what}");
        let complaints = seen.complaints();
        assert_eq!(complaints.is_empty(), seen.exit() == Exit::Ok, "{what}");
        let told = complaints.join("\n");
        assert!(told.contains(words), "{what}: {told}");
    }
}

/// Whatever a record says, an error is never without a word.
#[test]
fn no_error_is_without_a_word() {
    for phase in ["CREATING", "UPDATING", "FAILED", "TERMINATING"] {
        let record = record("DEDICATED", phase);
        let parts = vec![Component::of(
            &record,
            &istiod(),
            Some(&Readiness::Ready),
            None,
        )];
        let seen = MeshStatus::of(&record, parts).after(&Last::Ended);
        assert_eq!(seen.exit(), Exit::Findings, "{phase}");
        assert!(!seen.complaints().is_empty(), "{phase}");
    }
}

/// What was to be written after istiod says so, below the cause and without a remedy that would not help.
#[test]
fn what_has_not_been_begun_waits_for_what_is_in_its_way() {
    let part = |kind: &str, name: &str| Target {
        component: String::new(),
        id: ObjectId {
            kind: kind.to_owned(),
            name: name.to_owned(),
            ..istiod().id
        },
        resource: Resource::core(kind, ""),
    };
    let cause = Cause::new("Pod istiod-1", "no image", "push it");
    let waits = Readiness::Progressing {
        waits_for: "0 of 1 pods are ready".to_owned(),
        cause: Some(cause),
    };
    let seen = |istiod_is: Readiness| {
        vec![
            (part("DaemonSet", "ztunnel"), None),
            (part("ClusterRole", "istio-cni"), None),
            (istiod(), Some(istiod_is)),
        ]
    };
    let told = |phase: &str, seen: &[(Target, Option<Readiness>)]| {
        let record = record("DEDICATED", phase);
        let first = part::waits_for(record.state.phase, seen);
        let all = seen.iter().map(|(target, readiness)| {
            Component::of(&record, target, readiness.as_ref(), first.as_deref())
        });
        let status = MeshStatus::of(&record, all.collect());
        let rows = status.components.iter();
        let rows = rows.map(|one| {
            format!(
                "{} {:?} {}",
                one.part_of,
                one.status,
                one.failure_reasons.join("; ")
            )
        });
        rows.collect::<Vec<_>>()
    };
    let after = "Creating it waits for istiod (Deployment istio-system/istiod)";
    for phase in ["FAILED", "CREATING", "UPDATING"] {
        assert_eq!(
            told(phase, &seen(waits.clone())),
            [
                "istiod Updating Pod istiod-1: no image; push it".to_owned(),
                format!("cni {after}"),
                format!("ztunnel {after}")
            ],
            "{phase}"
        );
    }
    for (phase, istiod_is) in [("SUCCEEDED", waits), ("FAILED", Readiness::Ready)] {
        let told = told(phase, &seen(istiod_is));
        assert!(
            told[0].contains("cni Failed it does not exist; `weft mesh apply`"),
            "{told:#?}"
        );
    }
}
