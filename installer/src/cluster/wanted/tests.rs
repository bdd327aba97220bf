use serde_json::json;

use super::*;
use crate::cluster::discovery::tests::kinds;

fn wanted(stages: Vec<Vec<Value>>) -> Wanted {
    Wanted {
        parent: Parent {
            namespace: "home".to_owned(),
            name: "set".to_owned(),
        },
        mesh: Some("a".to_owned()),
        namespace: "home".to_owned(),
        stages: stages
            .into_iter()
            .enumerate()
            .map(|(number, objects)| Stage {
                component: format!("part-{number}"),
                objects,
            })
            .collect(),
    }
}

fn map(name: &str, namespace: Option<&str>) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}})
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "namespace": "wrong"}})
}

fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "looms.example.com"}, "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"kind": "Loom", "plural": "looms"},
        "versions": [{"name": "v1", "served": true}],
    }})
}

fn loom() -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Loom", "metadata": {"name": "a"}})
}

#[test]
fn objects_come_in_order_with_their_marks() {
    let stages = vec![
        vec![map("a", None), namespace("home")],
        vec![namespace("other")],
    ];
    let items = wanted(stages).items(&kinds()).unwrap();

    let order: Vec<_> = items.iter().map(|item| item.id.to_string()).collect();
    assert_eq!(
        order,
        ["Namespace home", "ConfigMap home/a", "Namespace other"]
    );
    let labels = &items[1].object["metadata"]["labels"];
    assert_eq!(
        (&labels[PART_OF], &labels[MESH], &labels[COMPONENT]),
        (
            &json!(wanted(vec![]).parent.set()),
            &json!("a"),
            &json!("part-0")
        )
    );
    assert_eq!(
        items[0].object["metadata"],
        json!({"name": "home"}),
        "a namespace is no member and is in none"
    );
}

#[test]
fn a_definition_brings_its_kind_in_any_order() {
    let items = wanted(vec![vec![loom(), definition()]])
        .items(&kinds())
        .unwrap();
    let order: Vec<_> = items.iter().map(|item| item.id.kind.as_str()).collect();
    assert_eq!(order, ["CustomResourceDefinition", "Loom"]);
    assert!(!items[1].resource.served);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let stages = vec![
        vec![
            json!({"kind": "ConfigMap", "metadata": {}}),
            json!("text"),
            loom(),
            json!({"apiVersion": "autoscaling/v9", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h", "namespace": "n"}}),
            map("twice", None),
            map("early", Some("late")),
        ],
        vec![namespace("late"), map("twice", Some("home"))],
    ];
    let mistakes = wanted(stages).items(&kinds()).unwrap_err();

    let said: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "object 1 of part-0, a ConfigMap: it is no object: apiVersion, kind and metadata.name are needed",
            "object 2 of part-0: it is no object: apiVersion, kind and metadata.name are needed",
            "Loom a: the cluster does not know Loom of example.com/v1, and no definition (CRD) that is wanted brings it: install what defines it, or leave the object out",
            "HorizontalPodAutoscaler n/h: the cluster knows HorizontalPodAutoscaler in the version v2 and v1, and not in v9: write another apiVersion",
            "ConfigMap home/twice: it stands in part-0 and again in part-1: leave one of them out",
            "ConfigMap late/early: its namespace is wanted in a later stage only: put the namespace before it",
        ]
    );
}

/// A kind whose definition comes in a later stage could not be written in time either.
#[test]
fn a_definition_must_not_come_later() {
    let mistakes = wanted(vec![vec![loom()], vec![definition()]])
        .items(&kinds())
        .unwrap_err();
    assert_eq!(
        mistakes[0].to_string(),
        "Loom home/a: its definition is wanted in a later stage only: put the definition before it"
    );
}
