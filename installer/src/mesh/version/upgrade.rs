//! From which Istio to which one may go, and how far proxies may be behind.
//!
//! Upstream's rules: one minor version at a time, and a control plane may be one minor version ahead of its proxies, never
//! behind them. Going back is no upgrade: it is possible while the control plane of before is still there, and by a verb of its own.

use super::IstioVersion;
use std::cmp::Ordering;

/// A permitted step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The same version.
    None,
    /// Another patch of the same minor version.
    Patch,
    /// The next minor version.
    Minor,
}

/// Why a step or a pair is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpgradeError {
    /// Backwards.
    #[error(
        "Istio {to} is older than {from}, which runs now: a mesh is not downgraded; choose {from} or a newer one"
    )]
    Downgrade {
        /// Runs now.
        from: IstioVersion,
        /// Asked for.
        to: IstioVersion,
    },
    /// More than one minor version.
    #[error(
        "from Istio {from} to {to} is more than one minor version: upgrade to {}.{} first",
        from.major,
        from.minor.saturating_add(1)
    )]
    Skips {
        /// Runs now.
        from: IstioVersion,
        /// Asked for.
        to: IstioVersion,
    },
    /// Proxies ahead of their control plane.
    #[error(
        "proxies of Istio {proxy} are newer than their control plane, {control}: upgrade the control plane first"
    )]
    ProxyAhead {
        /// Of the control plane.
        control: IstioVersion,
        /// Of proxies.
        proxy: IstioVersion,
    },
    /// Proxies too far behind.
    #[error(
        "proxies of Istio {proxy} are more than one minor version behind their control plane, {control}: restart their workloads"
    )]
    ProxyBehind {
        /// Of the control plane.
        control: IstioVersion,
        /// Of proxies.
        proxy: IstioVersion,
    },
}

/// Whether a control plane may go from one version to another.
pub(crate) fn upgrade(from: &IstioVersion, to: &IstioVersion) -> Result<Step, UpgradeError> {
    let (from, to) = (from.clone(), to.clone());
    match from.compare(&to) {
        Some(Ordering::Greater) => Err(UpgradeError::Downgrade { from, to }),
        Some(Ordering::Equal) => Ok(Step::None),
        // Without a patch the newest one is meant.
        None => Ok(Step::Patch),
        Some(Ordering::Less) => match minors_ahead(&to, &from) {
            Some(0) => Ok(Step::Patch),
            Some(1) => Ok(Step::Minor),
            _ => Err(UpgradeError::Skips { from, to }),
        },
    }
}

/// Whether proxies of one version may talk to a control plane of another.
pub(crate) fn skew(control: &IstioVersion, proxy: &IstioVersion) -> Result<(), UpgradeError> {
    let (control, proxy) = (control.clone(), proxy.clone());
    if proxy.release() > control.release() {
        return Err(UpgradeError::ProxyAhead { control, proxy });
    }
    match minors_ahead(&control, &proxy) {
        Some(0 | 1) => Ok(()),
        _ => Err(UpgradeError::ProxyBehind { control, proxy }),
    }
}

/// How many minor versions `ahead` is in front; nothing across major versions.
fn minors_ahead(ahead: &IstioVersion, behind: &IstioVersion) -> Option<u64> {
    (ahead.major == behind.major)
        .then(|| ahead.minor.checked_sub(behind.minor))
        .flatten()
}

impl Step {
    /// In words.
    pub(crate) fn words(self, from: &IstioVersion, to: &IstioVersion) -> String {
        match self {
            Self::None => format!("Istio {to} runs already"),
            Self::Patch => {
                format!("from Istio {from} to {to} is a patch of the same minor version")
            }
            Self::Minor => format!("from Istio {from} to {to} is one minor version"),
        }
    }
}
