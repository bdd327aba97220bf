//! How large istiod and gateways are: a preset for so many services and pods, or figures of one's own.
//!
//! Where the figures are from: those of `S50P200`, `S200P1000` and `S500P2000` are the ones that a product with these presets
//! publishes for its small, medium and large meshes. The two larger presets are weft's own. Every istiod keeps the whole mesh in
//! memory, so their memory goes on along the line through the last two published points (300Mi requested for 1,000 more pods),
//! with a limit of about three times that; connections are shared by all istiods, so CPU is requested along the same line
//! (200m for 1,000 more pods) but limited to what one node gives (6 and 8 cores). What a gateway needs follows its traffic
//! more than the mesh, so its figures only double from preset to preset.

use super::quantity::{Cpu, Memory};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Services and pods that a mesh is made for: S50P200 is 50 services and 200 pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Scale {
    S50P200,
    S200P1000,
    S500P2000,
    S2000P8000,
    S5000P20000,
}

/// Figures of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Sizes {
    /// Of istiod. Default: requests 500m and 2Gi, no limits, 1 to 5 instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) istiod: Option<Size>,
    /// Of each gateway. Default: requests 100m and 128Mi, limits 2 and 1Gi, 1 to 5 instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gateway: Option<Size>,
}

/// How large and how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Size {
    /// CPU and memory of each instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Resources>,
    /// How many instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicas: Option<Replicas>,
}

/// CPU and memory of a container; what is not written keeps the chart's figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resources {
    /// What it is sure to get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<Amounts>,
    /// What it may take at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<Amounts>,
    /// Takes the chart's limits away. Default: false.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub(crate) unlimited: bool,
}

/// CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Amounts {
    /// Cores ("2", "0.5") or thousandths of a core (500m).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cpu: Option<Cpu>,
    /// Bytes with a unit, such as 512Mi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<Memory>,
}

/// How many instances; min = max is a fixed number, anything else is scaled by CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Replicas {
    /// At least so many, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) min: u32,
    /// At most so many, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) max: u32,
}

/// Requests and limits as texts, in the order of the table: memory and CPU requested, memory and CPU at most.
type Figures = [&'static str; 4];

impl Scale {
    /// Of istiod.
    pub(crate) const fn istiod(self) -> Figures {
        match self {
            Self::S50P200 => ["200Mi", "200m", "1500Mi", "1500m"],
            Self::S200P1000 => ["500Mi", "400m", "2000Mi", "2000m"],
            Self::S500P2000 => ["800Mi", "600m", "3000Mi", "3000m"],
            Self::S2000P8000 => ["2600Mi", "1800m", "8000Mi", "6000m"],
            Self::S5000P20000 => ["6200Mi", "4200m", "18000Mi", "8000m"],
        }
    }

    /// Of each gateway.
    pub(crate) const fn gateway(self) -> Figures {
        match self {
            Self::S50P200 => ["50Mi", "50m", "900Mi", "1000m"],
            Self::S200P1000 => ["150Mi", "300m", "1500Mi", "2000m"],
            Self::S500P2000 => ["500Mi", "600m", "2000Mi", "3000m"],
            Self::S2000P8000 => ["1000Mi", "1200m", "4000Mi", "4000m"],
            Self::S5000P20000 => ["2000Mi", "2400m", "8000Mi", "6000m"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Scale; 5] = [
        Scale::S50P200,
        Scale::S200P1000,
        Scale::S500P2000,
        Scale::S2000P8000,
        Scale::S5000P20000,
    ];

    /// A typing mistake in a figure shows as a request over its limit, or as a preset that is smaller than the one before.
    #[test]
    fn presets_grow_and_requests_stay_below_limits() {
        for figures in [Scale::istiod, Scale::gateway] {
            let worths = ALL.map(|scale| {
                let [memory, cpu, most_memory, most_cpu] = figures(scale);
                let memory =
                    [memory, most_memory].map(|text| text.parse::<Memory>().unwrap().worth());
                let cpu = [cpu, most_cpu].map(|text| text.parse::<Cpu>().unwrap().worth());
                [memory, cpu]
            });
            assert!(
                worths
                    .as_flattened()
                    .iter()
                    .all(|[request, limit]| request < limit)
            );
            assert!(worths.is_sorted_by(|one, two| {
                one.as_flattened()
                    .iter()
                    .zip(two.as_flattened())
                    .all(|(one, two)| one < two)
            }));
        }
    }
}
