//! Metrics: by name for the whole process, whichever worker defines them.

use std::collections::BTreeMap;

use crate::status::Status;

/// What a metric is, by the ABI's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is set, or moved up and down.
    Gauge,
    /// Its values are recorded.
    Histogram,
}

impl Kind {
    /// The kind of the ABI's number.
    #[must_use]
    pub const fn from_abi(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Counter),
            1 => Some(Self::Gauge),
            2 => Some(Self::Histogram),
            _ => None,
        }
    }
}

/// All metrics.
#[derive(Debug, Default)]
pub struct Metrics {
    defined: Vec<(String, Kind, Value)>,
}

#[derive(Debug, Default)]
struct Value {
    number: u64,
    recorded: Vec<u64>,
}

impl Metrics {
    /// The number under which metric `name` is used. The same name and kind give the same number again.
    pub(crate) fn define(&mut self, kind: Kind, name: &str) -> u32 {
        let same = |(found, known, _): &(String, Kind, Value)| found == name && *known == kind;
        let index = self.defined.iter().position(same).unwrap_or_else(|| {
            self.defined.push((name.to_owned(), kind, Value::default()));
            self.defined.len().saturating_sub(1)
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// Adds to a counter (never down) or gauge.
    pub(crate) fn increment(&mut self, id: u32, offset: i64) -> Result<(), Status> {
        let (_, kind, value) = self.metric(id)?;
        match kind {
            Kind::Counter if offset < 0 => Err(Status::BAD_ARGUMENT),
            Kind::Counter | Kind::Gauge => {
                value.number = value.number.saturating_add_signed(offset);
                Ok(())
            }
            Kind::Histogram => Err(Status::BAD_ARGUMENT),
        }
    }

    /// Sets a gauge, records a value of a histogram, adds to a counter.
    pub(crate) fn record(&mut self, id: u32, number: u64) -> Result<(), Status> {
        let (_, kind, value) = self.metric(id)?;
        match kind {
            Kind::Counter => value.number = value.number.saturating_add(number),
            Kind::Gauge => value.number = number,
            Kind::Histogram => value.recorded.push(number),
        }
        Ok(())
    }

    /// The value of a counter or gauge.
    pub(crate) fn read(&mut self, id: u32) -> Result<u64, Status> {
        let (_, kind, value) = self.metric(id)?;
        match kind {
            Kind::Counter | Kind::Gauge => Ok(value.number),
            Kind::Histogram => Err(Status::BAD_ARGUMENT),
        }
    }

    fn metric(&mut self, id: u32) -> Result<&mut (String, Kind, Value), Status> {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        self.defined.get_mut(index).ok_or(Status::NOT_FOUND)
    }

    /// The value of the counter or gauge `name`, or how many values the histogram recorded; `None` when nobody defined it.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        let (_, kind, value) = self.defined.iter().find(|(found, ..)| found == name)?;
        Some(match kind {
            Kind::Counter | Kind::Gauge => value.number,
            Kind::Histogram => u64::try_from(value.recorded.len()).unwrap_or(u64::MAX),
        })
    }

    /// What the histogram `name` recorded.
    #[must_use]
    pub fn recorded(&self, name: &str) -> &[u64] {
        let found = self.defined.iter().find(|(found, ..)| found == name);
        found.map_or(&[], |(_, _, value)| &value.recorded)
    }

    /// All counters and gauges with their values.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, u64> {
        let names = self.defined.iter().map(|(name, ..)| name);
        names
            .filter_map(|name| Some((name.clone(), self.value(name)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_a_metric_by_its_name() {
        let mut metrics = Metrics::default();
        let (a, b) = (
            metrics.define(Kind::Counter, "a"),
            metrics.define(Kind::Counter, "a"),
        );
        assert_eq!(a, b);
        assert_eq!(metrics.increment(a, 2), Ok(()));
        assert_eq!(metrics.increment(b, -1), Err(Status::BAD_ARGUMENT));
        assert_eq!((metrics.value("a"), metrics.value("b")), (Some(2), None));
        assert_eq!(metrics.increment(9, 1), Err(Status::NOT_FOUND));
        let gauge = metrics.define(Kind::Gauge, "g");
        assert_eq!(
            (metrics.record(gauge, 7), metrics.read(gauge)),
            (Ok(()), Ok(7))
        );
    }
}
