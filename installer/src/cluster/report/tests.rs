use serde_json::{Value, json};

use super::{changes as changes_of, *};
use crate::cluster::inventory::{Inventory, Parent};
use crate::cluster::plan::Work;
use crate::output::Terminal;

fn work() -> Work {
    Work {
        stage: 0,
        resource: Parent::resource(),
        object: Value::Null,
        force: false,
        takes: false,
        current: None,
        uid: String::new(),
        going: false,
    }
}

fn step(name: &str, action: Action, changes: Vec<Change>, conflicts: &[(&str, &str)]) -> Step {
    let conflicts = conflicts.iter().map(|(field, manager)| OwnedField {
        field: (*field).to_owned(),
        manager: (*manager).to_owned(),
    });
    Step {
        id: ObjectId {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("mesh".to_owned()),
            name: name.to_owned(),
        },
        component: "istiod".to_owned(),
        action,
        changes,
        conflicts: conflicts.collect(),
        unsure: None,
        work: work(),
    }
}

fn change(path: &str, before: &Value, after: &Value) -> Change {
    Change {
        path: path.to_owned(),
        before: Some(before.clone()),
        after: Some(after.clone()),
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan {
        steps,
        parent: Parent {
            namespace: "mesh".to_owned(),
            name: "set".to_owned(),
        },
        before: None,
        is_lost: false,
        after: Inventory::default(),
    }
}

fn text(report: &impl Report, wide: bool) -> String {
    report.table().layout(wide, false, Terminal::default())
}

#[test]
fn a_plan_shows_what_happens_and_counts_the_rest() {
    let plan = plan(vec![
        step("a", Action::Unchanged, Vec::new(), &[]),
        step(
            "b",
            Action::Update,
            vec![change("x", &json!(1), &json!(2))],
            &[],
        ),
        step("c", Action::Unchanged, Vec::new(), &[]),
    ]);
    let report = PlanReport(&plan);
    assert_eq!(
        text(&report, false),
        "istiod   Deployment mesh/b   update   1\n"
    );
    assert_eq!(text(&report, true).lines().count(), 3);
    assert_eq!(json!(report)["steps"].as_array().map(Vec::len), Some(3));
    assert_eq!(summary(&plan), "3 objects: 1 update, 2 unchanged");
}

#[test]
fn a_field_that_others_own_names_them() {
    let changes = vec![
        change("spec.replicas", &json!(3), &json!(1)),
        change("metadata.labels[\"a.b/c\"]", &json!("x"), &json!("y")),
        change("spec.containers[name=app].image", &json!("1"), &json!("2")),
        change("spec.paused", &json!(true), &json!(false)),
    ];
    let conflicts = [
        (".spec.replicas", "hpa"),
        (".metadata.labels.a.b/c", "kubectl-edit"),
        (".spec.containers[name=\"app\"].image", "ci"),
        (".spec.strategy.type", "else"),
    ];
    let report = changes_of(&plan(vec![step(
        "b",
        Action::Conflict,
        changes,
        &conflicts,
    )]));
    let seen = text(&report, false);
    let rows: Vec<Vec<&str>> = seen
        .lines()
        .map(|line| line.split_whitespace().skip(3).collect())
        .collect();
    assert_eq!(
        rows,
        [
            vec!["spec.replicas", "3", "1", "hpa"],
            vec!["metadata.labels[\"a.b/c\"]", "x", "y", "kubectl-edit"],
            vec!["spec.containers[name=app].image", "\"1\"", "\"2\"", "ci"],
            vec!["spec.paused", "true", "false"],
            vec!["spec.strategy.type", "else"],
        ]
    );
    let told = json!(report);
    assert_eq!(
        told[0]["conflicts"][0],
        json!({"field": ".spec.replicas", "manager": "hpa"})
    );
}

#[test]
fn a_part_of_a_name_is_no_part_of_a_field() {
    let field = |field: &str| OwnedField {
        field: field.to_owned(),
        manager: String::new(),
    };
    assert!(concerns(&field(".spec.a"), "spec.a.b"));
    assert!(concerns(&field(".spec.a.b"), "spec.a"));
    assert!(!concerns(&field(".spec.a"), "spec.ab"));
}

#[test]
fn an_update_without_changes_says_what_it_is() {
    let report = changes_of(&plan(vec![step("b", Action::Update, Vec::new(), &[])]));
    assert_eq!(
        text(&report, false),
        "Deployment mesh/b   update   metadata.managedFields   -   weft owns what it wants\n"
    );
}

#[test]
fn what_is_not_known_is_not_announced() {
    let mut unsure = step("b", Action::Unchanged, Vec::new(), &[]);
    unsure.unsure = Some("nobody asked".to_owned());
    let plan = plan(vec![unsure, step("a", Action::Unchanged, Vec::new(), &[])]);
    assert_eq!(
        text(&PlanReport(&plan), false),
        "istiod   Deployment mesh/b   unsure   -\n"
    );
    assert_eq!(summary(&plan), "2 objects: 1 unchanged, 1 unsure");
}
