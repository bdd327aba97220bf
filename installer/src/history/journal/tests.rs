//! What is in the history of a verb that was stopped, killed, or not allowed to write there.

use super::super::fake::Fake;
use super::super::keep;
use super::super::store::Past;
use super::super::stored::Course;
use super::*;
use crate::cluster::object::ObjectId;

const ROOT: &str = "istio-system";

fn journal(cluster: &Cluster, keeping: Keeping) -> Journal<'_> {
    Journal::new(cluster, ROOT, "sidecar restart a", keeping)
}

async fn add(journal: &Journal<'_>, count: usize) {
    for number in 0..count {
        journal.begin().await.unwrap();
        let object = ObjectId {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some("a".to_owned()),
            name: format!("d{number}"),
        };
        let change = Change {
            object,
            manager: "weft-restart",
            before: None,
            after: None,
        };
        journal.add(change).await;
    }
}

async fn entries(cluster: &Cluster) -> Vec<Past> {
    keep::load(cluster, ROOT).await.unwrap().entries
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_stopped_leaves_all_and_whoever_is_killed_nearly_all() {
    for (is_killed, count) in [(false, 1), (true, 1), (true, 16), (false, 60), (true, 60)] {
        let cluster = Fake::default().cluster();
        let journal = journal(&cluster, Keeping::Always);
        add(&journal, count).await;
        if is_killed {
            std::mem::forget(journal);
        } else {
            drop(journal);
        }
        let found = entries(&cluster).await;
        let [past] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!((past.course, past.complete), (Course::Begun, false));
        let lost = count - past.changes.len();
        assert!(lost * SHARE <= count, "{lost} of {count}");
        assert!(is_killed || lost == 0, "{lost} of {count}");
    }
}

#[tokio::test]
async fn it_ends_as_the_verb_does() {
    for (count, all, wanted) in [
        (0, true, None),
        (3, true, Some(Course::Done)),
        (3, false, Some(Course::Failed)),
        (40, true, Some(Course::Done)),
    ] {
        let fake = Fake::default();
        let cluster = fake.cluster();
        let journal = journal(&cluster, Keeping::Always);
        // Before the first write it is there.
        journal.begin().await.unwrap();
        assert_eq!(entries(&cluster).await.len(), 1);
        add(&journal, count).await;
        journal.end(all).await.unwrap();
        let found = entries(&cluster).await;
        let ends = found
            .first()
            .map(|past| (past.course, past.complete, past.changes.len()));
        assert_eq!(ends, wanted.map(|course| (course, true, count)));
        let writes = fake.asked();
        let writes = writes.iter().filter(|one| one.starts_with("PUT"));
        assert!(writes.count() <= 30, "{count}");
    }
}

#[tokio::test]
async fn who_may_not_write_there_is_stopped_told_or_neither() {
    let fake = Fake::forbidding();
    let cluster = fake.cluster();
    let strict = journal(&cluster, Keeping::Always);
    assert!(strict.begin().await.unwrap_err().is_forbidden());

    let told = journal(&cluster, Keeping::IfAllowed);
    told.begin().await.unwrap();
    told.end(true).await.unwrap();
    let told = journal(&cluster, Keeping::IfAllowed);
    add(&told, 2).await;
    assert!(told.end(true).await.unwrap_err().is_forbidden());

    let before = fake.asked();
    let rehearsal = journal(&cluster, Keeping::Nothing);
    rehearsal.begin().await.unwrap();
    rehearsal.end(true).await.unwrap();
    assert_eq!(fake.asked(), before);
}
