//! `weft mesh create | plan | diff | apply`: looks what is there, decides what to do, and does it.

use std::time::Duration;

use serde_json::{Value, json};

use super::fetch::{self, Release};
use super::record::{self, Engine, MeshRecord, MeshState, Mode, Phase, lock};
use super::render::{self, Plane};
use super::spec::{self, Mesh};
use super::values::Component;
use super::version::{self, IstioVersion, Step as VersionStep};
use crate::charts::Charts;
use crate::cluster::access::Cluster;
use crate::cluster::discovery::discover;
use crate::cluster::engine::{self, EngineError, Manner};
use crate::cluster::object::ObjectId;
use crate::cluster::ownership::MANAGER;
use crate::cluster::peek::label;
use crate::cluster::plan::{Action, Plan, Step};
use crate::cluster::request::Write;
use crate::cluster::snapshot;
use crate::cluster::told::Told;
use crate::failure::{Exit, Failure};
use crate::history::{Change, note, who};
use crate::output::{Output, ProgressChoice};

/// Installs meshes.
#[derive(Debug)]
pub(crate) struct Installer<'a> {
    /// Where.
    pub(crate) cluster: &'a Cluster,
    /// Fetches charts.
    pub(crate) charts: &'a Charts,
    /// Whom to tell.
    pub(crate) output: &'a Output,
    /// How to tell what happens.
    pub(crate) progress: ProgressChoice,
}

/// What is to be done, and what it starts from.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The mesh, as it is to be.
    pub(crate) mesh: Mesh,
    /// What weft knew of it.
    pub(crate) record: Option<MeshRecord>,
    /// Object by object.
    pub(crate) plan: Plan,
}

impl Installer<'_> {
    /// Fetches, renders and compares. Nothing is written.
    pub(crate) async fn prepare(&self, mesh: Mesh, manner: Manner) -> Result<Prepared, Failure> {
        let record = known(&record::all(self.cluster).await?, &mesh)?;
        let release = self.release(&mesh, record.as_ref()).await?;
        let plane = Plane {
            mesh: &mesh,
            release: &release,
        };
        let plan = self.plan(&[plane], manner).await?;
        Ok(Prepared { mesh, record, plan })
    }

    /// What a cluster lacks to be these control planes, the newest last.
    pub(crate) async fn plan(&self, planes: &[Plane<'_>], manner: Manner) -> Result<Plan, Failure> {
        let what = "ask the API server for its version";
        let asked = self.cluster.client.apiserver_version();
        let version = self.cluster.call(what, asked).await?.git_version;
        let kinds = discover(self.cluster).await?;
        let Some(newest) = planes.last() else {
            return Err(Failure::text(Exit::Failure, "a mesh has a control plane"));
        };
        let namespace = self.namespace(newest.mesh).await?;
        let capabilities = render::capabilities(&version, &kinds);
        let wanted = render::wanted(planes, namespace, &capabilities)?;
        Ok(engine::plan(self.cluster, &wanted, manner).await?)
    }

    async fn release(&self, mesh: &Mesh, record: Option<&MeshRecord>) -> Result<Release, Failure> {
        let version = mesh.spec.version.as_ref().ok_or_else(no_version)?;
        if let Some(record) = record {
            check_step(record, mesh, version)?;
        }
        let components: Vec<_> = Component::ALL
            .into_iter()
            .filter(|component| *component != Component::Gateway && component.is_in(mesh))
            .collect();
        fetch::release(self.charts, mesh, version, &components).await
    }

    /// The root namespace is a part of the mesh where the mesh made it, or is to.
    async fn namespace(&self, mesh: &Mesh) -> Result<Option<Value>, Failure> {
        let (id, resource) = snapshot::namespace(mesh.root_namespace());
        let found = self.cluster.read(&resource, &id).await?;
        let is_ours =
            |object: &Value| label(object, record::MESH_LABEL) == Some(mesh.metadata.name.as_str());
        Ok(found
            .as_ref()
            .is_none_or(is_ours)
            .then(|| render::namespace(mesh)))
    }

    /// Does what was prepared, and keeps account of it in the mesh's record and history.
    pub(crate) async fn install(
        &self,
        prepared: &Prepared,
        verb: &str,
        timeout: Option<Duration>,
    ) -> Result<(), Failure> {
        let conflicts = prepared.plan.conflicts();
        if !conflicts.is_empty() {
            return Err(EngineError::Conflicts(conflicts).into());
        }
        let root = prepared.mesh.root_namespace();
        self.make_home(&prepared.plan).await?;
        let who = who(self.cluster).await?;
        let held = lock::hold(self.cluster, root, &who, verb).await?;
        let done = self.act(prepared, verb, timeout).await;
        held.release().await?;
        done
    }

    async fn act(
        &self,
        prepared: &Prepared,
        verb: &str,
        timeout: Option<Duration>,
    ) -> Result<(), Failure> {
        let mut record = prepared.recorded()?;
        if !prepared.plan.changes_nothing() || record.resource_version.is_none() {
            record.write(self.cluster, false).await?;
        }
        let told = Told::new(self.output, self.progress);
        let done = engine::carry_out(self.cluster, &told, &prepared.plan, timeout).await;
        let phase = match &done {
            Ok(()) => Phase::Succeeded,
            Err(_) => Phase::Failed,
        };
        self.settle(&prepared.mesh, phase).await?;
        if !prepared.plan.changes_nothing() {
            note(
                self.cluster,
                prepared.mesh.root_namespace(),
                verb,
                changes(&prepared.plan),
            )
            .await?;
        }
        Ok(done?)
    }

    /// Notes how it ended. The record is read anew: it is the parent of the set as well, which was written in between.
    async fn settle(&self, mesh: &Mesh, phase: Phase) -> Result<(), Failure> {
        let found = record::all(self.cluster).await?;
        let found = found
            .into_iter()
            .find(|record| record.name == mesh.metadata.name);
        let Some(mut record) = found else {
            let text = format!(
                "the record of mesh {} is gone: somebody deleted it meanwhile; run the command again",
                mesh.metadata.name
            );
            return Err(Failure::text(Exit::Failure, text));
        };
        if record.state.phase == phase {
            return Ok(());
        }
        record.state.phase = phase;
        record.write(self.cluster, false).await
    }

    /// The record needs its namespace before anything else is written.
    async fn make_home(&self, plan: &Plan) -> Result<(), Failure> {
        let home = plan.steps.iter().find(|step| {
            step.id.kind == "Namespace"
                && step.id.name == plan.parent.namespace
                && step.action == Action::Create
        });
        if let Some(step) = home {
            let write = Write {
                manager: MANAGER,
                force: false,
                dry_run: false,
            };
            let work = &step.work;
            self.cluster
                .apply(&work.resource, &step.id, &work.object, write)
                .await?;
        }
        Ok(())
    }
}

impl Prepared {
    /// The record while it is worked on. A mesh that did not change keeps its phase.
    fn recorded(&self) -> Result<MeshRecord, Failure> {
        let spec = &self.mesh.spec;
        let state = self.record.as_ref().map(|record| record.state.clone());
        let phase = match (&state, self.plan.changes_nothing()) {
            (None, _) => Phase::Creating,
            (Some(state), true) => state.phase,
            (Some(_), false) => Phase::Updating,
        };
        let state = state.unwrap_or(MeshState {
            mode: Mode::Dedicated,
            engine: Some(Engine::Charts),
            phase,
            revision: None,
            version: None,
            previous_revision: None,
            previous_version: None,
            protected: false,
            adopted: None,
            upgrade: None,
        });
        Ok(MeshRecord {
            name: self.mesh.metadata.name.clone(),
            root_namespace: self.mesh.root_namespace().to_owned(),
            spec: Some(self.mesh.to_yaml()?),
            state: MeshState {
                phase,
                revision: spec.revision.clone(),
                version: spec.version.as_ref().map(ToString::to_string),
                ..state
            },
            resource_version: self
                .record
                .as_ref()
                .and_then(|record| record.resource_version.clone()),
        })
    }
}

/// The mesh of that name, if there is one, and if it is one that weft runs, in the place that the file says.
fn known(records: &[MeshRecord], mesh: &Mesh) -> Result<Option<MeshRecord>, Failure> {
    if mesh.spec.mode == spec::Mode::External {
        let text = "an external mesh is run by somebody else: `weft mesh adopt` records it, and nothing is installed";
        return Err(Failure::text(Exit::BadInput, text));
    }
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
    let Some(record) = records.iter().find(|record| record.name == *name) else {
        return Ok(None);
    };
    if record.root_namespace != root {
        let text = format!(
            "mesh {name} is in namespace {}, and the file says {root}: a mesh does not move; correct spec.rootNamespace, or choose another name",
            record.root_namespace
        );
        return Err(Failure::text(Exit::BadInput, text));
    }
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

/// Another version or revision is an upgrade, which has its own order and checks.
fn check_step(record: &MeshRecord, mesh: &Mesh, to: &IstioVersion) -> Result<(), Failure> {
    let name = &record.name;
    if record.state.revision != mesh.spec.revision {
        let revision =
            |revision: &Option<String>| revision.clone().unwrap_or_else(|| "default".to_owned());
        let text = format!(
            "mesh {name} runs revision {}, and the file says {}: `weft mesh upgrade` moves workloads from one revision to another",
            revision(&record.state.revision),
            revision(&mesh.spec.revision)
        );
        return Err(Failure::text(Exit::BadInput, text));
    }
    let Some(from) = &record.state.version else {
        return Ok(());
    };
    let from: IstioVersion = from
        .parse()
        .map_err(|error| Failure::new(Exit::Failure, error))?;
    match version::upgrade(&from, to).map_err(|error| Failure::new(Exit::BadInput, error))? {
        VersionStep::None | VersionStep::Patch => Ok(()),
        VersionStep::Minor => {
            let text = format!(
                "mesh {name} runs Istio {from}, and the file says {to}: `weft mesh upgrade {name} --to {to}` goes there, step by step"
            );
            Err(Failure::text(Exit::BadInput, text))
        }
    }
}

fn no_version() -> Failure {
    let text = "which Istio? a mesh that weft installs needs spec.version (or --istio-version)";
    Failure::text(Exit::BadInput, text)
}

/// What a plan does, as history keeps it: which fields changed, and of what was created only that it was.
pub(crate) fn changes(plan: &Plan) -> Vec<Change> {
    plan.steps.iter().filter_map(change).collect()
}

fn change(step: &Step) -> Option<Change> {
    let (before, after) = match step.action {
        Action::Unchanged | Action::Conflict => return None,
        Action::Create => (None, Some(identity(&step.id))),
        Action::Prune => (Some(identity(&step.id)), None),
        Action::Update => {
            let side = |pick: fn(&crate::cluster::diff::Change) -> &Option<Value>| {
                let fields = step
                    .changes
                    .iter()
                    .filter_map(|change| Some((change.path.clone(), pick(change).clone()?)));
                Value::Object(fields.collect())
            };
            (
                Some(side(|change| &change.before)),
                Some(side(|change| &change.after)),
            )
        }
    };
    Some(Change {
        object: step.id.clone(),
        before,
        after,
    })
}

fn identity(id: &ObjectId) -> Value {
    json!({ "apiVersion": id.api_version(), "kind": id.kind, "metadata": { "namespace": id.namespace, "name": id.name } })
}
