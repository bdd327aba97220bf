//! What the proxies of a namespace get to know: Istio's `Sidecar` without a selector, of which a namespace takes one.

use serde::Serialize;
use serde_json::{Value, json};

/// The object that weft writes.
pub(crate) const NAME: &str = "weft-scope";
/// Its type.
pub(crate) const API_VERSION: &str = "networking.istio.io/v1";

/// How far the proxies see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every namespace.
    All,
    /// Their own, and the mesh's.
    Local,
    /// Those, and these.
    Custom(Vec<String>),
}

/// What a namespace has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scope {
    /// The namespace; the root namespace stands for all that have none of their own.
    pub(crate) namespace: String,
    /// `ALL`, `LOCAL` or `CUSTOM`.
    #[serde(rename = "scope")]
    pub(crate) reach: &'static str,
    /// Those that are seen besides, of `CUSTOM`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) custom_namespaces: Vec<String>,
    /// The object that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sidecar: Option<String>,
    /// Whether that was written by somebody else.
    pub(crate) has_user_custom: bool,
    /// What is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) findings: Vec<String>,
}

/// A reason not to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Two of them are undefined behaviour.
    #[error(
        "namespace {namespace} has the Sidecar {name} without a selector already, and not from weft: Istio takes one only, and which of two it takes is undefined; change that one, or delete it first (`kubectl delete sidecars.networking.istio.io {name} -n {namespace}`)"
    )]
    Second {
        /// Where.
        namespace: String,
        /// Which.
        name: String,
    },
}

/// The namespaces that are named in a reach and are not there.
pub(crate) fn unknown(reach: Option<&Reach>, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let Some(Reach::Custom(others)) = reach else {
        return Vec::new();
    };
    let missing = others.iter().filter(|name| !is_there(name));
    missing
        .map(|name| {
            format!("--namespaces: there is no namespace {name}: correct the name, or `kubectl create namespace {name}`")
        })
        .collect()
}

/// The object.
pub(crate) fn object(namespace: &str, root: &str, reach: &Reach) -> Value {
    let mut hosts = match reach {
        Reach::All => vec!["*/*".to_owned()],
        Reach::Local | Reach::Custom(_) => vec!["./*".to_owned(), format!("{root}/*")],
    };
    if let Reach::Custom(others) = reach {
        hosts.extend(others.iter().map(|other| format!("{other}/*")));
        let mut seen = std::collections::BTreeSet::new();
        hosts.retain(|host| seen.insert(host.clone()));
    }
    json!({
        "apiVersion": API_VERSION,
        "kind": "Sidecar",
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/managed-by": "weft"},
        },
        "spec": {"egress": [{"hosts": hosts}]},
    })
}

/// Whether there is room for weft's, in a namespace that has these Sidecars.
pub(crate) fn check(namespace: &str, sidecars: &[Value]) -> Result<(), Refusal> {
    match sidecars
        .iter()
        .find(|one| is_for_all(one) && name(one) != NAME)
    {
        Some(other) => Err(Refusal::Second {
            namespace: namespace.to_owned(),
            name: name(other).to_owned(),
        }),
        None => Ok(()),
    }
}

/// What is in force in a namespace that has these Sidecars; `root` are those of the root namespace.
pub(crate) fn read(namespace: &str, sidecars: &[Value], root: &[Value], root_name: &str) -> Scope {
    let own: Vec<_> = sidecars.iter().filter(|one| is_for_all(one)).collect();
    let inherited = root.iter().find(|one| is_for_all(one));
    let mut findings = Vec::new();
    if own.len() > 1 {
        let names: Vec<_> = own.iter().map(|one| name(one)).collect();
        findings.push(format!(
            "several Sidecars without a selector ({}): which one counts is undefined; keep one",
            names.join(", ")
        ));
    }
    let found = own.first().copied().or(inherited);
    let (word, custom_namespaces) = found.map_or(("ALL", Vec::new()), |one| reach(one, root_name));
    Scope {
        namespace: namespace.to_owned(),
        reach: word,
        custom_namespaces,
        sidecar: found.map(|one| format!("{}/{}", one_namespace(one), name(one))),
        has_user_custom: found.is_some_and(|one| name(one) != NAME),
        findings,
    }
}

fn reach(sidecar: &Value, root: &str) -> (&'static str, Vec<String>) {
    let egress = sidecar.pointer("/spec/egress").and_then(Value::as_array);
    let hosts: Vec<&str> = egress
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("hosts")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    // Without egress, a Sidecar restricts nothing.
    if hosts.is_empty() || hosts.contains(&"*/*") {
        return ("ALL", Vec::new());
    }
    let own = [".".to_owned(), root.to_owned()];
    let others: Vec<String> = hosts
        .iter()
        .map(|host| host.strip_suffix("/*").unwrap_or(host).to_owned())
        .filter(|other| !own.contains(other))
        .collect();
    if others.is_empty() {
        ("LOCAL", others)
    } else {
        ("CUSTOM", others)
    }
}

/// Whether it has no selector, and so is for every workload.
fn is_for_all(sidecar: &Value) -> bool {
    let labels = sidecar.pointer("/spec/workloadSelector/labels");
    labels
        .and_then(Value::as_object)
        .is_none_or(serde_json::Map::is_empty)
}

fn name(sidecar: &Value) -> &str {
    text(sidecar, "/metadata/name")
}

fn one_namespace(sidecar: &Value) -> &str {
    text(sidecar, "/metadata/namespace")
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(name: &str, spec: &Value) -> Value {
        json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec})
    }

    #[test]
    fn namespaces_that_are_not_there() {
        let names =
            |names: &[&str]| Reach::Custom(names.iter().map(|one| (*one).to_owned()).collect());
        let cases = [
            (None, 0),
            (Some(Reach::Local), 0),
            (Some(names(&["db", "db"])), 0),
            (Some(names(&["nope", "db", "nada"])), 2),
        ];
        for (reach, wanted) in cases {
            let missing = unknown(reach.as_ref(), |name| name == "db");
            assert_eq!(missing.len(), wanted, "{missing:?}");
            assert!(
                missing
                    .iter()
                    .all(|text| text.contains("kubectl create namespace n"))
            );
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let cases = [
            (Reach::All, "ALL", vec![]),
            (Reach::Local, "LOCAL", vec![]),
            (
                Reach::Custom(vec!["db".to_owned(), "db".to_owned()]),
                "CUSTOM",
                vec!["db".to_owned()],
            ),
        ];
        for (reach, word, others) in cases {
            let object = object("shop", "istio-system", &reach);
            let scope = read("shop", std::slice::from_ref(&object), &[], "istio-system");
            assert_eq!((scope.reach, scope.custom_namespaces), (word, others));
            assert!(!scope.has_user_custom);
            assert_eq!(check("shop", &[object]), Ok(()));
        }
    }

    #[test]
    fn a_second_one_is_refused_and_one_with_a_selector_is_none() {
        let theirs = foreign("default", &json!({"egress": [{"hosts": ["./*"]}]}));
        let selective = foreign(
            "cart",
            &json!({"workloadSelector": {"labels": {"app": "cart"}}}),
        );

        assert_eq!(check("shop", std::slice::from_ref(&selective)), Ok(()));
        let refused = check("shop", &[selective, theirs.clone()]).unwrap_err();
        assert!(
            refused.to_string().contains("the Sidecar default"),
            "{refused}"
        );
        let two = [theirs, object("shop", "istio-system", &Reach::All)];
        assert_eq!(read("shop", &two, &[], "istio-system").findings.len(), 1);
    }

    #[test]
    fn the_root_namespace_counts_where_a_namespace_has_none() {
        let root = [object("istio-system", "istio-system", &Reach::Local)];

        let scope = read("shop", &[], &root, "istio-system");

        assert_eq!(scope.reach, "LOCAL");
        assert_eq!(scope.sidecar.as_deref(), Some("istio-system/weft-scope"));
        assert_eq!(read("shop", &[], &[], "istio-system").reach, "ALL");
    }
}
