use serde_json::json;

use super::*;
use crate::cluster::cause::Part;

fn id(kind: &str) -> ObjectId {
    ObjectId::of(
        &json!({"apiVersion": "sailoperator.io/v1", "kind": kind, "metadata": {"name": "default"}}),
    )
    .unwrap()
}

fn conditions(stated: &[(&str, &str, &str, &str)]) -> Value {
    let stated = stated.iter().map(|(kind, status, reason, message)| {
        json!({"type": kind, "status": status, "reason": reason, "message": message})
    });
    stated.collect()
}

fn object(observed: i64, conditions: &Value) -> Value {
    json!({"metadata": {"generation": 2}, "status": {"observedGeneration": observed, "conditions": conditions}})
}

fn healthy(observed: i64) -> Value {
    object(
        observed,
        &conditions(&[("Reconciled", "True", "", ""), ("Ready", "True", "", "")]),
    )
}

fn operator(available: i64) -> Value {
    json!({"metadata": {"namespace": "sail", "name": "sail-operator"}, "status": {"availableReplicas": available}})
}

fn part(id: ObjectId, object: Value, parts: Vec<Part>) -> Part {
    let evidence = Evidence {
        parts,
        ..Evidence::default()
    };
    Part {
        id,
        object,
        evidence,
    }
}

/// What the operator made of an `Istio`, once everything of it is up; `updated` pods of istiod's one are of the new version.
fn made(observed: i64, updated: i64) -> Evidence {
    let deployment = ObjectId {
        group: "apps".to_owned(),
        kind: "Deployment".to_owned(),
        name: "istiod".to_owned(),
        ..id("Deployment")
    };
    let status = json!({"spec": {"replicas": 1}, "status": {"updatedReplicas": updated, "availableReplicas": 1, "replicas": 1}});
    let below = vec![part(deployment, status, vec![])];
    Evidence {
        operators: Some(vec![operator(1)]),
        parts: vec![part(id("IstioRevision"), healthy(observed), below)],
        ..Evidence::default()
    }
}

/// `ready`, or what it waits for and the cause.
fn said(kind: &str, object: &Value, evidence: &Evidence) -> String {
    match judge(&id(kind), object, evidence) {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Progressing { waits_for, cause } => cause.map_or_else(
            || waits_for.clone(),
            |cause| format!("{waits_for} | {cause}"),
        ),
        Readiness::Failed(cause) => format!("!{cause}"),
    }
}

#[test]
fn it_is_ready_when_all_of_it_is_about_this_generation() {
    let cases = [
        (healthy(2), made(2, 1), "ready"),
        (healthy(1), made(2, 1), "the Sail operator to notice it"),
        (healthy(2), made(1, 1), "the Sail operator to notice it"),
        (healthy(2), made(2, 0), "0 of 1 pods are of the new version"),
        (healthy(2), Evidence::default(), "its IstioRevision"),
        (
            json!({"metadata": {"generation": 0}}),
            made(2, 1),
            "the Sail operator to notice it",
        ),
        (
            object(2, &conditions(&[("Reconciled", "True", "", "")])),
            made(2, 1),
            "the Sail operator to say Ready",
        ),
    ];
    for (object, evidence, wanted) in cases {
        assert_eq!(said("Istio", &object, &evidence), wanted, "{object}");
    }
}

#[test]
fn what_the_operator_says_is_the_cause() {
    let cases = [
        (
            ("Reconciled", "False", "ReconcileError", "no namespace x"),
            "Reconciled | Istio default: the Sail operator cannot do it: no namespace x; correct",
        ),
        (
            (
                "Ready",
                "False",
                "IstiodNotReady",
                "not all istiod pods are ready",
            ),
            "Ready | Istio default: istiod is not ready: not all",
        ),
        (
            ("Ready", "Unknown", "ReadinessCheckFailed", "get failed"),
            "Ready | Istio default: the Sail operator cannot tell: get failed",
        ),
        (
            (
                "DependenciesHealthy",
                "False",
                "IstioCNINotFound",
                "IstioCNI resource does not exist",
            ),
            "DependenciesHealthy | Istio default: it needs the node agent, and there is no IstioCNI: IstioCNI resource does not exist; say cni: true",
        ),
        (
            ("Ready", "False", "SomethingNew", ""),
            "Ready | Istio default: the Sail operator says: SomethingNew",
        ),
    ];
    for (condition, wanted) in cases {
        let object = object(2, &conditions(&[condition]));
        let said = said("Istio", &object, &Evidence::default());
        let wanted = format!("the Sail operator to say {wanted}");
        assert!(said.starts_with(&wanted), "{said}");
    }
    // The first of them counts, in the order of causes.
    let both = conditions(&[
        ("Ready", "False", "IstiodNotReady", "x"),
        ("Reconciled", "False", "ReconcileError", "y"),
    ]);
    assert!(said("Istio", &object(2, &both), &Evidence::default()).contains("Reconciled"));
}

#[test]
fn an_operator_that_is_away_comes_first() {
    let with = |operators| Evidence {
        operators,
        ..Evidence::default()
    };
    let cases = [
        (None, "the Sail operator to notice it"),
        (
            Some(vec![]),
            "the Sail operator to notice it | Istio default: no Deployment of the Sail operator is in the cluster",
        ),
        (
            Some(vec![operator(0)]),
            "the Sail operator to notice it | Istio default: the Sail operator (Deployment sail/sail-operator) does not run",
        ),
        (
            Some(vec![operator(0), operator(1)]),
            "the Sail operator to notice it",
        ),
    ];
    for (operators, wanted) in cases {
        let said = said("Istio", &healthy(1), &with(operators.clone()));
        assert!(said.starts_with(wanted), "{said}");
        assert_eq!(said.len() == wanted.len(), !wanted.contains('|'), "{said}");
    }
    let kinds = [
        (
            "Istio",
            "kubectl patch istiorevision.sailoperator.io default",
        ),
        ("IstioCNI", "kubectl patch istiocni.sailoperator.io default"),
    ];
    for (kind, words) in kinds {
        let cause = lingering(&id(kind), Some(&[])).unwrap().to_string();
        assert!(
            cause.contains("finalizer sailoperator.io/sail-operator stays")
                && cause.contains(words),
            "{cause}"
        );
    }
    assert_eq!(lingering(&id("Istio"), Some(&[operator(1)])), None);
}

#[test]
fn a_tag_is_ready_when_it_names_its_revision() {
    let tag = |revision: &str| {
        let mut tag = object(2, &conditions(&[("Reconciled", "True", "", "")]));
        tag["spec"] = json!({"targetRef": {"kind": "Istio", "name": "blue"}});
        tag["status"]["istioRevision"] = json!(revision);
        tag
    };
    let told = |revision| said("IstioRevisionTag", &tag(revision), &Evidence::default());
    assert_eq!(told("blue"), "ready");
    assert_eq!(told("default"), "the tag to move");
}
