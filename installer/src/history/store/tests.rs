use proptest::prelude::*;
use serde_json::json;

use super::super::stored::{ending, intent, pieces};
use super::super::{Change, Entry};
use super::*;
use crate::cluster::object::ObjectId;

const SMALL: Limits = Limits {
    value: 200,
    piece: 300,
    chunk: 700,
    total: 3000,
    days: 10,
};

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + day * 86_400).unwrap()
}

fn entry(day: i64, objects: usize) -> Entry {
    let change = |number| Change {
        object: ObjectId {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: None,
            name: format!("n{number}"),
        },
        manager: "weft",
        before: None,
        after: Some(json!({"number": number})),
    };
    Entry {
        at: at(day).to_string(),
        who: "alice".to_owned(),
        verb: format!("day {day}"),
        changes: (0..objects).map(change).collect(),
    }
}

/// As the edge does it, with a memory for a cluster.
fn append(chunks: &mut Vec<Chunk>, entry: &Entry, now: Timestamp, limits: Limits) {
    let pieces = pieces(entry, next_number(chunks), limits);
    for changed in place(chunks, &pieces, limits) {
        chunks.retain(|chunk| chunk.index != changed.index);
        chunks.push(changed);
    }
    let surplus = surplus(chunks, now, limits);
    chunks.retain(|chunk| !surplus.contains(&chunk.index));
}

/// A verb that was killed leaves word of itself; one that ended says what it did, and how it ended; what came in between
/// does not matter.
#[test]
fn an_entry_is_there_before_anything_is_written() {
    let add = |chunks: &mut Vec<Chunk>, pieces: &[Piece]| {
        for changed in place(chunks, pieces, SMALL) {
            chunks.retain(|chunk| chunk.index != changed.index);
            chunks.push(changed);
        }
    };
    let mut chunks = Vec::new();
    append(&mut chunks, &entry(1, 1), at(1), SMALL);
    let begun = Entry {
        changes: Vec::new(),
        ..entry(2, 0)
    };
    let number = next_number(&chunks);
    add(&mut chunks, &[intent(&begun, number)]);
    let seen = |chunks: &[Chunk]| -> Vec<_> {
        let history = read(chunks).unwrap();
        let row = |past: &Past| (past.number, past.changes.len(), past.complete, past.course);
        history.entries.iter().map(row).collect()
    };
    let first = (1, 1, true, Course::Done);
    assert_eq!(seen(&chunks), [first, (2, 0, false, Course::Begun)]);
    assert_eq!(read(&chunks).unwrap().entries[1].verb, "day 2");

    let withdrawn = without(&chunks, number).unwrap();
    let left: Vec<_> = chunks
        .iter()
        .map(|chunk| {
            if chunk.index == withdrawn.index {
                withdrawn.clone()
            } else {
                chunk.clone()
            }
        })
        .collect();
    assert_eq!(seen(&left), [first]);

    append(&mut chunks, &entry(3, 0), at(3), SMALL);
    for objects in [1, 9] {
        for course in [Course::Failed, Course::Done] {
            let mut chunks = chunks.clone();
            add(
                &mut chunks,
                &ending(&entry(2, objects), number, SMALL, course),
            );
            let wanted = [
                first,
                (2, objects, true, course),
                (3, 0, true, Course::Done),
            ];
            assert_eq!(seen(&chunks), wanted);
        }
    }
}

proptest! {
    /// Nothing is lost until the bound, then only the oldest; the order stays; the bounds hold.
    #[test]
    fn only_the_oldest_are_dropped(sizes in prop::collection::vec(0..6_usize, 1..40), days in 0..3_i64) {
        let mut chunks = Vec::new();
        for (number, size) in sizes.iter().enumerate() {
            let day = i64::try_from(number).unwrap() * days;
            append(&mut chunks, &entry(day, *size), at(day), SMALL);
            let bytes: usize = chunks.iter().map(Chunk::bytes).sum();
            prop_assert!(bytes <= SMALL.total || chunks.len() == 1);
            prop_assert!(chunks.iter().all(|chunk| chunk.bytes() <= SMALL.chunk));
        }
        let history = read(&chunks).unwrap();
        let numbers: Vec<_> = history.entries.iter().map(|past| past.number).collect();
        let last = u64::try_from(sizes.len()).unwrap();
        prop_assert_eq!(numbers, (history.dropped + 1..=last).collect::<Vec<_>>());
        for past in &history.entries {
            let size = sizes[usize::try_from(past.number).unwrap() - 1];
            if past.complete {
                let names: Vec<_> = past.changes.iter().map(|stored| stored.object.name.clone()).collect();
                prop_assert_eq!(names, (0..size).map(|number| format!("n{number}")).collect::<Vec<_>>());
            } else {
                prop_assert_eq!(past.number, history.dropped + 1, "only the oldest may have lost a part");
            }
        }
    }

    #[test]
    fn without_a_bound_everything_is_kept(sizes in prop::collection::vec(0..6_usize, 1..30)) {
        let limits = Limits { total: usize::MAX, ..SMALL };
        let mut chunks = Vec::new();
        for size in &sizes {
            append(&mut chunks, &entry(0, *size), at(0), limits);
        }
        let history = read(&chunks).unwrap();
        prop_assert_eq!(history.dropped, 0);
        let kept: Vec<_> = history.entries.iter().map(|past| (past.changes.len(), past.complete)).collect();
        prop_assert_eq!(kept, sizes.iter().map(|size| (*size, true)).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_old_goes_with_its_chunk() {
    let mut chunks = Vec::new();
    for day in 0..8 {
        append(&mut chunks, &entry(day, 1), at(day), SMALL);
    }
    let before = chunks.len();
    append(&mut chunks, &entry(30, 1), at(30), SMALL);
    assert!(before > 1 && chunks.len() == 1, "{before} {}", chunks.len());
    assert_eq!(next_number(&chunks), 10, "numbers go on");
}

#[test]
fn an_entry_of_which_a_part_is_missing_says_so() {
    let limits = Limits {
        chunk: 300,
        total: usize::MAX,
        ..SMALL
    };
    let mut chunks = Vec::new();
    append(&mut chunks, &entry(0, 6), at(0), limits);
    assert!(read(&chunks).unwrap().entries[0].complete);
    let last = chunks.pop().unwrap();
    assert!(!chunks.is_empty() && !last.data.is_empty());
    assert!(!read(&chunks).unwrap().entries[0].complete);
}

#[test]
fn damage_is_named() {
    let chunk = Chunk {
        index: 3,
        data: [("0000000001.00000".to_owned(), "{}".to_owned())].into(),
        version: None,
    };
    let text = read(&[chunk]).unwrap_err().to_string();
    assert!(
        text.contains("0000000001.00000 in chunk 3") && text.contains("missing field"),
        "{text}"
    );
}
