//! Which Kubernetes an Istio runs on.
//!
//! Where the figures are from: up to 1.29 the supported range is upstream's own table of supported releases, and up to 1.26
//! so is what was tested without being supported; upstream's column of tested versions could not be seen for later releases, so
//! there nothing is claimed. For 1.30 and 1.31 the lower end is `MinK8SVersion` of Istio's own source; the upper end, 1.36,
//! continues upstream's rule that a release supports the newest Kubernetes there is when it comes out.

use super::{IstioVersion, KubernetesVersion};
use serde::Serialize;
use std::ops::RangeInclusive;

/// A row: minor version of Istio, of the Kubernetes that it supports, and of those that were only tested.
type Row = (u64, RangeInclusive<u64>, Option<RangeInclusive<u64>>);

/// Both are 1.x; a row for each minor version, oldest first.
const TABLE: [Row; 19] = [
    (13, 20..=23, Some(16..=19)),
    (14, 21..=24, Some(16..=20)),
    (15, 22..=25, Some(16..=21)),
    (16, 22..=25, Some(16..=21)),
    (17, 23..=26, Some(16..=22)),
    (18, 24..=27, Some(20..=23)),
    (19, 25..=28, Some(21..=24)),
    (20, 25..=29, Some(23..=24)),
    (21, 26..=29, Some(23..=25)),
    (22, 27..=30, Some(23..=26)),
    (23, 27..=30, Some(23..=26)),
    (24, 28..=31, Some(23..=27)),
    (25, 29..=32, Some(24..=28)),
    (26, 29..=33, Some(24..=28)),
    (27, 29..=33, None),
    (28, 30..=34, None),
    (29, 31..=35, None),
    (30, 32..=36, None),
    (31, 32..=36, None),
];

/// Whether an Istio may run on a Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub(crate) enum Support {
    /// Upstream supports the two together.
    Supported,
    /// It runs, but nobody repairs it.
    TestedNotSupported {
        /// Oldest and newest Kubernetes that are supported.
        supported: String,
    },
    /// Kubernetes is older than this Istio takes.
    TooOld {
        /// Oldest and newest Kubernetes that are supported.
        supported: String,
    },
    /// Kubernetes is newer than this Istio knows.
    TooNew {
        /// Oldest and newest Kubernetes that are supported.
        supported: String,
    },
    /// The table has no such Istio or no such Kubernetes.
    Unknown,
}

/// What the table says.
pub(crate) fn support(istio: &IstioVersion, kubernetes: &KubernetesVersion) -> Support {
    let row = TABLE
        .iter()
        .find(|(minor, ..)| (1, *minor) == istio.release() && kubernetes.major == 1);
    let Some((_, supported, tested)) = row else {
        return Support::Unknown;
    };
    let minor = kubernetes.minor;
    let words = format!("1.{} to 1.{}", supported.start(), supported.end());
    if supported.contains(&minor) {
        Support::Supported
    } else if minor > *supported.end() {
        Support::TooNew { supported: words }
    } else if tested
        .as_ref()
        .is_some_and(|tested| tested.contains(&minor))
    {
        Support::TestedNotSupported { supported: words }
    } else {
        Support::TooOld { supported: words }
    }
}

impl Support {
    /// Whether there is nothing to think about.
    pub(crate) const fn is_fine(&self) -> bool {
        matches!(self, Self::Supported)
    }

    /// The answer in words, with what to do.
    pub(crate) fn words(&self, istio: &IstioVersion, kubernetes: &KubernetesVersion) -> String {
        let (major, minor) = istio.release();
        let pair = format!("Istio {major}.{minor}");
        match self {
            Self::Supported => format!("{pair} supports Kubernetes {kubernetes}"),
            Self::TestedNotSupported { supported } => format!(
                "{pair} was tested on Kubernetes {kubernetes} but supports {supported}: it is likely to work, upgrade Kubernetes when you can"
            ),
            Self::TooOld { supported } => format!(
                "Kubernetes {kubernetes} is too old for {pair}, which supports {supported}: upgrade Kubernetes, or choose an older Istio"
            ),
            Self::TooNew { supported } => format!(
                "Kubernetes {kubernetes} is newer than {pair} knows, which supports {supported}: choose a newer Istio"
            ),
            Self::Unknown => format!(
                "weft does not know whether {pair} runs on Kubernetes {kubernetes}: look it up in Istio's table of supported releases"
            ),
        }
    }
}
