//! What there is once, in a cluster or in each namespace, and two meshes would both have.

use serde_json::Value;

use super::super::adopt::ControlPlane;
use super::super::read::{DAEMON_SETS, items, label, name, namespace, text};
use super::super::record::MESH_LABEL;
use super::facts::Facts;
use super::others::is_its_own;
use super::{Check, Extra, Subject, Wish};
use crate::mesh::read::SAIL;

/// What istiod writes into every namespace that it looks at.
const ROOT_CERTIFICATE: &str = "ConfigMap istio-ca-root-cert";
const SELECTORS: &str = "values.istiod.meshConfig.discoverySelectors";

/// The agents of the nodes: the CNI plugin, and the proxy of ambient.
pub(super) fn agents(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of("NODE_AGENTS", "no other mesh has the agents of the nodes");
    let sets = match facts.list(DAEMON_SETS) {
        Ok(sets) => sets,
        Err(why) => return vec![subject.skipped(why)],
    };
    let agents = [
        (
            wish.has_plugin(),
            "k8s-app",
            "istio-cni-node",
            "Istio's CNI plugin",
        ),
        (
            wish.has(Extra::Ambient),
            "app",
            "ztunnel",
            "the ztunnel of ambient",
        ),
    ];
    let mut checks = Vec::new();
    for (_, key, value, what) in agents.into_iter().filter(|(wanted, ..)| *wanted) {
        let found = sets
            .iter()
            .find(|set| label(set, key) == Some(value) && !is_ours(set, wish));
        let Some(set) = found else {
            continue;
        };
        let owner = label(set, MESH_LABEL).map_or_else(
            || "somebody else's".to_owned(),
            |mesh| format!("that of mesh {mesh}"),
        );
        let words = format!(
            "{what} is there already, {owner}, and a cluster has one: its names are the same for every mesh, and two would both change every pod's network"
        );
        let remedy = if wish.has(Extra::Ambient) {
            "one mesh of a cluster can be ambient: leave spec.ambient out, and say values.istiod.cni.enabled: true, so that this mesh uses that plugin"
        } else {
            "use that one: leave spec.cni out, and say values.istiod.cni.enabled: true"
        };
        let object = format!("DaemonSet {}/{}", namespace(set), name(set));
        checks.push(subject.fail(words, remedy).about(object));
    }
    if checks.is_empty() {
        checks.push(subject.pass("there are none that this mesh needs for itself"));
    }
    checks
}

/// What weft wrote for this mesh. Whose the resource is of which the Sail operator makes an agent, is looked at where that is written.
fn is_ours(set: &Value, wish: &Wish) -> bool {
    let mesh = label(set, MESH_LABEL);
    let owners = || items(set, "/metadata/ownerReferences");
    let by_sail = || {
        owners().any(|owner| {
            ["IstioCNI", "ZTunnel"]
                .map(Some)
                .contains(&text(owner, "/kind"))
        })
    };
    (mesh.is_some() && mesh == wish.mesh.as_deref()) || (wish.sail.is_some() && by_sail())
}

/// Root certificates: the proxies of a namespace trust the one that was written last.
pub(super) fn root_certificates(facts: &Facts, wish: &Wish) -> Vec<Check> {
    let subject = Subject::of(
        "ROOT_CERTIFICATE",
        "each namespace has the root certificate of one mesh",
    );
    let (meshes, sail) = match (&facts.meshes, facts.list(SAIL)) {
        (Ok(meshes), Ok(sail)) => (meshes, sail),
        (Err(why), _) => return vec![subject.skipped(why)],
        (_, Err(why)) => return vec![subject.skipped(why)],
    };
    let others = meshes
        .iter()
        .filter(|mesh| mesh.root_namespace != wish.root_namespace && !is_its_own(mesh, wish, sail));
    let planes = others.flat_map(|mesh| &mesh.control_planes);
    let is_selecting = |plane: &ControlPlane| {
        let key = (plane.part.namespace.clone(), plane.part.name.clone());
        facts.selecting.contains(&key)
    };
    let mut checks: Vec<_> = planes
        .filter_map(|plane| {
            let who = match (wish.selects, is_selecting(plane)) {
                (true, true) => return None,
                (false, false) => "this mesh's istiod and that one would both write",
                (false, true) => "this mesh's istiod would write also where that one does:",
                (true, false) => "that istiod writes also where this mesh's would:",
            };
            let words = format!(
                "{who} {ROOT_CERTIFICATE}, which then changes again and again between two root certificates, and proxies trust the one or the other"
            );
            let remedy = format!(
                "give both meshes discovery selectors, {SELECTORS} here, that choose no namespace twice"
            );
            let object = format!("Deployment {}/{}", plane.part.namespace, plane.part.name);
            Some(subject.warn(words, remedy).about(object))
        })
        .collect();
    if checks.is_empty() {
        checks.push(subject.pass("no other istiod was seen to write it where this mesh's would"));
    }
    checks
}
