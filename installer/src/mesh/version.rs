//! Versions of Istio and Kubernetes, as texts in files and as answers of clusters, and which of them go together.
//!
//! A version is never guessed: `latest` names another Istio every quarter, so a file that says it would mean something else
//! tomorrow, and it is refused. What upstream's table of supported releases does not say is answered `unknown`, not yes.

mod matrix;
mod tag;
mod upgrade;

pub(crate) use matrix::{Support, support};
pub(crate) use tag::Named;
pub(crate) use upgrade::{Step, skew, upgrade};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::Prerelease;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// What an Istio version looks like; the reader of mesh files and its JSON Schema both judge by it.
const ISTIO_PATTERN: &str = r"^v?(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,4})(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?|-latest)?$";

/// What to write where an Istio version is wanted.
const ISTIO_HELP: &str = "write a version of Istio as a text, such as \"1.31.0\" or \"1.31.0-rc.1\" (\"1.31\" is the newest patch of it that the source of the charts has); names like latest mean another version every quarter";

/// A version of Istio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct IstioVersion {
    /// `1`.
    pub(crate) major: u64,
    /// `31` of 1.31.0.
    pub(crate) minor: u64,
    /// The rest; none means any patch of the minor version.
    pub(crate) patch: Option<(u64, Prerelease)>,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VersionError {
    /// Of Istio.
    #[error("{0:?} is no version of Istio: {ISTIO_HELP}")]
    Istio(String),
    /// Of Kubernetes.
    #[error(
        "{0:?} is no version of Kubernetes: write one such as 1.34, v1.34.4 or v1.31.2-gke.100"
    )]
    Kubernetes(String),
}

impl IstioVersion {
    /// `1.31` of any 1.31.x.
    pub(crate) const fn release(&self) -> (u64, u64) {
        (self.major, self.minor)
    }

    /// Whether one is older than the other; nothing when only one of them names its patch, and both are of one minor version.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.release() != other.release() {
            return Some(self.release().cmp(&other.release()));
        }
        match (&self.patch, &other.patch) {
            (Some(one), Some(two)) => Some(one.cmp(two)),
            (None, None) => Some(Ordering::Equal),
            (Some(_), None) | (None, Some(_)) => None,
        }
    }
}

impl FromStr for IstioVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refused = || VersionError::Istio(text.to_owned());
        let bare = text.strip_prefix('v').unwrap_or(text);
        // How the Sail operator calls the newest patch of a minor version.
        let bare = match bare.strip_suffix("-latest") {
            Some(minor) if minor.matches('.').count() == 1 => minor,
            _ => bare,
        };
        let (numbers, pre) = bare.split_once('-').unwrap_or((bare, ""));
        let mut parts = numbers.split('.');
        let mut next = |digits: usize| parts.next().and_then(|part| number(part, digits));
        let major = next(3).ok_or_else(refused)?;
        let minor = next(3).ok_or_else(refused)?;
        let patch = next(5);
        let whole = numbers.matches('.').count() <= 2
            && patch.is_some() == (numbers.matches('.').count() == 2);
        if !whole || (bare.contains('-') && (pre.is_empty() || patch.is_none())) {
            return Err(refused());
        }
        let pre = Prerelease::new(pre).map_err(|_| refused())?;
        Ok(Self {
            major,
            minor,
            patch: patch.map(|patch| (patch, pre)),
        })
    }
}

impl fmt::Display for IstioVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)?;
        match &self.patch {
            None => Ok(()),
            Some((patch, pre)) if pre.is_empty() => write!(out, ".{patch}"),
            Some((patch, pre)) => write!(out, ".{patch}-{pre}"),
        }
    }
}

impl TryFrom<String> for IstioVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<IstioVersion> for String {
    fn from(version: IstioVersion) -> Self {
        version.to_string()
    }
}

impl JsonSchema for IstioVersion {
    fn schema_name() -> Cow<'static, str> {
        "IstioVersion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": ISTIO_PATTERN, "errorMessage": ISTIO_HELP})
    }
}

/// A version of Kubernetes, of which the minor version matters and the vendor's suffix does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KubernetesVersion {
    /// `1`.
    pub(crate) major: u64,
    /// `34` of v1.34.4.
    pub(crate) minor: u64,
    /// As the cluster says it.
    text: String,
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;

    /// Reads `gitVersion` of a cluster, vendors' suffixes too: `v1.28.3+rke2r1`, `v1.31.2-gke.100`, `1.30+`.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refused = || VersionError::Kubernetes(text.to_owned());
        let bare = text.strip_prefix('v').unwrap_or(text);
        let numbers = bare.split(['-', '+']).next().unwrap_or_default();
        let parts: Vec<u64> = numbers
            .split('.')
            .map(|part| number(part, 5))
            .collect::<Option<_>>()
            .ok_or_else(refused)?;
        let (&[major, minor] | &[major, minor, _]) = parts.as_slice() else {
            return Err(refused());
        };
        Ok(Self {
            major,
            minor,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn number(text: &str, digits: usize) -> Option<u64> {
    let plain = !text.is_empty()
        && text.len() <= digits
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
