//! Gateways of a mesh that is upgraded: killed in the middle of a change, restarted for the new version, and undone.

use super::world::World;
use lab::trial::until;

const CREATE: &str = "gateway create front -n edge --service-type ClusterIP --replicas 1 --requests cpu=10m,memory=40Mi";

/// Everything in the namespace of the gateway that could be a part of it.
fn objects(world: &World) -> String {
    world.kubectl("-n edge get deployments,replicasets,pods,services,endpoints,serviceaccounts,roles,rolebindings,configmaps,horizontalpodautoscalers,poddisruptionbudgets -o name")
}

fn runs(world: &World, ready: u8) {
    until("the gateway runs", || {
        let status = world.json("gateway status front -n edge");
        status[0]["state"] == "RUNNING" && status[0]["ready"] == ready
    });
}

/// What was created is gone after an undo, and there again after a redo.
pub(crate) fn a_creation_that_is_killed_goes_on_and_is_undone(world: &World) {
    let before = objects(world);
    world.killed(CREATE, "Deployment edge/front created");
    let status = world.json("gateway status front -n edge");
    assert_eq!(status[0]["state"], "CREATING", "{status}");
    world.weft(CREATE).must(0, &["RUNNING", "1/1"]);
    world.weft(CREATE).must(0, &["nothing was written"]);

    world
        .weft("gateway delete front -n edge --yes")
        .must(0, &["is gone"]);
    until("nothing is left of it", || objects(world) == before);
    world.weft(CREATE).must(0, &["RUNNING", "1/1"]);
    world
        .weft("undo")
        .must(0, &["(gateway create front) undone"]);
    until("nothing is left of it", || objects(world) == before);
    world
        .weft("redo")
        .must(0, &["(gateway create front) done again"]);
    runs(world, 1);
}

/// An upgrade of the mesh leaves gateways alone; theirs makes new pods, which nobody can undo.
pub(crate) fn they_follow_an_upgrade(world: &World) {
    let status = world.json("gateway status front -n edge");
    assert_eq!(
        status[0]["versions"][0],
        lab::tools::istio_tag_before(),
        "{status}"
    );
    let pods = world.pods("edge");
    world
        .weft("gateway upgrade --all --diff --plain-http")
        .must(5, &["1.31.0"]);
    assert_eq!(world.pods("edge"), pods);
    world
        .weft("gateway upgrade --all --plain-http")
        .must(0, &["RUNNING", "1/1", lab::tools::istio_tag()]);
    assert_ne!(world.pods("edge"), pods, "its pods are new");
    world
        .weft("gateway upgrade --all --plain-http")
        .must(0, &["nothing was written"]);
    world
        .weft("undo")
        .must(1, &["pods that were restarted are gone"]);
}

/// A change is undone with the record of it; a deletion that was killed leaves nothing when it is run again.
pub(crate) fn changes_that_are_killed_go_on_and_others_are_undone(world: &World) {
    let update =
        |replicas: u8| format!("gateway update front -n edge --replicas {replicas} --plain-http");
    world.weft(&update(2)).must(0, &["2/2"]);
    world.weft("undo --diff").must(5, &[".spec.replicas"]);
    world
        .weft("undo")
        .must(0, &["(gateway update front) undone"]);
    runs(world, 1);
    world.weft(&format!("{} --diff", update(1))).must(0, &[]);
    world.weft(&update(1)).must(0, &["nothing was written"]);

    world.killed(&update(2), "Deployment edge/front updated");
    world.weft(&update(2)).must(0, &["2/2", "RUNNING"]);

    let delete = "gateway delete front -n edge --yes";
    world.weft(delete).must(0, &["is gone"]);
    world
        .weft("undo")
        .must(0, &["(gateway delete front) undone"]);
    runs(world, 2);
    world.weft(&update(1)).must(0, &["1/1", "RUNNING"]);

    world.killed(delete, "Deployment edge/front pruned");
    world.weft(delete).must(0, &["is gone"]);
    until("nothing is left of it", || {
        !objects(world).contains("front")
    });
}
