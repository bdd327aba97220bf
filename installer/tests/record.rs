//! `weft mesh adopt | list | forget`, `weft history`, `weft undo` and `weft preflight` on a real Kubernetes with an Istio that
//! istioctl's manifests installed.
//!
//! It needs root on Linux and takes half a minute, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "record/adopt.rs"]
mod adopt;
#[cfg(test)]
#[path = "record/lease.rs"]
mod lease;
#[cfg(test)]
#[path = "record/preflight.rs"]
mod preflight;
#[cfg(test)]
#[path = "record/undo.rs"]
mod undo;
#[cfg(test)]
#[path = "record/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::World;
    use super::{adopt, lease, preflight, undo};

    type Scenario = fn(&World);

    /// One cluster for all, one scenario after the other: each begins where the one before ended.
    #[test]
    fn what_weft_knows_about_a_mesh() {
        if lab::trial::is_left_out("what_weft_knows_about_a_mesh") {
            return;
        }
        let world = World::start();
        let scenarios: [Scenario; 9] = [
            preflight::an_istio_that_is_there,
            adopt::manifests_are_told_by_who_wrote_them,
            undo::the_last_change_and_no_foreign_one,
            lease::of_two_operators_one_is_told,
            undo::many_at_once_lose_no_entry,
            lease::what_only_looks_like_a_record_is_in_nobodys_way,
            lease::labels_of_all_are_kept,
            preflight::traps_are_named,
            preflight::without_permission,
        ];
        for scenario in scenarios {
            scenario(&world);
        }
    }
}
