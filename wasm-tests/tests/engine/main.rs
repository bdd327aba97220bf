//! The rung of the Wasm engine: everything that a plugin shows natively, on its built module.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests: what goes wrong is the test's result, and what they measured is talk"
)]

mod chain;
mod connections;
mod lifecycle;
mod memory;

use anyhow::{Context, Result, anyhow, ensure};
use sandbox::Module;
use simulator::scenario::{configurations, folder, run_folder};
use simulator::{Engine, Native, storm};
use wasm_tests::modules::{self, Built};

/// How many storms each configuration meets.
const STORMS: u64 = 30;

fn everything() -> Result<Vec<(Built, Module)>> {
    let mut all = modules::plugins()?;
    all.push(modules::probe()?);
    let load = |built: Built| {
        let module = Module::new(&built.bytes()?).with_context(|| built.name.clone())?;
        Ok((built, module))
    };
    all.into_iter().map(load).collect()
}

#[test]
fn every_module_passes_the_scenarios_that_its_plugin_passes_natively() -> Result<()> {
    let mut failures = Vec::new();
    for (built, module) in everything()? {
        match run_folder(&folder(&built.package), &|| Ok(Box::new(module.clone()))) {
            Ok(passed) => eprintln!(
                "{}: {} scenarios pass as a module",
                built.name, passed.scenarios
            ),
            Err(found) => failures.extend(
                found
                    .0
                    .into_iter()
                    .map(|found| format!("{} as a module: {found}", built.name)),
            ),
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

#[test]
fn every_module_weathers_storms() -> Result<()> {
    for (built, module) in everything()? {
        let configurations = configurations(&folder(&built.package))?;
        storm::run(&configurations, STORMS, &|| Ok(Box::new(module.clone())))
            .map_err(|broken| anyhow!("{}: {broken}", built.name))?;
    }
    Ok(())
}

/// The native engine of the plugins that are linked here. A plugin that is not is held to the laws of storms only.
fn native(name: &str) -> Option<Box<dyn Engine>> {
    match name {
        "probe" => Some(Box::new(Native::<probe::Probe>::new())),
        "rate-limit" => Some(Box::new(Native::<rate_limit::RateLimit>::new())),
        "template" => Some(Box::new(Native::<template::Template>::new())),
        _ => None,
    }
}

#[test]
fn a_module_leaves_the_same_trace_in_a_storm_as_its_plugin_does_natively() -> Result<()> {
    for (built, module) in everything()? {
        if native(&built.name).is_none() {
            continue;
        }
        for configuration in configurations(&folder(&built.package))? {
            for seed in 0..STORMS {
                let script = storm::script(seed);
                let natively = || native(&built.name).ok_or_else(|| "no engine".to_owned());
                let wanted = storm::raise(&natively, &configuration, &script)
                    .map_err(|broken| anyhow!(broken))?;
                let found = storm::raise(&|| Ok(Box::new(module.clone())), &configuration, &script);
                let found =
                    found.map_err(|broken| anyhow!("{}, storm {seed}: {broken}", built.name))?;
                let differs = wanted
                    .iter()
                    .zip(&found)
                    .position(|(wanted, found)| wanted != found);
                let line = differs
                    .or((wanted.len() != found.len()).then_some(wanted.len().min(found.len())));
                if let Some(line) = line {
                    let (wanted, found) = (wanted.get(line), found.get(line));
                    let configuration = configuration.escape_ascii();
                    anyhow::bail!(
                        "{}, storm {seed} over {configuration}, line {line}:\n  natively {wanted:?}\n  as a module {found:?}",
                        built.name
                    );
                }
            }
        }
    }
    Ok(())
}
