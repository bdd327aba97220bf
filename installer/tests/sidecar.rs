//! `weft sidecar` on a real Kubernetes with real istiods: what `explain` says is what the webhooks do, and what is set
//! takes effect.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "sidecar/gateways.rs"]
mod gateways;
#[cfg(test)]
#[path = "sidecar/kinds.rs"]
mod kinds;
#[cfg(test)]
#[path = "sidecar/life.rs"]
mod life;
#[cfg(test)]
#[path = "sidecar/restarts.rs"]
mod restarts;
#[cfg(test)]
#[path = "sidecar/verdicts.rs"]
mod verdicts;
#[cfg(test)]
#[path = "sidecar/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::world::World;
    use super::{gateways, kinds, life, restarts, verdicts};

    /// One cluster for all; the webhooks change from one part to the next, so that they follow one another.
    #[test]
    fn sidecars_on_a_mesh() {
        if lab::trial::is_left_out("sidecars_on_a_mesh") {
            return;
        }
        let world = World::start();
        kinds::are_declared(&world);
        std::thread::scope(|scope| {
            let life = scope.spawn(|| life::from_a_label_to_a_sidecar_and_back(&world));
            let settings = scope.spawn(|| life::settings_take_effect(&world));
            let restarts = scope.spawn(|| restarts::in_batches_within_budgets(&world));
            let declared = scope.spawn(|| kinds::work_as_others_do(&world));
            let gateways = scope.spawn(|| gateways::are_no_sidecars(&world));
            for thread in [life, settings, restarts, declared, gateways] {
                assert!(thread.join().is_ok(), "one part failed; see above");
            }
        });
        restarts::are_in_the_history(&world);
        restarts::an_upgrade_to_another_revision(&world);
        verdicts::are_those_of_the_real_webhooks(&world);
    }
}
