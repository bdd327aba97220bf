//! Carries a plan out, stage by stage, so that a command that is killed anywhere is gone on with by the same command.
//!
//! The set's parent promises all that there was and will be before the first object is written, and only what there is
//! once the last one is pruned. Between the two, whatever was written is found by its label.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::engine::EngineError;
use super::error::ClusterError;
use super::event::{Event, State};
use super::inventory::{self, Inventory, Parent};
use super::object::ObjectId;
use super::order::{is_definition, is_namespace, rank};
use super::ownership::MANAGER;
use super::plan::{Action, Plan, Step};
use super::request::Write;
use super::retry;
use super::watch::{Target, Waited, Watch};
use super::yielding;

/// How many objects are written at a time, of those that need nothing of each other.
const AT_ONCE: usize = 8;

/// One object that was written, as the API server showed it.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    /// Which.
    pub(crate) object: ObjectId,
    /// As whom.
    pub(crate) manager: &'static str,
    /// What it was; nothing for one that was not there.
    pub(crate) before: Option<Value>,
    /// What it is; nothing for one that was deleted.
    pub(crate) after: Option<Value>,
}

/// Carries one plan out.
pub(crate) struct Execution<'a> {
    /// Waits and tells.
    pub(crate) watch: Watch<'a>,
    /// Whether anybody waits until things are ready.
    pub(crate) waits: bool,
    /// How long all of it may take.
    pub(crate) patience: Duration,
    /// What was written so far.
    pub(crate) deeds: RefCell<Vec<Deed>>,
}

impl Execution<'_> {
    /// Does all of it.
    pub(crate) async fn run(&self, plan: &Plan) -> Result<(), EngineError> {
        let (wanted, unwanted): (Vec<_>, Vec<_>) = plan
            .steps
            .iter()
            .partition(|step| step.action != Action::Prune);
        // The parent is in a namespace, which may be one of those that are wanted.
        let home = wanted
            .iter()
            .find(|step| is_namespace(&step.id) && step.id.name == plan.parent.namespace);
        if let Some(home) = home {
            self.write(home).await?;
        }
        let said = plan.before.as_ref().filter(|_| !plan.is_lost);
        self.promise(plan, said, &plan.widest()).await?;
        let stages: std::collections::BTreeSet<usize> =
            wanted.iter().map(|step| step.work.stage).collect();
        for stage in stages {
            let steps = wanted.iter().filter(|step| step.work.stage == stage);
            let rest = steps.filter(|step| home.is_none_or(|home| home.id != step.id));
            self.stage(rest.copied().collect()).await?;
        }
        self.prune(unwanted).await?;
        self.promise(plan, Some(&plan.widest()), &plan.after).await
    }

    /// Writes what the parent says, if that is not what it says already.
    async fn promise(
        &self,
        plan: &Plan,
        said: Option<&Inventory>,
        inventory: &Inventory,
    ) -> Result<(), EngineError> {
        if said == Some(inventory) {
            return Ok(());
        }
        let write = Write {
            manager: inventory::MANAGER,
            force: true,
            dry_run: false,
        };
        let (id, object) = (plan.parent.id(), plan.parent.marked(inventory));
        let resource = Parent::resource();
        // Marks on an object that somebody else keeps: without them, it is there all the same.
        let before = said.map_or_else(|| plan.parent.unmarked(), |said| plan.parent.marked(said));
        retry::until(self.watch.deadline, ClusterError::is_transient, || {
            self.watch.cluster.apply(&resource, &id, &object, write)
        })
        .await?;
        self.did(id, inventory::MANAGER, Some(before), Some(object));
        Ok(())
    }

    fn did(
        &self,
        object: ObjectId,
        manager: &'static str,
        before: Option<Value>,
        after: Option<Value>,
    ) {
        self.deeds.borrow_mut().push(Deed {
            object,
            manager,
            before,
            after,
        });
    }

    /// Kind after kind, in their order; then waits for all of them.
    async fn stage(&self, steps: Vec<&Step>) -> Result<(), EngineError> {
        for wave in steps.chunk_by(|one, other| rank(&one.id) == rank(&other.id)) {
            futures_util::stream::iter(wave)
                .map(|step| self.write(step))
                .buffer_unordered(AT_ONCE)
                .try_collect::<Vec<()>>()
                .await?;
            // Whoever waits or not: what is written next may be of these kinds.
            let definitions = wave.iter().filter(|step| is_definition(&step.id));
            self.ready(definitions.copied()).await?;
        }
        if self.waits {
            self.ready(
                steps
                    .iter()
                    .filter(|step| !is_definition(&step.id))
                    .copied(),
            )
            .await?;
        }
        Ok(())
    }

    async fn ready(&self, steps: impl Iterator<Item = &Step>) -> Result<(), EngineError> {
        let waited = self.watch.until_ready(steps.map(target).collect()).await?;
        self.end(waited)
    }

    fn end(&self, waited: Waited) -> Result<(), EngineError> {
        match waited {
            Waited::Ready => Ok(()),
            Waited::Failed(unready) => Err(EngineError::Failed(unready)),
            Waited::TimedOut(waiting) => Err(EngineError::Late {
                seconds: self.patience.as_secs(),
                waiting,
            }),
        }
    }

    /// Writes one object, unless it is as wanted.
    async fn write(&self, step: &Step) -> Result<(), EngineError> {
        let state = match step.action {
            Action::Create => State::Created,
            Action::Update => State::Updated,
            Action::Unchanged | Action::Prune | Action::Conflict => return Ok(()),
        };
        let work = &step.work;
        if work.going {
            let gone = self
                .watch
                .until_gone(vec![(target(step), work.uid.clone())]);
            self.end(gone.await?)?;
        }
        let written = self.send(step).await?;
        let before = step.work.current.clone();
        self.did(step.id.clone(), MANAGER, before, Some(written));
        self.tell(step, state);
        Ok(())
    }

    /// What the rehearsal could not find out comes out now, and is done as the rehearsal would have: some fields are left to others,
    /// and others' fields are taken over where that is asked for.
    async fn send(&self, step: &Step) -> Result<Value, ClusterError> {
        let work = &step.work;
        let mut object = &work.object;
        let mut answer = self.apply(step, object, work.force).await;
        let less = match &answer {
            Err(ClusterError::Conflict { fields, .. }) => {
                yielding::without(&step.id, object, fields)
            }
            _ => None,
        };
        if let Some(less) = &less {
            object = less;
            answer = self.apply(step, object, work.force).await;
        }
        if work.takes && matches!(answer, Err(ClusterError::Conflict { .. })) {
            answer = self.apply(step, object, true).await;
        }
        answer
    }

    async fn apply(&self, step: &Step, object: &Value, force: bool) -> Result<Value, ClusterError> {
        let resource = &step.work.resource;
        let write = Write {
            manager: MANAGER,
            force,
            dry_run: false,
        };
        // A kind that is new is served a moment after its definition says so.
        let worth = |error: &ClusterError| {
            error.is_transient()
                || (!resource.served && matches!(error, ClusterError::NotServed { .. }))
        };
        retry::until(self.watch.deadline, worth, || {
            self.watch.cluster.apply(resource, &step.id, object, write)
        })
        .await
    }

    /// The other way round: what depends on others goes first, and is gone before they go.
    async fn prune(&self, steps: Vec<&Step>) -> Result<(), EngineError> {
        for wave in steps.chunk_by(|one, other| rank(&one.id) == rank(&other.id)) {
            futures_util::stream::iter(wave)
                .map(|step| self.delete(step))
                .buffer_unordered(AT_ONCE)
                .try_collect::<Vec<()>>()
                .await?;
            if self.waits {
                let targets = wave
                    .iter()
                    .map(|step| (target(step), step.work.uid.clone()));
                let gone = self.watch.until_gone(targets.collect()).await?;
                self.end(gone)?;
            }
            for step in wave {
                self.tell(step, State::Pruned);
            }
        }
        Ok(())
    }

    async fn delete(&self, step: &Step) -> Result<(), EngineError> {
        let work = &step.work;
        retry::until(self.watch.deadline, ClusterError::is_transient, || {
            self.watch
                .cluster
                .delete(&work.resource, &step.id, &work.uid)
        })
        .await?;
        self.did(step.id.clone(), MANAGER, work.current.clone(), None);
        Ok(())
    }

    fn tell(&self, step: &Step, state: State) {
        self.watch.sink.event(&Event {
            component: step.component.clone(),
            object: step.id.clone(),
            state,
            waits_for: None,
            at: Timestamp::now().to_string(),
        });
    }
}

fn target(step: &Step) -> Target {
    Target {
        component: step.component.clone(),
        id: step.id.clone(),
        resource: step.work.resource.clone(),
    }
}
