use super::super::{ControlPlane, Part};
use super::*;

fn found(root: &str, installed_by: Installer) -> Found {
    Found {
        root_namespace: root.to_owned(),
        control_planes: vec![ControlPlane {
            revision: "default".to_owned(),
            part: Part {
                namespace: root.to_owned(),
                name: "istiod".to_owned(),
                version: Some("1.30.3".to_owned()),
                installed_by,
            },
        }],
        tags: vec![],
        default_revision: Some("default".to_owned()),
        webhooks: vec![],
        gateways: vec![],
        cni: None,
        ztunnel: None,
    }
}

#[test]
fn one_is_chosen_and_several_are_listed() {
    let two = || {
        vec![
            found("a", Installer::Istioctl),
            found("b", Installer::Unknown),
        ]
    };
    let text = |chosen: Result<Found, Failure>| {
        chosen.map_or_else(
            |failure| format!("{} {failure}", failure.exit().code()),
            |mesh| mesh.root_namespace,
        )
    };
    assert_eq!(text(choose(two(), Some("b"))), "b");
    assert_eq!(
        text(choose(two(), None)),
        "64 there are several: say which with --root-namespace:\n  a: revision default 1.30.3 in a, istioctl install\n  b: revision default 1.30.3 in b, unknown"
    );
    assert!(
        text(choose(two(), Some("c")))
            .starts_with("64 no Istio has the root namespace c; there is:\n  a: ")
    );
    assert!(text(choose(vec![], None)).starts_with("1 no Istio was found: "));
}

#[test]
fn a_record_is_refused_where_it_would_be_wrong() {
    let theirs = found("istio-system", Installer::Istioctl);
    let record = recorded("shop", &theirs, &[]).unwrap();
    assert_eq!(
        (
            record.state.mode,
            record.state.revision.as_deref(),
            record.state.version.as_deref()
        ),
        (Mode::External, Some("default"), Some("1.30.3"))
    );
    assert_eq!(record.state.adopted, Some(json!(theirs)));

    let known = [record.clone()];
    let refused = |name: &str, found: &Found, known: &[MeshRecord]| {
        recorded(name, found, known).unwrap_err().to_string()
    };
    assert!(
        recorded("shop", &theirs, &known).is_ok(),
        "once more brings it up to date"
    );
    assert!(refused("other", &theirs, &known).starts_with("this Istio is recorded as mesh shop"));
    assert!(
        refused("shop", &found("b", Installer::Unknown), &known)
            .contains("there is a mesh shop already, in istio-system")
    );
    let ours = found(
        "b",
        Installer::Weft {
            mesh: "x".to_owned(),
        },
    );
    assert!(refused("y", &ours, &[]).contains("weft itself installed this Istio, as mesh x"));
    let mut own = record;
    own.state.mode = Mode::Dedicated;
    assert!(refused("shop", &theirs, &[own]).contains("mesh shop is weft's own"));
}

#[test]
fn a_protected_mesh_stays_so() {
    let theirs = found("istio-system", Installer::Istioctl);
    let mut known = recorded("shop", &theirs, &[]).unwrap();
    known.state.protected = true;
    known.resource_version = Some("7".to_owned());
    let again = recorded("shop", &theirs, &[known]).unwrap();
    assert!(again.state.protected);
    assert_eq!(again.resource_version.as_deref(), Some("7"));
}
