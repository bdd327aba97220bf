//! What runs, as `lab status` tells it; and taking it down by name.

use crate::cache::Cache;
use crate::cleanup::Scope;
use crate::output::say;
use crate::process::ProcId;
use crate::session::clean;
use crate::state::{self, Kind, Part};
use anyhow::Result;
use serde::Serialize;

/// One thing that runs, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// `registry` or `cluster`.
    pub kind: &'static str,
    /// `up`, `starting` or `dead`: the next `lab up` or `lab down` removes what is dead.
    pub state: &'static str,
    /// Where it is reached.
    pub address: String,
    /// The process that it goes with.
    pub owner: Option<i32>,
    /// The pid of its first process.
    pub pid: Option<i32>,
}

/// Everything that is written down.
#[must_use]
pub fn overview(cache: &Cache) -> Vec<Row> {
    state::parts(cache).iter().map(row).collect()
}

/// Takes down what is named, or everything in this cache, whoever started it; what dead runs left goes in any case. Says
/// what it stops. An unknown name is no mistake: it is not there, which is what was asked for.
///
/// # Errors
/// When something cannot be removed.
pub fn down(cache: &Cache, names: &[String], all: bool) -> Result<()> {
    let scope = if all {
        Scope::All
    } else {
        Scope::Named(names.to_vec())
    };
    let before = overview(cache);
    clean(cache, &scope)?;
    let after = overview(cache);
    let stopped = before
        .iter()
        .filter(|row| !after.iter().any(|left| left.name == row.name));
    for row in stopped {
        say(&format!(
            "stopped {} ({}, was {})",
            row.name, row.kind, row.state
        ));
    }
    Ok(())
}

fn row(part: &Part) -> Row {
    let alive = part.is_alive(ProcId::is_alive);
    let (kind, address) = match &part.kind {
        Kind::Registry { address } => ("registry", address.clone()),
        Kind::Cluster(member) => {
            let node = part.link.map(|link| link.member(member.number).to_string());
            (
                "cluster",
                format!("https://{}:6443", node.unwrap_or_default()),
            )
        }
    };
    Row {
        name: part.name.clone(),
        kind,
        state: match (alive, part.starting.is_some()) {
            (false, _) => "dead",
            (true, true) => "starting",
            (true, false) => "up",
        },
        address,
        owner: part.owner.as_ref().map(ProcId::pid),
        pid: part.processes.first().map(ProcId::pid),
    }
}

/// The rows as aligned columns.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<20} {:<10} {:<10} {:<28} {}\n",
        "NAME", "KIND", "STATE", "ADDRESS", "OWNER"
    );
    for row in rows {
        let owner = row.owner.map_or_else(|| "-".into(), |pid| pid.to_string());
        let line = format!(
            "{:<20} {:<10} {:<10} {:<28} {owner}\n",
            row.name, row.kind, row.state, row.address
        );
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::{cluster, process};

    #[test]
    fn a_dead_cluster_is_told_from_a_starting_one() {
        let mut part = cluster("a", 1);
        part.processes = vec![process(1)];
        assert_eq!(row(&part).state, "dead", "process 1 of another boot");
        part.starting = ProcId::current();
        let row = row(&part);
        assert_eq!(
            (row.state, row.address.as_str()),
            ("starting", "https://10.77.0.2:6443")
        );
        assert_eq!(table(&[row]).lines().count(), 2);
    }
}
