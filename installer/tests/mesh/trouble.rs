//! Deployments that do not work, although everything that can be checked beforehand was well: the version before serves on.

use super::gate::Mode;
use super::modules::{choosy, stopper};
use super::world::World;

/// Proxies cannot pull it: they deny everything until weft has gone back.
pub(crate) fn an_update_that_cannot_be_pulled(world: &World) {
    let corner = world.corner("unreachable", &["shop"]);
    let (one, two) = (
        corner.push(&stopper("one"), "1"),
        corner.push(&stopper("two"), "2"),
    );
    corner.deploy("shop", &one, "a: 1", &[]).must(0, &[]);
    corner.eventually("shop", "429 one");

    corner.gate.set(Mode::Closed);
    let said = [
        "going back to the version before",
        "pull-failed",
        "rolled-back",
        "The version before serves again.",
    ];
    corner.deploy("shop", &two, "a: 1", &[]).must(1, &said);
    corner.eventually("shop", "429 one");
    assert_eq!(corner.status("shop")["revision"], 1);

    corner.gate.set(Mode::Open);
    corner
        .deploy("shop", &two, "a: 1", &[])
        .must(0, &["updating shop, revision 2"]);
    corner.eventually("shop", "429 two");
}

/// Envoy refuses it, and goes on showing it as if it ran.
pub(crate) fn an_update_that_is_refused(world: &World) {
    let corner = world.corner("refused", &["shop"]);
    let (one, two) = (
        corner.push(&stopper("one"), "1"),
        corner.push(&choosy("two"), "2"),
    );
    corner.deploy("shop", &one, "a: 1", &[]).must(0, &[]);

    let said = [
        "the plugin refused its configuration: /: this configuration is refused",
        "rolled-back",
    ];
    corner.deploy("shop", &two, "a: 1", &[]).must(1, &said);
    corner.eventually("shop", "429 one");
    assert_eq!(corner.status("shop")["state"], "running");

    let left = corner.deploy("shop", &two, "a: 1", &["--no-rollback"]);
    left.must(1, &["It was left as it is"]);
    assert_eq!(corner.status("shop")["state"], "refused");
    corner.eventually("shop", "429 one");
    corner
        .deploy("shop", &one, "a: 2", &[])
        .must(0, &["revision 3"]);
}

/// There is nothing to go back to, so it is removed; and the next try works although Envoy still holds the refused one
/// against its listener.
pub(crate) fn a_first_version_that_is_refused(world: &World) {
    let corner = world.corner("first", &["shop"]);
    let (bad, good) = (
        corner.push(&choosy("bad"), "1"),
        corner.push(&stopper("good"), "2"),
    );

    corner
        .deploy("shop", &bad, "a: 1", &[])
        .must(1, &["There was no version before: the plugin was removed"]);
    corner
        .weft(&["status", "shop"])
        .must(1, &["there is no WasmPlugin shop"]);
    corner
        .deploy("shop", &good, "a: 1", &[])
        .must(0, &["running"]);
    corner.eventually("shop", "429 good");

    corner
        .deploy("shop", &good, "a: 1", &["-l", "app=typo"])
        .must(1, &["matches no pod", "--allow-empty"]);
}

/// A pull that is given up ends later, and its failure would take the place of the version that is back.
pub(crate) fn a_pull_that_is_overtaken(world: &World) {
    let corner = world.corner("overtaken", &["shop"]);
    let images: Vec<_> = ["one", "two", "three"]
        .iter()
        .map(|text| corner.push(&stopper(text), text))
        .collect();
    corner.deploy("shop", &images[0], "a: 1", &[]).must(0, &[]);
    corner.eventually("shop", "429 one");

    corner.gate.set(Mode::Silent);
    let slow = corner.deploy("shop", &images[1], "a: 1", &["--timeout", "3s"]);
    slow.must(
        3,
        &[
            "not in time",
            "is pulling",
            "watching 32 s",
            "The version before serves again.",
        ],
    );
    corner.eventually("shop", "429 one");
    assert_eq!(corner.status("shop")["state"], "running");

    // Ctrl-C while it is pulled; the same command goes on from there.
    let child = corner
        .command(&[
            "deploy",
            "shop",
            "--image",
            &images[2],
            "-f",
            "config.yaml",
            "-l",
            "app=shop",
            "--match",
            "mode=server",
            "--plain-http",
        ])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let is_pulling = || {
        let status = corner.status("shop");
        let is = status["state"] == "pulling" && status["pending"] == true;
        is.then_some(()).ok_or_else(|| status.to_string())
    };
    lab::trial::eventually("it is pulled", is_pulling);
    let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let interrupted = lab::trial::Ran::of(child.wait_with_output().unwrap());
    interrupted.must(130, &["the same command goes on from there"]);
    assert_eq!(is_pulling(), Ok(()));
    corner.gate.set(Mode::Open);
    corner
        .deploy("shop", &images[2], "a: 1", &[])
        .must(0, &["resuming the deployment of shop"]);
    corner.eventually("shop", "429 three");
    assert_eq!(corner.status("shop")["pending"], false);
}
