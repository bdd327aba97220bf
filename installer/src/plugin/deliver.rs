//! Carries a plan out: writes, waits until every selected proxy really runs the version, and undoes what did not work.

mod course;
mod watch;

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::apply::Writer;
use super::plan::{Action, Plan};
use super::read::Reader;
use super::rollout::{self, Baseline, Sighting};
use super::selection::Scope;
use super::verdict::State;
use super::wasmplugin::WasmPlugin;
use crate::cluster::error::ClusterError;
use crate::failure::Exit;
use crate::output::Output;
pub(crate) use watch::PULL;
use watch::{Outcome, Wanted, Watch, Watched, expected, names, nudged};

/// How long the version before may take to come back; its module is in the agents' caches.
const BACK: Duration = Duration::from_mins(1);

/// How long to wait and what to do then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// `--timeout`; nothing with `--no-wait`.
    pub(crate) timeout: Option<Duration>,
    /// Without `--no-rollback`.
    pub(crate) undo: bool,
}

/// Carries plans out.
#[derive(Debug)]
pub(crate) struct Delivery<'a> {
    /// Looks.
    pub(crate) reader: &'a Reader,
    /// Writes.
    pub(crate) writer: &'a Writer,
    /// Says what is waited for.
    pub(crate) output: &'a Output,
    /// How long.
    pub(crate) patience: Patience,
    /// Where.
    pub(crate) scope: Scope<'a>,
}

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// Every proxy that runs has it.
    Running,
    /// It was written, and nobody waited.
    Written,
    /// It did not work, and the version before serves again.
    RolledBack,
    /// It did not work, there was none before, and it was removed.
    Removed,
    /// It did not work, and is still there.
    Left,
}

/// What became of a plan, and what was seen.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    /// What became of it.
    pub(crate) ending: Ending,
    /// How the command exits.
    pub(crate) exit: Exit,
    /// What was seen last of each proxy, before anything was undone.
    pub(crate) proxies: Vec<Sighting>,
    /// What to tell; nothing when all is well.
    pub(crate) trouble: Option<String>,
}

impl Delivery<'_> {
    /// Carries a plan out.
    pub(crate) async fn carry_out(&self, plan: &Plan) -> Result<Delivered, ClusterError> {
        let Some(timeout) = self.patience.timeout else {
            return self.only_write(plan).await;
        };
        let started = Instant::now();
        let seen = self
            .reader
            .look(&expected(&plan.object), &plan.selection.running, None)
            .await;
        let object = self.written(plan, &seen).await?;
        let unsafe_until = started.checked_add(plan.older_pull);
        let before = rollout::baseline(&seen);
        let wanted = Wanted {
            object: &object,
            before: &before,
            timeout,
            unsafe_until,
            may_be_refused: true,
        };
        let watched = self.watch().until_clear(&wanted).await?;
        if watched.outcome == Outcome::Running {
            let watched = self.settle(plan, watched, timeout).await?;
            if watched.outcome == Outcome::Running {
                return Ok(Delivered {
                    ending: if watched.proxies.is_empty() {
                        Ending::Written
                    } else {
                        Ending::Running
                    },
                    exit: Exit::Ok,
                    proxies: watched.proxies,
                    trouble: None,
                });
            }
            return self.trouble(plan, watched).await;
        }
        self.trouble(plan, watched).await
    }

    fn watch(&self) -> Watch<'_> {
        Watch {
            reader: self.reader,
            writer: self.writer,
            output: self.output,
            scope: self.scope,
        }
    }

    async fn only_write(&self, plan: &Plan) -> Result<Delivered, ClusterError> {
        if plan.action != Action::Unchanged {
            self.writer.apply(&plan.settled).await?;
        }
        Ok(Delivered {
            ending: Ending::Written,
            exit: Exit::Ok,
            proxies: Vec::new(),
            trouble: None,
        })
    }

    /// Writes what differs. When nothing does but proxies do not have it, sends it again: an agent that could not pull does
    /// not try again by itself.
    async fn written(&self, plan: &Plan, seen: &[Sighting]) -> Result<WasmPlugin, ClusterError> {
        let has_it =
            |seen: &Sighting| !seen.verdict.state.is_final() && !seen.verdict.state.is_open();
        let object = match plan.action {
            Action::Create | Action::Update => plan.object.clone(),
            Action::Resume | Action::Unchanged if seen.iter().all(has_it) => {
                return Ok(plan.object.clone());
            }
            Action::Resume | Action::Unchanged => {
                self.output
                    .say("some proxies do not have it: sending it again");
                nudged(&plan.object)
            }
        };
        self.writer.apply(&object).await?;
        Ok(object)
    }

    /// Every proxy runs it: notes that, and closes a first version that was open until now.
    async fn settle(
        &self,
        plan: &Plan,
        watched: Watched,
        timeout: Duration,
    ) -> Result<Watched, ClusterError> {
        if plan.action == Action::Unchanged {
            return Ok(watched);
        }
        self.writer.apply(&plan.settled).await?;
        if plan.settled.spec.fail_strategy == plan.object.spec.fail_strategy {
            return Ok(watched);
        }
        let before = Baseline::new();
        let wanted = Wanted {
            object: &plan.settled,
            before: &before,
            timeout,
            unsafe_until: None,
            // The same module and configuration, of which only the policy differs.
            may_be_refused: false,
        };
        self.watch().until_clear(&wanted).await
    }

    /// It did not work, or not in time.
    async fn trouble(&self, plan: &Plan, watched: Watched) -> Result<Delivered, ClusterError> {
        let exit = if watched.outcome == Outcome::Failed {
            Exit::Failure
        } else {
            Exit::Timeout
        };
        let against = rollout::speaks_against(&watched.proxies);
        let ending = if self.patience.undo && against {
            self.undo(plan, &watched).await?
        } else {
            Ending::Left
        };
        let trouble = [
            headline(exit, &watched.proxies),
            rollout::complaints(&watched.proxies),
            epilogue(ending, plan),
        ];
        Ok(Delivered {
            ending,
            exit,
            proxies: watched.proxies,
            trouble: Some(trouble.join("\n")),
        })
    }

    /// The version before comes back; a first deployment goes.
    async fn undo(&self, plan: &Plan, watched: &Watched) -> Result<Ending, ClusterError> {
        if plan.action == Action::Unchanged {
            return Ok(Ending::Left);
        }
        let Some(previous) = &plan.previous else {
            let (namespace, name) = names(&plan.settled);
            self.output
                .say("removing it again, so that it takes no traffic down");
            self.writer.remove(&namespace, &name).await?;
            return Ok(Ending::Removed);
        };
        self.output.say("going back to the version before");
        self.writer.apply(previous).await?;
        // The module that we give up on may still be on its way, or its failure.
        let on_its_way = watched
            .proxies
            .iter()
            .any(|seen| seen.verdict.state.is_open());
        let unsafe_until = Instant::now().checked_add(PULL).filter(|_| on_its_way);
        let before = rollout::baseline(&watched.proxies);
        let wanted = Wanted {
            object: previous,
            before: &before,
            timeout: BACK,
            unsafe_until,
            may_be_refused: false,
        };
        let back = self.watch().until_clear(&wanted).await?;
        if back.outcome != Outcome::Running {
            let complaints = rollout::complaints(&back.proxies);
            self.output.warn(format!(
                "not every proxy runs the version before again:\n{complaints}"
            ));
        }
        Ok(Ending::RolledBack)
    }
}

fn headline(exit: Exit, proxies: &[Sighting]) -> String {
    let running = proxies
        .iter()
        .filter(|seen| seen.verdict.state == State::Running)
        .count();
    let why = if exit == Exit::Timeout {
        "not in time"
    } else {
        "it does not work"
    };
    format!("{running} of {} proxies run it; {why}:", proxies.len())
}

fn epilogue(ending: Ending, plan: &Plan) -> String {
    let (namespace, name) = names(&plan.settled);
    match ending {
        Ending::RolledBack => "The version before serves again.".to_owned(),
        Ending::Removed => {
            "There was no version before: the plugin was removed, so that traffic passes as before."
                .to_owned()
        }
        Ending::Running | Ending::Written => String::new(),
        Ending::Left => format!(
            "It was left as it is: `weft plugin status {name} -n {namespace}` tells more; the same command waits again."
        ),
    }
}
