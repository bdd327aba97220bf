//! Metrics.

/// A metric that a configured plugin counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name with dots, starting with the plugin's: `rate_limit.per_client.limited`. Envoy shows it under `wasmcustom.`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is set.
    Gauge,
    /// Its values are counted in ranges.
    Histogram,
}

impl Metric {
    /// A counter.
    #[must_use]
    pub fn counter(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Counter,
        }
    }

    /// A gauge.
    #[must_use]
    pub fn gauge(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Gauge,
        }
    }
}
