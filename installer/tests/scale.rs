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
    use std::io::Write as _;
    use weft::environment::Environment;

    /// What each command may take, in MiB.
    const LIMIT: f64 = 200.0;

    /// Why this cannot run here, if it cannot.
    fn missing(environment: &Environment) -> Option<String> {
        if environment.text("WEFT_LADDER") != Some("1") {
            return Some("WEFT_LADDER=1 is not set".to_owned());
        }
        let needed = lab::capabilities::of(&lab::Cache::from_env().unwrap()).cluster;
        assert_eq!(needed, None, "the ladder leaves nothing out");
        None
    }

    #[test]
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    fn memory_stays_within_its_limit() {
        if let Some(why) = missing(&Environment::read()) {
            writeln!(
                std::io::stderr(),
                "LEFT OUT memory_stays_within_its_limit: {why}"
            )
            .unwrap();
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
