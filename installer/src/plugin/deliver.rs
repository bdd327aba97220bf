//! Carries a plan out: writes, waits until every selected proxy really runs the version, and undoes what did not work.

mod course;
mod undo;
mod watch;

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::apply::Writer;
use super::plan::{Action, CLOSED, Plan};
use super::read::Reader;
use super::rollout::{self, Baseline, Sighting};
use super::selection::Scope;
use super::stamp::Stamp;
use super::verdict::State;
use super::wasmplugin::WasmPlugin;
use crate::cluster::error::ClusterError;
use crate::failure::Exit;
use crate::output::Output;
pub(crate) use watch::PULL;
use watch::{Outcome, Wanted, Watch, Watched, expected, names, nudged};

/// A deadline that does not come, for a time that no clock can hold.
const LONG: Duration = Duration::from_hours(24 * 365);

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
    /// It did not work, and the version before does not serve everywhere again, or nobody knows.
    NotBack,
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
        let deadline = after(started, timeout);
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
            deadline,
            unsafe_until,
            may_be_refused: true,
        };
        let watched = self.watch().until_clear(&wanted).await?;
        if watched.outcome != Outcome::Running {
            return Ok(self.trouble(plan, watched).await);
        }
        let watched = self.settle(plan, watched, deadline).await?;
        match watched.outcome {
            Outcome::Running => Ok(running(watched)),
            // The module runs everywhere, and only what happens without it is not known to have arrived.
            Outcome::TimedOut => Ok(told(watched, Exit::Timeout, Ending::Left, &left(plan))),
            Outcome::Failed => Ok(self.trouble(plan, watched).await),
        }
    }

    fn watch(&self) -> Watch<'_> {
        Watch {
            reader: self.reader,
            writer: self.writer,
            output: self.output,
            scope: self.scope,
        }
    }

    /// Nobody stays to close what would be open until then, so that it closes at once.
    async fn only_write(&self, plan: &Plan) -> Result<Delivered, ClusterError> {
        let closes = plan.settled.spec.fail_strategy.as_deref() == Some(CLOSED);
        if plan.previous.is_none() && plan.action != Action::Unchanged && closes {
            self.output.warn(
                "--no-wait: it fails closed from the start, as nobody waits to close it later; a proxy that cannot get the module denies every request",
            );
        }
        if plan.action != Action::Unchanged {
            self.writer
                .apply_over(&plan.settled, plan.replaces.as_ref())
                .await?;
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
        self.writer
            .apply_over(&object, plan.replaces.as_ref())
            .await?;
        Ok(object)
    }

    /// Every proxy runs it: notes that, and closes a first version that was open until now.
    async fn settle(
        &self,
        plan: &Plan,
        watched: Watched,
        deadline: Instant,
    ) -> Result<Watched, ClusterError> {
        if plan.action == Action::Unchanged {
            return Ok(watched);
        }
        self.writer
            .apply_over(&plan.settled, Some(&Stamp::of(&plan.object)))
            .await?;
        if plan.settled.spec.fail_strategy == plan.object.spec.fail_strategy {
            return Ok(watched);
        }
        let before = Baseline::new();
        let wanted = Wanted {
            object: &plan.settled,
            before: &before,
            deadline,
            unsafe_until: None,
            // The same module and configuration, of which only the policy differs.
            may_be_refused: false,
        };
        self.watch().until_clear(&wanted).await
    }

    /// It did not work, or not in time.
    async fn trouble(&self, plan: &Plan, watched: Watched) -> Delivered {
        let exit = if watched.outcome == Outcome::Failed {
            Exit::Failure
        } else {
            Exit::Timeout
        };
        let against = rollout::speaks_against(&watched.proxies);
        if !self.patience.undo || !against || plan.action == Action::Unchanged {
            return told(watched, exit, Ending::Left, &left(plan));
        }
        let undone = self.undo(plan, &watched).await;
        // Neither the version that was asked for nor the one before: that is worse than too late.
        let exit = if undone.ending == Ending::NotBack {
            Exit::Failure
        } else {
            exit
        };
        told(watched, exit, undone.ending, &undone.story)
    }
}

/// The moment at the end of a time.
fn after(started: Instant, time: Duration) -> Instant {
    started
        .checked_add(time)
        .or_else(|| started.checked_add(LONG))
        .unwrap_or(started)
}

fn running(watched: Watched) -> Delivered {
    Delivered {
        ending: if watched.proxies.is_empty() {
            Ending::Written
        } else {
            Ending::Running
        },
        exit: Exit::Ok,
        proxies: watched.proxies,
        trouble: None,
    }
}

fn told(watched: Watched, exit: Exit, ending: Ending, story: &str) -> Delivered {
    let late = watched.outcome == Outcome::TimedOut;
    let trouble = [
        headline(late, &watched.proxies),
        rollout::complaints(&watched.proxies),
        story.to_owned(),
    ];
    Delivered {
        ending,
        exit,
        proxies: watched.proxies,
        trouble: Some(trouble.join("\n")),
    }
}

fn headline(late: bool, proxies: &[Sighting]) -> String {
    let running = proxies
        .iter()
        .filter(|seen| seen.verdict.state == State::Running)
        .count();
    let why = if late {
        "not in time"
    } else {
        "it does not work"
    };
    format!("{running} of {} proxies run it; {why}:", proxies.len())
}

fn left(plan: &Plan) -> String {
    let (namespace, name) = names(&plan.settled);
    format!(
        "It was left as it is: `weft plugin status {name} -n {namespace}` tells more; the same command waits again."
    )
}

#[cfg(test)]
mod tests;
