//! What can go wrong with a bundle, and what to do about each.

use crate::failure::{Exit, Failure};

/// Why a bundle is of no use.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// No file.
    #[error("cannot read the bundle {path}: {reason}")]
    Read {
        /// Which.
        path: String,
        /// Why not.
        reason: String,
    },
    /// No bundle, or no whole one.
    #[error(
        "{path} is no bundle that can be used: {reason}. Copy it again, or make it again with `weft bundle create`"
    )]
    Damaged {
        /// Which.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Content that is not what its name says.
    #[error(
        "{what} in the bundle {path} is not what it should be: its digest is {found}, and its name is {wanted}. Do not use it; copy the bundle again"
    )]
    WrongDigest {
        /// Which bundle.
        path: String,
        /// What of it.
        what: String,
        /// By its name.
        wanted: String,
        /// By its bytes.
        found: String,
    },
    /// A chart that is not in it.
    #[error("the bundle {path} has no chart {chart}: it has {there}")]
    Missing {
        /// Which bundle.
        path: String,
        /// Name and version.
        chart: String,
        /// What there is.
        there: String,
    },
    /// Two things under one name.
    #[error(
        "{one} and {other} would both become {name}: leave one away, or put them into two bundles"
    )]
    Clash {
        /// The one.
        one: String,
        /// The other.
        other: String,
        /// The name.
        name: String,
    },
    /// A name that cannot be pushed.
    #[error("{name} cannot be pushed below {prefix}: {reason}")]
    Name {
        /// In the bundle.
        name: String,
        /// Where to.
        prefix: String,
        /// Why not.
        reason: String,
    },
}

impl BundleError {
    /// How a command that fails so exits.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Read { .. } | Self::Damaged { .. } | Self::WrongDigest { .. } => Exit::BadInput,
            Self::Missing { .. } => Exit::Failure,
            Self::Clash { .. } | Self::Name { .. } => Exit::Usage,
        }
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::new(error.exit(), error)
    }
}
