//! `weft gateway` on a real Kubernetes with a real istiod that somebody else installed: from nothing to a request that comes in by
//! it, and back to nothing.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "gateway/life.rs"]
mod life;
#[cfg(test)]
#[path = "gateway/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::life;
    use super::world::World;

    #[test]
    fn gateways_of_a_mesh() {
        if lab::trial::is_left_out("gateways_of_a_mesh") {
            return;
        }
        let world = World::start();
        life::refusals_come_before_anything_is_written(&world);
        life::from_nothing_to_a_request_and_back(&world);
        life::two_at_once(&world);
        life::those_of_others(&world);
        life::a_broken_record(&world);
    }
}
