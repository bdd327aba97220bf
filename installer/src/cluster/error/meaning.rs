//! What an error means for whoever gets it: whether to try again, whether something is only missing, and how to exit.

use std::time::Duration;

use super::ClusterError;
use crate::failure::Exit;

impl ClusterError {
    /// Whether permission is missing.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
    }

    /// Whether the same request may well work a little later: the server is away or busy, or what it asks before it accepts
    /// something does not answer yet.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Slow { .. } => true,
            Self::Other { cause, .. } => {
                matches!(cause.as_ref(), kube::Error::Api(status) if matches!(status.code, 409 | 429 | 500..=599))
            }
            // A namespace of that name is on its way out.
            Self::Forbidden { message, .. } => message.contains("because it is being terminated"),
            Self::NoKubeconfig
            | Self::Kubeconfig { .. }
            | Self::Context { .. }
            | Self::InCluster(_)
            | Self::Client { .. }
            | Self::NotServed { .. }
            | Self::TooOld { .. }
            | Self::Conflict { .. }
            | Self::Overtaken { .. }
            | Self::Proxy(_)
            | Self::Exceptions(_)
            | Self::Invalid { .. } => false,
        }
    }

    /// Whether something that the request needs does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        let Self::Other { cause, .. } = self else {
            return matches!(self, Self::NotServed { .. });
        };
        matches!(cause.as_ref(), kube::Error::Api(status) if status.code == 404)
    }

    /// What the server asks us to wait, when it says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let Self::Other { cause, .. } = self else {
            return None;
        };
        let kube::Error::Api(status) = cause.as_ref() else {
            return None;
        };
        let seconds = status.details.as_ref()?.retry_after_seconds;
        (seconds > 0).then(|| Duration::from_secs(seconds.into()))
    }

    /// Whether the API server answered with that status, which is none of those that have a text of their own.
    pub(crate) fn is_status(&self, code: u16) -> bool {
        matches!(self, Self::Other { cause, .. } if matches!(&**cause, kube::Error::Api(status) if status.code == code))
    }

    /// Whether the object was written between our reading and our writing.
    pub(crate) fn is_stale(&self) -> bool {
        let Self::Other { cause, .. } = self else {
            return false;
        };
        matches!(&**cause, kube::Error::Api(status) if status.code == 409)
    }

    /// How it exits.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoKubeconfig
            | Self::Kubeconfig { .. }
            | Self::Context { .. }
            | Self::Proxy(_)
            | Self::Exceptions(_)
            | Self::Invalid { .. } => Exit::BadInput,
            Self::Unreachable { .. } | Self::Slow { .. } => Exit::Unreachable,
            Self::Forbidden { .. } => Exit::NoPermission,
            Self::InCluster(_)
            | Self::Client { .. }
            | Self::NotServed { .. }
            | Self::TooOld { .. }
            | Self::Conflict { .. }
            | Self::Overtaken { .. }
            | Self::Other { .. } => Exit::Failure,
        }
    }
}
