//! Takes back a version that does not work, and says truly what came of that.

use std::time::Duration;

use tokio::time::Instant;

use super::super::plan::Plan;
use super::super::rollout;
use super::super::stamp::Stamp;
use super::super::wasmplugin::WasmPlugin;
use super::watch::{Outcome, PULL, Wanted, Watched, names};
use super::{Delivery, Ending, after};
use crate::cluster::error::ClusterError;
use crate::failure::Failure;

/// How long the version before may take to come back; its module is in the agents' caches.
const BACK: Duration = Duration::from_mins(1);

/// What came of going back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Undone {
    pub(super) ending: Ending,
    /// The same for a person.
    pub(super) story: String,
}

impl Undone {
    fn not_back(story: String) -> Self {
        Self {
            ending: Ending::NotBack,
            story,
        }
    }
}

impl Delivery<'_> {
    /// The version before comes back; a first deployment goes. What stops that is told and not returned as an error: it
    /// must not hide why the new version failed.
    pub(super) async fn undo(&self, plan: &Plan, watched: &Watched) -> Undone {
        let ours = Stamp::of(&plan.object);
        let Some(previous) = &plan.previous else {
            return self.take_away(plan, &ours).await;
        };
        self.output.say("going back to the version before");
        if let Err(error) = self.writer.apply_over(previous, Some(&ours)).await {
            return not_written("The version before could not be written again", error);
        }
        match self.back(previous, watched).await {
            Ok(back) if back.outcome == Outcome::Running => Undone {
                ending: Ending::RolledBack,
                story: "The version before serves again.".to_owned(),
            },
            Ok(back) => Undone::not_back(format!(
                "The version before was written again, but not every proxy runs it:\n{}",
                rollout::complaints(&back.proxies)
            )),
            Err(error) => Undone::not_back(format!(
                "The version before was written again, but whether the proxies run it is not known: {}",
                Failure::from(error)
            )),
        }
    }

    async fn take_away(&self, plan: &Plan, ours: &Stamp) -> Undone {
        let (namespace, name) = names(&plan.settled);
        self.output
            .say("removing it again, so that it takes no traffic down");
        match self.writer.remove_over(&namespace, &name, ours).await {
            Ok(()) => Undone {
                ending: Ending::Removed,
                story: "There was no version before: the plugin was removed, so that traffic passes as before.".to_owned(),
            },
            Err(error) => not_written("There was no version before, and the plugin could not be removed", error),
        }
    }

    /// Waits until the version before serves again.
    async fn back(
        &self,
        previous: &WasmPlugin,
        watched: &Watched,
    ) -> Result<Watched, ClusterError> {
        // The module that we give up on may still be on its way, or its failure.
        let on_its_way = watched
            .proxies
            .iter()
            .any(|seen| seen.verdict.state.is_open());
        let now = Instant::now();
        let before = rollout::baseline(&watched.proxies);
        let wanted = Wanted {
            object: previous,
            before: &before,
            deadline: after(now, BACK),
            unsafe_until: now.checked_add(PULL).filter(|_| on_its_way),
            may_be_refused: false,
        };
        self.watch().until_clear(&wanted).await
    }
}

/// What does not work is still there, unless somebody else has put something in its place.
fn not_written(what: &str, error: ClusterError) -> Undone {
    let overtaken = matches!(error, ClusterError::Overtaken { .. });
    let error = Failure::from(error);
    if overtaken {
        return Undone {
            ending: Ending::Left,
            story: format!("Nothing was taken back: {error}"),
        };
    }
    Undone::not_back(format!(
        "{what}, so that the one that does not work is still there: {error}"
    ))
}
