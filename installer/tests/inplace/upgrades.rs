//! A mesh that is created, changed and upgraded, with all that can come in between.

use super::world::World;

const INTERRUPTED: &str =
    "interrupted; what was written stays, and the same command goes on from there";
const CREATE: &str = "mesh create shop -f mesh.yaml";

/// Uninstalling keeps the definitions, and what Helm noted on them is nobody's then; of a release that is there it is not.
pub(crate) fn definitions_that_helm_left_are_taken_over(world: &World) {
    let base = "base-1.30.0.tgz -n default --set global.istioNamespace=default";
    world.helm(&format!("install istio-base {base}"));
    world.helm("uninstall istio-base -n default");
    let secret = "sh.helm.release.v1.istio-base.v1";
    world.kubectl(&format!("create secret generic {secret}"));
    world.kubectl(&format!("label secret {secret} owner=helm name=istio-base"));
    let contested = [".metadata.labels.app.kubernetes.io/managed-by belongs to helm"];
    world
        .weft(&format!("{CREATE} --skip-preflight"))
        .must(1, &contested);
    world.kubectl(&format!("delete secret {secret}"));
    world
        .weft("mesh plan -f mesh.yaml")
        .must(0, &["custom resource definitions that Helm left behind"]);
}

/// Ctrl-C says what it left, has an exit code of its own, and the same command goes on.
pub(crate) fn a_creation_that_is_interrupted_goes_on(world: &World) {
    world
        .interrupted(CREATE, "Deployment istio-system/istiod created")
        .must(130, &[INTERRUPTED]);
    world.weft("mesh status shop -o name").must(2, &[]);
    let left = "the last command (weft mesh create shop) has not come to its end: run it again";
    world.weft("mesh status shop").must(2, &[left]);
    world.weft(CREATE).must(0, &["is as it is described"]);
    world.weft("mesh status shop").must(0, &["SUCCEEDED"]);
    world.weft("mesh diff -f mesh.yaml").must(0, &[]);
    world.application();
}

/// The objects and the file go back together.
pub(crate) fn an_apply_is_undone(world: &World) {
    world
        .weft("mesh apply -f debug.yaml")
        .must(0, &["is as it is described"]);
    world.weft("mesh diff -f mesh.yaml").must(5, &[]);
    world.weft("undo --diff").must(5, &[]);
    world.weft("undo").must(0, &["(mesh apply shop) undone"]);
    world.weft("mesh diff -f mesh.yaml").must(0, &[]);
    world
        .weft("mesh apply -f mesh.yaml")
        .must(0, &["nothing was written"]);
}

/// What commands read of the file counts, also where it makes the same objects; how it is written does not.
pub(crate) fn a_change_of_the_file_alone_is_a_change(world: &World) {
    let record = "ConfigMap istio-system/weft-mesh-shop";
    let changed = [record, "spec.workloadKinds"];
    world.weft("mesh diff -f kinds.yaml").must(5, &changed);
    world
        .weft("mesh plan -f kinds.yaml")
        .must(0, &[record, "1 update"]);
    world.weft("mesh create -f kinds.yaml").must(
        1,
        &[
            "is described differently (spec.workloadKinds)",
            "mesh apply",
        ],
    );
    let applied = world.weft("mesh apply -f kinds.yaml");
    applied.must(0, &[record, "is as it is described"]);
    assert!(!applied.says("nothing was written"), "{applied:#?}");
    world.weft("mesh diff -f kinds.yaml").must(0, &[]);
    let entries = world.json("history");
    assert_eq!(entries[0]["verb"], "mesh apply shop", "{entries}");
    world.weft("undo").must(0, &["(mesh apply shop) undone"]);
    world.weft("mesh diff -f mesh.yaml").must(0, &[]);
    for verb in ["apply", "create"] {
        world
            .weft(&format!("mesh {verb} -f usual.yaml"))
            .must(0, &["nothing was written"]);
    }
    world.weft("mesh wait shop --timeout 1m").must(0, &[]);
}

fn to(world: &World, rest: &str) -> String {
    format!(
        "mesh upgrade shop --to 1.31.0 --charts {} {rest}",
        world.charts
    )
}

/// Charts, images and revision of the new version are named; Ctrl-C in the middle of a move; and back when all had moved.
pub(crate) fn a_promoted_canary_is_gone_back_from(world: &World) {
    let labels = || world.kubectl("get namespace app -o jsonpath={.metadata.labels}");
    let before = labels();
    let tag = lab::tools::istio_tag();
    world
        .weft("mesh upgrade shop --to 1.31.0 --strategy canary --revision next")
        .must(64, &["spec.images.tag", "say with --image-tag"]);
    let other = format!(
        "--strategy canary --revision next --image-tag {}",
        lab::tools::istio_tag_before()
    );
    world
        .weft(&to(world, &other))
        .must(65, &["is of another minor version", "1.31.0"]);
    world
        .weft(&format!("mesh apply -f mesh.yaml --image-tag {tag}"))
        .must(65, &["is of another minor version", "weft mesh upgrade"]);
    world
        .weft(&format!(
            "mesh upgrade shop --to 1.31.0 --strategy canary --revision next --image-tag {tag}"
        ))
        .must(1, &["has no chart gateway 1.31.0"]);
    let start = to(
        world,
        &format!("--strategy canary --revision next --image-tag {tag}"),
    );
    begun_beside_a_namespace_that_a_program_keeps(world, &start);
    let image = world.kubectl("-n istio-system get deployment istiod-next -o jsonpath={.spec.template.spec.containers[0].image}");
    assert_eq!(image, format!("{}/pilot:{tag}", lab::tools::image_hub()));

    let go = "mesh upgrade move shop app --wait-per-pod 1s --plain-http";
    let taken = ".metadata.labels.istio-injection is taken over from kubectl";
    world
        .interrupted(go, "app/one")
        .must(130, &[INTERRUPTED, taken]);
    assert_eq!(world.moved("app"), "partly");
    world.weft(go).must(0, &["promote shop"]);
    world.all_run("app", 2, tag, "next");
    assert_eq!(world.moved("app"), "yes");
    world
        .weft("mesh upgrade promote shop --plain-http")
        .must(0, &["is PROMOTED"]);

    world
        .weft("mesh upgrade rollback shop --wait-per-pod 1s --plain-http")
        .must(0, &["no upgrade is under way"]);
    world.all_run("app", 2, lab::tools::istio_tag_before(), "default");
    assert_eq!(labels(), before, "exactly as before");
    let validator = world.kubectl("get validatingwebhookconfiguration istiod-default-validator -o jsonpath={.webhooks[0].clientConfig.service.name}");
    assert_eq!(validator, "istiod", "the old one validates again");
    let left = world.kubectl("get deployments,services,configmaps,mutatingwebhookconfigurations,clusterroles -A -l weft.dev/component=istiod-next -o name");
    assert_eq!(left, "");
    world.weft("mesh diff -f mesh.yaml").must(0, &[]);
}

fn begun_beside_a_namespace_that_a_program_keeps(world: &World, start: &str) {
    world.kubectl("create namespace kept");
    world.kubectl("label namespace kept istio-injection=enabled --field-manager=argocd-controller");
    let kept = "Namespace kept: .metadata.labels.istio-injection belongs to argocd-controller";
    world
        .weft(start)
        .must(0, &["is READY", "revision next", kept]);
    world
        .weft("mesh upgrade move shop --all --plain-http")
        .must(1, &["nothing was written", "belongs to argocd-controller"]);
    world
        .weft("mesh upgrade move shop --all --diff --plain-http")
        .must(
            5,
            &["belongs to argocd-controller", "taken over from kubectl"],
        );
    assert_eq!(world.moved("app"), "no");
    world.kubectl("delete namespace kept");
}

/// While the new istiod does not come up the old one serves, nothing else runs differently, and there is a way back.
pub(crate) fn a_failed_upgrade_in_place_is_gone_back_from(world: &World) {
    world
        .weft(&to(world, "--image-tag x --revision next"))
        .must(64, &["--strategy canary"]);
    let pods = world.pods("app");
    let missing = "--image-tag missing --timeout 5s";
    world
        .weft(&to(world, missing))
        .must(64, &["no way back", "--yes"]);
    world.weft(&to(world, &format!("{missing} --yes"))).must(
        3,
        &[
            "the image lab.local/pilot:missing cannot be pulled",
            "the same command goes on, and `weft mesh upgrade rollback shop` goes back",
        ],
    );
    let ready = world
        .kubectl("-n istio-system get deployment istiod -o jsonpath={.status.availableReplicas}");
    assert_eq!(ready, "1", "the old one serves");
    world
        .weft("mesh status shop")
        .must(2, &["istio-system/istiod", "UPDATING"]);
    let status = world.json("mesh upgrade status shop");
    assert_eq!(status["stage"], "INSTALLING", "{status}");
    world
        .weft("mesh upgrade promote shop --plain-http")
        .must(1, &["this upgrade is in place"]);
    world
        .weft("mesh upgrade rollback shop --plain-http")
        .must(0, &["no upgrade is under way"]);
    world.weft("mesh status shop").must(0, &[]);
    world.weft("mesh diff -f mesh.yaml").must(0, &[]);
    assert_eq!(world.pods("app"), pods, "no workload was restarted");
}

/// The control plane first, then the workloads.
pub(crate) fn an_upgrade_in_place(world: &World) {
    let (old, new) = (lab::tools::istio_tag_before(), lab::tools::istio_tag());
    let pods = world.pods("app");
    world
        .weft(&to(world, &format!("--image-tag {new} --yes")))
        .must(0, &["no upgrade is under way", "weft sidecar upgrade -A"]);
    world.all_run("app", 2, old, "default");
    assert_eq!(world.pods("app"), pods, "no workload was restarted");
    world
        .weft(&to(world, ""))
        .must(0, &["runs Istio 1.31.0 already"]);
    world
        .weft("mesh upgrade shop --to 1.30.0 --image-tag x --plain-http")
        .must(1, &["a mesh is not downgraded"]);
    world.weft("mesh upgrade rollback shop --plain-http").must(
        0,
        &["no upgrade of mesh shop is under way", "not gone back from"],
    );
    world
        .weft("sidecar upgrade app --yes --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    world.all_run("app", 2, new, "default");
}
