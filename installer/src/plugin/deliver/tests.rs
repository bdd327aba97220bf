//! Deliveries, against an API server in memory whose proxies cannot be asked.

use std::sync::{Arc, Mutex};

use axum::http::Method;
use serde_json::json;

use super::super::snapshot::PodName;
use super::super::verdict::Verdict;
use super::*;
use crate::cluster::fake::Fake;
use crate::output::Settings;
use crate::plugin::desired::{Desired, Written};
use crate::plugin::plan::{self, Terms};

const PATH: &str = "/apis/extensions.istio.io/v1alpha1/namespaces/shop/wasmplugins/limit";
const SCOPE: Scope<'static> = Scope {
    namespace: "shop",
    root: "istio-system",
};

struct Stage {
    fake: Fake,
    reader: Reader,
    writer: Writer,
    output: Output,
    talk: Talk,
}

#[derive(Clone, Default)]
struct Talk(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Talk {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Stage {
    fn new() -> Self {
        let fake = Fake::default();
        let talk = Talk::default();
        Self {
            reader: Reader::new(fake.cluster()),
            writer: Writer::new(fake.cluster(), false),
            output: Output::to(
                Settings::default(),
                Box::new(Talk::default()),
                Box::new(talk.clone()),
            ),
            fake,
            talk,
        }
    }

    fn delivery(&self, timeout: Option<Duration>) -> Delivery<'_> {
        Delivery {
            reader: &self.reader,
            writer: &self.writer,
            output: &self.output,
            patience: Patience {
                timeout,
                undo: true,
            },
            scope: SCOPE,
        }
    }

    /// The plan of a version, with what is there now.
    async fn plan(&self, digest: &str) -> Plan {
        let desired = Desired::read(&Written {
            name: Some("limit".to_owned()),
            image: Some(format!("r.example/limit:{digest}")),
            ..Written::default()
        })
        .unwrap();
        let snapshot = self.reader.snapshot(SCOPE, "limit", None).await.unwrap();
        let terms = Terms {
            scope: SCOPE,
            url: &format!("oci://r.example/limit@sha256:{digest}"),
            registry: "r.example",
            now: &format!("2026-11-24T08:00:{digest}Z"),
            allow_empty: true,
        };
        plan::plan(&snapshot, &desired, terms).unwrap()
    }

    /// Deploys a version to no proxy at all, which works.
    async fn deployed(&self, digest: &str) -> Plan {
        let plan = self.plan(digest).await;
        let delivered = self
            .delivery(Some(Duration::from_secs(9)))
            .carry_out(&plan)
            .await;
        assert_eq!(delivered.unwrap().ending, Ending::Written);
        plan
    }

    fn there(&self, pointer: &str) -> serde_json::Value {
        let found = self.fake.with(|world| world.plugins.get(PATH).cloned());
        found
            .and_then(|object| object.pointer(pointer).cloned())
            .unwrap_or_default()
    }

    fn said(&self) -> String {
        String::from_utf8(self.talk.0.lock().unwrap().clone()).unwrap()
    }
}

/// A proxy that refuses the version.
fn refused() -> Watched {
    let pod = PodName {
        namespace: "shop".to_owned(),
        name: "a".to_owned(),
    };
    Watched {
        outcome: Outcome::Failed,
        proxies: vec![Sighting::of(
            pod,
            Verdict::new(State::Refused, "no such word"),
        )],
    }
}

/// A pod whose proxy does not run, so that nothing comes to run there.
fn down() -> serde_json::Value {
    json!({"metadata": {"name": "a", "namespace": "shop"}, "spec": {"containers": [{"name": "istio-proxy"}]}})
}

#[tokio::test]
async fn a_version_that_works_is_written_pending_first_and_closed_then() {
    let stage = Stage::new();
    stage.deployed("01").await;

    assert_eq!(stage.there("/spec/failStrategy"), "FAIL_CLOSE");
    assert_eq!(
        stage.there("/metadata/annotations/weft.dev~1rollout"),
        json!(null)
    );
}

#[tokio::test(start_paused = true)]
async fn going_back_is_told_as_it_went() {
    let stage = Stage::new();
    stage.deployed("01").await;
    let plan = stage.plan("02").await;
    stage
        .writer
        .apply_over(&plan.object, plan.replaces.as_ref())
        .await
        .unwrap();

    let back = stage.delivery(None).trouble(&plan, refused()).await;
    assert_eq!(
        (back.ending, back.exit),
        (Ending::RolledBack, Exit::Failure)
    );
    assert!(
        back.trouble
            .unwrap()
            .ends_with("The version before serves again.")
    );

    stage.fake.with(|world| world.pods.push(down()));
    let plan = stage.plan("03").await;
    stage
        .writer
        .apply_over(&plan.object, plan.replaces.as_ref())
        .await
        .unwrap();
    let mut late = refused();
    late.outcome = Outcome::TimedOut;
    let not_back = stage.delivery(None).trouble(&plan, late).await;
    assert_eq!(
        (not_back.ending, not_back.exit),
        (Ending::NotBack, Exit::Failure)
    );
    let trouble = not_back.trouble.unwrap();
    assert!(!trouble.contains("serves again"), "{trouble}");
    for part in [
        "no such word",
        "was written again, but not every proxy runs it",
        "shop/a is not-ready",
    ] {
        assert!(trouble.contains(part), "{part} is missing in {trouble}");
    }
}

#[tokio::test]
async fn why_it_failed_is_told_although_going_back_fails_too() {
    let stage = Stage::new();
    stage.deployed("01").await;
    let plan = stage.plan("02").await;
    stage
        .writer
        .apply_over(&plan.object, plan.replaces.as_ref())
        .await
        .unwrap();
    stage
        .fake
        .before_each(|_, method, _| (method == Method::PATCH).then_some(403));

    let told = stage.delivery(None).trouble(&plan, refused()).await;

    assert_eq!(told.ending, Ending::NotBack);
    let trouble = told.trouble.unwrap();
    for part in ["no such word", "is still there", "no permission: fake 403"] {
        assert!(trouble.contains(part), "{part} is missing in {trouble}");
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_meanwhile_is_neither_undone_nor_written_over() {
    let stage = Stage::new();
    stage.deployed("01").await;
    let (ours, theirs) = (stage.plan("02").await, stage.plan("03").await);
    stage
        .writer
        .apply_over(&ours.object, ours.replaces.as_ref())
        .await
        .unwrap();
    let wanted = serde_json::to_value(&theirs.object).unwrap();
    stage.fake.with(|world| world.put(PATH, wanted, "weft"));

    let told = stage.delivery(None).trouble(&ours, refused()).await;
    assert_eq!(told.ending, Ending::Left);
    let trouble = told.trouble.unwrap();
    assert!(
        trouble.contains("revision 2 of r.example/limit:03"),
        "{trouble}"
    );
    let late = stage
        .delivery(Some(Duration::from_secs(9)))
        .carry_out(&ours)
        .await;
    assert!(
        matches!(late, Err(ClusterError::Overtaken { .. })),
        "{late:?}"
    );
    let only = stage.delivery(None).carry_out(&ours).await;
    assert!(
        matches!(only, Err(ClusterError::Overtaken { .. })),
        "{only:?}"
    );
    assert_eq!(stage.there("/spec/url"), "oci://r.example/limit@sha256:03");
}

#[tokio::test]
async fn a_first_version_that_somebody_else_replaced_is_not_removed() {
    let stage = Stage::new();
    let ours = stage.plan("01").await;
    stage.writer.apply_over(&ours.object, None).await.unwrap();
    let theirs = stage.plan("02").await;
    let wanted = serde_json::to_value(&theirs.object).unwrap();
    // Between our last look and our removal.
    stage.fake.before_each(move |world, method, count| {
        if method == Method::DELETE && count == 1 {
            world.put(PATH, wanted.clone(), "weft");
        }
        None
    });

    let told = stage.delivery(None).trouble(&ours, refused()).await;

    assert_eq!(told.ending, Ending::Left);
    assert_eq!(stage.there("/spec/url"), "oci://r.example/limit@sha256:02");
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_when_somebody_else_writes() {
    let stage = Stage::new();
    stage.fake.with(|world| world.pods.push(down()));
    let ours = stage.plan("01").await;
    let theirs = stage.plan("02").await;
    let wanted = serde_json::to_value(&theirs.object).unwrap();
    stage.fake.before_each(move |world, method, count| {
        if method == Method::GET && count == 4 {
            world.put(PATH, wanted.clone(), "weft");
        }
        None
    });
    let started = Instant::now();

    let told = stage
        .delivery(Some(Duration::from_mins(5)))
        .carry_out(&ours)
        .await;

    let error = told.unwrap_err().to_string();
    assert!(
        error.contains("revision 1 of r.example/limit:02, deployed at 2026-11-24T08:00:02Z"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn one_deadline_holds_for_all_of_it() {
    let stage = Stage::new();
    stage.fake.with(|world| world.pods.push(down()));
    let plan = stage.plan("01").await;
    let started = Instant::now();

    let told = stage
        .delivery(Some(Duration::from_secs(20)))
        .carry_out(&plan)
        .await
        .unwrap();

    assert_eq!((told.ending, told.exit), (Ending::Left, Exit::Timeout));
    assert!(
        started.elapsed() < Duration::from_secs(22),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(stage.there("/spec/failStrategy"), "FAIL_OPEN");
    // Closing it has what is left of the same time.
    let deadline = after(started, Duration::from_secs(20));
    let seen = Watched {
        outcome: Outcome::Running,
        proxies: Vec::new(),
    };
    let closed = stage
        .delivery(None)
        .settle(&plan, seen, deadline)
        .await
        .unwrap();
    assert_eq!(closed.outcome, Outcome::TimedOut);
    assert!(
        started.elapsed() < Duration::from_secs(22),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn without_waiting_it_closes_at_once_and_says_so() {
    let stage = Stage::new();
    let plan = stage.plan("01").await;

    let told = stage.delivery(None).carry_out(&plan).await.unwrap();

    assert_eq!(told.ending, Ending::Written);
    assert_eq!(stage.there("/spec/failStrategy"), "FAIL_CLOSE");
    assert!(
        stage
            .said()
            .contains("--no-wait: it fails closed from the start"),
        "{}",
        stage.said()
    );
}
