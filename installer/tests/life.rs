//! A mesh's whole life on a real Kubernetes: from a bare cluster to one that is bare again, and the same with commands that are
//! killed on the way.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out. `WEFT_SEED` repeats a run's points of killing.

#[cfg(test)]
#[path = "life/beside.rs"]
mod beside;
#[cfg(test)]
#[path = "upgrade/charts.rs"]
mod charts;
#[cfg(test)]
#[path = "life/killed.rs"]
mod killed;
#[cfg(test)]
#[path = "life/objects.rs"]
mod objects;
#[cfg(test)]
#[path = "life/way.rs"]
mod way;
#[cfg(test)]
#[path = "life/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::World;
    use super::{killed, way};
    use std::io::Write as _;
    use weft::environment::Environment;

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
    fn a_life_and_lives_with_killed_commands() {
        let environment = Environment::read();
        if let Some(why) = missing(&environment) {
            let what = "a_life_and_lives_with_killed_commands";
            writeln!(std::io::stderr(), "LEFT OUT {what}: {why}").unwrap();
            return;
        }
        let world = World::start();
        way::from_nothing_to_nothing(&world);
        let seed = environment
            .text("WEFT_SEED")
            .map(|text| text.parse().unwrap());
        killed::killed_anywhere_it_ends_the_same(&world, seed);
    }
}
