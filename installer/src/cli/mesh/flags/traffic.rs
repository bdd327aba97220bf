//! Flags for traffic, sidecars and traces.

use super::notation::{collector, distribute, failover};
use super::settings::Settings;
use clap::Args;
use serde_json::Value;

#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Traffic and sidecars, instead of or over a file")]
pub(super) struct TrafficFlags {
    #[arg(
        long,
        value_name = "POLICY",
        help = "What may be called from within: ALLOW_ANY or REGISTRY_ONLY [default: ALLOW_ANY]"
    )]
    outbound: Option<String>,
    /// Whether locality counts [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    locality: Option<bool>,
    /// Shares of the traffic from a locality, 100 together; several are several flags
    #[arg(long, value_name = "FROM=TO:PERCENT,…", value_parser = distribute)]
    distribute: Vec<Value>,
    /// Where traffic goes when a region fails; several are several flags
    #[arg(long, value_name = "REGION=REGION", value_parser = failover)]
    failover: Vec<Value>,
    /// How many more times a failed request is tried; 0 is never [default: 2]
    #[arg(long, value_name = "NUMBER")]
    retries: Option<u32>,
    /// After which failures, in Envoy's words, joined with commas
    #[arg(long, value_name = "WORD,…", value_delimiter = ',')]
    retry_on: Vec<String>,
    /// How long each attempt may take, such as 2s
    #[arg(long, value_name = "DURATION")]
    per_try_timeout: Option<String>,
    /// Another locality may be tried
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    retry_remote_localities: Option<bool>,
    /// Pods get a sidecar where neither namespace nor workload says anything
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    global_injection: Option<bool>,
    /// How much sidecars log: trace, debug, info, warning, error, critical or off [default: warning]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// What sidecars are told about: mesh or namespace [default: mesh]
    #[arg(long, value_name = "SCOPE")]
    discovery: Option<String>,
    /// Applications start only when their proxy is ready
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    hold_application: Option<bool>,
    /// How long a proxy that ends lets connections finish, such as 15s [default: 5s]
    #[arg(long, value_name = "DURATION")]
    drain_duration: Option<String>,
    /// A proxy that ends waits until no connection is left
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    exit_on_zero_connections: Option<bool>,
    /// Proxies make traces
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tracing: Option<bool>,
    /// Share of requests that is traced, in percent [default: 1]
    #[arg(long, value_name = "PERCENT")]
    trace_sampling: Option<f64>,
    /// Who collects traces: HOST:PORT for OpenTelemetry, zipkin://HOST:PORT for Zipkin
    #[arg(long, value_name = "COLLECTOR", value_parser = collector)]
    trace_collector: Option<Value>,
}

impl TrafficFlags {
    pub(super) fn settings(&self, to: &mut Settings) {
        self.requests(to);
        self.sidecars(to);
    }

    fn requests(&self, to: &mut Settings) {
        to.set(
            "--outbound",
            "/spec/traffic/outbound",
            self.outbound.clone(),
        );
        to.set(
            "--locality",
            "/spec/traffic/locality/enabled",
            self.locality,
        );
        to.list(
            "--distribute",
            "/spec/traffic/locality/distribute",
            &self.distribute,
        );
        to.list(
            "--failover",
            "/spec/traffic/locality/failover",
            &self.failover,
        );
        let retries = "/spec/traffic/retries";
        to.set("--retries", &format!("{retries}/attempts"), self.retries);
        to.list("--retry-on", &format!("{retries}/retryOn"), &self.retry_on);
        to.set(
            "--per-try-timeout",
            &format!("{retries}/perTryTimeout"),
            self.per_try_timeout.clone(),
        );
        to.set(
            "--retry-remote-localities",
            &format!("{retries}/retryRemoteLocalities"),
            self.retry_remote_localities,
        );
    }

    fn sidecars(&self, to: &mut Settings) {
        to.set(
            "--global-injection",
            "/spec/globalInjection",
            self.global_injection,
        );
        to.set(
            "--log-level",
            "/spec/sidecar/logLevel",
            self.log_level.clone(),
        );
        to.set(
            "--discovery",
            "/spec/sidecar/discovery",
            self.discovery.clone(),
        );
        let lifecycle = "/spec/sidecar/lifecycle";
        to.set(
            "--hold-application",
            &format!("{lifecycle}/holdApplicationUntilProxyStarts"),
            self.hold_application,
        );
        to.set(
            "--drain-duration",
            &format!("{lifecycle}/terminationDrainDuration"),
            self.drain_duration.clone(),
        );
        to.set(
            "--exit-on-zero-connections",
            &format!("{lifecycle}/exitOnZeroActiveConnections"),
            self.exit_on_zero_connections,
        );
        to.set("--tracing", "/spec/tracing/enabled", self.tracing);
        to.set(
            "--trace-sampling",
            "/spec/tracing/sampling",
            self.trace_sampling,
        );
        to.set(
            "--trace-collector",
            "/spec/tracing/collector",
            self.trace_collector.clone(),
        );
    }
}
