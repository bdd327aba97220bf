//! What one worker remembers of the buckets of one rule, so that most requests touch no shared data.
//!
//! **Leases.** A step on shared data may charge more tokens than the request needs. The worker serves the next requests of the key from
//! the rest. The first lease of a key is one token; the next one is twice the last one if that was used up while it lived, and
//! what was used of it if not; a step gives out at most [`LARGEST`] and a sixteenth of what is in the bucket, so a bucket that runs low
//! is shared token by token. A lease **lives** a second, or until the bucket would have been full again when it was taken, whichever
//! is longer. What is left of it then goes back into the bucket with the next step, and is dropped if none came within as
//! long again. The clock is a call to the host, so up to [`BLIND`] tokens in a row are given out without a look at it: so many may be
//! used of a lease whose life is over.
//!
//! **What that does to the bound.** In any window of length `t`, a proxy admits at most `rate * t + burst` requests of a key *plus* the
//! tokens that its workers leased before the window and had not used: for each worker fewer than a sixteenth of the burst and
//! fewer than [`LARGEST`], from leases not older than twice their life (and as much more as readings of the clock are old), or one that was
//! put back because another rule refused the request. A limit with a burst below 17 has no leases.
//!
//! **What it costs the client.** A client whose requests reach one worker gets the whole burst: there is always a token for it when a plain
//! bucket would have one. A client of `w` workers may be refused while the other `w - 1` hold tokens for it, each fewer than
//! a sixteenth of the burst; those come back as that worker uses them or gives them back, and what is dropped is earned again
//! at the rate. `src/laws.rs` tries all of this.
//!
//! **Refusals** are remembered too, until the time at which there will be a token, so a flood touches no shared data either.
//!
//! The memory is a table of a fixed size in which a key has one place. It is only moved in upon when what is there is of no use
//! any more; a key that finds its place taken pays for a step with each request, and no token is ever lost to a newcomer.

use crate::fingerprint::Fingerprint;
use crate::limit::Nanos;
use crate::table::Ask;

/// The largest lease, in tokens. Beyond it the step is a small part of the cost of its requests.
pub(crate) const LARGEST: u32 = 64;

/// Tokens of a lease that are given out in a row without a look at the clock, which costs more than all that is done here.
pub(crate) const BLIND: u32 = 7;

/// The least time for which a lease serves, 1 s.
pub(crate) const LIFE: Nanos = 1_000_000_000;

/// Places of the memory, at most. They take 64 bytes each.
const PLACES: usize = 1024;

/// What a worker remembers of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// It was given tokens.
    Lease {
        size: u32,
        left: u32,
        since: Nanos,
        life: Nanos,
        /// Tokens given out since the clock was looked at.
        blind: u32,
    },
    /// It was refused.
    Refusal { since: Nanos, until: Nanos },
}

/// How old a lease is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// It serves.
    Serving,
    /// It goes back into the bucket.
    Returning,
    /// It counts for nothing. Also when the clock stepped back: then nobody knows.
    Over,
}

impl Memory {
    const fn age(&self, now: Nanos) -> Age {
        let (since, life) = match *self {
            Self::Lease { since, life, .. } => (since, life),
            Self::Refusal { since, until } => (since, until.saturating_sub(since)),
        };
        match now.checked_sub(since) {
            Some(age) if age <= life => Age::Serving,
            Some(age) if age <= life.saturating_mul(2) => Age::Returning,
            _ => Age::Over,
        }
    }

    /// Whether something would be lost if this were forgotten.
    fn is_of_use(&self, now: Nanos) -> bool {
        match self {
            Self::Lease { left, .. } => *left > 0 && self.age(now) != Age::Over,
            Self::Refusal { until, .. } => self.age(now) == Age::Serving && now < *until,
        }
    }
}

/// What the memory says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recalled {
    /// Here is a token.
    Token,
    /// There is no token before `until`.
    Refused {
        /// When there will be one.
        until: Nanos,
    },
    /// Ask the bucket for this.
    Nothing(Ask),
}

/// The memory.
#[derive(Clone, Debug)]
pub(crate) struct Leases {
    places: Vec<Option<(Fingerprint, Memory)>>,
}

impl Leases {
    /// A memory for a table of `keys` keys.
    pub(crate) fn new(keys: usize) -> Self {
        let places = keys.clamp(1, PLACES).next_power_of_two();
        Self {
            places: vec![None; places],
        }
    }

    /// Takes a token for `key` without knowing the time, if there is one for which that need not be known.
    pub(crate) fn take_blind(&mut self, key: Fingerprint) -> bool {
        match self.place(key) {
            Some((found, Memory::Lease { left, blind, .. }))
                if *found == key && *left > 0 && *blind < BLIND =>
            {
                *left = left.saturating_sub(1);
                *blind = blind.saturating_add(1);
                true
            }
            _ => false,
        }
    }

    /// Takes a token for `key`, or says what to ask for.
    pub(crate) fn take(&mut self, key: Fingerprint, now: Nanos) -> Recalled {
        let first = Ask {
            tokens: 1,
            unused: 0,
        };
        let Some((found, memory)) = self.place(key) else {
            return Recalled::Nothing(first);
        };
        if *found != key {
            return Recalled::Nothing(first);
        }
        let age = memory.age(now);
        match memory {
            Memory::Refusal { until, .. } if age == Age::Serving && now < *until => {
                Recalled::Refused { until: *until }
            }
            Memory::Lease { left, blind, .. } if *left > 0 && age == Age::Serving => {
                *left = left.saturating_sub(1);
                *blind = 0;
                Recalled::Token
            }
            Memory::Lease { size, left, .. } => Recalled::Nothing(next_lease(*size, *left, age)),
            Memory::Refusal { .. } => Recalled::Nothing(first),
        }
    }

    /// Remembers that `key` was charged `tokens` at `now`, one of which is spent at once, and that its bucket is full at `full_at`.
    pub(crate) fn granted(&mut self, key: Fingerprint, tokens: u32, now: Nanos, full_at: Nanos) {
        let memory = Memory::Lease {
            size: tokens,
            left: tokens.saturating_sub(1),
            since: now,
            life: full_at.saturating_sub(now).max(LIFE),
            blind: 0,
        };
        self.remember(key, memory, now);
    }

    /// Remembers that there is no token for `key` before `until`.
    pub(crate) fn refused(&mut self, key: Fingerprint, now: Nanos, until: Nanos) {
        self.remember(key, Memory::Refusal { since: now, until }, now);
    }

    /// Puts back the token that [`Leases::take`] or a step gave to a request that another rule then refused. It is lost when
    /// the place of `key` was taken.
    pub(crate) fn put_back(&mut self, key: Fingerprint) {
        if let Some((found, Memory::Lease { size, left, .. })) = self.place(key)
            && *found == key
        {
            *left = left.saturating_add(1).min(*size);
        }
    }

    fn remember(&mut self, key: Fingerprint, memory: Memory, now: Nanos) {
        let index = self.index(key);
        let Some(place) = self.places.get_mut(index) else {
            return;
        };
        let taken = place
            .as_ref()
            .is_some_and(|(found, old)| *found != key && old.is_of_use(now));
        if !taken {
            *place = Some((key, memory));
        }
    }

    fn place(&mut self, key: Fingerprint) -> Option<&mut (Fingerprint, Memory)> {
        let index = self.index(key);
        self.places.get_mut(index)?.as_mut()
    }

    /// The table of buckets takes the low bits of a fingerprint, this one the high ones.
    fn index(&self, key: Fingerprint) -> usize {
        let high = usize::try_from(key.0 >> 104).unwrap_or_default();
        high & self.places.len().saturating_sub(1)
    }
}

fn next_lease(size: u32, left: u32, age: Age) -> Ask {
    let used = size.saturating_sub(left);
    match age {
        Age::Serving => Ask {
            tokens: size.saturating_mul(2).min(LARGEST),
            unused: left,
        },
        Age::Returning => Ask {
            tokens: used.max(1),
            unused: left,
        },
        Age::Over => Ask {
            tokens: 1,
            unused: 0,
        },
    }
}

#[cfg(test)]
mod tests;
