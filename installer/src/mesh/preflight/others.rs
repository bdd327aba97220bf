//! What is there already: another mesh, or what one left behind.

use serde_json::Value;

use super::super::adopt::Found;
use super::super::adopt::installer::Installer;
use super::super::read::{SAIL, items, label, name, text};
use super::super::record::MESH_LABEL;
use super::facts::Facts;
use super::gather::NAMESPACES;
use super::{Check, Subject, Wish};

pub(super) fn root_namespace(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("ROOT_NAMESPACE", "the root namespace can be used");
    let root = &wish.root_namespace;
    let namespaces = match facts.list(NAMESPACES) {
        Ok(namespaces) => namespaces,
        Err(why) => return vec![subject.skipped(why)],
    };
    let found = namespaces.iter().find(|one| name(one) == root);
    let Some(found) = found else {
        return vec![subject.pass(format!("{root} is not there yet and will be created"))];
    };
    if text(found, "/status/phase") != Some("Terminating") {
        return vec![subject.pass(format!("{root} is there"))];
    }
    let why: Vec<_> = items(found, "/status/conditions")
        .filter(|condition| text(condition, "/status") == Some("True"))
        .filter_map(|condition| text(condition, "/message"))
        .collect();
    let words = std::iter::once("it is being deleted, and not gone")
        .chain(why)
        .collect::<Vec<_>>()
        .join(": ");
    vec![
        subject
            .fail(
                words,
                "remove what holds it (finalizers of what is left in it), or wait until it is gone",
            )
            .about(format!("Namespace {root}")),
    ]
}

pub(super) fn meshes(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("OTHER_MESH", "no other mesh is in the way");
    let (found, sail) = match (&facts.meshes, facts.list(SAIL)) {
        (Ok(found), Ok(sail)) => (found, sail),
        (Err(why), _) => return vec![subject.skipped(why)],
        (Ok(_), Err(why)) => return vec![subject.skipped(why)],
    };
    let mut checks: Vec<_> = found
        .iter()
        .filter(|mesh| !is_its_own(mesh, wish, sail))
        .map(|mesh| {
            let planes: Vec<_> = mesh
                .control_planes
                .iter()
                .map(|plane| {
                    let version = plane.part.version.as_deref().unwrap_or("of unknown version");
                    format!("istiod {version}, revision {}, {}", plane.revision, plane.part.installed_by)
                })
                .collect();
            let plane = mesh.control_planes.first();
            let object = plane.map(|plane| format!("Deployment {}/{}", plane.part.namespace, plane.part.name));
            let words = format!("an Istio has the root namespace {}: {}", mesh.root_namespace, planes.join("; "));
            let check = if mesh.root_namespace == wish.root_namespace {
                subject.fail(words, remedy(mesh))
            } else if let Some(revision) = clash(mesh, facts, wish) {
                let words = format!("{}; {words}", same_revision(revision, &owner(mesh)));
                subject.fail(words, OWN_REVISION)
            } else {
                subject.warn(words, "two meshes share Istio's CRDs and must not select the same namespaces (discovery selectors)")
            };
            check.about(object.unwrap_or_default())
        })
        .collect();
    let ours = |one: &&Value| {
        label(one, MESH_LABEL).is_some() && label(one, MESH_LABEL) == wish.mesh.as_deref()
    };
    checks.extend(sail.iter().filter(|one| !ours(one)).map(|one| {
        let words = "the Sail operator keeps a mesh here, and would install it again";
        let check = if wish.sail.is_some() && !clashes(one, wish) {
            subject.warn(words, "two meshes share Istio's CRDs and must not select the same namespaces (discovery selectors)")
        } else {
            subject.fail(words, "adopt that mesh, or delete this resource")
        };
        check.about(format!("Istio {}", name(one)))
    }));
    if checks.is_empty() {
        checks.push(subject.pass("there is none"));
    }
    checks
}

/// What to do about a revision that another mesh has.
pub(in crate::mesh) const OWN_REVISION: &str = "a second mesh has a revision of its own: set spec.revision (--revision), or discovery selectors in both";

/// That two meshes would have one revision.
pub(in crate::mesh) fn same_revision(revision: &str, owner: &str) -> String {
    format!("revision {revision} is that of {owner}, and both would inject the same pods")
}

/// The revision of the wish, where that is one of this Istio.
fn clash<'a>(mesh: &Found, facts: &Facts, wish: &'a Wish) -> Option<&'a str> {
    let revision = wish.revision.as_deref()?;
    mesh.clashes(revision, wish.selects, &facts.selecting)
        .then_some(revision)
}

/// Whose an Istio is, in words.
pub(in crate::mesh) fn owner(mesh: &Found) -> String {
    match ours(mesh) {
        Some(name) => format!("mesh {name}"),
        None => format!("the Istio in {}", mesh.root_namespace),
    }
}

/// The mesh of weft that it is.
pub(in crate::mesh) fn ours(mesh: &Found) -> Option<&String> {
    mesh.control_planes.iter().find_map(|plane| {
        let Installer::Weft { mesh } = &plane.part.installed_by else {
            return None;
        };
        Some(mesh)
    })
}

/// What weft installed needs no adoption.
fn remedy(mesh: &Found) -> String {
    match ours(mesh) {
        Some(other) => format!(
            "choose another root namespace (spec.rootNamespace, --root-namespace), or delete mesh {other} first"
        ),
        None => "`weft mesh adopt` records it; or let whoever installed it take it away".to_owned(),
    }
}

/// Whether somebody else's `Istio` has the name or the namespace of the one that is wanted.
fn clashes(istio: &Value, wish: &Wish) -> bool {
    let plane = wish.sail.as_ref().map(|sail| sail.plane.as_str());
    plane == Some(name(istio)) || text(istio, "/spec/namespace") == Some(&wish.root_namespace)
}

/// What weft wrote, and what the Sail operator made of an `Istio` that weft wrote.
pub(super) fn is_its_own(mesh: &Found, wish: &Wish, sail: &[Value]) -> bool {
    let Some(wished) = wish.mesh.as_deref() else {
        return false;
    };
    let ours = |one: &&Value| label(one, MESH_LABEL) == Some(wished);
    mesh.control_planes
        .iter()
        .all(|plane| match &plane.part.installed_by {
            Installer::Weft { mesh } => mesh == wished,
            Installer::Sail { resource } => {
                let revision = resource.strip_prefix("IstioRevision/");
                let mut ours = sail.iter().filter(ours);
                ours.any(|one| Some(name(one)) == revision)
            }
            Installer::Helm { .. }
            | Installer::Istioctl
            | Installer::Manifests { .. }
            | Installer::Unknown => false,
        })
}
