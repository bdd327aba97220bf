//! What a watch remembers from one look to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::super::rollout::{Baseline, Sighting};
use super::super::snapshot::PodName;
use super::super::verdict::State;
use super::super::wasmplugin::WasmPlugin;
use super::watch::Wanted;

/// Envoy shows a version some milliseconds before it refuses it, and the log that tells is read a moment later.
const SURE: Duration = Duration::from_millis(1200);

/// Who was seen running the version.
#[derive(Default)]
pub(super) struct Memory {
    /// First, and since then always.
    pub(super) first: BTreeMap<PodName, Instant>,
    /// Long enough that it need not be asked again.
    pub(super) sure: BTreeSet<PodName>,
}

impl Memory {
    /// Takes note of a look, and marks those that have it only just now.
    pub(super) fn note(&mut self, seen: &mut [Sighting], before: &Baseline, may_be_refused: bool) {
        for seen in seen {
            if seen.verdict.state != State::Running {
                self.first.remove(&seen.pod);
                continue;
            }
            let first = *self
                .first
                .entry(seen.pod.clone())
                .or_insert_with(Instant::now);
            let had_it = before
                .get(&seen.pod)
                .is_some_and(|(updated, _)| *updated == seen.updated);
            if had_it || !may_be_refused || first.elapsed() >= SURE {
                self.sure.insert(seen.pod.clone());
            } else {
                seen.fresh = true;
            }
        }
    }
}

/// The last time that the version was sent.
pub(super) struct Sent {
    pub(super) when: Instant,
    pub(super) object: WasmPlugin,
    /// What the proxies had before that.
    pub(super) before: Baseline,
}

/// A watch under way.
pub(super) struct Course {
    pub(super) started: Instant,
    pub(super) sent: Sent,
    pub(super) memory: Memory,
    /// How long an older pull may still go on, from the start.
    pub(super) settling: Duration,
    /// What was seen last.
    pub(super) proxies: Vec<Sighting>,
    /// When what was seen last differed from what was seen before.
    pub(super) changed: Instant,
}

impl Course {
    pub(super) fn new(wanted: &Wanted<'_>) -> Self {
        let started = Instant::now();
        let settling = wanted
            .unsafe_until
            .map(|until| until.saturating_duration_since(started));
        Self {
            started,
            sent: Sent {
                when: started,
                object: wanted.object.clone(),
                before: wanted.before.clone(),
            },
            memory: Memory::default(),
            settling: settling.unwrap_or_default(),
            proxies: Vec::new(),
            changed: started,
        }
    }

    pub(super) fn is_unsafe(&self) -> bool {
        self.started.elapsed() < self.settling
    }

    pub(super) fn saw(&mut self, proxies: Vec<Sighting>) {
        if proxies != self.proxies {
            self.changed = Instant::now();
        }
        self.proxies = proxies;
    }
}
