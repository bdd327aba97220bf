//! How long `weft` takes on a cluster of 2,000 Services and 4,000 Pods, and how much memory: a table, and an exit code of 1
//! where a command misses its aim.
//!
//! The cluster is etcd and an API server on this machine, and shares its processors with `weft`. So the median of several
//! runs is told, and the CPU time beside it, which depends least on what else goes on.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "like a test, a bench ends where something is wrong"
)]

#[path = "../tests/scale/crowd.rs"]
mod crowd;
#[path = "../tests/scale/world.rs"]
mod world;

use std::process::ExitCode;
use world::{COMMANDS, Ran, World};

/// How often each command runs; odd, so that there is a middle one.
const RUNS: usize = 5;
/// What an operator waits for: in seconds, and for these commands.
const AIM: (f64, [&str; 3]) = (2.0, ["mesh status", "mesh list", "mesh plan"]);
/// For every command, in MiB.
const MEMORY: f64 = 200.0;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its table"
)]
fn main() -> ExitCode {
    let cache = lab::Cache::from_env().unwrap();
    if let Some(why) = lab::capabilities::of(&cache).cluster {
        eprintln!("LEFT OUT: what weft takes on a large cluster: {why}");
        return ExitCode::SUCCESS;
    }
    let world = World::start();
    let mut missed = Vec::new();
    println!("weft on a cluster of 2,000 Services and 4,000 Pods, medians of {RUNS} runs\n");
    println!(
        "{:<22} {:>9} {:>9} {:>9}  aim",
        "command", "seconds", "CPU", "MiB"
    );
    for (line, code) in COMMANDS {
        let ran = median(&world, line, code);
        let line = line.trim_end_matches(" SPEC");
        let aim = AIM.1.contains(&line).then_some(AIM.0);
        let told = aim.map_or_else(String::new, |aim| format!("{aim} s"));
        let Ran {
            seconds,
            cpu,
            mebibytes,
            ..
        } = ran;
        println!("{line:<22} {seconds:>9.2} {cpu:>9.2} {mebibytes:>9.0}  {told}");
        if aim.is_some_and(|aim| seconds > aim) {
            missed.push(format!(
                "weft {line} took {seconds:.2} s, its aim is {told}"
            ));
        }
        if mebibytes > MEMORY {
            missed.push(format!(
                "weft {line} took {mebibytes:.0} MiB, its aim is {MEMORY} MiB"
            ));
        }
    }
    for one in &missed {
        eprintln!("missed: {one}");
    }
    ExitCode::from(u8::from(!missed.is_empty()))
}

/// The run in the middle, by time.
fn median(world: &World, line: &str, code: i32) -> Ran {
    let mut runs: Vec<_> = (0..RUNS).map(|_| world.run(line, code)).collect();
    runs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    runs.swap_remove(RUNS / 2)
}
