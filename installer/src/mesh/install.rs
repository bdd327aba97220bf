//! `weft mesh create | plan | diff | apply`: looks what is there, decides what to do, and does it.

mod account;
mod allowed;
mod beside;
mod prepared;
pub(crate) mod tags;

use std::time::Duration;

use serde_json::Value;

use super::fetch::{self, Release};
use super::record::lock::while_held;
use super::record::{self, MeshRecord, Phase};
use super::render::{self, Plane};
use super::resolve::resolve;
use super::sail;
use super::spec::Mesh;
use super::values::unknown;
use crate::charts::Charts;
use crate::cluster::access::Cluster;
use crate::cluster::discovery::discover;
use crate::cluster::engine::{self, EngineError, Manner};
use crate::cluster::left;
use crate::cluster::ownership::MANAGER;
use crate::cluster::peek::label;
use crate::cluster::plan::{Action, Plan};
use crate::cluster::request::Write;
use crate::cluster::snapshot;
use crate::cluster::told::Told;
use crate::failure::{Exit, Failure, both};
use crate::history::{Change, accounted};
use crate::output::{Output, ProgressChoice};
pub(crate) use account::changes;
pub(crate) use allowed::installable;
use allowed::{check_step, known, no_version, still};
pub(crate) use prepared::Prepared;

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

impl Installer<'_> {
    /// Fetches, renders and compares. Nothing is written.
    pub(crate) async fn prepare(
        &self,
        mut mesh: Mesh,
        manner: Manner,
    ) -> Result<Prepared, Failure> {
        if let Some(found) = resolve(self.charts, &mut mesh).await? {
            self.output.say(found.words());
        }
        let records = self.records().await?;
        let record = known(&records, &mesh)?;
        beside::check(self.cluster, &records, &mesh, record.is_none()).await?;
        let release = self.release(&mesh, record.as_ref()).await?;
        self.tell_unknown(&mesh, &release);
        let plane = Plane {
            mesh: &mesh,
            release: &release,
        };
        let plan = self.plan(&[plane], manner).await?;
        tags::check(self.cluster, &mesh, &plan).await?;
        Prepared::new(mesh, record, plan)
    }

    async fn records(&self) -> Result<Vec<MeshRecord>, Failure> {
        let (good, broken) = record::parted(record::each(self.cluster).await?);
        for error in broken {
            self.output.warn(error);
        }
        Ok(good)
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
        let beside = beside::look(self.cluster, newest.mesh).await?;
        let version = &newest.release.version;
        for line in beside.words(version) {
            self.output.say(line);
        }
        let meshes: Vec<_> = planes
            .iter()
            .map(|plane| beside.fitted(plane.mesh))
            .collect();
        let fitted: Vec<_> = meshes
            .iter()
            .zip(planes)
            .map(|(mesh, plane)| Plane { mesh, ..*plane })
            .collect();
        let mut wanted = render::wanted(&fitted, namespace, &capabilities)?;
        beside.leave_definitions(&mut wanted, version);
        if sail::installs(newest.mesh) {
            let name = &newest.mesh.metadata.name;
            sail::ground::check(self.cluster, &kinds, name, &wanted).await?;
        }
        let plan = engine::plan(self.cluster, &wanted, manner).await?;
        if let Some(text) = left::words(&plan).filter(|_| !manner.force) {
            self.output.say(text);
        }
        Ok(plan)
    }

    /// Says which raw values its charts do not know.
    pub(crate) fn tell_unknown(&self, mesh: &Mesh, release: &Release) {
        for line in unknown(mesh, release) {
            self.output.warn(line);
        }
    }

    async fn release(&self, mesh: &Mesh, record: Option<&MeshRecord>) -> Result<Release, Failure> {
        let version = mesh.spec.version.as_ref().ok_or_else(no_version)?;
        if let Some(record) = record {
            check_step(record, mesh, version)?;
        }
        fetch::release(self.charts, mesh, version, &render::rendered(mesh)).await
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
        tags::check(self.cluster, &prepared.mesh, &prepared.plan).await?;
        self.make_home(&prepared.plan).await?;
        while_held(self.cluster, root, verb, self.act(prepared, verb, timeout)).await
    }

    async fn act(
        &self,
        prepared: &Prepared,
        verb: &str,
        timeout: Option<Duration>,
    ) -> Result<(), Failure> {
        self.unchanged(prepared).await?;
        if prepared.changes_nothing() {
            return self.write(prepared, timeout, &mut Vec::new()).await;
        }
        let root = prepared.mesh.root_namespace();
        accounted(self.cluster, Some(root), verb, async |written| {
            self.write(prepared, timeout, written).await
        })
        .await
    }

    /// Writes all of it, and into `written` what really was.
    async fn write(
        &self,
        prepared: &Prepared,
        timeout: Option<Duration>,
        written: &mut Vec<Change>,
    ) -> Result<(), Failure> {
        let mut record = prepared.recorded()?;
        let before = prepared.record.as_ref().map(MeshRecord::object);
        let change = Change {
            object: record.id(),
            manager: record::MANAGER,
            before: before.transpose()?,
            after: Some(record.object()?),
        };
        if !prepared.changes_nothing() {
            record.write(self.cluster, false).await?;
            written.push(change.clone());
        }
        let told = Told::new(self.output, self.progress);
        let carried = engine::carry_out(self.cluster, &told, &prepared.plan, timeout).await;
        written.extend(changes(&carried.deeds));
        let phase = match &carried.end {
            Ok(()) => Phase::Succeeded,
            Err(_) => Phase::Failed,
        };
        let settled = self.settle(&prepared.mesh, phase).await;
        let settled = settled.and_then(|record| {
            let after = Some(record.object()?);
            written.push(Change { after, ..change });
            Ok(())
        });
        both(carried.end.map_err(Failure::from), settled)
    }

    /// Between looking and holding the Lease, somebody else may have been here.
    async fn unchanged(&self, prepared: &Prepared) -> Result<(), Failure> {
        let now = known(&record::all(self.cluster).await?, &prepared.mesh)?;
        still(prepared.record.as_ref(), now.as_ref(), &prepared.mesh)
    }

    /// Notes how it ended. The record is read anew: it is the parent of the set as well, which was written in between.
    async fn settle(&self, mesh: &Mesh, phase: Phase) -> Result<MeshRecord, Failure> {
        let (name, root) = (&mesh.metadata.name, mesh.root_namespace());
        let mut record = MeshRecord::now(self.cluster, name, root).await?;
        let before = record.state.clone();
        record.state.phase = phase;
        if phase == Phase::Succeeded {
            record.state.previous_version = None;
        }
        if record.state != before {
            record.write(self.cluster, false).await?;
        }
        Ok(record)
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
