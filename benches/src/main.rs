//! What each plugin costs per request in a real Envoy, beside a floor and Envoy's own filters.
//!
//! Everything is measured in one run and in alternating rounds, since a figure from another day or machine compares with
//! nothing. The method and how to read the table are in this package's README.

mod bootstrap;
mod load;
mod machine;
mod measure;
mod report;
mod statistics;
mod subjects;

use anyhow::{Context, Result, bail};
use clap::Parser;
use lab::{Cache, Tool, tools};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::load::Load;
use crate::measure::{Settings, measure};
use crate::report::Report;
use crate::subjects::Group;

/// Measures what each plugin costs per request in a real Envoy
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// The plugins; all that have a benches/envoy.yaml when none is named
    plugins: Vec<String>,
    /// Fewer and shorter rounds: shows that everything runs, not what it costs
    #[arg(long)]
    quick: bool,
    /// Rounds; each measures everything once
    #[arg(long, default_value_t = 9)]
    rounds: u32,
    /// Requests in a round, for each thing that is measured
    #[arg(long, default_value_t = 30_000)]
    requests: u32,
    /// Also write the figures to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the built modules are
    #[arg(long, value_name = "DIR", default_value = "target/wasm")]
    modules: PathBuf,
    /// Where the plugins are
    #[arg(long, value_name = "DIR", default_value = "plugins", hide = true)]
    sources: PathBuf,
    /// End with 1 when a plugin misses its aim
    #[arg(long)]
    gate: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            lab::output::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Measures and reports; whether the gate is passed.
fn run(cli: &Cli) -> Result<bool> {
    let cache = Cache::from_env()?;
    let envoy = tools::ensure(&cache, Tool::Envoy)?;
    let load = Load::new(tools::ensure(&cache, Tool::H2load)?);
    let settings = settings(cli);
    let scratch = tempfile::tempdir().context("no place for the floor modules")?;
    let groups = subjects::groups(&cli.sources, &cli.modules, scratch.path(), &cli.plugins)?;
    if groups.is_empty() {
        bail!(
            "no plugin in {} has a benches/envoy.yaml",
            cli.sources.display()
        );
    }
    let mut reports = Vec::new();
    for group in &groups {
        lab::output::say(&announcement(group, &settings));
        reports.push(measure(&envoy, &load, group, &settings)?);
    }
    let report = Report::new(machine::describe(&envoy)?, settings, reports);
    lab::output::data(&report.table())?;
    if let Some(file) = &cli.json {
        std::fs::write(file, report.json()?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(!cli.gate || report.aims_met())
}

fn settings(cli: &Cli) -> Settings {
    let (rounds, requests) = if cli.quick {
        (3, 4_000)
    } else {
        (cli.rounds, cli.requests)
    };
    Settings {
        rounds,
        requests,
        connections: 16,
    }
}

fn announcement(group: &Group, settings: &Settings) -> String {
    let (subjects, rounds) = (group.subjects.len(), settings.rounds);
    format!(
        "measuring {}: {subjects} filters, {rounds} rounds",
        group.name
    )
}
