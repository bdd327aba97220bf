//! How a mesh is that somebody else runs. Nothing of it is in a set of weft's, so it is found as `weft mesh adopt` finds it.

use super::{Component, MeshStatus, State};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::watch::{Target, states};
use crate::mesh::adopt::{self, Found, Part, snapshot};
use crate::mesh::read::{DAEMON_SETS, DEPLOYMENTS, SERVICES};
use crate::mesh::record::MeshRecord;

/// Looks at each part that runs.
pub(super) async fn look(
    cluster: &Cluster,
    record: &MeshRecord,
) -> Result<MeshStatus, ClusterError> {
    let taken = snapshot::take(cluster).await?;
    let found = adopt::find(&taken);
    let now = found
        .into_iter()
        .find(|one| one.root_namespace == record.root_namespace);
    let targets = now.as_ref().map(targets).unwrap_or_default();
    let seen = states(cluster, targets).await?;
    // A Service is looked for by the name of its istiod; that there is one of another name is no fault.
    let seen = seen
        .iter()
        .filter(|(target, readiness)| readiness.is_some() || target.id.kind != SERVICES.name)
        .map(|(target, readiness)| Component::of(record, target, readiness.as_ref(), None));
    let status = judged(record, now.as_ref(), seen.collect());
    // What is not seen looks like what has gone.
    Ok(MeshStatus {
        outdated: status.outdated && taken.unread.is_empty(),
        unseen: taken.unread,
        ..status
    })
}

/// An owner who exchanges one istiod for another has done nothing wrong; one who leaves none has no mesh any more.
fn judged(record: &MeshRecord, now: Option<&Found>, mut seen: Vec<Component>) -> MeshStatus {
    let then = record.state.adopted.clone();
    let then: Option<Found> = then.and_then(|found| serde_json::from_value(found).ok());
    if now.is_none() {
        let planes = then.iter().flat_map(|found| &found.control_planes);
        seen.extend(planes.map(|plane| gone(&record.name, &plane.part)));
    }
    MeshStatus {
        outdated: now.is_some() && then.as_ref() != now,
        ..MeshStatus::of(record, seen)
    }
}

fn gone(mesh: &str, plane: &Part) -> Component {
    let reason = format!(
        "it is gone, and no other istiod serves: `weft mesh forget {mesh}` takes the record away"
    );
    Component {
        part_of: plane.name.clone(),
        kind: DEPLOYMENTS.name.to_owned(),
        namespace: Some(plane.namespace.clone()),
        name: plane.name.clone(),
        status: State::Failed,
        failure_reasons: vec![reason],
    }
}

fn targets(found: &Found) -> Vec<Target> {
    let planes = found.control_planes.iter().map(|plane| &plane.part);
    let planes = planes.flat_map(|part| {
        [DEPLOYMENTS, SERVICES].map(|kind| kind.target(&part.name, &part.namespace, &part.name))
    });
    let gateways = found.gateways.iter();
    let gateways = gateways.map(|part| DEPLOYMENTS.target("gateway", &part.namespace, &part.name));
    let node = [("cni", &found.cni), ("ztunnel", &found.ztunnel)];
    let node = node.into_iter().filter_map(|(component, part)| {
        part.as_ref()
            .map(|part| DAEMON_SETS.target(component, &part.namespace, &part.name))
    });
    planes.chain(gateways).chain(node).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Last;
    use super::*;
    use crate::failure::Exit;
    use crate::mesh::record::{MeshState, Mode, Phase};

    fn found(istiods: &[&str], gateways: &[&str]) -> Value {
        let part = |name: &&str| json!({"namespace": "mesh", "name": name, "installedBy": {"tool": "istioctl"}});
        let plane = |name: &&str| {
            let mut plane = part(name);
            plane["revision"] = json!(name.trim_start_matches("istiod-"));
            plane
        };
        json!({
            "rootNamespace": "mesh", "tags": [], "webhooks": [],
            "controlPlanes": istiods.iter().map(plane).collect::<Vec<_>>(),
            "gateways": gateways.iter().map(part).collect::<Vec<_>>(),
        })
    }

    fn record(adopted: Value) -> MeshRecord {
        MeshRecord {
            name: "shop".to_owned(),
            root_namespace: "mesh".to_owned(),
            spec: None,
            state: MeshState {
                adopted: Some(adopted),
                ..MeshState::new(Mode::External, Phase::Succeeded)
            },
            resource_version: None,
        }
    }

    #[test]
    fn what_is_there_counts_and_what_differs_is_told() {
        let one = found(&["istiod-a"], &["edge"]);
        let istiod: Found = serde_json::from_value(one.clone()).unwrap();
        let istiod = istiod.control_planes[0].part.clone();
        let cases = [
            ("as it was", Some(one.clone()), Exit::Ok, None),
            (
                "another istiod",
                Some(found(&["istiod-b"], &["edge"])),
                Exit::Ok,
                Some("weft mesh adopt shop"),
            ),
            (
                "one gateway less",
                Some(found(&["istiod-a"], &[])),
                Exit::Ok,
                Some("weft mesh adopt shop"),
            ),
            ("nothing", None, Exit::Findings, None),
        ];
        for (what, now, exit, told) in cases {
            let now: Option<Found> = now.map(|now| serde_json::from_value(now).unwrap());
            let works = now.iter().map(|_| Component {
                status: State::Succeeded,
                failure_reasons: Vec::new(),
                ..gone("shop", &istiod)
            });
            let status = judged(&record(one.clone()), now.as_ref(), works.collect());
            assert_eq!(status.exit(), exit, "{what}: {status:?}");
            let said = status.after(&Last::Ended).unfinished;
            let fits = match (&said, told) {
                (None, None) => true,
                (Some(said), Some(told)) => said.contains(told),
                _ => false,
            };
            assert!(fits, "{what}: {said:?}");
        }
        let status = judged(&record(one), None, Vec::new());
        assert_eq!(
            status.complaints(),
            [
                "Deployment mesh/istiod-a: it is gone, and no other istiod serves: `weft mesh forget shop` takes the record away"
            ]
        );
    }

    #[test]
    fn each_part_is_looked_at() {
        let mut all = found(&["istiod-a", "istiod-b"], &["edge"]);
        let node = json!({"namespace": "node", "name": "istio-cni-node", "installedBy": {"tool": "helm", "release": "cni", "namespace": "node"}});
        all["cni"] = node;
        let found: Found = serde_json::from_value(all).unwrap();
        let targets: Vec<_> = targets(&found)
            .iter()
            .map(|target| format!("{}: {}", target.component, target.id))
            .collect();
        assert_eq!(
            targets,
            [
                "istiod-a: Deployment mesh/istiod-a",
                "istiod-a: Service mesh/istiod-a",
                "istiod-b: Deployment mesh/istiod-b",
                "istiod-b: Service mesh/istiod-b",
                "gateway: Deployment mesh/edge",
                "cni: DaemonSet node/istio-cni-node",
            ]
        );
    }
}
