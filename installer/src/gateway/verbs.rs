//! What the verbs of `weft gateway` do: look, decide, act, tell.

mod delete;
mod inspect;
mod scale;
mod show;
mod still;
mod upgrade;
mod write;

use std::time::Duration;

pub(crate) use delete::Deletion;

use super::home::{self, Home};
use super::record::{self, GatewayRecord};
use super::spec::MeshGateway;
use crate::charts::Charts;
use crate::cluster::access::Cluster;
use crate::cluster::engine;
use crate::cluster::mode::Mode;
use crate::cluster::plan::Plan;
use crate::cluster::report::{changes, show};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Output, ProgressChoice};

pub(crate) use super::home::Asked;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// What may be done.
    pub(crate) mode: Mode,
    /// Take over what others own.
    pub(crate) force_conflicts: bool,
    /// How long to wait until all of it works; nothing for not at all.
    pub(crate) timeout: Option<Duration>,
}

/// The gateways of a cluster, and how to talk about them.
#[derive(Debug)]
pub(crate) struct Gateways {
    /// Where.
    pub(crate) cluster: Cluster,
    /// Whom to tell.
    pub(crate) output: Output,
    /// Fetches charts.
    pub(crate) charts: Charts,
    /// How to tell what happens.
    pub(crate) progress: ProgressChoice,
}

impl Gateways {
    /// The mesh that is meant.
    pub(crate) async fn home(&self, asked: &Asked) -> Result<Home, Failure> {
        home::find(&self.cluster, asked).await
    }

    /// The mesh of gateways that are to go, which may be gone itself. What is asked for by name has to be there.
    pub(crate) async fn home_of(
        &self,
        asked: &Asked,
        namespace: &str,
        names: &[String],
    ) -> Result<Home, Failure> {
        if asked.mesh.is_none()
            && let Some(name) = names.first()
            && let Some(record) = record::one(&self.cluster, namespace, name).await?
        {
            let record = match &asked.root {
                Some(root) => record.of(root)?,
                None => record,
            };
            return Ok(home::left(&record));
        }
        self.home(asked).await
    }

    /// What weft knows of a gateway, which must be there, and be of that mesh.
    pub(crate) async fn known(
        &self,
        home: &Home,
        namespace: &str,
        name: &str,
    ) -> Result<GatewayRecord, Failure> {
        if let Some(record) = record::one(&self.cluster, namespace, name).await? {
            return record.of(&home.root);
        }
        let views = super::look::all(&self.cluster, Some(namespace))
            .await?
            .views;
        let text = if views.iter().any(|view| view.name == name) {
            format!(
                "gateway {namespace}/{name} was not made by weft: whoever made it changes it and takes it away"
            )
        } else {
            let names: Vec<_> = views.iter().map(|view| view.name.as_str()).collect();
            format!(
                "there is no gateway {name} in namespace {namespace}: it is deleted already, or never was there; there are: {}",
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                }
            )
        };
        Err(Failure::text(Exit::Failure, text))
    }

    /// Those of them that are there; the others are only told.
    pub(crate) async fn there(
        &self,
        namespace: &str,
        names: Vec<String>,
    ) -> Result<Vec<String>, Failure> {
        let views = super::look::all(&self.cluster, Some(namespace))
            .await?
            .views;
        let mut found = Vec::new();
        for name in names {
            let is_there = views.iter().any(|view| view.name == name)
                || record::one(&self.cluster, namespace, &name)
                    .await?
                    .is_some();
            if is_there {
                found.push(name);
            } else {
                self.output.say(format!(
                    "gateway {namespace}/{name} is deleted already, or never was there"
                ));
            }
        }
        Ok(found)
    }

    /// Shows a plan that is not carried out; nothing where it is to be.
    fn shown(&self, plan: &Plan, mode: Mode) -> Result<Option<Exit>, Failure> {
        match mode {
            Mode::Act => Ok(None),
            Mode::Client | Mode::Server => {
                show(&self.output, plan)?;
                Ok(Some(Exit::Ok))
            }
            Mode::Diff => {
                self.output.report(&changes(plan))?;
                let drifts = !plan.changes_nothing();
                Ok(Some(if drifts { Exit::Drift } else { Exit::Ok }))
            }
        }
    }

    /// Shows one gateway as it is.
    async fn show(&self, record: &GatewayRecord) -> Outcome {
        self.status(Some(record.name()), Some(&record.namespace))
            .await
            .map(|_| Exit::Ok)
    }
}

/// How the engine plans.
fn manner(manner: Manner) -> engine::Manner {
    engine::Manner {
        force: manner.force_conflicts,
        prune: true,
        rehearse: manner.mode != Mode::Client,
    }
}

/// The namespace of a wish, which every verb sets before it goes on.
fn place(wish: &MeshGateway) -> &str {
    wish.metadata.namespace.as_deref().unwrap_or_default()
}
