use proptest::prelude::*;

use super::*;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// An object with these labels, each owned by these managers; `weft-labels` applies, others update.
fn object(site: Site, owned: &[(&str, &str, &[&str])]) -> Value {
    let mut object = wrap(site, &json!({"labels": {}}));
    object["apiVersion"] = json!("v1");
    object["kind"] = json!("Namespace");
    object["metadata"]["name"] = json!("shop");
    object["metadata"]["uid"] = json!("1");
    let mut managed: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (key, value, managers) in owned {
        let pointer = format!("{}/labels", path(site).replace('.', "/"));
        object.pointer_mut(&pointer).unwrap()[*key] = json!(value);
        for manager in *managers {
            managed
                .entry(manager)
                .or_default()
                .insert(format!("f:{key}"), json!({}));
        }
    }
    let entries: Vec<Value> = managed
        .into_iter()
        .map(|(manager, keys)| {
            let fields = match site {
                Site::Object => json!({"f:metadata": {"f:labels": keys}}),
                Site::Template(_) => {
                    json!({"f:spec": {"f:template": {"f:metadata": {"f:labels": keys}}}})
                }
            };
            let operation = if manager == MANAGER {
                "Apply"
            } else {
                "Update"
            };
            json!({"manager": manager, "operation": operation, "fieldsV1": fields})
        })
        .collect();
    object["metadata"]["managedFields"] = json!(entries);
    object
}

fn applied(prepared: &Prepared, site: Site) -> Labels {
    current(&prepared.body, site, "labels")
}

#[test]
fn what_is_applied_keeps_what_is_ours() {
    let object = object(
        Site::Object,
        &[
            ("a", "1", &[MANAGER]),
            ("b", "2", &["kubectl"]),
            ("c", "3", &[MANAGER]),
        ],
    );
    let edit = Edit::default().label("c", Want::Value("4".to_owned()));

    let prepared = prepare(&object, Site::Object, &edit);

    assert_eq!(
        applied(&prepared, Site::Object),
        labels(&[("a", "1"), ("c", "4")])
    );
    assert_eq!(prepared.changes.len(), 1);
    assert_eq!(prepared.changes[0].path, "metadata.labels.c");
    assert_eq!(
        prepared.body["metadata"]["uid"], "1",
        "what has gone is not created anew"
    );
    assert_eq!(prepared.removal, None);
}

/// A key, its managers, what is wanted, and from whom it is taken or not.
type Taking<'a> = (&'a str, &'a [&'a str], Want, &'a [&'a str], &'a [&'a str]);

/// What nobody writes again is taken over, if it says who injects.
#[test]
fn what_people_have_set_is_taken_over() {
    let new = || Want::Value("new".to_owned());
    let label = "kubectl-label";
    let cases: [Taking<'_>; 9] = [
        (INJECTION, &[label], Want::Gone, &[label], &[]),
        (REVISION, &[label], new(), &[label], &[]),
        (
            INJECT,
            &["kubectl-client-side-apply"],
            new(),
            &["kubectl-client-side-apply"],
            &[],
        ),
        (REVISION, &[], Want::Gone, &["nobody"], &[]),
        (
            REVISION,
            &["argocd-controller"],
            new(),
            &[],
            &["argocd-controller"],
        ),
        (REVISION, &[label, "helm"], new(), &[label], &["helm"]),
        (REVISION, &[label], Want::Value("1".to_owned()), &[], &[]),
        (REVISION, &[MANAGER], new(), &[], &[]),
        ("team", &[label], new(), &[], &[label]),
    ];
    for site in [Site::Object, Site::Template(Kind::Deployment)] {
        for (key, managers, want, taken, foreign) in &cases {
            let object = object(site, &[(key, "1", managers)]);
            let prepared = prepare(&object, site, &Edit::default().label(key, want.clone()));
            let names = |fields: &[OwnedField]| -> Vec<String> {
                fields.iter().map(|one| one.manager.clone()).collect()
            };
            assert_eq!(names(&prepared.taken), *taken, "{key} {managers:?}");
            assert_eq!(names(&prepared.foreign), *foreign, "{key} {managers:?}");
            let takes = !taken.is_empty() && foreign.is_empty();
            assert_eq!(prepared.takes(), takes, "{key} {managers:?}");
            let told = prepared.takings(false).len();
            assert_eq!(told, taken.len(), "{key} {managers:?}");
        }
    }
}

#[test]
fn what_somebody_else_has_is_foreign() {
    let value = |value: &str| Want::Value(value.to_owned());
    let cases: [(&[&str], Want, bool, usize); 9] = [
        (&["kubectl"], value("2"), true, 1),
        (&["kubectl"], value("1"), false, 0),
        (&["kubectl"], Want::Gone, true, 1),
        (&["kubectl"], Want::NotOurs, false, 0),
        (&["kubectl", MANAGER], Want::Gone, true, 1),
        (&["kubectl", MANAGER], value("2"), true, 1),
        (&[MANAGER], Want::Gone, false, 1),
        (&[MANAGER], Want::NotOurs, false, 1),
        (&[], Want::Gone, true, 1),
    ];
    for site in [Site::Object, Site::Template(Kind::Deployment)] {
        for (managers, want, foreign, changes) in &cases {
            let object = object(site, &[("a", "1", managers)]);
            let prepared = prepare(&object, site, &Edit::default().label("a", want.clone()));
            assert_eq!(
                !prepared.foreign.is_empty(),
                *foreign,
                "{managers:?} {want:?}"
            );
            assert_eq!(prepared.changes.len(), *changes, "{managers:?} {want:?}");
        }
    }
    let object = object(
        Site::Template(Kind::Deployment),
        &[("a", "1", &["kubectl-label"])],
    );
    let prepared = prepare(
        &object,
        Site::Template(Kind::Deployment),
        &Edit::default().label("a", Want::Gone),
    );
    assert_eq!(
        prepared.foreign[0].field,
        ".spec.template.metadata.labels.a"
    );
    assert_eq!(prepared.foreign[0].manager, "kubectl-label");
    let removal =
        json!({"spec": {"template": {"metadata": {"labels": {"a": null}, "annotations": {}}}}});
    assert_eq!(prepared.removal, Some(removal));
}

/// What the API server makes of an apply: our keys are what is applied, others' stay.
fn after(before: &[(String, String, bool)], prepared: &Prepared) -> Vec<(String, String, bool)> {
    let applied = applied(prepared, Site::Object);
    let kept = before
        .iter()
        .filter(|(key, _, ours)| !ours && !applied.contains_key(key))
        .cloned();
    let ours = applied
        .iter()
        .map(|(key, value)| (key.clone(), value.clone(), true));
    let mut all: Vec<_> = kept.chain(ours).collect();
    all.sort();
    all
}

fn as_object(all: &[(String, String, bool)]) -> Value {
    let owned: Vec<_> = all
        .iter()
        .map(|(key, value, ours)| {
            (
                key.as_str(),
                value.as_str(),
                if *ours {
                    &[MANAGER][..]
                } else {
                    &["kubectl"][..]
                },
            )
        })
        .collect();
    object(Site::Object, &owned)
}

proptest! {
    /// Enabling and clearing again leaves every label as it was, ours and others'.
    #[test]
    fn clear_after_enable_changes_nothing(
        others in proptest::collection::btree_map("[a-c]", ("[0-2]", any::<bool>()), 0..3),
    ) {
        let mut before: Vec<_> = others.into_iter().map(|(key, (value, ours))| (key, value, ours)).collect();
        before.sort();
        let enable = Edit::default().label("x", Want::Value("on".to_owned())).label("y", Want::Gone);
        let clear = Edit::default().label("x", Want::Gone).label("y", Want::Gone);

        let enabled = after(&before, &prepare(&as_object(&before), Site::Object, &enable));
        prop_assert!(enabled.contains(&("x".to_owned(), "on".to_owned(), true)));
        let cleared = prepare(&as_object(&enabled), Site::Object, &clear);

        prop_assert!(cleared.foreign.is_empty());
        prop_assert_eq!(after(&enabled, &cleared), before);
    }

    /// Asked for twice, it changes nothing the second time.
    #[test]
    fn the_second_time_nothing_changes(value in "[0-2]", there in proptest::option::of(("[0-2]", any::<bool>()))) {
        let before: Vec<_> = there.into_iter().map(|(value, ours)| ("x".to_owned(), value, ours)).collect();
        let edit = Edit::default().label("x", Want::Value(value));
        let first = prepare(&as_object(&before), Site::Object, &edit);
        if first.foreign.is_empty() && !first.changes.is_empty() {
            let second = prepare(&as_object(&after(&before, &first)), Site::Object, &edit);
            prop_assert!(second.changes.is_empty());
        }
    }
}

/// Two weft decide on one object at once: what is refused and decided anew keeps what the other wrote.
#[test]
fn what_is_decided_anew_keeps_what_was_written_meanwhile() {
    let put = |key: &str| Edit::default().label(key, Want::Value("1".to_owned()));
    let numbered = |all: &[(String, String, bool)], uid: &str| {
        let mut object = as_object(all);
        object["metadata"]["uid"] = json!(uid);
        object["metadata"]["resourceVersion"] = json!(all.len().to_string());
        object
    };
    let start = numbered(&[], "1");
    let [ours, theirs] = ["a", "b"].map(|key| prepare(&start, Site::Object, &put(key)));
    assert_eq!(
        ours.version.as_deref(),
        Some("0"),
        "it is for that version only"
    );

    let meanwhile = after(&[], &theirs);
    let again = ours
        .anew(&numbered(&meanwhile, "1"), Site::Object, &put("a"))
        .unwrap();
    assert_eq!(again.version.as_deref(), Some("1"));
    let keys: Vec<_> = after(&meanwhile, &again)
        .into_iter()
        .map(|(key, ..)| key)
        .collect();
    assert_eq!(keys, ["a", "b"]);

    let anew = |object: &Value| ours.anew(object, Site::Object, &put("a"));
    assert_eq!(
        anew(&numbered(&[], "2")),
        None,
        "another object of that name"
    );
    let same_key = [("a".to_owned(), "2".to_owned(), false)];
    assert_eq!(
        anew(&numbered(&same_key, "1")),
        None,
        "the key itself was written"
    );
}
