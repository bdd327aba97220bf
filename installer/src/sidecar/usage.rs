//! What proxies may use, as their pods say, and what they use, as the metrics API measures it where there is one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::view::PROXY;
use crate::cluster::error::ClusterError;
use crate::cluster::quantity::unsigned;

/// Where the metrics API is.
pub(crate) const API: &str = "metrics.k8s.io/v1beta1";

/// CPU and memory, as Kubernetes writes quantities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Amounts {
    /// For example `100m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu: Option<String>,
    /// For example `128Mi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<String>,
}

/// What a container asks for, and what it gets at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Resources {
    /// Kept free for it.
    pub(crate) requests: Amounts,
    /// Nothing for no limit.
    pub(crate) limits: Amounts,
}

/// What a proxy uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Usage {
    /// As it was measured.
    #[serde(rename_all = "camelCase")]
    Known {
        /// As the API writes it, which may be as fine as `1n`.
        #[serde(flatten)]
        amounts: Amounts,
        /// Of its limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        cpu_percent: Option<u64>,
        /// Of its limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        memory_percent: Option<u64>,
    },
    /// And why.
    Unknown {
        /// Why.
        unknown: String,
    },
}

/// What was measured, of many pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meter {
    /// By namespace and pod.
    proxies: BTreeMap<(String, String), Amounts>,
    /// Why nothing is known, if so.
    pub(crate) trouble: Option<String>,
}

/// The measure of a pod, as the API server writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PodMetrics {
    metadata: Place,
    containers: Vec<Measured>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    namespace: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Measured {
    name: String,
    usage: Amounts,
}

impl Meter {
    /// Of what the metrics API answered. That it does not answer is no failure: most of a status does not need it.
    pub(crate) fn read(answer: Result<Vec<PodMetrics>, ClusterError>) -> Self {
        match answer {
            Ok(pods) => Self {
                proxies: pods.into_iter().filter_map(of_proxy).collect(),
                trouble: None,
            },
            Err(error) if error.is_not_found() => Self::unknown("no metrics API"),
            Err(error) => Self::unknown(error.to_string()),
        }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self {
            trouble: Some(why.into()),
            ..Self::default()
        }
    }

    /// What the proxy of a pod uses, of what it may.
    pub(crate) fn of(&self, namespace: &str, pod: &str, limits: &Amounts) -> Usage {
        let key = (namespace.to_owned(), pod.to_owned());
        match self.proxies.get(&key) {
            Some(amounts) => Usage::Known {
                cpu_percent: percent(amounts.cpu.as_deref(), limits.cpu.as_deref()),
                memory_percent: percent(amounts.memory.as_deref(), limits.memory.as_deref()),
                amounts: amounts.clone(),
            },
            None => Usage::Unknown {
                unknown: self
                    .trouble
                    .clone()
                    .unwrap_or_else(|| "not measured yet".to_owned()),
            },
        }
    }
}

impl Usage {
    /// CPU and memory for people: in thousandths and Mi, rounded up.
    pub(crate) fn told(&self) -> Amounts {
        let Self::Known { amounts, .. } = self else {
            return Amounts::default();
        };
        let rounded = |text: &Option<String>, unit: u128, suffix: &str| {
            let amount = unsigned(text.as_deref()?)?;
            Some(format!("{}{suffix}", amount.div_ceil(unit)))
        };
        Amounts {
            cpu: rounded(&amounts.cpu, 1_000_000, "m"),
            memory: rounded(&amounts.memory, 1_048_576_000_000_000, "Mi"),
        }
    }
}

fn of_proxy(pod: PodMetrics) -> Option<((String, String), Amounts)> {
    let mut containers = pod.containers.into_iter();
    let proxy = containers.find(|container| container.name == PROXY)?;
    Some(((pod.metadata.namespace, pod.metadata.name), proxy.usage))
}

/// Nothing without a limit, or with one of nought, which is none.
fn percent(used: Option<&str>, limit: Option<&str>) -> Option<u64> {
    let hundredfold = unsigned(used?)?.checked_mul(100)?;
    let share = hundredfold.checked_div(unsigned(limit?)?)?;
    u64::try_from(share).ok()
}

#[cfg(test)]
mod tests;
