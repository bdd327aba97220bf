//! A mesh that is there, whose istiod serves nobody; and a tag that is in use.

use super::super::world::{Config, World};
use super::{CASE, Case};

const HALTED: &str = "Deployment shop/istiod: it is scaled to 0";
const SCALE: &str = "kubectl -n shop scale deployment istiod --replicas=1";

/// Of the mesh `shop`, which stays as it is.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = halted();
    cases.extend(astray());
    cases
}

/// Kubernetes calls a Deployment of no pods complete, and an autoscaler leaves it alone.
fn halted() -> Vec<Case> {
    vec![
        Case {
            name: "an istiod of no pods has a state",
            before: |world| {
                world.kubectl("-n shop scale deployment istiod --replicas=0");
            },
            weft: "mesh status shop",
            code: 2,
            object: HALTED,
            remedy: SCALE,
            ..CASE
        },
        Case {
            name: "an istiod of no pods is waited for",
            weft: "mesh wait shop --timeout 2s",
            code: 3,
            object: HALTED,
            remedy: SCALE,
            ..CASE
        },
        Case {
            name: "an istiod of no pods in a list",
            weft: "mesh list",
            code: 0,
            object: "FAILED",
            remedy: SCALE,
            ..CASE
        },
        Case {
            name: "an istiod of no pods before anything is written",
            weft: "preflight --mesh shop --root-namespace shop",
            code: 2,
            object: "the mesh's istiod serves",
            remedy: SCALE,
            ..CASE
        },
        Case {
            name: "an istiod of no pods is no mesh that is as described",
            weft: "mesh apply shop CHARTS --root-namespace shop --progress json",
            object: "{\"state\":\"failed\",\"exit\":1,",
            remedy: SCALE,
            after: |world| {
                world.kubectl("-n shop scale deployment istiod --replicas=1");
            },
            ..CASE
        },
    ]
}

fn astray() -> Vec<Case> {
    vec![
        Case {
            name: "a Service that leads to no istiod",
            before: |world| select(world, "nosuch"),
            weft: "mesh wait shop --timeout 2s",
            code: 3,
            object: "Service shop/istiod: no endpoint is behind it",
            remedy: "--force-conflicts",
            after: |world| select(world, "istiod"),
            ..CASE
        },
        Case {
            name: "a tag that a namespace names",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: tagged, labels: {istio.io/rev: prod}}\n",
            before: |world| {
                let line = "mesh apply shop CHARTS --root-namespace shop --tag prod --no-wait";
                world.weft(Config::Right, line).must(0, &[]);
            },
            weft: "mesh plan shop CHARTS --root-namespace shop",
            object: "tag prod would go, and Namespace tagged name it",
            remedy: "have the mesh file say `tags: [prod]`",
            after: |world| {
                world.kubectl("label namespace tagged istio.io/rev-");
                let line = "mesh apply shop CHARTS --root-namespace shop --yes --no-wait";
                world.weft(Config::Right, line).must(0, &["pruned"]);
            },
            ..CASE
        },
    ]
}

fn select(world: &World, app: &str) {
    let patch = format!("{{\"spec\":{{\"selector\":{{\"app\":\"{app}\"}}}}}}");
    world.kubectl(&format!("-n shop patch service istiod -p {patch}"));
}
