use proptest::prelude::*;
use serde_json::{Value, json};

use super::judge::differences;
use super::*;
use crate::cluster::discovery::tests::kinds;
use crate::cluster::rehearse::Outcome;
use crate::cluster::wanted::{MESH, Stage, Wanted};

fn parent() -> Parent {
    Parent {
        namespace: "home".to_owned(),
        name: "set".to_owned(),
    }
}

fn wanted(stages: Vec<Vec<Value>>) -> Wanted {
    Wanted {
        parent: parent(),
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

fn items(stages: Vec<Vec<Value>>) -> Vec<Item> {
    wanted(stages).items(&kinds()).unwrap()
}

fn map(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// An object of the cluster, as the server keeps it.
fn kept(object: &Value, owned: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["uid"] = json!("u");
    object["metadata"]["resourceVersion"] = json!("7");
    object["metadata"]["managedFields"] = json!([
        {"manager": "weft", "operation": "Apply", "fieldsV1": owned},
        {"manager": "else", "operation": "Update", "fieldsV1": {"f:status": {}}},
    ]);
    object["status"] = json!({"any": 1});
    object
}

fn snapshot(objects: Vec<(ObjectId, Value)>) -> Snapshot {
    let resource = Parent::resource();
    Snapshot {
        inventory: Some(Inventory::default()),
        objects: objects
            .into_iter()
            .map(|(id, object)| {
                let resource = resource.clone();
                (id, Found { resource, object })
            })
            .collect(),
        namespaces: BTreeSet::from(["home".to_owned()]),
    }
}

fn would(item: &Item, after: Value) -> (ObjectId, Rehearsal) {
    let rehearsal = Rehearsal {
        object: item.object.clone(),
        force: false,
        newer: None,
        outcome: Outcome::Would(after, Vec::new()),
    };
    (item.id.clone(), rehearsal)
}

fn planned(
    items: &[Item],
    snapshot: &Snapshot,
    rehearsals: impl IntoIterator<Item = (ObjectId, Rehearsal)>,
) -> Result<Plan, Vec<Mistake>> {
    Basis {
        parent: &parent(),
        items,
        snapshot,
        rehearsals: &rehearsals.into_iter().collect(),
        prune: true,
        adopt: false,
    }
    .plan()
}

/// The one step of a plan for one object that is there and would be that.
fn step(before: &Value, after: Outcome) -> Step {
    let items = items(vec![vec![map("a", &json!({"x": "1"}))]]);
    let there = snapshot(vec![(items[0].id.clone(), before.clone())]);
    let (id, mut rehearsal) = would(&items[0], Value::Null);
    rehearsal.outcome = after;
    planned(&items, &there, [(id, rehearsal)])
        .unwrap()
        .steps
        .remove(0)
}

#[test]
fn what_differs_is_what_the_server_says() {
    let of = |data: Value, owned: Value| kept(&map("a", &data), &owned);
    let (one, more) = (
        json!({"f:data": {"f:x": {}}}),
        json!({"f:data": {"f:x": {}, "f:y": {}}}),
    );
    let before = of(json!({"x": "1", "y": "2"}), one.clone());
    let would = |after| Outcome::Would(after, Vec::new());
    let field = OwnedField {
        field: ".data.x".to_owned(),
        manager: "kubectl-edit".to_owned(),
    };

    let same = step(&before, would(before.clone()));
    assert_eq!((same.action, same.changes.len()), (Action::Unchanged, 0));

    let owner = step(&before, would(of(json!({"x": "1", "y": "2"}), more)));
    assert_eq!(
        (owner.action, owner.changes.len()),
        (Action::Update, 0),
        "only who owns y"
    );

    let changed = step(&before, would(of(json!({"x": "3", "y": "2"}), one)));
    let paths: Vec<_> = changed
        .changes
        .iter()
        .map(|change| change.path.as_str())
        .collect();
    assert_eq!((changed.action, paths), (Action::Update, vec!["data.x"]));

    let conflict = step(&before, Outcome::Conflict(vec![field.clone()]));
    assert_eq!(
        (conflict.action, conflict.conflicts),
        (Action::Conflict, vec![field])
    );

    let blind = step(&before, Outcome::Blind("no webhook".to_owned()));
    assert_eq!(
        blind.action,
        Action::Update,
        "the marks of the set are missing"
    );
    assert_eq!(blind.unsure.as_deref(), Some("no webhook"));
}

/// Somebody has written between our reading and the server's answer: that is their change.
#[test]
fn what_others_change_meanwhile_is_not_ours() {
    let owned = json!({"f:data": {"f:x": {}}});
    let of = |y: &str| kept(&map("a", &json!({"x": "1", "y": y})), &owned);
    let items = items(vec![vec![map("a", &json!({"x": "1"}))]]);
    let there = snapshot(vec![(items[0].id.clone(), of("old"))]);
    let (id, mut rehearsal) = would(&items[0], of("new"));
    rehearsal.newer = Some(of("new"));
    let plan = planned(&items, &there, [(id, rehearsal)]).unwrap();
    assert_eq!(plan.steps[0].action, Action::Unchanged);
}

#[test]
fn one_that_is_going_is_made_again() {
    let mut going = kept(&map("a", &json!({"x": "1"})), &json!({}));
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let step = step(&going, Outcome::Blind("it is being deleted".to_owned()));
    assert_eq!((step.action, step.work.going), (Action::Create, true));
    assert_eq!(step.work.uid, "u");
}

#[test]
fn nobody_sees_what_is_in_a_secret() {
    let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"key": value}});
    let id = ObjectId::of(&secret("")).unwrap();
    let changes = differences(&id, &secret("b2xk"), &secret("bmV3"));
    assert_eq!(changes.len(), 1);
    let text = serde_json::to_string(&changes).unwrap();
    assert!(
        text.contains("data.key") && !text.contains("b2xk") && !text.contains("bmV3"),
        "{text}"
    );
}

/// The number of a port was changed by somebody: the one that is wanted would be a second of that name.
#[test]
fn what_cannot_be_beside_what_is_there_is_a_conflict() {
    let service = |number: u16, more: &str| {
        let port = json!({"name": "dns", "port": number});
        let mut ports = vec![port];
        ports.extend((!more.is_empty()).then(|| json!({"name": more, "port": 1})));
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": ports}})
    };
    let judged = |wanted: &Value, there: Option<&Value>| {
        let id = ObjectId::of(wanted).unwrap();
        let mistake = Mistake::new(&id, "the API server refuses it: Duplicate value: \"dns\"");
        let rehearsal = Rehearsal {
            object: wanted.clone(),
            force: false,
            newer: None,
            outcome: Outcome::Refused(mistake),
        };
        judge(&id, there, wanted, Some(&rehearsal))
    };
    let there = service(2, "");
    let conflict = judged(&service(1, ""), Some(&there)).ok().unwrap();
    assert_eq!(conflict.action, Action::Conflict);
    assert!(conflict.unsure.unwrap().contains("delete Service a"));
    assert_eq!(conflict.changes[0].path, "spec.ports[name=dns].port");
    assert!(judged(&service(1, ""), None).is_err(), "nothing to delete");
    assert!(
        judged(&service(1, "dns"), Some(&there)).is_err(),
        "it cannot be at all"
    );
}

#[test]
fn what_belongs_to_others_is_refused_with_everything_else() {
    let of = |name: &str, label: &str, value: &str| {
        let mut object = kept(&map(name, &json!({})), &json!({}));
        object["metadata"]["labels"] = json!({label: value});
        object["metadata"]["namespace"] = json!("home");
        (ObjectId::of(&object).unwrap(), object)
    };
    let objects = vec![of("a", PART_OF, "applyset-x-v1"), of("b", MESH, "other")];
    let mut stages = vec![vec![
        map("a", &json!({})),
        map("b", &json!({})),
        map("c", &json!({})),
    ]];
    stages[0][2]["metadata"]["namespace"] = json!("nowhere");

    let mistakes = planned(&items(stages), &snapshot(objects), []).unwrap_err();

    let said: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "Namespace nowhere: it does not exist, or is being deleted, and is not wanted: create it first, or add it to what is wanted",
            "ConfigMap home/a: it belongs to another set, applyset-x-v1: leave it out, or remove its label applyset.kubernetes.io/part-of to hand it over",
            "ConfigMap home/b: it belongs to the mesh other: give this one another name or revision, leave the object out with raw values, or delete that mesh first",
        ]
    );
}

/// Objects of a few kinds with names that meet.
fn objects() -> impl Strategy<Value = Vec<Value>> {
    let kind = prop_oneof![
        Just(("v1", "ConfigMap")),
        Just(("v1", "Namespace")),
        Just(("autoscaling/v2", "HorizontalPodAutoscaler")),
        Just(("apiextensions.k8s.io/v1", "CustomResourceDefinition")),
    ];
    proptest::collection::btree_set((kind, "[a-d]"), 0..8).prop_map(|set| {
        set.into_iter()
            .map(|((api_version, kind), name)| {
                json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "home"}})
            })
            .collect()
    })
}

/// What is wanted of these objects: some in one stage, some in the next, some not at all.
fn cut() -> impl Strategy<Value = (Vec<Item>, Vec<Item>)> {
    (objects(), any::<u16>(), any::<u16>()).prop_map(|(objects, stages, unwanted)| {
        let bit = |mask: u16, index: usize| (mask >> index) & 1 == 1;
        let all = items(vec![objects.clone()]);
        let pick = |stage: bool| -> Vec<Value> {
            let mut some = Vec::new();
            for (index, object) in objects.iter().enumerate() {
                if bit(stages, index) == stage && !bit(unwanted, index) {
                    some.push(object.clone());
                }
            }
            some
        };
        (items(vec![pick(false), pick(true)]), all)
    })
}

proptest! {
    #[test]
    fn a_plan_keeps_its_promises((wanted, all) in cut(), there in any::<u16>()) {
        let exists = |index: usize| (there >> index) & 1 == 1;
        let objects: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(index, _)| exists(*index))
            .map(|(_, item)| (item.id.clone(), kept(&item.object, &json!({}))))
            .collect();
        let snapshot = snapshot(objects.clone());
        let plan = planned(&wanted, &snapshot, []).unwrap();
        let (written, pruned): (Vec<_>, Vec<_>) =
            plan.steps.iter().partition(|step| step.action != Action::Prune);

        // Everything that is wanted is there once, and what is pruned is not wanted.
        let mut ids: Vec<_> = written.iter().map(|step| &step.id).collect();
        prop_assert!(ids.iter().eq(wanted.iter().map(|item| &item.id).collect::<Vec<_>>().iter()));
        ids.sort();
        for step in &pruned {
            prop_assert!(ids.binary_search(&&step.id).is_err());
            prop_assert!(is_prunable(&step.id));
            prop_assert!(snapshot.objects.contains_key(&step.id));
        }
        // Every member that is not wanted goes.
        let unwanted = objects.iter().filter(|(id, _)| is_prunable(id) && ids.binary_search(&id).is_err());
        prop_assert_eq!(pruned.len(), unwanted.count());
        // The order is that of stages and kinds, and the other way round for what goes, which is last.
        prop_assert!(written.is_sorted_by_key(|step| (step.work.stage, rank(&step.id))));
        prop_assert!(pruned.is_sorted_by_key(|step| std::cmp::Reverse(rank(&step.id))));
        prop_assert!(plan.steps.is_sorted_by_key(|step| step.action == Action::Prune));
        // The parent promises every member before it is written and until it is gone.
        let widest = plan.widest();
        for step in plan.steps.iter().filter(|step| is_prunable(&step.id) && step.action != Action::Prune) {
            prop_assert!(widest.kinds.contains(&step.id.group_kind()));
            prop_assert!(plan.after.kinds.contains(&step.id.group_kind()));
        }
    }

    /// Whatever an apply made of the objects, the same apply has nothing to do then.
    #[test]
    fn a_plan_of_what_was_applied_is_empty((wanted, _) in cut(), extra in "[a-z]{0,3}") {
        let applied = |item: &Item| {
            let mut object = kept(&item.object, &json!({"f:metadata": {"f:labels": {}}}));
            object["defaulted"] = json!(extra);
            object
        };
        let there = snapshot(wanted.iter().map(|item| (item.id.clone(), applied(item))).collect());
        let rehearsals: Vec<_> = wanted.iter().map(|item| would(item, applied(item))).collect();
        let plan = planned(&wanted, &there, rehearsals).unwrap();
        prop_assert!(plan.changes_nothing());
        // Without asking the server, too.
        prop_assert!(planned(&wanted, &there, []).unwrap().changes_nothing());
    }
}
