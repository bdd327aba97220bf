//! Why a cluster is not as it is wanted, in words and as an exit code.

use super::super::error::{ClusterError, list};
use super::super::object::ObjectId;
use super::super::ownership::OwnedField;
use super::super::snapshot::Trouble;
use super::super::wanted::Mistake;
use super::super::watch::Unready;
use crate::failure::{Exit, Failure};

/// Why a cluster is not as wanted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// A request did not work.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// What is wanted cannot be.
    #[error("nothing was written:\n  {}", lines(.0))]
    Mistakes(Vec<Mistake>),
    /// Others own what would change.
    #[error("nothing was written: {}", contested(.0))]
    Conflicts(Vec<(ObjectId, Vec<OwnedField>)>),
    /// Something will not get ready.
    #[error("it does not work:\n{}what was written stays; correct it and run the same command again", unready(.0))]
    Failed(Vec<Unready>),
    /// Something was not ready in time.
    #[error(
        "not ready within {seconds} s:\n{}what was written stays; the same command goes on from there",
        unready(waiting)
    )]
    Late {
        /// How long we waited.
        seconds: u64,
        /// For what.
        waiting: Vec<Unready>,
    },
}

impl EngineError {
    /// How it exits.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Cluster(error) => error.exit(),
            Self::Mistakes(mistakes) => match mistakes.first() {
                Some(first) if mistakes.iter().all(|mistake| mistake.exit == first.exit) => {
                    first.exit
                }
                _ => Exit::Failure,
            },
            Self::Conflicts(_) | Self::Failed(_) => Exit::Failure,
            Self::Late { .. } => Exit::Timeout,
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::new(error.exit(), error)
    }
}

impl From<Trouble> for EngineError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Cluster(error) => Self::Cluster(error),
            Trouble::Parent(mistake) => Self::Mistakes(vec![mistake]),
        }
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n  ")
}

/// Fields have owners; where no field has, the object as it is stands against the one that is wanted.
fn contested(objects: &[(ObjectId, Vec<OwnedField>)]) -> String {
    let (owned, whole): (Vec<_>, Vec<_>) =
        objects.iter().partition(|(_, fields)| !fields.is_empty());
    let mut parts: Vec<_> = whole
        .iter()
        .map(|(id, _)| {
            format!("{id} was changed so that what is wanted cannot be beside it: delete it, and run the same command again")
        })
        .collect();
    if !owned.is_empty() {
        let owned: Vec<_> = owned
            .iter()
            .map(|(id, fields)| format!("{id}\n{}", list(fields)))
            .collect();
        parts.push(format!(
            "somebody else owns fields that this would change:\n{}\nlet them give the fields up, ask for the same values, or take them over with --force-conflicts",
            owned.join("\n")
        ));
    }
    parts.join("\n")
}

fn unready(objects: &[Unready]) -> String {
    let line = |object: &Unready| match &object.cause {
        Some(cause) if cause.object == object.id.to_string() => format!("  {cause}\n"),
        Some(cause) => format!("  {}: {cause}\n", object.id),
        None => format!("  {}: {}\n", object.id, object.waits_for),
    };
    objects.iter().map(line).collect()
}
