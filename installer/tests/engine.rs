//! The engine that makes meshes, on a real Kubernetes: what is written and what is not, who owns what, what is pruned, what
//! is said of what does not get ready, and that a command that is killed anywhere is gone on with.
//!
//! It needs root on Linux and takes about a minute, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that
//! is missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "engine/causes.rs"]
mod causes;
#[cfg(test)]
#[path = "engine/killed.rs"]
mod killed;
#[cfg(test)]
#[path = "engine/life.rs"]
mod life;
#[cfg(test)]
#[path = "engine/owners.rs"]
mod owners;
#[cfg(test)]
#[path = "engine/refusals.rs"]
mod refusals;
#[cfg(test)]
#[path = "engine/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::World;
    use super::{causes, killed, life, owners, refusals};

    type Scenario = fn(&World);

    /// One cluster for all, each scenario in namespaces of its own, side by side: most of the time is waiting.
    #[test]
    fn objects_on_a_cluster() {
        if lab::trial::is_left_out("objects_on_a_cluster") {
            return;
        }
        let world = World::start();
        let scenarios: [(&str, Scenario); 9] = [
            ("from nothing to pruned", life::from_nothing_to_pruned),
            (
                "the set is one that kubectl knows",
                life::kubectl_knows_the_set,
            ),
            ("fields of others", owners::fields_of_others),
            ("what others are left", owners::what_is_left_to_others),
            ("mistakes", refusals::mistakes_are_told_at_once),
            ("what is going", refusals::what_is_going_is_waited_for),
            (
                "a namespace that is going",
                refusals::a_namespace_that_is_going_is_waited_for,
            ),
            ("causes", causes::the_first_cause_is_told),
            ("killed", killed::killed_anywhere_it_is_gone_on_with),
        ];
        lab::trial::side_by_side(&world, &scenarios);
    }
}
