//! Scenarios and storms, for the plugins that are linked here.

use simulator::scenario::{self, Failures};
use simulator::{Engine, Native, storm};

/// Plugin, file, and what stands in it.
pub const SCENARIOS: &[(&str, &str, &str)] = &include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

fn engine(plugin: &str) -> Result<Box<dyn Engine>, String> {
    match plugin {
        "probe" => Ok(Box::new(Native::<probe::Probe>::new())),
        "rate-limit" => Ok(Box::new(Native::<rate_limit::RateLimit>::new())),
        "template" => Ok(Box::new(Native::<template::Template>::new())),
        other => Err(format!("{other} is not linked here")),
    }
}

/// Runs every scenario of every plugin; gives how many there are.
///
/// # Errors
///
/// The scenarios that failed.
pub fn scenarios() -> Result<usize, Failures> {
    let ran = SCENARIOS
        .iter()
        .map(|(plugin, file, text)| scenario::run_text(file, text, &|| engine(plugin)));
    let (mut passed, mut failures) = (0_usize, Vec::new());
    for ran in ran {
        match ran {
            Ok(count) => passed = passed.saturating_add(count),
            Err(found) => failures.extend(found.0),
        }
    }
    if failures.is_empty() {
        Ok(passed)
    } else {
        Err(Failures(failures))
    }
}

/// Raises storms over every configuration of every plugin's scenarios.
///
/// # Errors
///
/// The first law that was broken.
pub fn storms(rounds: u64) -> Result<u64, String> {
    let mut storms = 0_u64;
    for (plugin, file, text) in SCENARIOS {
        let configurations =
            scenario::configurations_of(file, text).map_err(|failures| failures.to_string())?;
        let raised = storm::run(&configurations, rounds, &|| engine(plugin))?;
        storms = storms.saturating_add(raised);
    }
    Ok(storms)
}
