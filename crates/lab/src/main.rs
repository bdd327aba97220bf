//! The `lab` program: installs, starts and stops what tests and demos need.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(&cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            lab::output::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
