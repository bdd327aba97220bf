//! A mesh with `engine: sail` on a real Kubernetes: created, changed, upgraded in place and beside the old control plane, and
//! deleted, by the resources of the Sail operator. The operator itself is a stand-in of the test's own, which installs a real istiod.
//!
//! It needs root on Linux and takes some minutes, so it runs in the ladder only (`WEFT_LADDER=1`), where anything that is
//! missing is a failure; elsewhere one line says what was left out.

#[cfg(test)]
#[path = "sail/definitions.rs"]
mod definitions;
#[cfg(test)]
#[path = "sail/operator.rs"]
mod operator;
#[cfg(test)]
#[path = "sail/world.rs"]
mod world;

#[cfg(test)]
mod tests {
    use super::operator::REFUSED;
    use super::world::World;
    use std::time::Duration;

    #[test]
    fn a_mesh_by_the_operator() {
        if lab::trial::is_left_out("a_mesh_by_the_operator") {
            return;
        }
        let world = World::start();
        no_operator(&world);
        world.deployment();
        refusals(&world);
        let operator = world.operator();
        created(&world);
        what_the_operator_says(&world);
        beside_and_back(&world);
        in_place(&world);
        beside_and_on(&world);
        drop(operator);
        deleted(&world);
    }

    fn no_operator(world: &World) {
        let words = "the cluster does not serve";
        let remedy = "install the Sail operator";
        world
            .weft("mesh create -f mesh.yaml")
            .must(1, &[words, "istios.sailoperator.io", remedy]);
        world
            .weft("mesh plan -f mesh.yaml")
            .must(1, &[words, "Istio, IstioRevisionTag", remedy]);
        world.definitions();
        world
            .weft("mesh create -f mesh.yaml")
            .must(1, &["nobody would act on what weft writes"]);
    }

    fn refusals(world: &World) {
        world.changed("other.yaml", "1.30.0", "1.30.9");
        world.weft("mesh create -f other.yaml").must(
            65,
            &["does not know v1.30.9; the nearest that it knows: v1.30.0, v1.31.0"],
        );
        let (from, to) = ("telemetry: {enabled: false}", "sirens: {loud: true}");
        world.changed("other.yaml", from, to);
        world.weft("mesh create -f other.yaml").must(
            65,
            &["Istio default: spec.values.pilot.sirens: the installed Sail operator has no such field"],
        );
        let theirs = "
apiVersion: sailoperator.io/v1
kind: KIND
metadata: {name: default}
spec: {version: v1.30.0, namespace: elsewhere}
";
        for (kind, more, words) in [
            ("Istio", "", "name another spec.revision"),
            ("IstioCNI", "  cni: true\n", "values.istiod.cni.enabled"),
        ] {
            world.cluster.apply(&theirs.replace("KIND", kind)).unwrap();
            world.write("other.yaml", more);
            world
                .weft("mesh create -f other.yaml --skip-preflight")
                .must(1, &["it is there, and weft did not make it", words]);
            world.kubectl(&format!("delete {kind}.sailoperator.io default"));
        }
        assert_eq!(world.resources(), [""; 0], "nothing was written");
    }

    fn created(world: &World) {
        world
            .weft("mesh create -f mesh.yaml --dry-run=server")
            .must(0, &["Istio", "IstioRevisionTag"]);
        world.killed("mesh create -f mesh.yaml", Duration::from_secs(3));
        world
            .weft("mesh create -f mesh.yaml")
            .must(0, &["is as it is described"]);
        assert_eq!(
            world.resources(),
            [
                "istio/default",
                "istiorevision/default",
                "istiorevisiontag/prod"
            ]
        );
        world
            .weft("mesh apply -f mesh.yaml")
            .must(0, &["nothing was written"]);
        let status = world.json("mesh status shop");
        assert_eq!(status["status"], "SUCCEEDED", "{status}");
        assert_eq!(status["components"][0]["kind"], "Istio", "{status}");
        world.weft("mesh diff -f mesh.yaml").must(0, &[]);
        let drift =
            r#"[{"op":"replace","path":"/spec/values/pilot/autoscaleEnabled","value":true}]"#;
        world.kubectl(&format!(
            "patch istio.sailoperator.io default --type json -p {drift}"
        ));
        world
            .weft("mesh diff -f mesh.yaml")
            .must(5, &["spec.values.pilot.autoscaleEnabled"]);
        world
            .weft("mesh apply -f mesh.yaml --force-conflicts")
            .must(0, &[]);
        world.changed("other.yaml", "engine: sail", "engine: charts");
        world
            .weft("mesh plan -f other.yaml")
            .must(65, &["a mesh keeps its engine; write engine: sail"]);
    }

    fn what_the_operator_says(world: &World) {
        let (from, to) = ("env: {", format!("env: {{{REFUSED}: \"yes\", "));
        world.changed("other.yaml", from, &to);
        world.weft("mesh apply -f other.yaml --timeout 8s").must(
            3,
            &["the Sail operator cannot do it: error reconciling resource: no such variable"],
        );
        world
            .weft("mesh status shop")
            .must(2, &["no such variable", "correct what it says"]);
        world.weft("mesh apply -f mesh.yaml").must(0, &[]);
    }

    fn beside_and_back(world: &World) {
        world.workload("app", "istio-injection: enabled");
        world.workload("tagged", "istio.io/rev: prod");
        world.runs("app", "1.30.0-lab", "default");
        let line = "mesh upgrade shop --to 1.31.0 --strategy canary";
        world.weft(&format!("{line} --diff")).must(5, &["Istio"]);
        world.killed(line, Duration::from_secs(3));
        world.weft(line).must(0, &["is READY", "move shop --all"]);
        world
            .weft("mesh upgrade move shop --all --force-conflicts --wait-per-pod 1s")
            .must(0, &["promote shop"]);
        world.runs("app", "1.31.0-lab", "1-31-0");
        world.runs("tagged", "1.31.0-lab", "1-31-0");
        world
            .weft("mesh upgrade rollback shop --wait-per-pod 1s")
            .must(0, &["no upgrade"]);
        world.runs("app", "1.30.0-lab", "default");
        world.runs("tagged", "1.30.0-lab", "default");
        assert_eq!(
            world.resources(),
            [
                "istio/default",
                "istiorevision/default",
                "istiorevisiontag/prod"
            ]
        );
    }

    /// What says that it is ready is a moment behind: when weft says so, istiod is the new one.
    fn in_place(world: &World) {
        world
            .weft("mesh upgrade shop --to 1.31.0 --yes")
            .must(0, &["no upgrade"]);
        let image = world.istiods();
        assert!(image.ends_with(lab::tools::istio_tag()), "{image}");
        assert_eq!(image.split_whitespace().count(), 1, "{image}");
    }

    fn beside_and_on(world: &World) {
        world
            .weft("mesh upgrade shop --to 1.31.0 --strategy canary --revision blue")
            .must(0, &["is READY"]);
        world
            .weft("mesh upgrade move shop --all --force-conflicts --wait-per-pod 1s")
            .must(0, &["promote shop"]);
        world
            .weft("mesh upgrade promote shop")
            .must(0, &["finish shop"]);
        world
            .weft("mesh upgrade finish shop")
            .must(0, &["no upgrade"]);
        assert_eq!(
            world.resources(),
            ["istio/blue", "istiorevision/blue", "istiorevisiontag/prod"]
        );
        let labels = world.kubectl("get namespace app -o jsonpath={.metadata.labels}");
        assert!(labels.contains(r#""istio.io/rev":"blue""#), "{labels}");
        assert!(!labels.contains("istio-injection"), "{labels}");
        for namespace in ["app", "tagged"] {
            world.kubectl(&format!("-n {namespace} rollout restart deployment/one"));
            world.kubectl(&format!(
                "-n {namespace} rollout status deployment/one --timeout=120s"
            ));
            world.runs(namespace, "1.31.0-lab", "blue");
        }
    }

    /// The operator is away at first: its finalizer keeps what it made.
    fn deleted(world: &World) {
        world.scale(0);
        world
            .weft("mesh delete shop --yes")
            .must(1, &["pods have sidecars of it"]);
        world.kubectl("delete namespace app tagged");
        world.weft("mesh delete shop --yes --timeout 15s").must(
            3,
            &[
                "the Sail operator (Deployment sail-operator/sail-operator) does not run",
                "its finalizer sailoperator.io/sail-operator stays",
                "kubectl patch",
            ],
        );
        world.scale(1);
        let operator = world.operator();
        world
            .weft("mesh delete shop --yes")
            .must(0, &["is deleted"]);
        drop(operator);
        assert_eq!(world.resources(), [""; 0]);
        let left = world
            .kubectl("get mutatingwebhookconfigurations,clusterroles -A -l app=istiod -o name");
        assert_eq!(left, "");
        world.weft("mesh list").must(0, &[]);
    }
}
