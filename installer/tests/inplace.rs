//! What an operator meets besides the straight way: Ctrl-C, an upgrade in place that fails and is gone back from, a canary that is
//! gone back from when it was promoted already, gateways that follow an upgrade or are undone. All of it on a real Kubernetes.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "story/charts.rs"]
mod charts;
#[cfg(test)]
#[path = "inplace/gateways.rs"]
mod gateways;
#[cfg(test)]
#[path = "inplace/upgrades.rs"]
mod upgrades;
#[cfg(test)]
#[path = "inplace/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::World;
    use super::{gateways, upgrades};

    type Scenario = fn(&World);

    /// One cluster for all, one scenario after the other: each begins where the one before ended.
    #[test]
    fn what_an_operator_meets() {
        if lab::trial::is_left_out("what_an_operator_meets") {
            return;
        }
        let world = World::start();
        let scenarios: [Scenario; 10] = [
            upgrades::definitions_that_helm_left_are_taken_over,
            upgrades::a_creation_that_is_interrupted_goes_on,
            gateways::a_creation_that_is_killed_goes_on_and_is_undone,
            upgrades::an_apply_is_undone,
            upgrades::a_change_of_the_file_alone_is_a_change,
            upgrades::a_promoted_canary_is_gone_back_from,
            upgrades::a_failed_upgrade_in_place_is_gone_back_from,
            upgrades::an_upgrade_in_place,
            gateways::they_follow_an_upgrade,
            gateways::changes_that_are_killed_go_on_and_others_are_undone,
        ];
        for scenario in scenarios {
            scenario(&world);
        }
    }
}
