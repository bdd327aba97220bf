//! Several weft at once, and what only looks like weft's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::world::World;
use lab::trial::Ran;

/// A holder on another machine, whose clock says this many seconds less than ours.
fn lease(late: i64) -> String {
    let now = std::process::Command::new("date")
        .args([
            "-u",
            "-d",
            &format!("{late} seconds ago"),
            "+%Y-%m-%dT%H:%M:%S.000000Z",
        ])
        .output()
        .unwrap();
    let now = String::from_utf8(now.stdout).unwrap();
    format!(
        "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {{name: weft, namespace: istio-system}}\n\
         spec: {{holderIdentity: \"bob | mesh upgrade --to 1.31.0 | elsewhere | 7\", leaseDurationSeconds: 30, renewTime: \"{}\"}}\n",
        now.trim()
    )
}

/// While somebody works, another is told who and with what, however late that one's clock is; a holder that gives no sign for long
/// is forgotten, however early its clock is.
pub(crate) fn of_two_operators_one_is_told(world: &World) {
    let done = AtomicBool::new(false);
    world.apply(&lease(3600));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for late in 3000..3600 {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                world.apply(&lease(late));
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        let ran = world.weft("undo");
        done.store(true, Ordering::Relaxed);
        ran.must(
            1,
            &["another weft works on the mesh in istio-system: bob with `weft mesh upgrade --to 1.31.0` holds Lease istio-system/weft"],
        );
    });
    world.weft("mesh list").must(0, &["shop"]);
    world.apply(&lease(-3600));
    world.weft("undo").must(0, &["undone"]);
    assert!(!is_held(world), "it is let go");
    world.weft("mesh adopt shop").must(0, &[]);
}

fn is_held(world: &World) -> bool {
    world
        .kubectl("get leases -n istio-system -o name")
        .contains("/weft")
}

/// Each of several at once writes its own on one workload, or is told to wait; none takes away what another wrote.
pub(crate) fn labels_of_all_are_kept(world: &World) {
    world.apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: pair}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: pair}\nspec:\n  replicas: 0\n  \
         selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
         spec: {containers: [{name: web, image: none}]}\n",
    );
    let lines = [
        "sidecar disable deploy/web -n pair",
        "sidecar resources deploy/web -n pair --cpu 50m",
        "sidecar passthrough deploy/web -n pair --direction in --match exclude --port 3306",
        "sidecar passthrough deploy/web -n pair --direction out --match exclude --port 6379",
    ];
    std::thread::scope(|scope| {
        for line in lines {
            scope.spawn(move || {
                Ran::of(world.command(line).output().unwrap()).must(0, &[]);
            });
        }
    });
    let web = world.object("deployment web -n pair");
    let metadata = &web["spec"]["template"]["metadata"];
    assert_eq!(metadata["labels"]["sidecar.istio.io/inject"], "false");
    for (key, value) in [
        ("sidecar.istio.io/proxyCPU", "50m"),
        ("traffic.sidecar.istio.io/excludeInboundPorts", "3306"),
        ("traffic.sidecar.istio.io/excludeOutboundPorts", "6379"),
    ] {
        assert_eq!(metadata["annotations"][key], value, "{key}: {metadata}");
    }
    what_is_shown_is_what_is_written_and_kept(world);
    one_that_is_stopped_says_so(world);
    world.kubectl("delete namespace pair --wait=false");
}

/// A workload that somebody restarted, and on which weft has nothing of its own but what it takes away again.
fn what_is_shown_is_what_is_written_and_kept(world: &World) {
    world.apply(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: plain, namespace: pair}\nspec:\n  replicas: 0\n  \
         selector: {matchLabels: {app: plain}}\n  template:\n    metadata: {labels: {app: plain}}\n    \
         spec: {containers: [{name: plain, image: none}]}\n",
    );
    world.kubectl("-n pair rollout restart deployment plain");
    let annotations = || {
        let plain = world.object("deployment plain -n pair");
        plain["spec"]["template"]["metadata"]["annotations"].clone()
    };
    let before = annotations();
    world
        .weft("sidecar resources deploy/plain -n pair --cpu 50m --memory 64Mi")
        .must(0, &[]);
    let tuned = annotations();
    for (verb, wanted) in [
        ("undo", &before),
        ("redo", &tuned),
        ("undo", &before),
        ("redo", &tuned),
    ] {
        let shown = world.weft(&format!("{verb} --diff -o json"));
        shown.must(5, &[]);
        let written = world.json(verb);
        assert_eq!(shown.json()["changes"], written["changes"], "{verb}");
        assert_eq!(&annotations(), wanted, "{verb}");
        let last = world.json("history")[0]["number"].clone();
        let kept = world.json(&format!("history show {last}"));
        assert_eq!(kept["changes"], written["changes"], "{verb}");
    }
}

/// Told to stop, it says so with its exit code.
fn one_that_is_stopped_says_so(world: &World) {
    // Its pods never start, so that a restart waits for them.
    world.kubectl("-n pair scale deployment web --replicas=1");
    for signal in ["TERM", "INT"] {
        // The time of a restart has whole seconds: two within one would look like one.
        std::thread::sleep(Duration::from_millis(1100));
        let at = "{.spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}";
        let at = || world.kubectl(&format!("-n pair get deployment web -o jsonpath={at}"));
        let before = at();
        let running = world
            .command("sidecar restart deploy/web -n pair --yes")
            .spawn()
            .unwrap();
        lab::trial::eventually("the pods are told to start anew", || {
            let now = at();
            (now != before).then_some(()).ok_or(now)
        });
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &running.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        Ran::of(running.wait_with_output().unwrap()).must(130, &["interrupted"]);
    }
}

/// Whoever may write into one namespace cannot keep others from their meshes.
pub(crate) fn what_only_looks_like_a_record_is_in_nobodys_way(world: &World) {
    world.apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a-tenant}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: weft-mesh-x, namespace: a-tenant, \
         labels: {app.kubernetes.io/managed-by: weft, weft.dev/mesh: x}}\ndata: {state.json: '{'}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: weft-mesh-shop, namespace: a-tenant, \
         labels: {app.kubernetes.io/managed-by: weft, weft.dev/mesh: shop}}\n\
         data: {state.json: '{\"mode\": \"EXTERNAL\", \"phase\": \"SUCCEEDED\"}'}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {name: weft-gateway-x, namespace: a-tenant, \
         labels: {app.kubernetes.io/managed-by: weft, weft.dev/gateway: x}}\ndata: {state.json: '{'}\n",
    );
    let list = world.json("mesh list");
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    world.weft("mesh adopt shop").must(0, &[]);
    world.weft("history").must(0, &[]);
    world.weft("gateway list").must(0, &[]);
    world.kubectl("delete namespace a-tenant --wait=false");
}
