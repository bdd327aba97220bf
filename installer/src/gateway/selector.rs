//! The labels by which a Deployment knows its pods, which Kubernetes never lets anybody change: a difference is found before
//! anything is written, and comes with the way around it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::cluster::object::ObjectId;

/// Labels, sorted.
pub(crate) type Labels = BTreeMap<String, String>;

/// A selector that would have to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Of which workload.
    pub(crate) id: ObjectId,
    /// As it is.
    pub(crate) is: Labels,
    /// As it would be.
    pub(crate) would_be: Labels,
}

/// What would change, if anything.
pub(crate) fn change(id: &ObjectId, live: &Value, wanted: &Value) -> Option<Change> {
    let (is, would_be) = (selector(live), selector(wanted));
    (is != would_be).then(|| Change {
        id: id.clone(),
        is,
        would_be,
    })
}

/// The labels by which a workload knows its pods.
pub(crate) fn selector(workload: &Value) -> Labels {
    labels(workload.pointer("/spec/selector/matchLabels"))
}

/// A set of labels in an object.
pub(crate) fn labels(found: Option<&Value>) -> Labels {
    let pairs = found.and_then(Value::as_object).into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// As the API server takes it, `a=b,c=d`.
pub(crate) fn query(labels: &Labels) -> String {
    let pairs: Vec<_> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join(",")
}

/// Whether these labels are all among those; no labels select nothing here.
pub(crate) fn selects(selector: &Labels, labels: &Labels) -> bool {
    let mut pairs = selector.iter();
    !selector.is_empty() && pairs.all(|(key, value)| labels.get(key) == Some(value))
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}: its selector is {} and would be {}, and Kubernetes lets nobody change a selector. Go around it side by side: \
             `weft gateway create` one of another name with the labels that Istio's Gateways select, wait until it runs, point DNS \
             and what else names the address to it, then `weft gateway delete {}`",
            self.id,
            query(&self.is),
            query(&self.would_be),
            self.id.name
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_that_would_change_is_found() {
        let of = |labels: Value| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "edge", "namespace": "a"},
            "spec": {"selector": {"matchLabels": labels}}})
        };
        let old = of(json!({"app": "edge", "istio": "edge"}));
        let id = ObjectId::of(&old).unwrap();
        let cases = [
            (json!({"istio": "edge", "app": "edge"}), None),
            (
                json!({"app": "edge", "istio": "ingressgateway"}),
                Some("app=edge,istio=edge and would be app=edge,istio=ingressgateway"),
            ),
            (
                json!({"app": "edge", "istio": "edge", "x": "y"}),
                Some("would be app=edge,istio=edge,x=y"),
            ),
            (json!({}), Some("would be ,")),
        ];
        for (labels, wanted) in cases {
            let found = change(&id, &old, &of(labels)).map(|change| change.to_string());
            match wanted {
                None => assert_eq!(found, None),
                Some(words) => assert!(found.as_ref().unwrap().contains(words), "{found:?}"),
            }
        }
    }

    #[test]
    fn what_selects() {
        let of = |pairs: &[(&str, &str)]| -> Labels {
            let pairs = pairs.iter();
            pairs
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let pod = of(&[("app", "edge"), ("istio", "edge")]);
        for (selector, selected) in [
            (of(&[("istio", "edge")]), true),
            (of(&[("istio", "edge"), ("app", "edge")]), true),
            (of(&[("istio", "other")]), false),
            (of(&[("istio", "edge"), ("x", "y")]), false),
            (of(&[]), false),
        ] {
            assert_eq!(selects(&selector, &pod), selected, "{selector:?}");
        }
    }
}
