//! What can be wrong with a record, and with a mesh's name.

use super::LARGEST;
use crate::failure::{Exit, Failure};

/// A record that is not there or not in order.
#[derive(Debug, thiserror::Error, PartialEq)]
pub(crate) enum RecordError {
    /// Somebody wrote into it.
    #[error(
        "ConfigMap {namespace}/{name} is no record of a mesh: {why}; repair {key} in it, or delete it and adopt the mesh anew"
    )]
    Broken {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Which part.
        key: &'static str,
        /// What is wrong.
        why: String,
    },
    /// It would not fit.
    #[error(
        "the mesh file of {name} has {bytes} bytes, and a record holds {LARGEST}: move what is large, such as certificates, out of it"
    )]
    Large {
        /// Which mesh.
        name: String,
        /// Its size.
        bytes: usize,
    },
    /// A name that Kubernetes or Istio would not take.
    #[error(
        "{0:?} is no name for a mesh: it begins with a lowercase letter, goes on with lowercase letters, digits and -, ends with a letter or digit, and has at most 50 characters"
    )]
    Name(String),
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let exit = match error {
            RecordError::Broken { .. } => Exit::Failure,
            RecordError::Large { .. } => Exit::BadInput,
            RecordError::Name(_) => Exit::Usage,
        };
        Self::new(exit, error)
    }
}

/// Whether a mesh may be called so.
pub(crate) fn check_name(name: &str) -> Result<(), RecordError> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fine = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(inner)
        && !name.ends_with('-')
        && name.len() <= 50;
    if fine {
        Ok(())
    } else {
        Err(RecordError::Name(name.to_owned()))
    }
}
