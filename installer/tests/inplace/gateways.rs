//! A gateway that is killed in the middle of its creation, deleted, and undone.

use super::world::{World, eventually};

const CREATE: &str = "gateway create front -n edge --service-type ClusterIP --replicas 1 --requests cpu=10m,memory=40Mi";

/// Everything in the namespace of the gateway that could be a part of it.
fn objects(world: &World) -> String {
    world.kubectl("-n edge get deployments,replicasets,pods,services,endpoints,serviceaccounts,roles,rolebindings,configmaps,horizontalpodautoscalers,poddisruptionbudgets -o name")
}

fn runs(world: &World, ready: u8) {
    eventually("the gateway runs", || {
        let status = world.json("gateway status front -n edge");
        status[0]["state"] == "RUNNING" && status[0]["ready"] == ready
    });
}

/// What was created is gone after an undo, and there again after the next.
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
    eventually("nothing is left of it", || objects(world) == before);
    world.weft(CREATE).must(0, &["RUNNING", "1/1"]);
    world
        .weft("undo")
        .must(0, &["(gateway create front) undone"]);
    eventually("nothing is left of it", || objects(world) == before);
    world.weft("undo").must(0, &["undone"]);
    runs(world, 1);
}
