//! What the verbs of `weft sidecar` do, put together from the parts beside this file: look, decide, act, tell.

mod inject;
mod level;
mod named;
mod planned;
mod restart;
mod scope;
mod show;
mod tune;
mod writing;

pub(crate) use inject::Enabling;
pub(crate) use level::Levels;
pub(crate) use restart::{Restarting, Which};
pub(crate) use show::Sample;
pub(crate) use tune::Tuning;

use named::workloads;
use planned::{Deed, Planned};

use serde_json::Value;

use super::edit::{Edit, Site, current};
use super::editing::Editing;
use super::kinds::Kinds;
use super::read::{Reader, collection};
use super::restart::path;
use super::target::{Named, Target};
use super::view::WorkloadName;
use super::wish::{Refusal, guard};
use crate::cluster::access::Cluster;
use crate::cluster::mode::Mode;
use crate::cluster::object::ObjectId;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// What may be done.
    pub(crate) mode: Mode,
    /// Take over what others own.
    pub(crate) force_conflicts: bool,
}

/// A verb as it was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command<'a> {
    /// Which.
    pub(crate) verb: &'a str,
    /// What it is about.
    pub(crate) targets: &'a [Named],
}

/// A mesh's sidecars, and how to talk about them.
#[derive(Debug)]
pub(crate) struct Sidecars {
    cluster: Cluster,
    reader: Reader,
    output: Output,
    /// The mesh's root namespace.
    root: String,
    /// The command, for the history.
    verb: String,
}

impl Sidecars {
    /// Of a cluster, and what was named on it; the mesh's record names the root namespace, if one is named, and the kinds of
    /// workloads that it has besides.
    pub(crate) async fn open(
        cluster: Cluster,
        output: Output,
        root: String,
        mesh: Option<&str>,
        asked: Command<'_>,
    ) -> Result<(Self, Vec<Target>), Failure> {
        let reader = Reader::new(cluster.clone());
        let root = match mesh {
            Some(mesh) => reader.root_of(mesh).await?,
            None => root,
        };
        let kinds = Kinds::read(&cluster, &root, mesh).await?;
        let targets = kinds.resolve(asked.targets)?;
        let whole = targets
            .iter()
            .all(|one| matches!(one, Target::Namespace(_)));
        for (_, why) in kinds.missing.iter().filter(|_| whole) {
            output.warn(format!("{why}: such workloads are passed over"));
        }
        let verb = targets
            .iter()
            .fold(format!("sidecar {}", asked.verb), |text, target| {
                text + " " + &target.to_string()
            });
        let sidecars = Self {
            cluster,
            reader: reader.with(kinds.served),
            output,
            root,
            verb,
        };
        Ok((sidecars, targets))
    }

    /// The namespace that is meant when none is named.
    pub(crate) fn namespace(&self) -> &str {
        &self.cluster.namespace
    }

    /// Refuses all that is the system's, at once.
    fn guard<'a>(&self, namespaces: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
        let mut refused: Vec<String> = namespaces
            .filter_map(|name| guard(name, &self.root).err())
            .map(|refusal| refusal.to_string())
            .collect();
        refused.dedup();
        all_or(&refused)
    }

    async fn namespace_edit(&self, name: &str, edit: &Edit) -> Result<Planned, Failure> {
        let path = format!("{}/{name}", collection("v1", None, "namespaces"));
        self.plan(&format!("Namespace {name}"), path, Site::Object, |_| {
            Ok(edit.clone())
        })
        .await
    }

    async fn workload_edit(
        &self,
        name: &WorkloadName,
        edit: impl FnOnce(&Value) -> Result<Edit, Failure>,
    ) -> Result<Planned, Failure> {
        let site = Site::Template(name.kind);
        let edit = |object: &Value| {
            has_template(name, object)?;
            edit(object)
        };
        self.plan(&name.to_string(), path(name), site, edit).await
    }

    async fn plan(
        &self,
        what: &str,
        path: String,
        site: Site,
        edit: impl FnOnce(&Value) -> Result<Edit, Failure>,
    ) -> Result<Planned, Failure> {
        let object = self.reader.object(what, &path).await?;
        let id = ObjectId::of(&object)
            .ok_or_else(|| Failure::text(Exit::Failure, format!("{what} has no name")))?;
        let edit = edit(&object)?;
        Ok(Planned {
            id,
            path,
            labels: current(&object, site, "labels"),
            deed: Deed::Edit(Box::new(Editing::new(&object, site, edit))),
        })
    }
}

/// Some kinds may leave the template of their pods to another object, which a label here would not reach.
fn has_template(name: &WorkloadName, object: &Value) -> Result<(), Failure> {
    let path = name.kind.pod_template();
    let template = object.pointer(&path.replace('.', "/"));
    if template.is_some_and(Value::is_object) {
        return Ok(());
    }
    let text = format!("{name} has no pod template at {path}, where labels could be set");
    Err(Failure::text(Exit::Failure, text))
}

/// Several reasons are one failure.
fn all_or(reasons: &[String]) -> Result<(), Failure> {
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(Failure::text(Exit::Failure, reasons.join("\n")))
    }
}

impl From<Refusal> for Failure {
    fn from(error: Refusal) -> Self {
        Self::new(Exit::Failure, error)
    }
}
