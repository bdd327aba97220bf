//! `weft` on the objects of a large cluster: how much memory each command takes.
//!
//! It needs root on Linux and takes about a minute, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out. How long each takes is `make bench`'s.

#[cfg(test)]
#[path = "scale/crowd.rs"]
mod crowd;
#[cfg(test)]
#[path = "scale/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::{COMMANDS, World};

    /// What each command may take, in MiB.
    const LIMIT: f64 = 200.0;

    #[test]
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    fn memory_stays_within_its_limit() {
        if lab::trial::is_left_out("memory_stays_within_its_limit") {
            return;
        }
        let world = World::start();
        let mut above = Vec::new();
        for (line, code) in COMMANDS {
            let ran = world.run(line, code);
            println!("weft {line}\n{ran}");
            if ran.mebibytes > LIMIT {
                above.push(format!("weft {line}: {:.0} MiB", ran.mebibytes));
            }
        }
        assert!(above.is_empty(), "more than {LIMIT} MiB: {above:#?}");
    }
}
