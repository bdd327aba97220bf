//! The buckets of one rule in shared data: a table of a fixed size, and the one step on it.
//!
//! Envoy's shared data can never be deleted, and clients choose the keys, so there is no slot for each key. There is a table
//! of **sets** of [`WAYS`] entries, several sets to a page, and a page to a slot of shared data. A key's fingerprint says which set
//! it belongs to; there it has an entry of its own as long as not more than [`WAYS`] keys of the set are in use.
//!
//! An entry is a bucket in the form of GCRA: the time at which it would be full again. A token costs a fixed time, taking one moves
//! that time on, and there is a token as long as it is not further ahead than a whole burst. No timer refills anything.
//!
//! **When a set is full** the newcomer takes over the entry that is nearest to full, *with what it lacks*. An entry that is full
//! lacks nothing, so that is the ordinary case of a new key as well. This is the Space-Saving algorithm (Metwally, Agrawal, El
//! Abbadi 2005) on buckets. Nobody gets more than the limit by it: a key that lost its entry lacked no more than any entry of
//! the set then, entries only come to lack more (see below), and it takes over one of them when it returns. It may get
//! less, which is counted. Rejected: evicting the longest unused, as native filters do, for whoever owns many keys could reset his
//! bucket by using them in turn.
//!
//! **The bound.** Stamp each token with the reading of the clock at which it was charged. In any window of readings `[a, b]` the tokens
//! charged to a key, less those given back, are at most `burst + rate * (b - a)`. For the first charge in the window leaves the time at which
//! the bucket is full at `a + cost` or later, each further one adds `cost`, giving back `n` takes off `n * cost` at most, and no
//! charge leaves it later than `b + burst * cost`. That holds in whatever order workers get to the table, however old
//! their readings are. What a lease adds to it is said in [`crate::lease`]; if the clock steps back by more than [`crate::limit::GRACE`],
//! the time that it walks twice counts twice. `crate::laws` tries all of it.

use crate::fingerprint::Fingerprint;
use crate::limit::{Limit, Nanos, Ticks};

/// Entries of a set.
pub(crate) const WAYS: usize = 4;

/// Sets of a page, at most. More of them make fewer slots to create when a proxy starts, and more bytes to copy for each step. Measured in
/// Envoy 1.40, getting and setting a slot takes 0.67 us with 128 bytes, 0.68 with 1 KiB (8 sets), 0.80 with 4 KiB, 1.2 with 16 KiB.
const SETS: u32 = 8;

/// Bytes of an entry: the fingerprint, then the time, 16 bytes little endian each. Zeros are an entry of nobody, long full.
const ENTRY: usize = 32;

/// Bytes of a set.
const SET: usize = 128;

/// Tokens that one step may hand out: a sixteenth of what is there, so that one worker cannot empty a bucket that others need.
const SHARE: u32 = 16;

/// How large a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pages: u32,
    sets: u32,
}

/// Where a key's set lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The page.
    pub(crate) page: u32,
    set: usize,
}

impl Shape {
    /// A table for `keys` keys, rounded up to a power of two and at least to one set.
    pub(crate) fn new(keys: u32) -> Self {
        let sets = keys.div_ceil(4).next_power_of_two();
        Self {
            pages: sets.div_ceil(SETS),
            sets: sets.min(SETS),
        }
    }

    /// How many pages there are.
    pub(crate) const fn pages(self) -> u32 {
        self.pages
    }

    /// How many keys there is room for.
    pub(crate) fn keys(self) -> usize {
        let sets = u64::from(self.pages).saturating_mul(u64::from(self.sets));
        usize::try_from(sets)
            .unwrap_or(usize::MAX)
            .saturating_mul(WAYS)
    }

    /// Where `key` belongs. Pages and sets are powers of two, so a mask takes the low bits.
    pub(crate) fn place(self, key: Fingerprint) -> Place {
        let low = |bits: u128, count: u32| bits & u128::from(count.saturating_sub(1));
        let page = low(key.0, self.pages);
        let set = low(key.0 >> 32, self.sets);
        Place {
            page: u32::try_from(page).unwrap_or_default(),
            set: usize::try_from(set).unwrap_or_default(),
        }
    }

    fn page_size(self) -> usize {
        usize::try_from(self.sets)
            .unwrap_or_default()
            .saturating_mul(SET)
    }

    /// Whether `page` is one of this table.
    pub(crate) fn fits(self, page: &[u8]) -> bool {
        page.len() == self.page_size()
    }

    /// A page of full buckets.
    pub(crate) fn full_page(self) -> Vec<u8> {
        vec![0; self.page_size()]
    }

    /// A page of empty buckets.
    fn empty_page(self, limit: &Limit, now: Ticks) -> Vec<u8> {
        let entry = Entry {
            key: Fingerprint::default(),
            full_at: now.saturating_add(limit.tolerance()),
        };
        entry.encode().repeat(self.page_size().div_ceil(ENTRY))
    }
}

/// What a worker asks of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// How many tokens it would like, at least one.
    pub(crate) tokens: u32,
    /// How many it was given earlier, did not use, and gives back.
    pub(crate) unused: u32,
}

/// What it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Tokens, at least one.
    Granted {
        /// How many.
        tokens: u32,
        /// When the bucket will be full again.
        full_at: Nanos,
        /// Whether the bucket was taken over from a key that still lacked tokens.
        crowded: bool,
    },
    /// There is no token.
    Empty {
        /// When there will be one.
        until: Nanos,
        /// Whether this is the bucket of another key, that of this key having no room.
        crowded: bool,
    },
    /// What lay there was no page. Now a page of empty buckets does, which fill at the rate.
    Unreadable,
}

/// The step: takes what `ask` asks for from the bucket of `key`, given its page as it is, and gives the page as it shall be
/// (`None`: as it is) and the answer. Pure; it may run several times for one request.
pub(crate) fn step(
    page: Option<&[u8]>,
    shape: Shape,
    limit: &Limit,
    key: Fingerprint,
    (now, ask): (Nanos, Ask),
) -> (Option<Vec<u8>>, Answer) {
    let now = limit.ticks(now);
    let place = shape.place(key);
    let found = page.filter(|page| shape.fits(page)).and_then(|page| {
        let start = place.set.saturating_mul(SET);
        let (before, rest) = page.split_at_checked(start)?;
        let (set, after) = rest.split_first_chunk::<SET>()?;
        Some((before, Set::decode(set), after))
    });
    let Some((before, mut set, after)) = found else {
        return (Some(shape.empty_page(limit, now)), Answer::Unreadable);
    };
    let old = set;
    let answer = set.take(key, limit, now, ask);
    let page = (set != old).then(|| [before, &set.encode(), after].concat());
    (page, answer)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    key: Fingerprint,
    full_at: Ticks,
}

impl Entry {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (key, full_at) = bytes.split_first_chunk()?;
        Some(Self {
            key: Fingerprint(u128::from_le_bytes(*key)),
            full_at: u128::from_le_bytes(*full_at.first_chunk()?),
        })
    }

    fn encode(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let (key, full_at) = bytes.split_at_mut(16);
        key.copy_from_slice(&self.key.0.to_le_bytes());
        full_at.copy_from_slice(&self.full_at.to_le_bytes());
        bytes
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Set([Entry; WAYS]);

impl Set {
    /// Every [`SET`] bytes are a set.
    fn decode(bytes: &[u8; SET]) -> Self {
        let nobody = Entry {
            key: Fingerprint::default(),
            full_at: 0,
        };
        let mut entries = [nobody; WAYS];
        for (entry, bytes) in entries.iter_mut().zip(bytes.chunks_exact(ENTRY)) {
            *entry = Entry::decode(bytes).unwrap_or(nobody);
        }
        Self(entries)
    }

    fn encode(&self) -> Vec<u8> {
        self.0.iter().flat_map(|entry| entry.encode()).collect()
    }

    fn take(&mut self, key: Fingerprint, limit: &Limit, now: Ticks, ask: Ask) -> Answer {
        for entry in &mut self.0 {
            entry.full_at = limit.settled(entry.full_at, now);
        }
        self.give_back(key, limit.cost(ask.unused));
        let owned = self.0.iter().any(|entry| entry.key == key);
        let chosen = if owned {
            self.0.iter_mut().find(|entry| entry.key == key)
        } else {
            self.0.iter_mut().min_by_key(|entry| entry.full_at)
        };
        let Some(entry) = chosen else {
            return Answer::Unreadable;
        };
        let crowded = !owned && entry.full_at > now;
        let available = limit.available(entry.full_at, now);
        if available == 0 {
            let until = limit.ready_at(entry.full_at);
            return Answer::Empty { until, crowded };
        }
        let share = available.div_ceil(SHARE);
        let tokens = ask.tokens.clamp(1, share);
        entry.key = key;
        entry.full_at = entry.full_at.max(now).saturating_add(limit.cost(tokens));
        Answer::Granted {
            tokens,
            full_at: limit.nanos(entry.full_at),
            crowded,
        }
    }

    /// Takes `cost` off what the bucket of `key` lacks, but no more than leaves it lacking as much as another entry: whoever
    /// lost an entry of this set relies on every entry to lack at least as much as his did.
    fn give_back(&mut self, key: Fingerprint, cost: Ticks) {
        let others = self.0.iter().filter(|entry| entry.key != key);
        let least = others.map(|entry| entry.full_at).min().unwrap_or(0);
        for entry in self.0.iter_mut().filter(|entry| entry.key == key) {
            let given = entry.full_at.saturating_sub(cost);
            entry.full_at = given.max(least.min(entry.full_at));
        }
    }
}

#[cfg(test)]
mod tests;
