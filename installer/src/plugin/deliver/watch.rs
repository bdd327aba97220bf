//! Watches proxies until it is clear what becomes of a version.
//!
//! Three things that Istio and Envoy do make this more than a loop (all seen with Istio 1.31 and Envoy 1.40):
//! * An agent forwards what it pulled in the order in which pulls end, not in which versions were sent: a pull that was
//!   overtaken ends later, and its module, or its deny-all, replaces the newer version. istiod shows both acknowledged.
//! * Envoy rejects a listener whose plugin it has rejected before, and does not look at it again when the plugin is
//!   well, until istiod sends the listener again.
//! * istiod sends again only what differs in `spec`.
//!
//! So a version that does not arrive is sent again, with a difference that means nothing.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::super::apply::Writer;
use super::super::expected::Expected;
use super::super::plan::{IF_NOT_PRESENT, PULL_POLICY};
use super::super::read::Reader;
use super::super::rollout::{self, Baseline, Sighting, Step};
use super::super::selection::{self, Scope};
use super::super::stamp::{self, Stamp};
use super::super::verdict::{State, Verdict};
use super::super::wasmplugin::WasmPlugin;
use super::course::{Course, Memory, Sent};
use crate::cluster::error::ClusterError;
use crate::failure::Exit;
use crate::output::{Output, Progress};

/// Between two looks at the proxies.
const PAUSE: Duration = Duration::from_millis(500);
/// istiod gives an agent 30 s for a pull; after that, whatever an overtaken pull does is done.
pub(crate) const PULL: Duration = Duration::from_secs(32);
/// When nothing has changed for so long while some proxies run it, those that do not use it will not.
const QUIET: Duration = Duration::from_secs(10);
/// Before a version that does not arrive is sent again.
const RESEND: Duration = Duration::from_secs(2);

/// Watches the proxies that a plugin concerns.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    /// Looks.
    pub(crate) reader: &'a Reader,
    /// Sends again.
    pub(crate) writer: &'a Writer,
    /// Says what is waited for.
    pub(crate) output: &'a Output,
    /// Where.
    pub(crate) scope: Scope<'a>,
}

/// The end of a watch.
#[derive(Debug)]
pub(crate) struct Watched {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// What was seen last.
    pub(crate) proxies: Vec<Sighting>,
}

/// How a watch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Every proxy runs it.
    Running,
    /// It will not come.
    Failed,
    /// Not in time.
    TimedOut,
}

/// What to watch for.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// The version, as it was written.
    pub(crate) object: &'a WasmPlugin,
    /// What the proxies had before it was written.
    pub(crate) before: &'a Baseline,
    /// Until when to wait at most.
    pub(crate) deadline: Instant,
    /// Until when an older pull may still end and replace it.
    pub(crate) unsafe_until: Option<Instant>,
    /// Whether a proxy may refuse it after it has shown it.
    pub(crate) may_be_refused: bool,
}

impl Watch<'_> {
    /// Looks again and again until it is clear what becomes of the version.
    pub(crate) async fn until_clear(&self, wanted: &Wanted<'_>) -> Result<Watched, ClusterError> {
        let progress = self.output.progress();
        let mut course = Course::new(wanted);
        loop {
            let mut outcome = self.once(wanted, &mut course, &progress).await?;
            if !course.is_unsafe() && Instant::now() >= wanted.deadline {
                outcome = outcome.or(Some(Outcome::TimedOut));
            }
            if let Some(outcome) = outcome {
                return Ok(Watched {
                    outcome,
                    proxies: course.proxies,
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One look and what follows from it; nothing as long as it is not clear.
    async fn once(
        &self,
        wanted: &Wanted<'_>,
        course: &mut Course,
        progress: &Progress,
    ) -> Result<Option<Outcome>, ClusterError> {
        match self.look(wanted, &mut course.memory, &course.sent).await {
            Ok(seen) => course.saw(seen),
            // The API server may be away for a moment; what it did not tell us is not about the plugin.
            Err(error) if error.exit() == Exit::Unreachable => {
                progress.update(&error);
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let is_unsafe = course.is_unsafe();
        let quiet = course.changed.elapsed() >= QUIET;
        let step = rollout::step(&course.proxies, &course.sent.before, quiet);
        let resend = resend_after(&course.proxies, &step, is_unsafe);
        match step {
            Step::Done if !is_unsafe => return Ok(Some(Outcome::Running)),
            Step::Done => {
                course.memory.sure.clear();
                progress.update(older_pull(course.settling));
            }
            Step::Failed if resend.is_none() => return Ok(Some(Outcome::Failed)),
            Step::Failed => {}
            Step::Wait(what) => progress.update(what),
        }
        if resend.is_some_and(|patience| course.sent.when.elapsed() >= patience) {
            course.sent = self.again(&course.sent, &course.proxies).await?;
        }
        Ok(None)
    }

    /// One look at every proxy that the object concerns now. Those surely running it are not asked again.
    async fn look(
        &self,
        wanted: &Wanted<'_>,
        memory: &mut Memory,
        sent: &Sent,
    ) -> Result<Vec<Sighting>, ClusterError> {
        self.still_ours(wanted.object).await?;
        let pods = self.reader.pods(self.scope).await?;
        let selection = selection::select(&wanted.object.spec, self.scope, &pods);
        let (known, open): (Vec<_>, Vec<_>) = selection
            .running
            .into_iter()
            .partition(|pod| memory.sure.contains(pod));
        // Back to before a pull that was under way when we wrote.
        let seconds = sent.when.elapsed().saturating_add(PULL).as_secs();
        let window = i64::try_from(seconds).unwrap_or(i64::MAX);
        let mut seen = self
            .reader
            .look(&expected(wanted.object), &open, Some(window))
            .await;
        memory.note(&mut seen, &sent.before, wanted.may_be_refused);
        seen.extend(
            known
                .into_iter()
                .map(|pod| Sighting::of(pod, Verdict::new(State::Running, ""))),
        );
        let waiting = selection.waiting.into_iter();
        seen.extend(
            waiting.map(|(pod, why)| Sighting::of(pod, Verdict::new(State::NotReady, why))),
        );
        seen.sort_by(|a, b| a.pod.cmp(&b.pod));
        Ok(seen)
    }

    /// Whoever wrote after us has the last word: waiting for our version, or sending it again, would be against them.
    async fn still_ours(&self, object: &WasmPlugin) -> Result<(), ClusterError> {
        let (namespace, name) = names(object);
        let current = self.reader.plugin(&namespace, &name).await?;
        stamp::unchanged(
            &namespace,
            &name,
            Some(&Stamp::of(object)),
            current.as_ref(),
        )
    }

    /// Sends the version again; what the proxies have now is then about an earlier sending.
    async fn again(&self, sent: &Sent, proxies: &[Sighting]) -> Result<Sent, ClusterError> {
        let object = nudged(&sent.object);
        self.writer
            .apply_over(&object, Some(&Stamp::of(&sent.object)))
            .await?;
        Ok(Sent {
            when: Instant::now(),
            object,
            before: rollout::baseline(proxies),
        })
    }
}

/// How long to wait before sending again, where sending again may help: soon for a listener that was rejected, and for a
/// failure that may be an older pull's; after the time of a pull for a module that is not there.
fn resend_after(proxies: &[Sighting], step: &Step, is_unsafe: bool) -> Option<Duration> {
    let any = |state| proxies.iter().any(|seen| seen.verdict.state == state);
    match step {
        Step::Failed => is_unsafe.then_some(RESEND),
        Step::Wait(_) if any(State::Stuck) => Some(RESEND),
        Step::Wait(_) if any(State::OldVersion) || any(State::Pulling) => Some(PULL),
        // What failed before we wrote must have been replaced by then, too.
        Step::Wait(_) if proxies.iter().any(|seen| seen.verdict.state.is_final()) => Some(PULL),
        Step::Done | Step::Wait(_) => None,
    }
}

fn older_pull(time: Duration) -> String {
    let seconds = time.as_secs().saturating_add(1);
    format!(
        "every proxy runs it; watching {seconds} s, in which an older pull that was overtaken may end and replace it"
    )
}

/// The object with a change that means nothing.
pub(crate) fn nudged(object: &WasmPlugin) -> WasmPlugin {
    let mut object = object.clone();
    if object.spec.rest.remove(PULL_POLICY).is_none() {
        object.spec.rest.insert(
            PULL_POLICY.to_owned(),
            Value::String(IF_NOT_PRESENT.to_owned()),
        );
    }
    object
}

/// What a proxy should have, of an object.
pub(crate) fn expected(object: &WasmPlugin) -> Expected {
    let (namespace, name) = names(object);
    Expected::of(&namespace, &name, &object.spec)
}

/// Namespace and name.
pub(crate) fn names(object: &WasmPlugin) -> (String, String) {
    (
        object.metadata.namespace.clone().unwrap_or_default(),
        object.metadata.name.clone().unwrap_or_default(),
    )
}
