//! The history as a value: a row of chunks to which pieces are added, and from which the oldest are dropped.
//!
//! Entries are counted from 1 without gaps, so that the number of the oldest says how many were dropped.

use std::collections::BTreeMap;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::stored::{Course, Limits, Piece, Stored};

/// A `ConfigMap` of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Its place in the row.
    pub(crate) index: u64,
    /// What it holds, by keys that sort as the entries do.
    pub(crate) data: BTreeMap<String, String>,
    /// As it was read; nothing for one that is not written yet.
    pub(crate) version: Option<String>,
}

/// An entry as it was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Past {
    /// Its number.
    pub(crate) number: u64,
    /// When.
    pub(crate) at: String,
    /// Who.
    pub(crate) who: String,
    /// What was asked for.
    pub(crate) verb: String,
    /// What it wrote, in order.
    pub(crate) changes: Vec<Stored>,
    /// Whether all of it is there: a part may have been dropped, or never have been written.
    pub(crate) complete: bool,
    /// How it ended.
    pub(crate) course: Course,
}

/// All that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    /// Oldest first.
    pub(crate) entries: Vec<Past>,
    /// How many were dropped before.
    pub(crate) dropped: u64,
}

/// Something in the history that weft did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the history is damaged: {key} in chunk {index} is no part of an entry: {why}; take that key out of the ConfigMap"
)]
pub(crate) struct Damaged {
    /// Which `ConfigMap`.
    pub(crate) index: u64,
    /// Which key in it.
    pub(crate) key: String,
    /// What is wrong.
    pub(crate) why: String,
}

impl Chunk {
    fn bytes(&self) -> usize {
        self.data
            .iter()
            .map(|(key, text)| key.len().saturating_add(text.len()))
            .sum()
    }

    /// When its newest piece was written.
    fn newest(&self) -> Option<Timestamp> {
        let piece: Piece = serde_json::from_str(self.data.values().next_back()?).ok()?;
        piece.at.parse().ok()
    }
}

/// The number of the next entry.
pub(crate) fn next_number(chunks: &[Chunk]) -> u64 {
    let keys = chunks.iter().flat_map(|chunk| chunk.data.keys());
    let numbers = keys.filter_map(|key| key.split_once('.')?.0.parse::<u64>().ok());
    numbers.max().unwrap_or_default().saturating_add(1)
}

/// Under what a piece is kept: keys sort as pieces do.
pub(crate) fn key(piece: &Piece) -> String {
    format!("{:010}.{:05}", piece.number, piece.part)
}

/// The chunks that change when these pieces are added.
pub(crate) fn place(chunks: &[Chunk], pieces: &[Piece], limits: Limits) -> Vec<Chunk> {
    let mut changed: Vec<Chunk> = Vec::new();
    let mut open = chunks
        .iter()
        .max_by_key(|chunk| chunk.index)
        .cloned()
        .unwrap_or_default();
    for piece in pieces {
        let key = key(piece);
        let text = serde_json::json!(piece).to_string();
        let bytes = key.len().saturating_add(text.len());
        if open.bytes().saturating_add(bytes) > limits.chunk && !open.data.is_empty() {
            let index = open.index.saturating_add(1);
            changed.retain(|chunk| chunk.index != open.index);
            changed.push(std::mem::take(&mut open));
            open.index = index;
        }
        open.data.insert(key, text);
    }
    // What was full before anything was added has not changed.
    changed.push(open);
    changed.retain(|chunk| !chunks.contains(chunk));
    changed
}

/// The chunk that changes when an entry is taken out of which only the first piece is there.
pub(crate) fn without(chunks: &[Chunk], number: u64) -> Option<Chunk> {
    let intent = format!("{number:010}.{:05}", 0);
    let mut chunk = chunks
        .iter()
        .find(|chunk| chunk.data.contains_key(&intent))?
        .clone();
    chunk.data.remove(&intent);
    Some(chunk)
}

/// The chunks that are to be dropped: the oldest, while all are too much or they are too old; never the last one.
pub(crate) fn surplus(chunks: &[Chunk], now: Timestamp, limits: Limits) -> Vec<u64> {
    let mut row: Vec<_> = chunks.iter().collect();
    row.sort_by_key(|chunk| chunk.index);
    let mut total: usize = row.iter().map(|chunk| chunk.bytes()).sum();
    let age = SignedDuration::from_hours(limits.days.saturating_mul(24));
    let oldest_allowed = now.saturating_sub(age).unwrap_or(Timestamp::MIN);
    let mut dropped = Vec::new();
    let candidates = row.len().saturating_sub(1);
    for chunk in row.into_iter().take(candidates) {
        let old = chunk.newest().is_some_and(|newest| newest < oldest_allowed);
        if total <= limits.total && !old {
            break;
        }
        total = total.saturating_sub(chunk.bytes());
        dropped.push(chunk.index);
    }
    dropped
}

/// What the chunks say.
pub(crate) fn read(chunks: &[Chunk]) -> Result<History, Damaged> {
    let mut pieces: BTreeMap<(u64, usize), Piece> = BTreeMap::new();
    for chunk in chunks {
        for (key, text) in &chunk.data {
            let piece: Piece = serde_json::from_str(text).map_err(|error| Damaged {
                index: chunk.index,
                key: key.clone(),
                why: error.to_string(),
            })?;
            pieces.insert((piece.number, piece.part), piece);
        }
    }
    let mut entries: Vec<Past> = Vec::new();
    let mut seen = 0_usize;
    for piece in pieces.into_values() {
        if let Some(past) = entries
            .last_mut()
            .filter(|past| past.number == piece.number)
        {
            seen = seen.saturating_add(1);
            past.changes.extend(piece.changes);
            past.course = piece.course;
            past.complete = seen == piece.parts;
        } else {
            seen = 1;
            entries.push(Past {
                number: piece.number,
                at: piece.at,
                who: piece.who,
                verb: piece.verb,
                changes: piece.changes,
                complete: piece.parts == 1,
                course: piece.course,
            });
        }
    }
    let dropped = entries
        .first()
        .map_or(0, |first| first.number.saturating_sub(1));
    Ok(History { entries, dropped })
}

#[cfg(test)]
#[path = "store/tests.rs"]
mod tests;
