//! `weft mesh adopt` on a real Kubernetes with two meshes of others: one that the real Helm installed, with a revision and a root
//! namespace of its own, and one that the real istioctl installed.
//!
//! It needs root on Linux and takes a minute, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "adopt/accounts.rs"]
mod accounts;
#[cfg(test)]
#[path = "story/charts.rs"]
mod charts;
#[cfg(test)]
#[path = "adopt/life.rs"]
mod life;
#[cfg(test)]
#[path = "adopt/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::life;
    use super::world::World;

    #[test]
    fn meshes_of_helm_and_of_istioctl() {
        if lab::trial::is_left_out("meshes_of_helm_and_of_istioctl") {
            return;
        }
        let world = World::start();
        life::nothing_of_theirs_is_changed(&world);
        life::what_they_change_is_told(&world);
    }
}
