//! What is noted of restarts, and how long they are waited for.

use serde_json::json;

use super::*;
use crate::failure::Exit;
use crate::history::fake::Fake;
use crate::history::journal::Keeping;
use crate::history::keep;
use crate::history::store::Past;
use crate::history::stored::Course;
use crate::output::{Output, Settings};

const ROOT: &str = "istio-system";

fn name(name: &str) -> WorkloadName {
    WorkloadName {
        namespace: "shop".to_owned(),
        kind: Kind::Deployment,
        name: name.to_owned(),
    }
}

/// A Deployment that is ready, or whose controller sleeps, or which is paused.
fn deploy(fake: &Fake, called: &str, seen: u8, paused: bool) {
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": called, "namespace": "shop", "generation": 2},
        "spec": {"replicas": 1, "paused": paused, "selector": {"matchLabels": {"app": called}}, "template": {"metadata": {"labels": {"app": called}}}},
        "status": {"observedGeneration": seen, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    });
    fake.put(&path(&name(called)), object);
}

fn quiet() -> Output {
    let sink = || Box::new(std::io::sink());
    Output::to(Settings::default(), sink(), sink())
}

async fn restarted(
    fake: &Fake,
    names: &[WorkloadName],
    pace: Pace,
    patience: Duration,
) -> Option<Vec<Restarted>> {
    let cluster = fake.cluster();
    let (reader, writer) = (
        Reader::new(cluster.clone()),
        Writer::new(cluster.clone(), false, false),
    );
    let (output, journal) = (
        quiet(),
        Journal::new(&cluster, ROOT, "sidecar restart shop", Keeping::IfAllowed),
    );
    let progress = output.progress();
    let restarter = Restarter {
        reader: &reader,
        writer: &writer,
        progress: &progress,
        pace,
    };
    // Who runs out of patience presses Ctrl-C.
    let rows = tokio::time::timeout(patience, restarter.all(names, Some(&journal)))
        .await
        .ok()?;
    journal.end(true).await.unwrap();
    Some(rows)
}

async fn history(fake: &Fake) -> Vec<Past> {
    keep::load(&fake.cluster(), ROOT).await.unwrap().entries
}

fn pace(settle: u64, timeout: u64) -> Pace {
    Pace {
        batch: 2,
        settle: Duration::from_secs(settle),
        timeout: Some(Duration::from_secs(timeout)),
        keep_going: true,
    }
}

#[tokio::test]
async fn a_restart_is_in_the_history_while_it_is_waited_for() {
    let fake = Fake::default();
    deploy(&fake, "slow", 1, false);
    let ended = restarted(&fake, &[name("slow")], pace(0, 300), Duration::from_secs(1)).await;
    assert_eq!(ended, None);
    let found = history(&fake).await;
    let [past] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(past.course, Course::Begun);
    assert_eq!(past.changes.len(), 1);
    assert_eq!(past.changes[0].object.name, "slow");
    // It began before the first write.
    let asked = fake.asked();
    let first = |what: &str| asked.iter().position(|one| one.starts_with(what)).unwrap();
    assert!(first("POST /api/v1/namespaces/istio-system/configmaps") < first("PATCH "));
}

#[tokio::test]
async fn what_was_never_restarted_is_not_noted() {
    let fake = Fake::default();
    deploy(&fake, "ready", 2, false);
    deploy(&fake, "paused", 2, true);
    let names = [name("paused"), name("ready")];
    let rows = restarted(&fake, &names, pace(0, 300), Duration::from_mins(1))
        .await
        .unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.result, row.begun)).collect();
    assert_eq!(found, [(Verdict::Failed, false), (Verdict::Succeed, true)]);
    let noted = history(&fake).await.remove(0).changes;
    let noted: Vec<_> = noted.iter().map(|one| one.object.name.as_str()).collect();
    assert_eq!(noted, ["ready"]);

    let fake = Fake::default();
    deploy(&fake, "paused", 2, true);
    restarted(&fake, &names[..1], pace(0, 300), Duration::from_mins(1))
        .await
        .unwrap();
    assert_eq!(history(&fake).await, []);
}

/// The deadline is for getting ready.
#[tokio::test]
async fn watching_comes_after_the_deadline() {
    let fake = Fake::default();
    deploy(&fake, "ready", 2, false);
    let long = Pace {
        settle: Duration::from_millis(1200),
        timeout: Some(Duration::from_millis(600)),
        ..pace(0, 0)
    };
    let rows = restarted(&fake, &[name("ready")], long, Duration::from_mins(1))
        .await
        .unwrap();
    assert_eq!(rows[0].result, Verdict::Succeed, "{rows:?}");
}

#[test]
fn times_that_do_not_go_together_are_both_named() {
    for (settle, timeout, goes) in [
        (5, 300, true),
        (299, 300, true),
        (300, 300, false),
        (600, 300, false),
    ] {
        match pace(settle, timeout).checked("--restart-timeout") {
            Ok(_) => assert!(goes, "{settle} {timeout}"),
            Err(failure) => {
                assert!(!goes, "{settle} {timeout}");
                assert_eq!(failure.exit(), Exit::Usage);
                let text = failure.to_string();
                let names = [
                    format!("--wait-per-pod {settle}s"),
                    format!("--restart-timeout {timeout}s"),
                ];
                assert!(names.iter().all(|name| text.contains(name)), "{text}");
            }
        }
    }
    let unbounded = Pace {
        timeout: None,
        ..pace(5, 1)
    };
    assert!(unbounded.checked("--timeout").is_ok());
}
