//! What `weft plugin render | deploy | status | list | rollback | remove` do, put together from the parts beside this
//! file: look, decide, act, tell.

mod diff;
mod remove;
mod show;
mod status;

pub(crate) use diff::Rehearsal;
pub(crate) use show::{rendered, show};

use k8s_openapi::jiff::Timestamp;

use super::apply::Writer;
use super::deliver::{Delivered, Delivery, Ending, Patience};
use super::desired::Desired;
use super::plan::{self, Action, Plan, Terms};
use super::preflight::Resolved;
use super::read::Reader;
use super::record::Record;
use super::refusal::Refusal;
use super::report::{DeployReport, ListReport};
use super::selection::Scope;
use super::wasmplugin::WasmPlugin;
use crate::cluster::access::Cluster;
use crate::cluster::error;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Format, Output};
use crate::registry::Registry;

/// A mesh, and how to talk about it.
#[derive(Debug)]
pub(crate) struct Mesh {
    reader: Reader,
    cluster: Cluster,
    output: Output,
    /// The namespace that stands for the whole mesh.
    root: String,
}

/// What may be done with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Carry it out.
    Act,
    /// Show what would be written, as far as we know.
    Client,
    /// Show what the server says would come of it.
    Server,
    /// Show what differs.
    Diff(Rehearsal),
}

/// How to go about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// What may be done.
    pub(crate) mode: Mode,
    /// How long to wait and what to do then.
    pub(crate) patience: Patience,
    /// Take over fields of others.
    pub(crate) force: bool,
    /// It may concern no proxy at all.
    pub(crate) allow_empty: bool,
}

impl Mesh {
    /// Of a cluster.
    pub(crate) fn new(cluster: Cluster, root: String, output: Output) -> Self {
        Self {
            reader: Reader::new(cluster.clone()),
            cluster,
            output,
            root,
        }
    }

    /// The namespace that is meant when none is named.
    pub(crate) fn namespace(&self) -> &str {
        &self.cluster.namespace
    }

    fn scope<'a>(&'a self, namespace: &'a str) -> Scope<'a> {
        Scope {
            namespace,
            root: &self.root,
        }
    }

    /// Brings a plugin to its proxies.
    pub(crate) async fn deploy(
        &self,
        desired: &Desired,
        resolved: &Resolved,
        namespace: &str,
        manner: Manner,
    ) -> Outcome {
        let scope = self.scope(namespace);
        let secret = desired.spec.image_pull_secret.as_deref();
        let snapshot = self.reader.snapshot(scope, &desired.name, secret).await?;
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let terms = Terms {
            scope,
            url: &resolved.url,
            registry: &resolved.registry,
            now: &now,
            allow_empty: manner.allow_empty,
        };
        let plan = plan::plan(&snapshot, desired, terms)?;
        for note in &plan.notes {
            self.output.warn(note);
        }
        let writer = Writer::new(self.cluster.clone(), manner.force);
        match manner.mode {
            Mode::Act => {
                self.take_over(&plan, snapshot.current.as_ref(), &writer, manner.force)
                    .await?;
                self.act(&plan, &writer, scope, manner.patience).await
            }
            Mode::Client => self.show(&plan.settled),
            Mode::Server => {
                let object = writer.rehearse(&plan.settled).await?;
                self.show(&object)
            }
            Mode::Diff(rehearsal) => {
                let current = snapshot.current.as_ref();
                self.diff(&plan, current, &writer, rehearsal).await
            }
        }
    }

    /// What others have in the configuration goes only when it is ours.
    async fn take_over(
        &self,
        plan: &Plan,
        current: Option<&WasmPlugin>,
        writer: &Writer,
        force: bool,
    ) -> Result<(), Failure> {
        match current {
            Some(current) if !plan.leftovers.is_empty() && force => {
                Ok(writer.take_over(current).await?)
            }
            Some(_) if !plan.leftovers.is_empty() => {
                Err(Refusal::Leftovers(error::list(&plan.leftovers)).into())
            }
            _ => Ok(()),
        }
    }

    async fn act(
        &self,
        plan: &Plan,
        writer: &Writer,
        scope: Scope<'_>,
        patience: Patience,
    ) -> Outcome {
        self.announce(plan);
        let delivery = Delivery {
            reader: &self.reader,
            writer,
            output: &self.output,
            patience,
            scope,
        };
        let delivered = delivery.carry_out(plan).await?;
        let wide = self.output.settings().format == Format::Wide;
        self.output
            .report(&DeployReport::of(plan, &delivered, wide))?;
        if plan.action == Action::Create && delivered.ending == Ending::Running {
            self.output.say("connections that were open before go on without it until they end or drain (45 s at most, as Istio comes)");
        }
        let Delivered { exit, trouble, .. } = delivered;
        match trouble {
            Some(trouble) => Err(Failure::text(exit, trouble)),
            None => Ok(exit),
        }
    }

    fn announce(&self, plan: &Plan) {
        let name = plan.settled.metadata.name.as_deref().unwrap_or_default();
        let record = Record::read(&plan.settled);
        let what = match plan.action {
            Action::Create => "creating",
            Action::Update => "updating",
            Action::Resume => "resuming the deployment of",
            Action::Unchanged => "nothing to change in",
        };
        let proxies = plan
            .selection
            .running
            .len()
            .saturating_add(plan.selection.waiting.len());
        let proxies = if proxies == 1 {
            "1 proxy".to_owned()
        } else {
            format!("{proxies} proxies")
        };
        self.output.say(format!(
            "{what} {name}, revision {}, {}, on {proxies}",
            record.revision, record.image
        ));
    }

    /// Goes back to an earlier version.
    pub(crate) async fn rollback(
        &self,
        (name, to): (&str, Option<u64>),
        namespace: &str,
        registry: &Registry,
        manner: Manner,
    ) -> Outcome {
        let current = self.existing(name, namespace).await?;
        let desired = plan::back(&current, to)?;
        let (resolved, unchecked) = Resolved::of_earlier(&desired, registry).await?;
        if let Some(why) = unchecked {
            self.output.warn(why);
        }
        self.deploy(&desired, &resolved, namespace, manner).await
    }

    /// The plugins that there are, without asking proxies.
    pub(crate) async fn list(&self, namespace: Option<&str>) -> Outcome {
        let plugins = self.reader.plugins(namespace).await?;
        let report = ListReport::of(&plugins);
        self.output.report(&report)?;
        Ok(if report.is_settled() {
            Exit::Ok
        } else {
            Exit::Findings
        })
    }

    async fn existing(&self, name: &str, namespace: &str) -> Result<WasmPlugin, Failure> {
        let found = self.reader.plugin(namespace, name).await?;
        found.ok_or_else(|| {
            let text = format!("there is no WasmPlugin {name} in namespace {namespace}: `weft plugin list -A` shows those that there are");
            Failure::text(Exit::Failure, text)
        })
    }

    fn show(&self, object: &WasmPlugin) -> Outcome {
        show(&self.output, object)
    }
}
