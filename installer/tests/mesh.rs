//! `weft plugin deploy | status | list | rollback | remove` on a real Kubernetes with a real istiod, a real registry and
//! real sidecars.
//!
//! It needs root on Linux and takes about a minute and a half, so it runs in the ladder only (`WEFT_LADDER=1`), where
//! anything that is missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "mesh/gate.rs"]
mod gate;
#[cfg(test)]
#[path = "mesh/life.rs"]
mod life;
#[cfg(test)]
#[path = "mesh/modules.rs"]
mod modules;
#[cfg(test)]
#[path = "mesh/states.rs"]
mod states;
#[cfg(test)]
#[path = "mesh/trouble.rs"]
mod trouble;
#[cfg(test)]
#[path = "mesh/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::World;
    use super::{life, states, trouble};

    type Scenario = fn(&World);

    /// One cluster for all, each scenario in a namespace of its own, side by side: most of the time is waiting.
    #[test]
    fn plugins_on_a_mesh() {
        if lab::trial::is_left_out("plugins_on_a_mesh") {
            return;
        }
        let world = World::start();
        let scenarios: [(&str, Scenario); 6] = [
            (
                "a plugin from its source to limited requests",
                life::from_source_to_limited_requests,
            ),
            ("status tells states apart", states::are_told_apart),
            (
                "an update that cannot be pulled",
                trouble::an_update_that_cannot_be_pulled,
            ),
            (
                "an update that is refused",
                trouble::an_update_that_is_refused,
            ),
            (
                "a first version that is refused",
                trouble::a_first_version_that_is_refused,
            ),
            (
                "a pull that is overtaken",
                trouble::a_pull_that_is_overtaken,
            ),
        ];
        lab::trial::side_by_side(&world, &scenarios);
    }
}
