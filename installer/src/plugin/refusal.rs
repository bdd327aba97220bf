//! Reasons not to write a plugin: what would take traffic down, or reach nobody, is said before and not after.

use crate::failure::{Exit, Failure};

/// A reason not to write anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// No proxy would run it.
    #[error("{0}; to write it all the same, add --allow-empty")]
    NothingSelected(String),
    /// The plugin would be given a configuration that is half somebody else's.
    #[error(
        "fields that you do not ask for belong to others, and would stay beside what you ask for:\n{0}\n\
         ask for them too, let their owners remove them, or take over with --force-conflicts"
    )]
    Leftovers(String),
    /// The pull would fail.
    #[error(
        "Secret {0} does not exist in namespace {1}: Istio reads imagePullSecret there; every proxy would deny every request for want of it"
    )]
    SecretMissing(String, String),
    /// The pull would fail.
    #[error(
        "Secret {0} has type {1}: Istio reads only kubernetes.io/dockerconfigjson (`kubectl create secret docker-registry`)"
    )]
    SecretType(String, String),
    /// The pull would be anonymous.
    #[error(
        "Secret {name} has no credentials for {registry}, only for {hosts}: the proxies would ask the registry without any"
    )]
    SecretHost {
        /// The Secret.
        name: String,
        /// The image's registry.
        registry: String,
        /// The registries that it has.
        hosts: String,
    },
}

impl From<Refusal> for Failure {
    fn from(error: Refusal) -> Self {
        Self::new(Exit::Failure, error)
    }
}
