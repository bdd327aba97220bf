//! Which Istio runs, where that is not the one that the record says: images and charts may have been exchanged by anybody.

use serde_json::Value;

use crate::cluster::access::Cluster;
use crate::mesh::adopt;
use crate::mesh::read::{self, DEPLOYMENTS, label};
use crate::mesh::record::MeshRecord;
use crate::mesh::version::{IstioVersion, Named};
use crate::sidecar::injector::REVISION;

/// The version that runs beside the recorded one; nothing where they agree, or it may not be seen.
pub(super) async fn other(cluster: &Cluster, record: &MeshRecord) -> Option<String> {
    // While it is being upgraded, the upgrade's own status tells.
    if record.state.upgrade.is_some() {
        return None;
    }
    let root = Some(record.root_namespace.as_str());
    let found = read::all(cluster, DEPLOYMENTS, root, "app=istiod").await;
    judged(record, &found.ok()?)
}

fn judged(record: &MeshRecord, found: &[Value]) -> Option<String> {
    let recorded: IstioVersion = record.state.version.as_ref()?.parse().ok()?;
    let revision = record.state.revision.as_deref().unwrap_or("default");
    let ours = found
        .iter()
        .find(|one| label(one, REVISION) == Some(revision))?;
    let runs = adopt::version(ours)?;
    Named::of(&runs)?.is_another(&recorded).then_some(runs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mesh::record::{MeshState, Mode, Phase};

    #[test]
    fn another_version_is_told_beside_the_recorded_one() {
        let cases = [
            ("1.30.0", "default", "pilot:1.31.0-lab", Some("1.31.0-lab")),
            ("1.30.0", "default", "pilot:1.30.4", Some("1.30.4")),
            ("1.30.0", "default", "pilot:1.30.0-distroless", None),
            ("1.30.0", "default", "pilot:latest", None),
            ("1.30.0", "other", "pilot:1.31.0", None),
        ];
        for (version, revision, image, wanted) in cases {
            let record = MeshRecord {
                name: "shop".to_owned(),
                root_namespace: "istio-system".to_owned(),
                spec: None,
                state: MeshState {
                    version: Some(version.to_owned()),
                    ..MeshState::new(Mode::Dedicated, Phase::Succeeded)
                },
                resource_version: None,
            };
            let istiod = json!({
                "metadata": {"labels": {REVISION: revision}},
                "spec": {"template": {"spec": {"containers": [{"image": image}]}}},
            });
            assert_eq!(judged(&record, &[istiod]).as_deref(), wanted, "{image}");
        }
    }
}
