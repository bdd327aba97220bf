//! What a mesh asks of `meshConfig`, which istiod's chart hands on as it is.

use super::super::spec::{Collector, Locality, Protocol, Retries, Sidecar, Spec, Tracing};
use super::Wanted;
use super::components::word;
use serde_json::{Value, json};

/// The name by which `meshConfig` knows the collector of traces.
const TRACER: &str = "weft-tracing";
const COLLECTOR: &str = "/spec/tracing/collector";

pub(super) fn ask(wanted: &mut Wanted, spec: &Spec) {
    if let Some(traffic) = &spec.traffic {
        let outbound = traffic.outbound.map(word);
        wanted.firm(
            "/spec/traffic/outbound",
            &["meshConfig", "outboundTrafficPolicy", "mode"],
            outbound,
        );
        if let Some(locality) = &traffic.locality {
            self::locality(wanted, locality);
        }
        if let Some(retries) = &traffic.retries {
            self::retries(wanted, retries);
        }
    }
    if let Some(sidecar) = &spec.sidecar {
        lifecycle(wanted, sidecar);
    }
    if let Some(tracing) = &spec.tracing {
        self::tracing(wanted, tracing);
    }
}

fn locality(wanted: &mut Wanted, locality: &Locality) {
    let mut ask = |from, name, value: Option<Value>| {
        wanted.firm(from, &["meshConfig", "localityLbSetting", name], value);
    };
    let enabled = locality.enabled.unwrap_or(true);
    ask(
        "/spec/traffic/locality/enabled",
        "enabled",
        Some(enabled.into()),
    );
    let distribute = (!locality.distribute.is_empty()).then(|| word(&locality.distribute));
    ask(
        "/spec/traffic/locality/distribute",
        "distribute",
        distribute,
    );
    let failover = (!locality.failover.is_empty()).then(|| word(&locality.failover));
    ask("/spec/traffic/locality/failover", "failover", failover);
}

fn retries(wanted: &mut Wanted, retries: &Retries) {
    let mut ask = |from, name, value: Option<Value>| {
        wanted.firm(from, &["meshConfig", "defaultHttpRetryPolicy", name], value);
    };
    ask(
        "/spec/traffic/retries/attempts",
        "attempts",
        Some(retries.attempts.into()),
    );
    let words: Vec<String> = retries
        .retry_on
        .iter()
        .filter_map(|reason| word(reason).as_str().map(str::to_owned))
        .collect();
    let words = (!words.is_empty()).then(|| words.join(",").into());
    ask("/spec/traffic/retries/retryOn", "retryOn", words);
    let timeout = retries
        .per_try_timeout
        .as_ref()
        .map(|time| time.protobuf().into());
    ask(
        "/spec/traffic/retries/perTryTimeout",
        "perTryTimeout",
        timeout,
    );
    let remote = retries.retry_remote_localities.map(Value::from);
    ask(
        "/spec/traffic/retries/retryRemoteLocalities",
        "retryRemoteLocalities",
        remote,
    );
}

fn lifecycle(wanted: &mut Wanted, sidecar: &Sidecar) {
    let Some(lifecycle) = &sidecar.lifecycle else {
        return;
    };
    let mut ask = |from, path: &[&str], value: Option<Value>| {
        wanted.firm(
            from,
            &[&["meshConfig", "defaultConfig"], path].concat(),
            value,
        );
    };
    ask(
        "/spec/sidecar/lifecycle/holdApplicationUntilProxyStarts",
        &["holdApplicationUntilProxyStarts"],
        lifecycle
            .hold_application_until_proxy_starts
            .map(Value::from),
    );
    let drain = lifecycle.termination_drain_duration.as_ref();
    ask(
        "/spec/sidecar/lifecycle/terminationDrainDuration",
        &["terminationDrainDuration"],
        drain.map(|drain| drain.protobuf().into()),
    );
    // An environment variable of the proxy, so a text.
    let exit = lifecycle.exit_on_zero_active_connections;
    ask(
        "/spec/sidecar/lifecycle/exitOnZeroActiveConnections",
        &["proxyMetadata", "EXIT_ON_ZERO_ACTIVE_CONNECTIONS"],
        exit.map(|exit| exit.to_string().into()),
    );
}

fn tracing(wanted: &mut Wanted, tracing: &Tracing) {
    let enabled = Some(tracing.enabled);
    wanted.firm(
        "/spec/tracing/enabled",
        &["meshConfig", "enableTracing"],
        enabled,
    );
    wanted.firm(
        "/spec/tracing/sampling",
        &["meshConfig", "defaultConfig", "tracing", "sampling"],
        tracing.sampling,
    );
    let Some(collector) = &tracing.collector else {
        return;
    };
    let providers = json!([provider(collector)]);
    wanted.firm(
        COLLECTOR,
        &["meshConfig", "extensionProviders"],
        Some(providers),
    );
    // The chart names Prometheus for metrics only where nobody names a provider of anything.
    let providers = json!({"tracing": [TRACER], "metrics": ["prometheus"]});
    wanted.soft(
        COLLECTOR,
        &["meshConfig", "defaultProviders"],
        Some(providers),
    );
}

fn provider(collector: &Collector) -> Value {
    let place = json!({"service": collector.service, "port": collector.port});
    match collector.protocol.unwrap_or_default() {
        Protocol::Opentelemetry => json!({"name": TRACER, "opentelemetry": place}),
        Protocol::Zipkin => json!({"name": TRACER, "zipkin": place}),
    }
}
