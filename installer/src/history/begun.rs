//! An entry of a verb that writes a while: it is there before the first write, so that one that is killed leaves word.

use k8s_openapi::jiff::Timestamp;

use super::stored::{self, Course, Limits, Piece};
use super::{Change, Entry, entry, keep};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;

/// Such an entry.
#[derive(Debug)]
#[must_use]
pub(crate) struct Begun<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
    number: u64,
    entry: Entry,
    /// How many pieces there are after the first.
    pieces: usize,
}

/// Says what is going to be done.
pub(crate) async fn begin<'a>(
    cluster: &'a Cluster,
    namespace: &'a str,
    verb: &str,
) -> Result<Begun<'a>, ClusterError> {
    let entry = entry(cluster, verb, Vec::new()).await?;
    let number = keep::begin(cluster, namespace, &entry, Timestamp::now()).await?;
    Ok(Begun {
        cluster,
        namespace,
        number,
        entry,
        pieces: 0,
    })
}

impl Begun<'_> {
    /// Says what was done since it was last said; more is to come.
    pub(super) async fn go_on(&mut self, changes: Vec<Change>) -> Result<(), ClusterError> {
        let pieces = self.later(changes, Course::Begun);
        let count = pieces.len();
        keep::go_on(self.cluster, self.namespace, pieces, Timestamp::now()).await?;
        self.pieces = self.pieces.saturating_add(count);
        Ok(())
    }

    /// Says what was really done besides, and whether that was all. Where nothing was, there is nothing to say.
    pub(crate) async fn end(self, changes: Vec<Change>, all: bool) -> Result<(), ClusterError> {
        if changes.is_empty() && self.pieces == 0 {
            return keep::withdraw(self.cluster, self.namespace, self.number).await;
        }
        let course = if all { Course::Done } else { Course::Failed };
        let pieces = self.later(changes, course);
        keep::go_on(self.cluster, self.namespace, pieces, Timestamp::now()).await
    }

    /// Says that it is done, though there was nothing to write.
    pub(crate) async fn stand(self) -> Result<(), ClusterError> {
        let pieces = self.later(Vec::new(), Course::Done);
        keep::go_on(self.cluster, self.namespace, pieces, Timestamp::now()).await
    }

    fn later(&self, changes: Vec<Change>, course: Course) -> Vec<Piece> {
        let entry = Entry {
            changes,
            ..self.entry.clone()
        };
        later(&entry, self.number, self.pieces, course)
    }
}

/// The pieces that come after the first one and these.
fn later(entry: &Entry, number: u64, before: usize, course: Course) -> Vec<Piece> {
    // Whoever is killed leaves an entry that lacks a piece.
    let lacking = usize::from(course == Course::Begun);
    let shifted = |piece: Piece| Piece {
        part: piece.part.saturating_add(before),
        parts: piece.parts.saturating_add(before).saturating_add(lacking),
        ..piece
    };
    stored::ending(entry, number, Limits::REAL, course)
        .into_iter()
        .map(shifted)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::store::{self, Chunk};
    use super::*;
    use crate::cluster::object::ObjectId;

    fn change(name: usize) -> Change {
        Change {
            object: ObjectId {
                group: String::new(),
                version: "v1".to_owned(),
                kind: "Namespace".to_owned(),
                namespace: None,
                name: format!("n{name}"),
            },
            manager: "weft-labels",
            before: None,
            after: None,
        }
    }

    proptest! {
        /// However it is cut, all of it is there, in order; and without its end it is known to be interrupted.
        #[test]
        fn an_entry_grows(counts in prop::collection::vec(0_usize..4, 1..6), ended in any::<Option<bool>>()) {
            let mut entry = Entry {
                at: "2026-11-24T08:00:00Z".to_owned(),
                who: "ann".to_owned(),
                verb: "sidecar restart a".to_owned(),
                changes: Vec::new(),
            };
            let mut pieces = vec![stored::intent(&entry, 7)];
            let (mut names, last) = (0.., counts.len() - 1);
            for (turn, count) in counts.iter().enumerate() {
                entry.changes = names.by_ref().take(*count).map(change).collect();
                let course = match ended.filter(|_| turn == last) {
                    None => Course::Begun,
                    Some(true) => Course::Done,
                    Some(false) => Course::Failed,
                };
                let before = pieces.len() - 1;
                pieces.extend(later(&entry, 7, before, course));
            }
            let chunk = Chunk {
                data: pieces.iter().map(|piece| (store::key(piece), serde_json::json!(piece).to_string())).collect(),
                ..Chunk::default()
            };
            let past = store::read(&[chunk]).unwrap().entries.remove(0);
            let found: Vec<_> = past.changes.iter().map(|one| one.object.name.clone()).collect();
            let wanted: Vec<_> = (0..counts.iter().sum()).map(|name: usize| format!("n{name}")).collect();
            prop_assert_eq!(found, wanted);
            let course = match ended {
                None => Course::Begun,
                Some(true) => Course::Done,
                Some(false) => Course::Failed,
            };
            prop_assert_eq!((past.course, past.complete), (course, ended.is_some()));
        }
    }
}
