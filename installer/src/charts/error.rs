//! What can go wrong with a chart on its way, and what to do about each.

use super::SourceError;
use crate::bundle::BundleError;
use crate::failure::{Exit, Failure};
use crate::registry::RegistryError;

/// Why a chart did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum ChartsError {
    /// Not a source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Not a name.
    #[error("{0:?} is no name of a chart: letters, digits, -, _ and . are")]
    Name(String),
    /// Not a version.
    #[error(
        "{version:?} is no version of the chart {chart}: write the exact one, for example 1.31.0"
    )]
    Version {
        /// The chart.
        chart: String,
        /// As written.
        version: String,
    },
    /// The source has it not.
    #[error("{place} has no chart {chart} {version}: {remedy}")]
    Missing {
        /// The chart.
        chart: String,
        /// The version.
        version: String,
        /// The source.
        place: String,
        /// What to do.
        remedy: String,
    },
    /// Nobody can tell what is there.
    #[error("{place} does not say which versions it has: {why}")]
    NoList {
        /// The source.
        place: String,
        /// Why not.
        why: String,
    },
    /// A registry did not do as asked.
    #[error("cannot fetch the chart {chart}: {error}")]
    Registry {
        /// Chart, version and source.
        chart: String,
        /// What it said.
        error: RegistryError,
    },
    /// No answer.
    #[error("cannot fetch {url}: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A server wants to know who asks.
    #[error(
        "{url} asks for credentials ({status}): log in with `docker login {host}`; weft reads ~/.docker/config.json, or config.json in $DOCKER_CONFIG"
    )]
    Unauthorized {
        /// What was asked for.
        url: String,
        /// Where to log in.
        host: String,
        /// What it answered.
        status: u16,
    },
    /// A server said no.
    #[error("cannot fetch {url}: the server answered {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// What it answered.
        status: u16,
    },
    /// More than a chart or an index is.
    #[error("{what} is larger than {} MB, which is more than weft takes", largest / 1024 / 1024)]
    TooLarge {
        /// What.
        what: String,
        /// How much weft takes, in bytes.
        largest: u64,
    },
    /// The content is not what the index says.
    #[error(
        "{what} is not what it should be: its digest is {found}, and the index of the repository says {wanted}. Do not use it; the server or something on the way changed it"
    )]
    WrongDigest {
        /// What.
        what: String,
        /// By the index.
        wanted: String,
        /// By the bytes.
        found: String,
    },
    /// No chart.
    #[error(
        "{origin} is no chart that can be used: {reason}; fetch it anew, or use another source"
    )]
    Damaged {
        /// Where it is.
        origin: String,
        /// Why not.
        reason: String,
    },
    /// Another chart.
    #[error(
        "{origin} holds {found}, and {wanted} was asked for: ask for that, or use another source"
    )]
    Other {
        /// Where it is.
        origin: String,
        /// Name and version.
        wanted: String,
        /// Name and version.
        found: String,
    },
    /// A file.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// Which.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl ChartsError {
    /// How a command that fails so exits.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Source(_) | Self::Name(_) | Self::Version { .. } => Exit::Usage,
            Self::Missing { .. } | Self::Refused { .. } | Self::WrongDigest { .. } => Exit::Failure,
            Self::Registry { error, .. } => error.exit(),
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Unauthorized { .. } => Exit::NoPermission,
            Self::TooLarge { .. }
            | Self::NoList { .. }
            | Self::Damaged { .. }
            | Self::Other { .. }
            | Self::Read { .. } => Exit::BadInput,
            Self::Bundle(error) => error.exit(),
        }
    }
}

impl From<ChartsError> for Failure {
    fn from(error: ChartsError) -> Self {
        Self::new(error.exit(), error)
    }
}
