//! A mesh of the same revision, whoever runs it: two injectors of one revision put two sidecars into a pod.

use std::collections::BTreeSet;

use crate::cluster::access::Cluster;
use crate::failure::Failure;
use crate::mesh::adopt::{self, Found, snapshot};
use crate::mesh::preflight::others;
use crate::mesh::record::{MeshRecord, Mode};
use crate::mesh::spec::Mesh;
use crate::mesh::upgrade::state::{DEFAULT, revision};
use crate::mesh::upgrade::target::recorded;
use crate::mesh::wish::selects;

/// Whose the revision of a new mesh is already, by what is recorded and by what runs. What runs and may not be read is left to the
/// records.
pub(super) async fn of(
    cluster: &Cluster,
    records: &[MeshRecord],
    mesh: &Mesh,
) -> Result<Option<String>, Failure> {
    let (found, selecting) = match snapshot::take(cluster).await {
        Ok(taken) => (adopt::find(&taken), adopt::selecting(&taken)),
        Err(error) if error.is_forbidden() => (Vec::new(), BTreeSet::new()),
        Err(error) => return Err(error.into()),
    };
    Ok(twin(records, &found, &selecting, mesh))
}

fn twin(
    records: &[MeshRecord],
    found: &[Found],
    selecting: &BTreeSet<(String, String)>,
    mesh: &Mesh,
) -> Option<String> {
    let (name, revision, selects) = (&mesh.metadata.name, revision(mesh), selects(mesh));
    let mut others = records.iter().filter(|record| record.name != *name);
    let clashes = |record: &&MeshRecord| {
        let own = record.state.revision.as_deref().unwrap_or(DEFAULT);
        own == revision && !(selects && is_apart(record, found))
    };
    if let Some(record) = others.find(clashes) {
        return Some(format!("mesh {}", record.name));
    }
    let mut others = found.iter().filter(|one| others::ours(one) != Some(name));
    let running = others.find(|one| one.clashes(revision, selects, selecting))?;
    let root = &running.root_namespace;
    let mut records = records.iter();
    let known = records.find(|record| record.root_namespace == *root);
    Some(known.map_or_else(
        || others::owner(running),
        |record| format!("mesh {}", record.name),
    ))
}

/// Whether a recorded mesh looks at some namespaces only. Of one that somebody else runs, that which runs says so.
fn is_apart(record: &MeshRecord, found: &[Found]) -> bool {
    if record.state.mode == Mode::External {
        let mut found = found.iter();
        return found.any(|one| one.root_namespace == record.root_namespace);
    }
    let file = record.spec.as_deref().map(recorded);
    file.is_some_and(|file| file.is_ok_and(|mesh| selects(&mesh)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mesh::record::{MeshState, Phase};
    use crate::mesh::upgrade::steps::tests::mesh;

    const SELECTS: &str = "meshConfig: {discoverySelectors: [{matchLabels: {a: b}}]}";

    fn found(root: &str, revision: &str, tag: Option<&str>) -> Found {
        let tags: Vec<_> = tag
            .iter()
            .map(|tag| json!({"name": tag, "revision": revision}))
            .collect();
        let plane = json!({"revision": revision, "namespace": root, "name": "istiod", "installedBy": {"tool": "istioctl"}});
        let found = json!({"rootNamespace": root, "controlPlanes": [plane], "tags": tags, "webhooks": [], "gateways": []});
        serde_json::from_value(found).unwrap()
    }

    fn record(mode: Mode, revision: Option<&str>, spec: Option<&str>) -> MeshRecord {
        MeshRecord {
            name: "first".to_owned(),
            root_namespace: "istio-system".to_owned(),
            spec: spec.map(|spec| mesh(spec).to_yaml().unwrap()),
            state: MeshState {
                revision: revision.map(str::to_owned),
                ..MeshState::new(mode, Phase::Succeeded)
            },
            resource_version: None,
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table, row by row")]
    fn a_revision_is_of_one_mesh_only() {
        let plain = "{version: 1.31.0, rootNamespace: second}";
        let blue = "{version: 1.31.0, rootNamespace: second, revision: blue}";
        let apart = format!(
            "{{version: 1.31.0, rootNamespace: second, values: {{istiod: {{{SELECTS}}}}}}}"
        );
        let theirs = || vec![found("istio-system", "default", None)];
        let ours = |spec: &str| vec![record(Mode::Dedicated, None, Some(spec))];
        let adopted = || vec![record(Mode::External, Some("default"), None)];
        let none = Vec::new;
        let cases = [
            ("nobody", plain, none(), vec![], false, None),
            (
                "unrecorded",
                plain,
                none(),
                theirs(),
                false,
                Some("the Istio in istio-system"),
            ),
            (
                "adopted, and says default where we say nothing",
                plain,
                adopted(),
                theirs(),
                false,
                Some("mesh first"),
            ),
            (
                "recorded, and not up yet",
                plain,
                ours(plain),
                vec![],
                false,
                Some("mesh first"),
            ),
            ("another revision", blue, adopted(), theirs(), false, None),
            (
                "a tag is a name, too",
                blue,
                none(),
                vec![found("x", "red", Some("blue"))],
                false,
                Some("the Istio in x"),
            ),
            (
                "only one of them looks at some namespaces",
                &apart,
                adopted(),
                theirs(),
                false,
                Some("mesh first"),
            ),
            ("both do", &apart, adopted(), theirs(), true, None),
            (
                "both do, by their files",
                &apart,
                ours(&apart),
                vec![],
                false,
                None,
            ),
        ];
        for (what, spec, records, found, selecting, wanted) in cases {
            let planes = found.iter().flat_map(|one| &one.control_planes);
            let planes = planes.filter(|_| selecting);
            let keys = planes.map(|plane| (plane.part.namespace.clone(), plane.part.name.clone()));
            let told = twin(&records, &found, &keys.collect(), &mesh(spec));
            assert_eq!(told.as_deref(), wanted, "{what}");
        }
    }
}
