//! `weft mesh upgrade` on a real Kubernetes: a canary from Istio 1.30 to 1.31 while a client asks a server all the time,
//! with a rollback and a killed command on the way, and not one request that fails.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "upgrade/charts.rs"]
mod charts;
#[cfg(test)]
#[path = "upgrade/traffic.rs"]
mod traffic;
#[cfg(test)]
#[path = "upgrade/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::traffic::Traffic;
    use super::world::{OLD_GATEWAY, World};
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
    fn a_canary_under_load() {
        if let Some(why) = missing(&Environment::read()) {
            writeln!(std::io::stderr(), "LEFT OUT a_canary_under_load: {why}").unwrap();
            return;
        }
        let world = World::start();
        world.weft("mesh create shop -f mesh.yaml").must(0, &[]);
        world.application();
        let traffic = Traffic::start(&world);
        let labels = world.labels("app");
        let old = ["1.30.0-lab (default)"];
        world.weft("mesh upgrade status shop").must(0, &old);

        refusals(&world);
        begins(&world);
        moves_and_goes_back(&world, &labels);
        traffic.goes_on("until the rollback");
        all_the_way(&world, &labels);
        traffic.goes_on("until the end");
        traffic.stop();
    }

    fn refusals(world: &World) {
        let cases = [
            (
                "mesh upgrade shop --to 1.32.0",
                "more than one minor version",
            ),
            ("mesh upgrade shop --to 1.29.0", "a mesh is not downgraded"),
            (
                "mesh upgrade shop --to 1.31.0 --revision x",
                "--strategy canary",
            ),
            (
                "mesh upgrade move shop app",
                "no upgrade of mesh shop is under way",
            ),
            (
                "mesh upgrade promote shop",
                "no upgrade of mesh shop is under way",
            ),
        ];
        for (line, words) in cases {
            let ran = world.weft(line);
            assert_ne!(ran.code, 0, "{ran:#?}");
            ran.must(ran.code, &[words]);
        }
        world.namespace("edge", "");
        world.cluster.apply(OLD_GATEWAY).unwrap();
        world
            .weft("mesh upgrade shop --to 1.31.0 --strategy canary")
            .must(
                1,
                &[
                    "Deployment edge/edge is a gateway with the selector app=edge,chart=gateways,istio=edge",
                    "the new chart has app=edge,istio=edge",
                ],
            );
        world.kubectl("delete namespace edge");
    }

    fn begins(world: &World) {
        let line = "mesh upgrade shop --to 1.31.0 --strategy canary";
        let objects = world.objects();
        world
            .weft(&format!("{line} --diff"))
            .must(5, &["istiod-1-31-0"]);
        world
            .weft(&format!("{line} --dry-run=server"))
            .must(0, &["istiod-1-31-0", "create"]);
        assert_eq!(world.objects(), objects, "nothing was written");
        world.killed(line, 4000);
        world.weft(line).must(0, &["is READY", "move shop --all"]);
        world.weft(&format!("{line} --diff")).must(0, &[]);
        let validator = world.validator();
        assert_eq!(validator, "istiod", "the old one still validates");
        let status = world.json("mesh upgrade status shop");
        assert_eq!(status["stage"], "READY", "{status}");
        assert_eq!(status["to"]["revision"], "1-31-0", "{status}");
    }

    fn moves_and_goes_back(world: &World, labels: &str) {
        world
            .weft("mesh upgrade move shop app")
            .must(1, &["istio-injection belongs to"]);
        world
            .weft("mesh upgrade move shop nowhere")
            .must(1, &["there is no namespace nowhere"]);
        world
            .weft("mesh upgrade move shop app --diff --force-conflicts")
            .must(5, &["istio.io/rev=1-31-0"]);
        world
            .weft("mesh upgrade move shop app --force-conflicts --batch 2 --wait-per-pod 1s")
            .must(0, &["SUCCEED", "move shop --all"]);
        world.all_run("app", 3, "1.31.0-lab", "1-31-0");
        assert_ne!(world.labels("app"), labels);
        world
            .weft("mesh upgrade finish shop")
            .must(1, &["promote shop"]);

        world.killed("mesh upgrade rollback shop --wait-per-pod 1s", 5000);
        world
            .weft("mesh upgrade rollback shop --wait-per-pod 1s")
            .must(0, &["no upgrade"]);
        world.all_run("app", 3, "1.30.0-lab", "default");
        assert_eq!(world.labels("app"), labels, "exactly as before");
        world.has_no("istiod-1-31-0");
        world
            .weft("mesh apply shop -f mesh.yaml --diff")
            .must(0, &[]);
    }

    fn all_the_way(world: &World, labels: &str) {
        world
            .weft("mesh upgrade shop --to 1.31.0 --strategy canary")
            .must(0, &["is READY"]);
        world.killed(
            "mesh upgrade move shop --all --force-conflicts --wait-per-pod 1s",
            3000,
        );
        world
            .weft("mesh upgrade move shop --all --force-conflicts --wait-per-pod 1s")
            .must(0, &["promote shop"]);
        world.all_run("app", 3, "1.31.0-lab", "1-31-0");
        world
            .weft("mesh upgrade promote shop")
            .must(0, &["is PROMOTED", "finish shop"]);
        assert_eq!(world.validator(), "istiod-1-31-0");

        world.all_run("tagged", 1, "1.31.0-lab", "1-31-0");
        assert!(world.labels("tagged").contains(r#""istio.io/rev":"prod""#));

        world.namespace("late", "istio-injection: enabled");
        world
            .weft("mesh upgrade finish shop")
            .must(1, &["1 namespaces: late", "move shop"]);
        world
            .weft("mesh upgrade move shop late --force-conflicts")
            .must(0, &["finish shop"]);
        world.killed("mesh upgrade finish shop", 3000);
        world
            .weft("mesh upgrade finish shop")
            .must(0, &["no upgrade"]);
        world.has_no("istiod");
        assert_eq!(
            world.labels("app"),
            labels,
            "the new one serves what was asked of the old one"
        );
        let status = world.json("sidecar status app");
        assert_eq!(status[0]["state"], "ENABLED", "{status}");
        assert_eq!(status[0]["needRestart"], 0, "{status}");
        world.kubectl("-n app rollout restart deployment/server");
        world.kubectl("-n app rollout status deployment/server --timeout=120s");
        world.all_run("app", 3, "1.31.0-lab", "1-31-0");
        let file = world.kubectl(
            "-n istio-system get configmap weft-mesh-shop -o jsonpath={.data.mesh\\.yaml}",
        );
        std::fs::write(world.folder.path().join("after.yaml"), file).unwrap();
        world.weft("mesh apply -f after.yaml --diff").must(0, &[]);
        let said = world
            .weft("history --root-namespace istio-system -o json")
            .data;
        for verb in ["rollback shop", "move shop --all", "promote shop"] {
            assert!(said.contains(verb), "{verb}: {said}");
        }
    }
}
