//! What holds for every sidecar: resources, log, what it is told about, how it starts and ends, and what it traces.

use super::name;
use super::quantity::Seconds;
use super::size::Resources;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What holds for every sidecar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Sidecar {
    /// CPU and memory. Default: requests 100m and 128Mi, limits 2 and 1Gi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Resources>,
    /// How much Envoy logs. Default: warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_level: Option<LogLevel>,
    /// What sidecars are told about: services of the whole mesh (default), or of their own namespace and the root namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) discovery: Option<Discovery>,
    /// How sidecars start and end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lifecycle: Option<Lifecycle>,
}

/// Levels of Envoy's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LogLevel {
    Trace,
    Debug,
    Info,
    Warning,
    Error,
    Critical,
    Off,
}

/// What sidecars are told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Discovery {
    Mesh,
    Namespace,
}

/// How sidecars start and end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Lifecycle {
    /// Whether an application starts only when its proxy is ready. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hold_application_until_proxy_starts: Option<bool>,
    /// How long a proxy that is told to end lets connections finish: a number with ms, s, m or h. Default: 5s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) termination_drain_duration: Option<Seconds>,
    /// Whether a proxy that is told to end waits until no connection is left, in place of a fixed time. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_on_zero_active_connections: Option<bool>,
}

/// Traces of requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tracing {
    /// Whether proxies make traces. Default: true once tracing is written here.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(crate) enabled: bool,
    /// Share of requests that is traced, in percent, 0 to 100. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub(crate) sampling: Option<f64>,
    /// Who collects the traces. Default: nobody, until a Telemetry resource names somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) collector: Option<Collector>,
}

/// Who collects traces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Collector {
    /// How proxies speak to it. Default: opentelemetry (gRPC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<Protocol>,
    /// Host name of its Service, in full.
    #[schemars(regex(pattern = name::OBJECT), extend("errorMessage" = name::HOST_HELP))]
    pub(crate) service: String,
    /// Its port, 1 to 65535; OpenTelemetry's is 4317, Zipkin's 9411.
    #[schemars(range(min = 1))]
    pub(crate) port: u16,
}

/// How proxies speak to the collector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Protocol {
    #[default]
    Opentelemetry,
    Zipkin,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to skip_serializing_if"
)]
const fn is_true(value: &bool) -> bool {
    *value
}

const fn yes() -> bool {
    true
}
