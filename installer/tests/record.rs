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
    use std::io::Write as _;
    use weft::environment::Environment;

    type Scenario = fn(&World);

    /// Why this cannot run here, if it cannot.
    fn missing(environment: &Environment) -> Option<String> {
        if environment.text("WEFT_LADDER") != Some("1") {
            return Some("WEFT_LADDER=1 is not set".to_owned());
        }
        let needed = lab::capabilities::of(&lab::Cache::from_env().unwrap()).cluster;
        assert_eq!(needed, None, "the ladder leaves nothing out");
        None
    }

    /// One cluster for all, one scenario after the other: each begins where the one before ended.
    #[test]
    fn what_weft_knows_about_a_mesh() {
        if let Some(why) = missing(&Environment::read()) {
            writeln!(
                std::io::stderr(),
                "LEFT OUT what_weft_knows_about_a_mesh: {why}"
            )
            .unwrap();
            return;
        }
        let world = World::start();
        let scenarios: [Scenario; 10] = [
            preflight::an_istio_that_is_there,
            adopt::nothing_of_theirs_is_changed,
            undo::the_last_change_and_no_foreign_one,
            lease::of_two_operators_one_is_told,
            undo::many_at_once_lose_no_entry,
            lease::what_only_looks_like_a_record_is_in_nobodys_way,
            lease::labels_of_all_are_kept,
            adopt::of_several_one_is_chosen,
            preflight::traps_are_named,
            preflight::without_permission,
        ];
        for scenario in scenarios {
            scenario(&world);
        }
    }
}
