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
    fn meshes_of_helm_and_of_istioctl() {
        if let Some(why) = missing(&Environment::read()) {
            writeln!(
                std::io::stderr(),
                "LEFT OUT meshes_of_helm_and_of_istioctl: {why}"
            )
            .unwrap();
            return;
        }
        let world = World::start();
        life::nothing_of_theirs_is_changed(&world);
        life::what_they_change_is_told(&world);
    }
}
