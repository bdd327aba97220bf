//! The command line of `lab`, and which part of the library answers it.

use anyhow::Result;
use clap::{Parser, Subcommand};
use lab::tools::{self, Tool};
use lab::{Cache, output};

/// Installs, starts and stops the real servers that tests and demos need.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Install what is missing, and print where it is
    Install {
        /// What: wasm-target, wasm-bindgen, wasm-opt, envoy, envoy@1.36, …
        #[arg(required = true)]
        what: Vec<Tool>,
    },
}

/// Does what was asked.
pub(crate) fn run(cli: &Cli) -> Result<()> {
    let cache = Cache::from_env()?;
    match &cli.verb {
        Verb::Install { what } => install(&cache, what),
    }
}

fn install(cache: &Cache, what: &[Tool]) -> Result<()> {
    for tool in what {
        let path = tools::ensure(cache, *tool)?;
        output::data(&format!("{}\n", path.display()))?;
    }
    Ok(())
}
