//! What holds for all traffic unless a resource says otherwise.

use super::name;
use super::quantity::Seconds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What holds for all traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Traffic {
    /// What may be called from within: `ALLOW_ANY` (Istio's default) or only what the mesh knows, `REGISTRY_ONLY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outbound: Option<Outbound>,
    /// Which region, zone and sub-zone answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locality: Option<Locality>,
    /// How often a failed HTTP request is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retries: Option<Retries>,
}

/// What may be called from within, in Istio's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Outbound {
    AllowAny,
    RegistryOnly,
}

/// Which region, zone and sub-zone answers. With neither list, the nearest does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Locality {
    /// Whether locality counts at all. Default: true, as in Istio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    /// Shares of the traffic from a locality; excludes failover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) distribute: Vec<LocalityShare>,
    /// Where traffic of a region goes when the region fails; each service needs outlier detection for it; excludes distribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) failover: Vec<Failover>,
}

/// Shares of the traffic from one locality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LocalityShare {
    /// REGION, REGION/ZONE or REGION/ZONE/SUBZONE; the last part may be *.
    #[schemars(regex(pattern = name::LOCALITY), extend("errorMessage" = name::LOCALITY_HELP))]
    pub(crate) from: String,
    /// Localities and their shares in percent, 1 to 100, 100 together.
    #[schemars(schema_with = "shares")]
    pub(crate) to: BTreeMap<String, u32>,
}

/// Where traffic of one region goes when the region fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Failover {
    /// The region.
    #[schemars(regex(pattern = name::REGION), extend("errorMessage" = name::REGION_HELP))]
    pub(crate) from: String,
    /// Another one.
    #[schemars(regex(pattern = name::REGION), extend("errorMessage" = name::REGION_HELP))]
    pub(crate) to: String,
}

/// How often a failed HTTP request is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Retries {
    /// How many more times, 0 to 100; 0 is never. Istio's default is 2.
    #[schemars(range(min = 0, max = 100))]
    pub(crate) attempts: u32,
    /// After which failures. Istio's default: connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes (503).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) retry_on: Vec<RetryOn>,
    /// How long each attempt may take: a number with ms, s, m or h. Default: no limit of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) per_try_timeout: Option<Seconds>,
    /// Whether another locality may be tried. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_remote_localities: Option<bool>,
}

/// Failures after which a request is tried again, in Envoy's words; the last five are gRPC's.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RetryOn {
    #[serde(rename = "5xx")]
    Status5xx,
    GatewayError,
    Reset,
    ResetBeforeRequest,
    ConnectFailure,
    #[serde(rename = "retriable-4xx")]
    Retriable4xx,
    RefusedStream,
    RetriableStatusCodes,
    RetriableHeaders,
    EnvoyRatelimited,
    #[serde(rename = "http3-post-connect-failure")]
    Http3PostConnectFailure,
    Cancelled,
    DeadlineExceeded,
    Internal,
    ResourceExhausted,
    Unavailable,
}

fn shares(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": name::LOCALITY, "errorMessage": name::LOCALITY_HELP},
        "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 100}
    })
}
