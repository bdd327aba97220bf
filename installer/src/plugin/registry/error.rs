//! What can go wrong with a plugin in a registry.

use crate::failure::{Exit, Failure};
use crate::plugin::image::ImageError;
use crate::plugin::module::ModuleError;
use crate::registry::RegistryError;

/// Why a plugin did not come out of a registry.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The registry did not give it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The image holds something else.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It holds no module.
    #[error(transparent)]
    Module(#[from] ModuleError),
}

impl PullError {
    /// How a command that fails so exits.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Registry(error) => error.exit(),
            Self::Image(_) | Self::Module(_) => Exit::BadInput,
        }
    }
}

impl From<PullError> for Failure {
    fn from(error: PullError) -> Self {
        Self::new(error.exit(), error)
    }
}
