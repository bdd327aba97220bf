use super::*;
use crate::sidecar::state::{NamespaceState, WorkloadState, WorkloadStatus};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn one_label_of_a_namespace_goes_when_the_other_comes() {
    let both = labels(&[(INJECTION, "enabled"), (REVISION, "1-30"), ("team", "a")]);
    let cases = [
        (
            Wish::Enable(None),
            labels(&[(INJECTION, "enabled"), ("team", "a")]),
        ),
        (
            Wish::Enable(Some("1-31".to_owned())),
            labels(&[(REVISION, "1-31"), ("team", "a")]),
        ),
        (
            Wish::Disable,
            labels(&[(INJECTION, "disabled"), ("team", "a")]),
        ),
        (Wish::Clear, labels(&[("team", "a")])),
    ];
    for (wish, wanted) in cases {
        assert_eq!(
            Edit::on(&of_namespace(&wish).labels, &both),
            wanted,
            "{wish:?}"
        );
    }
}

#[test]
fn a_workload_says_yes_no_or_nothing() {
    let before = labels(&[("app", "cart")]);
    let cases = [
        (
            Wish::Enable(None),
            labels(&[("app", "cart"), (INJECT, "true")]),
        ),
        (
            Wish::Enable(Some("x".to_owned())),
            labels(&[("app", "cart"), (INJECT, "true"), (REVISION, "x")]),
        ),
        (Wish::Disable, labels(&[("app", "cart"), (INJECT, "false")])),
        (Wish::Clear, before.clone()),
    ];
    for (wish, wanted) in cases {
        let edit = of_workload(&wish);
        assert_eq!(Edit::on(&edit.labels, &before), wanted, "{wish:?}");
        assert!(edit.annotations.is_empty());
    }
}

#[test]
fn the_systems_namespaces_are_left_alone() {
    for name in [
        "istio-system",
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "local-path-storage",
    ] {
        assert!(guard(name, "istio-system").is_err(), "{name}");
    }
    assert!(guard("istio-system", "mesh").is_ok());
    assert!(guard("mesh", "mesh").is_err());
    assert!(guard("default", "istio-system").is_ok());
}

#[test]
fn enabling_what_nobody_injects_is_refused() {
    let refused = check_namespace(
        &Injectors::default(),
        "shop",
        &labels(&[(INJECTION, "enabled")]),
    )
    .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("namespace shop would not be injected: the cluster has no injection webhook"),
        "{refused}"
    );
}

#[test]
fn workloads_wait_for_their_namespace() {
    let workload = |state, wanted, injected| WorkloadStatus {
        namespace: "shop".to_owned(),
        kind: "Deployment",
        name: "cart".to_owned(),
        state,
        owner: Some(crate::sidecar::view::Kind::Deployment),
        is_gateway: false,
        restartable: true,
        injected,
        total: 1,
        wanted,
        revision: None,
        winner: String::new(),
        is_doubled: false,
        reason: String::new(),
        pods: vec![crate::sidecar::state::PodStatus {
            name: "cart-1".to_owned(),
            state: if injected == 1 {
                crate::sidecar::state::PodState::Running
            } else {
                crate::sidecar::state::PodState::NotInjected
            },
            revision: None,
            version: None,
            resources: None,
            usage: None,
            stale: None,
            failure_reason: vec![],
        }],
    };
    let stale = workload(WorkloadState::NeedRestart, true, 0);
    let old = workload(WorkloadState::NeedRestart, true, 1);
    let fine = workload(WorkloadState::Injected, true, 1);
    let cases = [
        (NamespaceState::EnabledWait, &stale, false),
        (NamespaceState::EnabledWait, &old, true),
        (NamespaceState::EnabledWait, &fine, true),
        (NamespaceState::Enabled, &fine, true),
        (NamespaceState::Unset, &stale, true),
    ];
    for (state, workload, allowed) in cases {
        assert_eq!(
            settled("shop", state, workload).is_ok(),
            allowed,
            "{state:?} {workload:?}"
        );
    }
    let refused = settled(
        "shop",
        NamespaceState::DisabledWait,
        &workload(WorkloadState::NeedRestart, false, 1),
    );
    assert!(refused.unwrap_err().to_string().contains(
        "namespace shop is DISABLED_WAIT: its last change awaits a restart of Deployment cart"
    ));
}
