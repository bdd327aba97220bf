//! Every scenario of every plugin, in real proxies.

use std::collections::BTreeMap;
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

#[test]
fn every_scenario_that_a_proxy_can_show_comes_out_in_it() {
    let _alone = crate::alone();
    let (mut all_out, mut all_failed) = (BTreeMap::new(), Vec::new());
    for built in crate::MODULES.iter() {
        let (out, failed) = run(built);
        all_out.insert(built.name.clone(), out);
        all_failed.extend(failed);
    }
    for line in all_out.values().flatten() {
        eprintln!("left out: {line}");
    }
    assert!(all_failed.is_empty(), "{}", all_failed.join("\n\n"));
}
