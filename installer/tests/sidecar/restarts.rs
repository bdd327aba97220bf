//! Restarts in batches, within disruption budgets, and an upgrade to another revision.

use super::world::{CANARY, SURGE, World};
use lab::trial::{eventually, until};

/// A rollout that stops an old pod first.
const STOP_FIRST: &str = "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}";

/// A budget that allows nothing holds a restart back until it does.
pub(crate) fn in_batches_within_budgets(world: &World) {
    world.namespace("batches", "{}");
    world.workload("batches", "guarded", 2, STOP_FIRST);
    world.workload("batches", "gentle", 1, SURGE);
    let budgets = |needed: u8| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: guarded, namespace: batches}}\n\
             spec: {{minAvailable: {needed}, selector: {{matchLabels: {{app: guarded}}}}}}\n---\n\
             apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: gentle, namespace: batches}}\n\
             spec: {{minAvailable: 1, selector: {{matchLabels: {{app: gentle}}}}}}\n"
        )
    };
    let allowed = |name: &str| {
        let line = format!(
            "-n batches get pdb {name} -o jsonpath={{.status.disruptionsAllowed}}/{{.status.currentHealthy}}"
        );
        world.kubectl(&line)
    };
    world.cluster.apply(&budgets(2)).unwrap();
    until("the budgets are met", || {
        (allowed("guarded").as_str(), allowed("gentle").as_str()) == ("0/2", "0/1")
    });
    let pods = || {
        let mut names = world.pods("batches");
        names.retain(|name| name.starts_with("guarded-"));
        names
    };
    let before = pods();

    // gentle starts a new pod first, and so disrupts nothing, whatever its budget allows.
    let line = "restart batches --yes --keep-going --timeout 20s --wait-per-pod 1s";
    world.weft(line).must(
        4,
        &[
            "PodDisruptionBudget guarded allows 0 disruptions now (2 healthy, 2 needed)",
            "gentle",
            "SUCCEED",
        ],
    );
    assert_eq!(pods(), before, "nothing of it was restarted");
    world.cluster.apply(&budgets(1)).unwrap();
    world
        .weft("restart deploy/guarded -n batches --yes --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    assert!(before.iter().all(|old| !pods().contains(old)));

    a_failure_stops_what_has_not_begun(world);
}

fn a_failure_stops_what_has_not_begun(world: &World) {
    let broken = r#"[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"lab.local/none:1"}]"#;
    world
        .cluster
        .kubectl(&[
            "-n",
            "batches",
            "patch",
            "deployment",
            "gentle",
            "--type=json",
            "-p",
            broken,
        ])
        .unwrap();
    let line =
        "restart deploy/gentle deploy/guarded -n batches --yes --timeout 15s --wait-per-pod 1s";
    world.weft(line).must(
        1,
        &[
            "container app: ",
            "FAILED",
            "not begun, because Deployment gentle failed",
            "SKIPPED",
        ],
    );
}

/// What is killed while it restarts leaves word of it; and an undo of labels is not hidden behind the restart that came with them.
pub(crate) fn are_in_the_history(world: &World) {
    world.namespace("told", "{}");
    world.workload("told", "a", 1, SURGE);
    let last = || world.run("history -o json").json()[0].clone();
    world
        .weft("enable told told --restart --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    let entry = last();
    assert_eq!(entry["course"], "done", "{entry:#}");
    assert_eq!(entry["objects"].as_array().unwrap().len(), 2, "{entry:#}");
    let said = [
        "metadata.labels.istio-injection",
        "Deployment told/a",
        "pods that were restarted are gone",
    ];
    world.run("undo").must(0, &said);
    let labels = world.kubectl("get namespace told -o jsonpath={.metadata.labels}");
    assert!(!labels.contains("istio-injection"), "{labels}");

    let line = "sidecar restart deploy/a -n told --yes --wait-per-pod 200s";
    let mut weft = world.command(line).spawn().unwrap();
    let is_noted = || {
        let entry = last();
        let restarted = &entry["objects"][0]["object"];
        let is = entry["course"] == "begun" && restarted["name"] == "a";
        is.then_some(()).ok_or_else(|| entry.to_string())
    };
    eventually("the restart is noted", is_noted);
    weft.kill().unwrap();
    assert!(weft.wait().unwrap().code().is_none(), "it was killed");
    assert_eq!(is_noted(), Ok(()));
    world
        .run("history")
        .must(0, &["1 updated, interrupted, or at work"]);
}

/// A namespace moves to another revision; its workloads follow, and only once.
pub(crate) fn an_upgrade_to_another_revision(world: &World) {
    world.istio(&[&format!("revision={CANARY}")]);
    world.kubectl("-n istio-system rollout status deployment/istiod-canary --timeout=120s");
    world.namespace("moving", "{istio-injection: enabled}");
    world.workload("moving", "a", 1, SURGE);
    world.workload("moving", "b", 1, SURGE);
    let alone = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: alone, namespace: moving}}\nspec: {{containers: [{{name: app, image: \"{}\", args: [\"--port\", \"8080\"]}}]}}\n",
        lab::tools::echo_image()
    );
    world.cluster.apply(&alone).unwrap();
    assert_eq!(
        world.states("moving"),
        "ENABLED a=INJECTED b=INJECTED alone=INJECTED"
    );

    world
        .weft("enable moving --revision canary")
        .must(0, &["istio-injection is taken over from kubectl"]);
    assert_eq!(
        world.states("moving"),
        "ENABLED_WAIT a=NEED_RESTART b=NEED_RESTART alone=NEED_RESTART"
    );
    world.weft("upgrade moving --dry-run=client").must(
        0,
        &[
            "would be restarted",
            "belongs to no controller and cannot be restarted",
        ],
    );
    world
        .weft("upgrade moving --yes --batch 2 --wait-per-pod 1s")
        .must(0, &["SUCCEED"]);
    world.weft("status deploy/a -n moving").must(0, &["canary"]);
    world
        .weft("upgrade moving --yes")
        .must(0, &["already current"]);
}
