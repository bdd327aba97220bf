//! The figures as a table and as JSON.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::machine::Machine;
use crate::measure::{Found, Row, Settings};
use crate::statistics::Spread;
use crate::subjects::CHAIN;

/// Everything that one run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    settings: Settings,
    chain: u8,
    plugins: Vec<Found>,
}

impl Report {
    pub(crate) const fn new(machine: Machine, settings: Settings, plugins: Vec<Found>) -> Self {
        Self {
            machine,
            settings,
            chain: CHAIN,
            plugins,
        }
    }

    /// Whether no plugin missed its aim.
    pub(crate) fn aims_met(&self) -> bool {
        self.plugins
            .iter()
            .flat_map(|found| &found.rows)
            .all(|row| missed(row).is_none())
    }

    /// The figures as JSON: microseconds of CPU time for each request.
    pub(crate) fn json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).context("the figures are no JSON")?;
        Ok(text + "\n")
    }

    /// The figures as text.
    pub(crate) fn table(&self) -> String {
        let Machine {
            processor,
            cores,
            kernel,
            envoy,
        } = &self.machine;
        let Settings {
            rounds,
            requests,
            connections,
        } = self.settings;
        let heading = format!(
            "CPU time of Envoy in microseconds for each request: median, and the inner half of {rounds} rounds of {requests} requests\n\
             Envoy {envoy} with one worker, direct response, h2load with {connections} connections; {processor}, {cores} cores, Linux {kernel}\n"
        );
        [heading]
            .into_iter()
            .chain(self.plugins.iter().map(section))
            .collect()
    }
}

fn section(found: &Found) -> String {
    let mut cells = vec![header()];
    cells.extend(found.rows.iter().map(cells_of));
    let missed: Vec<String> = found.rows.iter().filter_map(missed).collect();
    format!("\n{}\n{}{}", found.plugin, aligned(&cells), missed.concat())
}

fn header() -> Vec<String> {
    let each = format!("each of {CHAIN} adds");
    [
        "", "Envoy", "one adds", &each, "", "x floor1", "", "aim", "memory",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn cells_of(row: &Row) -> Vec<String> {
    let median = |spread: &Option<Spread>| {
        spread.map_or_else(String::new, |spread| format!("{:.2}", spread.median))
    };
    let range = |spread: &Option<Spread>| {
        spread.map_or_else(String::new, |Spread { low, high, .. }| {
            format!("{low:.2}..{high:.2}")
        })
    };
    vec![
        row.name.clone(),
        median(&row.total),
        median(&row.alone),
        median(&row.each),
        range(&row.each),
        median(&row.ratio),
        range(&row.ratio),
        row.aim.map_or_else(String::new, |aim| format!("{aim:.1}")),
        row.memory
            .map_or_else(String::new, |memory| format!("{memory} MiB")),
    ]
}

/// What to say of a row that missed its aim.
fn missed(row: &Row) -> Option<String> {
    let (aim, ratio) = (row.aim?, row.ratio?.median);
    (ratio > aim).then(|| {
        format!(
            "MISSED: {} costs {ratio:.2} times the floor, the aim is {aim:.1}\n",
            row.name
        )
    })
}

/// The first column to the left, the others to the right, each as wide as it needs to be.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ratio: f64) -> Row {
        let spread = |median: f64| {
            Some(Spread {
                median,
                low: median - 0.1,
                high: median + 0.1,
            })
        };
        Row {
            name: "one rule".to_owned(),
            total: spread(12.0),
            alone: spread(2.0),
            each: spread(1.5),
            ratio: spread(ratio),
            aim: Some(1.5),
            memory: Some(99),
        }
    }

    fn report(ratio: f64) -> Report {
        let machine = Machine {
            processor: "Fast 9000".into(),
            cores: 2,
            kernel: "6".into(),
            envoy: "1.2.3".into(),
        };
        let settings = Settings {
            rounds: 9,
            requests: 1000,
            connections: 16,
        };
        Report::new(
            machine,
            settings,
            vec![Found {
                plugin: "a".into(),
                rows: vec![row(ratio)],
            }],
        )
    }

    #[test]
    fn the_table_lines_up_and_a_missed_aim_is_said() {
        let text = report(1.6).table();
        let expected = "
a
          Envoy  one adds  each of 8 adds              x floor1              aim  memory
one rule  12.00      2.00            1.50  1.40..1.60      1.60  1.50..1.70  1.5  99 MiB
MISSED: one rule costs 1.60 times the floor, the aim is 1.5
";
        assert!(text.contains(expected), "{text}");
        assert!(!report(1.6).aims_met());
        assert!(report(1.5).aims_met());
        assert!(!report(1.5).table().contains("MISSED"));
    }

    #[test]
    fn the_json_is_json() {
        let value: serde_json::Value = serde_json::from_str(&report(1.5).json().unwrap()).unwrap();
        assert_eq!(value["plugins"][0]["rows"][0]["ratio"]["median"], 1.5);
    }
}
