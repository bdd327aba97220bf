//! A mesh's whole life on a real Kubernetes, from a bare cluster to one that is bare again, with a canary from Istio 1.30 to 1.31
//! on the way while a client asks a server all the time; and the same life with commands that are killed anywhere.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out. `WEFT_SEED` repeats a run's points of killing.

#[cfg(test)]
#[path = "story/beside.rs"]
mod beside;
#[cfg(test)]
#[path = "story/charts.rs"]
mod charts;
#[cfg(test)]
#[path = "story/killed.rs"]
mod killed;
#[cfg(test)]
#[path = "story/looks.rs"]
mod looks;
#[cfg(test)]
#[path = "story/mended.rs"]
mod mended;
#[cfg(test)]
#[path = "story/objects.rs"]
mod objects;
#[cfg(test)]
#[path = "story/others.rs"]
mod others;
#[cfg(test)]
#[path = "story/steps.rs"]
mod steps;
#[cfg(test)]
#[path = "story/told.rs"]
mod told;
#[cfg(test)]
#[path = "story/traffic.rs"]
mod traffic;
#[cfg(test)]
#[path = "story/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::World;
    use super::{killed, told};
    use weft::environment::Environment;

    /// One cluster for both: it is bare in between, and one life's objects are the measure of the other's.
    #[test]
    fn a_life_and_the_same_with_killed_commands() {
        if lab::trial::is_left_out("a_life_and_the_same_with_killed_commands") {
            return;
        }
        let seed = Environment::read()
            .text("WEFT_SEED")
            .map(|text| text.parse().unwrap());
        let world = World::start();
        let life = told::from_nothing_to_nothing(&world);
        killed::killed_anywhere_it_ends_the_same(&world, &life, seed);
    }
}
