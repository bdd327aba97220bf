//! Every scenario of every plugin, in real proxies.

use wasm_tests::envoy::Version;
use wasm_tests::envoy::scenario::{left_out, play};
use wasm_tests::modules::Built;

/// Plays the scenarios of one plugin; gives those that were left out, and those that failed.
fn run(built: &Built) -> (Vec<String>, Vec<String>) {
    let (mut out, mut failed, mut played) = (Vec::new(), Vec::new(), 0);
    let folder = simulator::scenario::folder(&built.package);
    for (file, scenario) in simulator::scenario::read_folder(&folder).unwrap() {
        let name = format!("{}/{file}: {}", built.name, scenario.name);
        if let Some(why) = left_out(&scenario) {
            out.push(format!("{name}: {why}"));
            continue;
        }
        for version in Version::ALL {
            if let Err(error) = play(version, built, &scenario) {
                eprintln!("{name} {version:?}: {error:#}");
                failed.push(format!("{name}, {version:?} Envoy: {error:#}"));
            }
        }
        played += 1;
    }
    eprintln!(
        "{}: {played} scenarios played in both Envoys, {} left out",
        built.name,
        out.len()
    );
    assert!(
        played > 0,
        "no scenario of {} can be played in a real proxy",
        built.name
    );
    (out, failed)
}

/// What is left out of the plugins that are named in it; of a new one nothing is known yet. A scenario that stands here without
/// need, or is left out without standing here, fails the test.
const LEFT_OUT: &str = include_str!("left-out.txt");

/// Whether exactly the scenarios of `plugin` are left out that are known to be, for the reasons that are known.
fn known(plugin: &str, out: &[String]) -> Result<(), String> {
    let prefix = format!("{plugin}/");
    let known: Vec<&str> = LEFT_OUT
        .lines()
        .filter(|line| line.starts_with(&prefix))
        .collect();
    if known.is_empty() || known == out {
        return Ok(());
    }
    let differ = |from: &[&str], other: &[&str], sign: &str| {
        let only = from.iter().filter(|line| !other.contains(line));
        only.map(|line| format!("{sign} {line}\n"))
            .collect::<String>()
    };
    let found: Vec<&str> = out.iter().map(String::as_str).collect();
    let (gone, new) = (differ(&known, &found, "-"), differ(&found, &known, "+"));
    Err(format!(
        "what is left out of {plugin} is not what tests/envoy/left-out.txt says:\n{gone}{new}"
    ))
}

#[test]
fn every_scenario_that_a_proxy_can_show_comes_out_in_it() {
    let _alone = crate::alone();
    let mut failures = Vec::new();
    for built in crate::MODULES.iter() {
        let (out, failed) = run(built);
        for line in &out {
            eprintln!("left out: {line}");
        }
        failures.extend(failed);
        failures.extend(known(&built.name, &out).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
