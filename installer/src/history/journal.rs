//! An entry that grows while its verb works, object by object: restarts take hours, and whoever stops them, or kills them, is told
//! what was done.
//!
//! A write of the history for each object would be as much work again, and as many pieces. So the first changes are noted one by
//! one, and later ones as soon as they are a sixteenth of what is noted: a thousand of them are some sixty pieces. A verb
//! that is interrupted notes the rest when it is dropped; one that is killed leaves all but a sixteenth.

use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Mutex;

use super::Change;
use super::begun::{Begun, begin};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;

/// The part of what is noted that may be waiting.
const SHARE: usize = 16;
/// How long noting the rest may take once we are told to stop.
const PARTING: Duration = Duration::from_secs(5);

/// What a history that cannot be written means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// A rehearsal leaves no trace.
    Nothing,
    /// It is told at the end: whoever may restart workloads need not be allowed to write into the root namespace.
    IfAllowed,
    /// Nothing is written then.
    Always,
}

/// Such an entry. It begins when something is about to be written.
#[derive(Debug)]
#[must_use]
pub(crate) struct Journal<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
    verb: &'a str,
    keeping: Keeping,
    state: Mutex<State<'a>>,
}

#[derive(Debug, Default)]
struct State<'a> {
    begun: Option<Begun<'a>>,
    /// How much is noted.
    noted: usize,
    /// What is not.
    waiting: Vec<Change>,
    trouble: Option<ClusterError>,
}

impl<'a> Journal<'a> {
    /// In the history that is kept in `namespace`.
    pub(crate) fn new(
        cluster: &'a Cluster,
        namespace: &'a str,
        verb: &'a str,
        keeping: Keeping,
    ) -> Self {
        Self {
            cluster,
            namespace,
            verb,
            keeping,
            state: Mutex::default(),
        }
    }

    /// To be called before each write.
    pub(crate) async fn begin(&self) -> Result<(), ClusterError> {
        if self.keeping == Keeping::Nothing {
            return Ok(());
        }
        let mut state = self.state.lock().await;
        if state.begun.is_some() || state.trouble.is_some() {
            return Ok(());
        }
        match begin(self.cluster, self.namespace, self.verb).await {
            Ok(begun) => state.begun = Some(begun),
            Err(error) if self.keeping == Keeping::Always => return Err(error),
            Err(error) => state.trouble = Some(error),
        }
        Ok(())
    }

    /// To be called after each write.
    pub(crate) async fn add(&self, change: Change) {
        let mut state = self.state.lock().await;
        state.waiting.push(change);
        let due = state.waiting.len().saturating_mul(SHARE) >= state.noted;
        if due && state.trouble.is_none() {
            state.note().await;
        }
    }

    /// Ends it, and says whether the verb did all that it had to. What could not be noted is an error.
    pub(crate) async fn end(mut self, all: bool) -> Result<(), ClusterError> {
        let state = self.state.get_mut();
        let waiting = std::mem::take(&mut state.waiting);
        match (state.begun.take(), state.trouble.take()) {
            (Some(begun), _) => begun.end(waiting, all).await,
            (None, Some(error)) if !waiting.is_empty() => Err(error),
            (None, _) => Ok(()),
        }
    }
}

impl State<'_> {
    async fn note(&mut self) {
        let Some(begun) = &mut self.begun else {
            return;
        };
        match begun.go_on(self.waiting.clone()).await {
            Ok(()) => {
                self.noted = self.noted.saturating_add(self.waiting.len());
                self.waiting.clear();
            }
            Err(error) => self.trouble = Some(error),
        }
    }
}

impl Drop for Journal<'_> {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        let runtime = Handle::try_current()
            .ok()
            .filter(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        if let (false, Some(runtime)) = (state.waiting.is_empty(), runtime) {
            let bounded = async {
                // What a server that does not answer was not told is not in the history.
                drop(tokio::time::timeout(PARTING, state.note()).await);
            };
            tokio::task::block_in_place(|| runtime.block_on(bounded));
        }
    }
}

#[cfg(test)]
#[path = "journal/tests.rs"]
mod tests;
