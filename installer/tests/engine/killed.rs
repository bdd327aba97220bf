//! A command that is killed at any point is gone on with by the same command, to the same end.

use super::world::{Corner, World, map};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Two states of one set that have little in common: objects come, change and go, in two namespaces, of several kinds.
fn states(other: &str) -> [String; 2] {
    let secret = |name: &str, value: &str| {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData: {{key: {value}}}\n"
        )
    };
    let elsewhere = |kind: &str, name: &str| {
        format!(
            "---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {other}}}\n"
        )
    };
    let many = |prefix: &str, count: usize| -> String {
        (0..count)
            .map(|number| map(&format!("{prefix}-{number}"), "a: \"1\""))
            .collect()
    };
    let role = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n";
    [
        format!(
            "{}{}{}{}",
            many("left", 6),
            map("both", "a: \"1\", b: \"2\""),
            secret("kept", "one"),
            elsewhere("ServiceAccount", "a")
        ),
        format!(
            "{}{}{}{}{role}",
            many("right", 6),
            map("both", "a: \"2\""),
            secret("kept", "two"),
            elsewhere("ConfigMap", "b")
        ),
    ]
}

/// At how many points a run is killed.
const POINTS: u32 = 20;
const KINDS: &str = "configmaps,secrets,serviceaccounts,roles";

pub(crate) fn killed_anywhere_it_is_gone_on_with(world: &World) {
    let corner = world.room("killed");
    corner.kubectl(&["create", "namespace", "killed-other"]);
    let states = states("killed-other");
    let more = ["--prune", "--timeout", "60s"];
    // How each ends when nobody disturbs it, and how long that takes.
    let mut ends = Vec::new();
    let mut longest = Duration::ZERO;
    for state in [&states[0], &states[1], &states[0]] {
        let started = Instant::now();
        corner.apply(&[state], &more).must(0, &[]);
        longest = longest.max(started.elapsed());
        ends.push(members(&corner));
    }
    assert_eq!(ends[0], ends[2]);
    assert_ne!(ends[0], ends[1]);

    let mut halfway = 0;
    for point in 0..POINTS {
        let goal = usize::from(point % 2 == 0);
        let mut command = corner.command(&[&states[goal]], &more);
        let mut running = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The point is where the clock says, and where that falls differs from run to run: that is the idea.
        std::thread::sleep(longest * point / POINTS);
        running.kill().unwrap();
        running.wait().unwrap();
        everything_is_findable(&corner, point);
        halfway += u32::from(!ends.contains(&members(&corner)));

        corner.apply(&[&states[goal]], &more).must(0, &[]);
        assert_eq!(
            members(&corner),
            ends[goal],
            "killed at {point} of {POINTS}"
        );
        corner
            .apply(&[&states[goal]], &["--prune", "--diff"])
            .must(0, &[]);
    }
    assert!(
        halfway > 0,
        "no run was killed in the middle: this has shown nothing"
    );
}

/// Every member with what it holds, and what the parent says.
fn members(corner: &Corner<'_>) -> Vec<String> {
    let mut found: Vec<_> = labelled(corner)
        .iter()
        .map(|object| {
            format!(
                "{} {} {} {}",
                object["kind"],
                object["metadata"]["namespace"],
                object["metadata"]["name"],
                object["data"]
            )
        })
        .collect();
    found.push(corner.list(&["configmap", "set"])[0]["metadata"]["annotations"].to_string());
    found
}

fn labelled(corner: &Corner<'_>) -> Vec<Value> {
    corner
        .list(&[KINDS, "-A", "-l", "applyset.kubernetes.io/part-of"])
        .into_iter()
        .filter(|object| {
            object["metadata"]["namespace"]
                .as_str()
                .unwrap()
                .starts_with("killed")
        })
        .collect()
}

/// The parent promises at least what there is.
fn everything_is_findable(corner: &Corner<'_>, point: u32) {
    let parent = &corner.list(&["configmap", "set"])[0]["metadata"]["annotations"];
    let words = |key: &str| -> BTreeSet<String> {
        let text = parent[format!("applyset.kubernetes.io/{key}")]
            .as_str()
            .unwrap();
        text.split(',').map(str::to_owned).collect()
    };
    let (kinds, namespaces) = (
        words("contains-group-kinds"),
        words("additional-namespaces"),
    );
    for object in labelled(corner) {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        let group = text("/apiVersion")
            .split_once('/')
            .map(|(group, _)| format!(".{group}"))
            .unwrap_or_default();
        assert!(
            kinds.contains(&format!("{}{group}", text("/kind"))),
            "{point}: {kinds:?} {object}"
        );
        let namespace = text("/metadata/namespace");
        assert!(
            namespace == "killed" || namespaces.contains(&namespace),
            "{point}: {object}"
        );
    }
}
