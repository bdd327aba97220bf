//! What an apply may do to the meshes that there are, by what weft knows of them.

use crate::failure::{Exit, Failure};
use crate::mesh::record::{Engine, MeshRecord, Mode, Phase, still};
use crate::mesh::spec::{self, Mesh};
use crate::mesh::version::{self, IstioVersion, Step};

/// Whether the record is still the one that the plan was made from; both are nothing for a mesh that nobody knows.
pub(super) fn still(
    then: Option<&MeshRecord>,
    now: Option<&MeshRecord>,
    mesh: &Mesh,
) -> Result<(), Failure> {
    let name = format!("mesh {}", mesh.metadata.name);
    let words = [
        "somebody else created it",
        "its record is gone: somebody else deleted it",
    ];
    still::still(&name, then, now, words)
}

/// A mesh that weft can install: one that it runs itself.
pub(crate) fn installable(mesh: Mesh) -> Result<Mesh, Failure> {
    if mesh.spec.mode == spec::Mode::External {
        let text = "an external mesh is run by somebody else: `weft mesh adopt` records it, and nothing is installed";
        return Err(Failure::text(Exit::BadInput, text));
    }
    Ok(mesh)
}

/// The mesh of that name, if there is one, and if it is one that weft runs, in the place that the file says.
pub(super) fn known(records: &[MeshRecord], mesh: &Mesh) -> Result<Option<MeshRecord>, Failure> {
    let (name, root) = (&mesh.metadata.name, mesh.root_namespace());
    let here = records
        .iter()
        .find(|record| record.root_namespace == root && record.name != *name);
    if let Some(other) = here {
        let text = format!(
            "namespace {root} is the root of mesh {}: a mesh has a root namespace of its own; set spec.rootNamespace",
            other.name
        );
        return Err(Failure::text(Exit::BadInput, text));
    }
    let mut named = records.iter().filter(|record| record.name == *name);
    // Whoever may write into some namespace may put a record of that name there; what is in this mesh's own comes first.
    let here = named.clone().find(|record| record.root_namespace == root);
    let Some(record) = here.or_else(|| named.next()) else {
        return Ok(None);
    };
    if record.root_namespace != root {
        let text = format!(
            "mesh {name} is in namespace {}, and the file says {root}: a mesh does not move; correct spec.rootNamespace, or choose another name",
            record.root_namespace
        );
        return Err(Failure::text(Exit::BadInput, text));
    }
    same_engine(record, mesh)?;
    if let Some(upgrade) = &record.state.upgrade {
        let text = format!(
            "mesh {name} is being upgraded, with two control planes: go on with that, or back; {}",
            upgrade.next()
        );
        return Err(Failure::text(Exit::Failure, text));
    }
    match (record.state.mode, record.state.phase) {
        (Mode::External, _) => {
            let text = format!(
                "mesh {name} was adopted, and somebody else runs it: `weft mesh delete {name}` forgets it, then it can be created"
            );
            Err(Failure::text(Exit::Failure, text))
        }
        (_, Phase::Terminating) => {
            let text = format!(
                "mesh {name} is being deleted: finish that with `weft mesh delete {name}`, then create it anew"
            );
            Err(Failure::text(Exit::Failure, text))
        }
        _ => Ok(Some(record.clone())),
    }
}

/// Two engines would each remove what the other one made.
fn same_engine(record: &MeshRecord, mesh: &Mesh) -> Result<(), Failure> {
    let (is, says) = match (record.state.engine, Engine::of(mesh)) {
        (Some(Engine::Charts), Engine::Sail) => (
            "with charts, and spec.engine says sail",
            "write charts, or leave it out",
        ),
        (Some(Engine::Sail), Engine::Charts) => (
            "by the Sail operator, and spec.engine does not say sail",
            "write engine: sail",
        ),
        (None, _) | (Some(Engine::Charts), Engine::Charts) | (Some(Engine::Sail), Engine::Sail) => {
            return Ok(());
        }
    };
    let text = format!(
        "mesh {} is installed {is}: a mesh keeps its engine; {says}, or delete the mesh and create it anew",
        record.name
    );
    Err(Failure::text(Exit::BadInput, text))
}

/// Another version or revision is an upgrade, which has its own order and checks.
pub(super) fn check_step(
    record: &MeshRecord,
    mesh: &Mesh,
    to: &IstioVersion,
) -> Result<(), Failure> {
    let name = &record.name;
    if record.state.revision != mesh.spec.revision {
        let revision =
            |revision: &Option<String>| revision.clone().unwrap_or_else(|| "default".to_owned());
        let text = format!(
            "mesh {name} runs revision {}, and the file says {}: `weft mesh upgrade` moves workloads from one revision to another; \
             after an upgrade the file needs what `weft mesh export {name}` prints",
            revision(&record.state.revision),
            revision(&mesh.spec.revision)
        );
        return Err(Failure::text(Exit::BadInput, text));
    }
    let Some(from) = &record.state.version else {
        return Ok(());
    };
    // The version that ran before, while the one that the record says has not come up.
    let comes_up = matches!(record.state.phase, Phase::Updating | Phase::Failed);
    if comes_up && record.state.previous_version == Some(to.to_string()) {
        return Ok(());
    }
    let from: IstioVersion = from
        .parse()
        .map_err(|error| Failure::new(Exit::Failure, error))?;
    match version::upgrade(&from, to).map_err(|error| Failure::new(Exit::BadInput, error))? {
        Step::None | Step::Patch => Ok(()),
        Step::Minor => {
            let text = format!(
                "mesh {name} runs Istio {from}, and the file says {to}: `weft mesh upgrade {name} --to {to}` goes there, step by step"
            );
            Err(Failure::text(Exit::BadInput, text))
        }
    }
}

pub(super) fn no_version() -> Failure {
    let text = "which Istio? a mesh that weft installs needs spec.version (or --istio-version)";
    Failure::text(Exit::BadInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::record::{Engine, MeshState};
    use crate::mesh::spec::document;
    use crate::mesh::spec::read::read;

    fn mesh() -> Mesh {
        let text = b"apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: shop}\nspec: {mode: dedicated, version: 1.31.0}\n";
        read(document::parse(text).unwrap(), &[]).unwrap()
    }

    fn record(root: &str, version: &str) -> MeshRecord {
        MeshRecord {
            name: "shop".to_owned(),
            root_namespace: root.to_owned(),
            spec: Some("kind: Mesh\n".to_owned()),
            state: MeshState {
                engine: Some(Engine::Charts),
                ..MeshState::new(Mode::Dedicated, Phase::Succeeded)
            },
            resource_version: Some(version.to_owned()),
        }
    }

    #[test]
    fn a_plan_is_for_the_record_that_it_was_made_from() {
        let (one, other) = (record("istio-system", "1"), record("istio-system", "2"));
        let cases = [
            (None, None, None),
            (Some(&one), Some(&one), None),
            (None, Some(&one), Some("created it")),
            (Some(&one), Some(&other), Some("changed it")),
            (Some(&one), None, Some("deleted it")),
        ];
        for (then, now, wanted) in cases {
            let told = still(then, now, &mesh()).map_err(|failure| failure.to_string());
            match (told, wanted) {
                (Ok(()), None) => {}
                (Err(text), Some(wanted)) => assert!(text.contains(wanted), "{text}"),
                (told, _) => panic!("{wanted:?}: {told:?}"),
            }
        }
    }

    #[test]
    fn a_patch_that_did_not_come_up_is_gone_back_from() {
        let state = |phase, previous: Option<&str>| {
            let mut record = record("istio-system", "1");
            record.state.phase = phase;
            record.state.version = Some("1.30.1".to_owned());
            record.state.previous_version = previous.map(str::to_owned);
            record
        };
        let cases = [
            (Phase::Updating, Some("1.30.0"), "1.30.0", true),
            (Phase::Failed, Some("1.30.0"), "1.30.0", true),
            (Phase::Failed, Some("1.30.0"), "1.30.2", true),
            (Phase::Failed, Some("1.30.0"), "1.29.9", false),
            (Phase::Failed, None, "1.30.0", false),
            (Phase::Succeeded, Some("1.30.0"), "1.30.0", false),
        ];
        for (phase, previous, to, wanted) in cases {
            let allowed = check_step(&state(phase, previous), &mesh(), &to.parse().unwrap());
            assert_eq!(allowed.is_ok(), wanted, "{phase:?} {previous:?} {to}");
        }
    }

    #[test]
    fn a_record_of_that_name_elsewhere_does_not_hide_the_one_that_is_here() {
        let (theirs, ours) = (record("a-tenant", "1"), record("istio-system", "2"));
        let found = known(&[theirs.clone(), ours.clone()], &mesh()).unwrap();
        assert_eq!(found, Some(ours));
        let moved = known(&[theirs], &mesh()).unwrap_err().to_string();
        assert!(moved.contains("a mesh does not move"), "{moved}");
    }
}
