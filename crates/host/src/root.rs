//! A configuration becomes a plugin: what an operator wrote, the names of its metrics and of its shared data.

use std::time::Duration;

use filter::{Level, Plugin, lease};
use proxy_wasm::types::{BufferType, MetricType};

use crate::abi;
use crate::live::{self, Counted, Live, Names, Place};

/// One configuration.
#[derive(Debug)]
pub(crate) struct Root<P> {
    pub(crate) plugin: P,
    pub(crate) names: Names,
    /// This worker's name in elections.
    pub(crate) me: u64,
}

impl<P: Plugin> Root<P> {
    /// Reads the configuration of the root context at hand and starts the plugin; `None` when it is refused, and the log
    /// says why.
    pub(crate) fn configure(size: u32) -> Option<Self> {
        let written = written(size)?;
        let plugin = P::configure(&written)
            .map_err(|errors| refused(&errors))
            .ok()?;
        let names = Names {
            prefix: prefix(P::NAME, P::SHARED_VERSION, &written),
            metrics: define_metrics(&plugin.metrics()),
        };
        let mut root = Self {
            plugin,
            names,
            me: worker_name(),
        };
        let mut live = Live::new(&root.names, Place::Request);
        if root.plugin.tick_period().is_some()
            && let Err(error) = lease::create(&mut live)
        {
            live::log(
                Level::Warn,
                &format!("no worker can be elected, so every one of them will lead: {error}"),
            );
        }
        root.plugin.on_start(&mut live);
        Some(root)
    }
}

/// The configuration that an operator wrote.
pub(crate) fn written(size: u32) -> Option<Vec<u8>> {
    let size = usize::try_from(size).ok()?;
    let written = abi::get_buffer(BufferType::PluginConfiguration, 0, size);
    written.map_err(|error| refuse_configuration(&error)).ok()
}

/// Says in the log, a line for each mistake, why a configuration is refused.
pub(crate) fn refused(errors: &filter::config::Errors) {
    for mistake in errors.mistakes() {
        refuse_configuration(mistake);
    }
}

fn refuse_configuration(what: &dyn std::fmt::Display) {
    live::log(Level::Error, &format!("configuration refused: {what}"));
}

/// What the shared-data keys of this configuration start with: under Istio all plugins of a proxy share one key space.
/// The host's name for the configuration is part of it, so that two resources with the same text do not share, and nobody
/// can aim at another one's keys with a text whose hash is the same.
pub(crate) fn prefix(name: &str, version: u32, written: &[u8]) -> String {
    let named = abi::property("plugin_name")
        .ok()
        .flatten()
        .unwrap_or_default();
    let rooted = abi::property("plugin_root_id")
        .ok()
        .flatten()
        .unwrap_or_default();
    let hash = fnv1a(rooted.iter().chain(b"\0").chain(written));
    let named = String::from_utf8_lossy(&named);
    format!("weft/{name}/{version}/{named}/{hash:016x}/")
}

/// FNV-1a, 64 bits: the configurations of one proxy are few and nobody's to choose but the operator's.
fn fnv1a<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The numbers that the host gives to `metrics`.
pub(crate) fn define_metrics(metrics: &[filter::Metric]) -> Vec<Option<Counted>> {
    let define = |metric: &filter::Metric| {
        let (kind, adds) = match metric.kind {
            filter::metric::Kind::Counter => (MetricType::Counter, true),
            filter::metric::Kind::Gauge => (MetricType::Gauge, false),
            filter::metric::Kind::Histogram => (MetricType::Histogram, false),
        };
        let id = abi::define_metric(kind, &metric.name).ok()?;
        Some(Counted { id, adds })
    };
    metrics.iter().map(define).collect()
}

/// Starts the timer of the root context at hand; `None` when the host has none, and the log says so.
pub(crate) fn tick_every(period: Duration) -> Option<()> {
    let milliseconds = u32::try_from(period.as_millis()).unwrap_or(u32::MAX).max(1);
    abi::set_tick_period(milliseconds)
        .map_err(|error| refuse_configuration(&error))
        .ok()
}

/// A name that no other worker has. Without a random source all workers are called 0, and then all of them lead: work done
/// several times is better than work not done.
fn worker_name() -> u64 {
    let mut name = [0; 8];
    match abi::random(&mut name) {
        Ok(()) => u64::from_le_bytes(name),
        Err(_) => 0,
    }
}
