//! Whether an istiod serves. To Kubernetes, a Deployment that wants no pods is complete, and a Service may well lead nowhere; of
//! a control plane both mean that no pod is injected and no proxy configured. An autoscaler does not help: it leaves 0 alone.

use serde_json::Value;

use super::Readiness;
use crate::cluster::cause::Cause;
use crate::cluster::object::ObjectId;
use crate::cluster::peek::{label, list, text};

/// By which label Istio's charts know what belongs to an istiod.
const APP: (&str, &str) = ("app", "istiod");
/// The same, as it is asked for.
pub(crate) const SELECTOR: &str = "app=istiod";

/// What is known of what stands behind the Service of an istiod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behind {
    /// Its `EndpointSlice`s.
    pub(crate) slices: Vec<Value>,
    /// The istiods of its namespace.
    pub(crate) istiods: Vec<Value>,
}

/// Whether it is the Service of an istiod, which is no better than what is behind it.
pub(crate) fn is_service(id: &ObjectId, object: &Value) -> bool {
    id.is("", "Service") && is_its(object)
}

/// An istiod of which nobody wants a pod.
pub(super) fn halted(id: &ObjectId, object: &Value) -> Option<Cause> {
    let is_one = id.is("apps", "Deployment") && is_its(object);
    if !is_one || object.pointer("/spec/replicas").and_then(Value::as_i64) != Some(0) {
        return None;
    }
    let by = scaler(object).map_or_else(String::new, |by| format!(" by {by}"));
    let what = format!("it is scaled to 0{by}: nothing injects pods and configures proxies");
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let remedy = format!(
        "kubectl -n {namespace} scale deployment {} --replicas=1 (an autoscaler leaves 0 as it is)",
        id.name
    );
    Some(Cause::new(id, what, remedy))
}

/// How far the Service of an istiod is, by what is behind it.
pub(crate) fn served(id: &ObjectId, service: &Value, behind: &Behind) -> Readiness {
    let mut ends = behind
        .slices
        .iter()
        .flat_map(|slice| list(slice, "/endpoints"));
    if ends.any(is_ready) {
        return Readiness::Ready;
    }
    let chosen = behind.istiods.iter().find(|one| chooses(service, one));
    match (chosen, behind.istiods.first()) {
        (None, Some(istiod)) => Readiness::Failed(astray(id, service, istiod)),
        (Some(istiod), _) => waits(format!(
            "a pod of Deployment {} to be ready",
            text(istiod, "/metadata/name")
        )),
        (None, None) => waits("an istiod behind it".to_owned()),
    }
}

fn waits(waits_for: String) -> Readiness {
    Readiness::Progressing {
        waits_for,
        cause: None,
    }
}

fn astray(id: &ObjectId, service: &Value, istiod: &Value) -> Cause {
    let what = format!(
        "no endpoint is behind it, so that webhooks and proxies reach no istiod: its selector ({}) chooses no pod of Deployment {} ({})",
        pairs(service, "/spec/selector"),
        text(istiod, "/metadata/name"),
        pairs(istiod, LABELS)
    );
    let remedy = "correct its selector; where weft runs the mesh, `weft mesh apply` with the mesh's file and --force-conflicts does";
    Cause::new(id, what, remedy)
}

const LABELS: &str = "/spec/template/metadata/labels";

fn is_its(object: &Value) -> bool {
    label(object, APP.0) == Some(APP.1)
}

/// What says nothing is ready, by the API's own definition.
fn is_ready(endpoint: &Value) -> bool {
    let said = endpoint
        .pointer("/conditions/ready")
        .and_then(Value::as_bool);
    said.unwrap_or(true)
}

/// Whether a Service leads to the pods of a Deployment. One without a selector is led by hand, and to nothing that we know.
fn chooses(service: &Value, deployment: &Value) -> bool {
    let wanted = service.pointer("/spec/selector").and_then(Value::as_object);
    let has = deployment.pointer(LABELS).and_then(Value::as_object);
    wanted.is_some_and(|wanted| {
        !wanted.is_empty()
            && wanted
                .iter()
                .all(|(key, value)| has.and_then(|has| has.get(key)) == Some(value))
    })
}

fn pairs(object: &Value, at: &str) -> String {
    let all = object.pointer(at).and_then(Value::as_object);
    let pairs: Vec<_> = all
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() {
        return "none".to_owned();
    }
    pairs.join(", ")
}

/// Who wrote the number of replicas last. Of a 0 that came by `kubectl scale`, the API server keeps no owner.
fn scaler(object: &Value) -> Option<&str> {
    list(object, "/metadata/managedFields")
        .iter()
        .filter(|entry| entry.pointer("/fieldsV1/f:spec/f:replicas").is_some())
        .max_by_key(|entry| text(entry, "/time"))
        .map(|entry| text(entry, "/manager"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::cause::Evidence;
    use crate::cluster::readiness::judge;

    fn deployment(app: &str, replicas: i64, managed: &Value) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": app, "namespace": "istio-system", "labels": {"app": app}, "managedFields": managed},
            "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": app, "istio.io/rev": "default"}}}},
        })
    }

    fn service(selector: &Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "istiod", "namespace": "istio-system", "labels": {"app": "istiod"}},
            "spec": {"selector": selector},
        })
    }

    fn told(readiness: Readiness) -> String {
        match readiness {
            Readiness::Ready => "ready".to_owned(),
            Readiness::Progressing { waits_for, .. } => format!("waits: {waits_for}"),
            Readiness::Failed(cause) => format!("failed: {cause}"),
        }
    }

    #[test]
    fn an_istiod_of_no_pods_has_failed_whoever_wants_it_so() {
        let owned = json!([
            {"manager": "weft", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:template": {}}}},
            {"manager": "kubectl", "subresource": "scale", "time": "2026-01-03T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "istioctl", "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        ]);
        let remedy = "kubectl -n istio-system scale deployment istiod --replicas=1";
        let cases = [
            (
                "istiod",
                0,
                json!([]),
                "failed: Deployment istio-system/istiod: it is scaled to 0: nothing injects",
            ),
            (
                "istiod",
                0,
                owned.clone(),
                "it is scaled to 0 by kubectl: nothing injects",
            ),
            ("istiod", 0, owned.clone(), remedy),
            ("istiod", 1, owned.clone(), "waits: 0 of 1 pods"),
            ("gateway", 0, owned, "ready"),
        ];
        for (app, replicas, managed, wanted) in cases {
            let object = deployment(app, replicas, &managed);
            let id = ObjectId::of(&object).unwrap();
            let said = told(judge(&id, &object, &Evidence::default()));
            assert!(said.contains(wanted), "{app} {replicas}: {said}");
        }
    }

    #[test]
    fn a_service_is_what_is_behind_it() {
        let slice = |ready: Value| json!({"endpoints": [{"conditions": {"ready": ready}}]});
        let (right, wrong) = (json!({"app": "istiod"}), json!({"app": "nosuch"}));
        let both = json!({"app": "istiod", "istio.io/rev": "other"});
        let (yes, no) = (slice(json!(true)), slice(json!(false)));
        let one = || vec![deployment("istiod", 1, &json!([]))];
        let none = Vec::new;
        let waits = "waits: a pod of Deployment istiod to be ready";
        let astray = "its selector (app=nosuch) chooses no pod of Deployment istiod (app=istiod, istio.io/rev=default)";
        let cases = [
            (&right, vec![yes.clone()], one(), "ready"),
            (&wrong, vec![no.clone(), yes], one(), "ready"),
            (&right, vec![slice(Value::Null)], one(), "ready"),
            (&right, vec![no.clone()], one(), waits),
            (&right, none(), one(), waits),
            (&right, none(), none(), "waits: an istiod behind it"),
            (&wrong, none(), one(), astray),
            (&both, vec![no], one(), "istio.io/rev=other) chooses no pod"),
            (&Value::Null, none(), one(), "its selector (none) chooses"),
        ];
        for (selector, slices, istiods, wanted) in cases {
            let object = service(selector);
            let id = ObjectId::of(&object).unwrap();
            assert!(is_service(&id, &object));
            let said = told(served(&id, &object, &Behind { slices, istiods }));
            assert!(said.contains(wanted), "{selector}: {said}");
        }
    }
}
