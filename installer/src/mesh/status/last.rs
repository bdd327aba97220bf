//! The last command that changed a mesh, where that has not come to its end: whether it is at work, or has to be run again.

use super::super::record::lock::at_work;
use super::super::record::{MeshRecord, Phase};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::history::keep;
use crate::history::stored::Course;

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It came to its end, whatever that was.
    Ended,
    /// Somebody works on the mesh right now: who, and since when.
    AtWork(String),
    /// Nobody does, and it is not at its end; the command, where that is known.
    Left(Option<String>),
    /// Nobody lets us see whether somebody does.
    Unseen(String),
}

impl Last {
    /// In words, with what to do.
    pub(super) fn words(&self) -> Option<String> {
        let command = |verb: &Option<String>| {
            let verb = verb.as_ref();
            verb.map(|verb| format!(" (weft {verb})"))
                .unwrap_or_default()
        };
        match self {
            Self::Ended => None,
            Self::AtWork(who) => Some(format!("weft works on it ({who})")),
            Self::Left(verb) => Some(format!(
                "the last command{} has not come to its end: run it again",
                command(verb)
            )),
            Self::Unseen(why) => Some(format!(
                "the last command has not come to its end, or is at work, which cannot be seen: {why}"
            )),
        }
    }
}

/// Looks, and gives the record as it is then: a command notes its end before it lets the Lease go, so that a record that is read
/// when nobody holds that is as the last command left it.
pub(super) async fn look(
    cluster: &Cluster,
    record: &MeshRecord,
) -> Result<(MeshRecord, Last), ClusterError> {
    let (name, root) = (&record.name, &record.root_namespace);
    // An upgrade that stands between two of its commands is at rest, unless one of them works on it.
    if !is_open(record.phase()) {
        return Ok((record.clone(), Last::Ended));
    }
    match at_work(cluster, root).await {
        Ok(Some(who)) => return Ok((record.clone(), Last::AtWork(who))),
        Ok(None) => {}
        Err(error) if error.is_forbidden() && !is_open(record.state.phase) => {
            return Ok((record.clone(), Last::Ended));
        }
        Err(error) if error.is_forbidden() => {
            return Ok((record.clone(), Last::Unseen(error.to_string())));
        }
        Err(error) => return Err(error),
    }
    // One that cannot be read any more is told by whoever reads it next.
    let now = MeshRecord::now(cluster, name, root).await;
    let record = now.unwrap_or_else(|_| record.clone());
    if !is_open(record.state.phase) {
        return Ok((record, Last::Ended));
    }
    let verb = command(cluster, &record).await;
    Ok((record, Last::Left(verb)))
}

/// Whether a command has something left to do.
fn is_open(phase: Phase) -> bool {
    match phase {
        Phase::Creating | Phase::Updating => true,
        Phase::Failed | Phase::Succeeded | Phase::Terminating => false,
    }
}

/// The command that was left: of an upgrade the one that goes on with it, else what the history says. That is only a help.
async fn command(cluster: &Cluster, record: &MeshRecord) -> Option<String> {
    if let Some(upgrade) = &record.state.upgrade {
        let next = upgrade.next();
        return Some(next.strip_prefix("weft ").unwrap_or(&next).to_owned());
    }
    let history = keep::load(cluster, &record.root_namespace).await.ok()?;
    let mut newest = history.entries.into_iter().rev();
    newest
        .find(|entry| entry.course != Course::Done && entry.verb.starts_with("mesh "))
        .map(|entry| entry.verb)
}
