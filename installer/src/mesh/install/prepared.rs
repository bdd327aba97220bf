//! What an apply is to do: its objects, and the mesh file that the record keeps. Commands read more of that file than its objects
//! show, such as where charts are and which kinds of workloads there are, so that a change of it is a change of the mesh.

use serde_json::json;

use crate::cluster::diff::{Change, named_changes};
use crate::cluster::inventory::Parent;
use crate::cluster::plan::{Action, Plan, Step, Work};
use crate::failure::Failure;
use crate::mesh::record::{Engine, MeshRecord, MeshState, Mode, Phase};
use crate::mesh::spec::Mesh;
use crate::mesh::upgrade::target::recorded;

/// The record, among the components of a mesh.
const COMPONENT: &str = "record";

/// What is to be done, and what it starts from.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The mesh, as it is to be.
    pub(crate) mesh: Mesh,
    /// What weft knew of it.
    pub(crate) record: Option<MeshRecord>,
    /// Object by object.
    pub(crate) plan: Plan,
    /// What the file says otherwise than the one that is recorded; nothing of a mesh that is new.
    pub(crate) differs: Vec<Change>,
}

impl Prepared {
    pub(super) fn new(mesh: Mesh, record: Option<MeshRecord>, plan: Plan) -> Result<Self, Failure> {
        let differs = match &record {
            None => Vec::new(),
            Some(record) => differences(record, &mesh)?,
        };
        Ok(Self {
            mesh,
            record,
            plan,
            differs,
        })
    }

    /// Whether neither an object nor the record is to be touched.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.record.is_some() && self.differs.is_empty() && self.plan.changes_nothing()
    }

    /// The plan as it is shown: with the record, where what that describes changes.
    pub(crate) fn shown(&self) -> Result<Plan, Failure> {
        let mut plan = self.plan.clone();
        if self.differs.is_empty() {
            return Ok(plan);
        }
        let record = self.recorded()?;
        let step = Step {
            id: record.id(),
            component: COMPONENT.to_owned(),
            action: Action::Update,
            changes: self.differs.clone(),
            conflicts: Vec::new(),
            unsure: None,
            work: Work {
                stage: 0,
                resource: Parent::resource(),
                object: record.object()?,
                force: false,
                takes: false,
                current: None,
                uid: String::new(),
                going: false,
            },
        };
        plan.steps.insert(0, step);
        Ok(plan)
    }

    /// The record while it is worked on. A mesh whose objects do not change keeps its phase.
    pub(super) fn recorded(&self) -> Result<MeshRecord, Failure> {
        let spec = &self.mesh.spec;
        let state = self.record.as_ref().map(|record| record.state.clone());
        let phase = match (&state, self.plan.changes_nothing()) {
            (None, _) => Phase::Creating,
            (Some(state), true) => state.phase,
            (Some(_), false) => Phase::Updating,
        };
        let state = state.unwrap_or_else(|| MeshState {
            engine: Some(Engine::of(&self.mesh)),
            ..MeshState::new(Mode::Dedicated, phase)
        });
        let version = spec.version.as_ref().map(ToString::to_string);
        Ok(MeshRecord {
            name: self.mesh.metadata.name.clone(),
            root_namespace: self.mesh.root_namespace().to_owned(),
            spec: Some(self.mesh.to_yaml()?),
            state: MeshState {
                phase,
                revision: spec.revision.clone(),
                previous_version: before(&state, version.as_ref()),
                version,
                ..state
            },
            resource_version: self
                .record
                .as_ref()
                .and_then(|record| record.resource_version.clone()),
        })
    }
}

/// The version that ran when all was well, while another one comes up: until then, an apply may go back to it.
fn before(state: &MeshState, to: Option<&String>) -> Option<String> {
    let well = match state.phase {
        Phase::Succeeded => &state.version,
        Phase::Creating | Phase::Updating | Phase::Failed | Phase::Terminating => {
            &state.previous_version
        }
    };
    well.clone().filter(|well| Some(well) != to)
}

/// Field by field. A recorded file that cannot be read any more is replaced whole.
fn differences(record: &MeshRecord, mesh: &Mesh) -> Result<Vec<Change>, Failure> {
    let text = record.spec.as_deref();
    let after = mesh.meaning()?;
    match text.map(recorded) {
        Some(Ok(before)) => Ok(named_changes(&before.meaning()?, &after)),
        Some(Err(_)) | None => Ok(vec![Change {
            path: "spec".to_owned(),
            before: text.map(|text| json!(text)),
            after: after.get("spec").cloned(),
        }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::inventory::Inventory;
    use crate::mesh::upgrade::steps::tests::mesh;

    /// The same objects, whatever the file says.
    fn prepared(kept: Option<&str>, spec: &str) -> Prepared {
        let record = kept.map(|kept| MeshRecord {
            name: "shop".to_owned(),
            root_namespace: "istio-system".to_owned(),
            spec: Some(kept.to_owned()),
            state: MeshState::new(Mode::Dedicated, Phase::Succeeded),
            resource_version: Some("1".to_owned()),
        });
        let plan = Plan {
            steps: Vec::new(),
            parent: Parent {
                namespace: "istio-system".to_owned(),
                name: "weft-mesh-shop".to_owned(),
            },
            before: None,
            is_lost: false,
            after: Inventory::default(),
        };
        Prepared::new(mesh(spec), record, plan).unwrap()
    }

    #[test]
    fn a_file_that_makes_the_same_objects_is_a_change_all_the_same() {
        let kind = "{group: argoproj.io, version: v1alpha1, kind: Rollout, resource: rollouts}";
        let kinds = format!("{{version: 1.31.0, workloadKinds: [{kind}]}}");
        let kept = mesh("{version: 1.31.0}").to_yaml().unwrap();
        let cases = [
            ("{version: 1.31.0}", vec![]),
            ("{version: 1.31.0, engine: charts}", vec![]),
            ("{version: 1.31.0, charts: ./mirror}", vec!["spec.charts"]),
            (&kinds, vec!["spec.workloadKinds"]),
        ];
        for (spec, wanted) in cases {
            let prepared = prepared(Some(&kept), spec);
            assert_eq!(prepared.changes_nothing(), wanted.is_empty(), "{spec}");
            let shown = prepared.shown().unwrap();
            let found: Vec<_> = shown
                .steps
                .iter()
                .map(|step| (step.id.to_string(), step.action))
                .collect();
            let record = "ConfigMap istio-system/weft-mesh-shop".to_owned();
            let step = (record, Action::Update);
            let steps = if wanted.is_empty() {
                vec![]
            } else {
                vec![step]
            };
            assert_eq!(found, steps, "{spec}");
            let paths = shown.steps.iter().flat_map(|step| &step.changes);
            let paths: Vec<_> = paths.map(|change| change.path.as_str()).collect();
            assert_eq!(paths, wanted, "{spec}");
            // Nothing comes up or goes down meanwhile.
            assert_eq!(prepared.recorded().unwrap().state.phase, Phase::Succeeded);
        }
    }

    #[test]
    fn the_version_that_ran_is_kept_until_another_one_does() {
        let (old, new, newest) = ("1.30.0", "1.30.1", "1.30.2");
        let cases = [
            (Phase::Succeeded, old, None, new, Some(old)),
            (Phase::Succeeded, old, None, old, None),
            (Phase::Updating, new, Some(old), new, Some(old)),
            (Phase::Failed, new, Some(old), newest, Some(old)),
            (Phase::Failed, new, Some(old), old, None),
            (Phase::Creating, new, None, new, None),
        ];
        for (phase, is, previous, to, wanted) in cases {
            let state = MeshState {
                version: Some(is.to_owned()),
                previous_version: previous.map(str::to_owned),
                ..MeshState::new(Mode::Dedicated, phase)
            };
            let found = before(&state, Some(&to.to_owned()));
            assert_eq!(found.as_deref(), wanted, "{phase:?} {is} to {to}");
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_or_is_not_there_is_written() {
        let broken = prepared(Some("kind: Nothing"), "{version: 1.31.0}");
        assert_eq!(broken.differs.len(), 1);
        assert!(!broken.changes_nothing());
        assert!(!prepared(None, "{version: 1.31.0}").changes_nothing());
    }
}
