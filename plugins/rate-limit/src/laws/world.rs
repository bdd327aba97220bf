//! A proxy in small: workers, one page of shared data, a clock.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::buckets::{Buckets, Step, Taken};
use crate::fingerprint::Fingerprint;
use crate::laws::ledger::{Ledger, Who};
use crate::limit::{Limit, Nanos, Ticks};
use crate::table::Answer;

/// When the world begins: some time after the epoch, so that the clock can step back.
const BEGIN: Nanos = 1_000_000_000_000_000;

/// Reads numbers from a script; one that is used up yields zeros.
#[derive(Debug)]
pub(super) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn goes_on(&self) -> bool {
        !self.0.is_empty()
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `end`, which is not zero.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        u64::from(self.byte()).checked_rem(end).unwrap_or(0)
    }

    pub(super) fn number(&mut self) -> u64 {
        let bytes = std::array::from_fn(|_| self.byte());
        u64::from_le_bytes(bytes)
    }

    /// So many bytes, or what there is.
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    pub(super) fn limit(&mut self) -> Limit {
        let requests = [1, 2, 7, 10, 60, 1000, 99_991, 1_000_000];
        let pers = [1, 20, 1000, 60_000, 3_600_000, 2_678_400_000];
        let bursts = [1, 2, 16, 17, 40, 100, 333, 2000];
        let number = |number: Option<&u32>| number.and_then(|number| NonZeroU32::new(*number));
        let requests = number(requests.get(self.index(8))).unwrap_or(NonZeroU32::MIN);
        let per = pers.get(self.index(6)).copied().unwrap_or(1);
        let burst = number(bursts.get(self.index(8))).unwrap_or(NonZeroU32::MIN);
        Limit::new(requests, Duration::from_millis(per), burst)
    }

    fn index(&mut self, end: u64) -> usize {
        usize::try_from(self.below(end)).unwrap_or(0)
    }
}

/// The proxy.
#[derive(Debug)]
pub(super) struct World {
    limit: Limit,
    workers: Vec<Buckets>,
    keys: u64,
    page: Vec<u8>,
    now: Nanos,
    /// How far the clock moved forward in all.
    moved: Nanos,
    steps: u64,
    ledger: Ledger,
    plain: PlainBucket,
}

/// What befalls a request besides the rule.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// So many races it loses.
    races: u64,
    /// Whether another rule refuses it, so that its token is put back.
    refused_elsewhere: bool,
}

/// A bucket as in a textbook, for one key: tokens, in ticks, that are there.
#[derive(Debug)]
struct PlainBucket {
    level: i128,
    filled: Nanos,
}

impl World {
    /// Up to four workers and eight keys.
    pub(super) fn new(script: &mut Script<'_>) -> Self {
        let workers = script.below(4).saturating_add(1);
        let keys = script.below(8).saturating_add(1);
        Self::with(script.limit(), workers, keys)
    }

    /// One worker and one key.
    pub(super) fn alone(script: &mut Script<'_>) -> Self {
        Self::with(script.limit(), 1, 1)
    }

    /// Up to eight workers and one key.
    pub(super) fn of_one_key(script: &mut Script<'_>) -> Self {
        let workers = script.below(8).saturating_add(1);
        Self::with(script.limit(), workers, 1)
    }

    fn with(limit: Limit, workers: u64, keys: u64) -> Self {
        let buckets = Buckets::new(limit, 1);
        Self {
            limit,
            page: buckets.shape().full_page(),
            workers: (0..workers).map(|_| buckets.clone()).collect(),
            keys,
            now: BEGIN,
            moved: 0,
            steps: 0,
            ledger: Ledger::default(),
            plain: PlainBucket {
                level: signed(limit.tolerance()),
                filled: BEGIN,
            },
        }
    }

    pub(super) const fn now(&self) -> Nanos {
        self.now
    }

    pub(super) const fn limit(&self) -> Limit {
        self.limit
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many steps on shared data there were.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    /// Lets time pass: often none, often about what a few tokens take.
    pub(super) fn advance(&mut self, script: &mut Script<'_>) {
        let token = self.limit.nanos(self.limit.cost(1));
        let factor = script.below(64);
        let passed = match script.below(8) {
            0..=3 => 0,
            4 => factor,
            5 => token.saturating_mul(factor) / 16,
            6 => token.saturating_mul(factor),
            _ => factor.saturating_mul(50_000_000),
        };
        self.pass(passed);
    }

    /// The clock jumps ahead.
    pub(super) fn advance_far(&mut self, script: &mut Script<'_>) {
        let passed = u64::from(script.byte()).saturating_mul(1_000_000_000);
        self.pass(passed);
    }

    /// The clock jumps back.
    pub(super) fn step_back(&mut self, script: &mut Script<'_>) {
        let back = u64::from(script.byte()).saturating_mul(50_000_000);
        self.now = self.now.saturating_sub(back);
    }

    fn pass(&mut self, passed: Nanos) {
        // A month's limit and a few hundred events stay far below the end of time.
        let passed = passed.min(1 << 54);
        self.now = self.now.saturating_add(passed);
        self.moved = self.moved.saturating_add(passed);
    }

    /// The tokens that a plain bucket which admitted the same requests has.
    pub(super) fn plain_tokens(&mut self) -> i128 {
        self.plain.fill(&self.limit, self.now);
        self.plain
            .level
            .checked_div(signed(self.limit.cost(1)))
            .unwrap_or(0)
    }

    /// A worker reads `reading` from the clock and serves requests, mostly one; sometimes another rule refuses what this one has a
    /// token for. Whether the last one had a token.
    pub(super) fn request(&mut self, script: &mut Script<'_>, reading: Nanos) -> bool {
        let count = u64::try_from(self.workers.len()).unwrap_or(1);
        let (worker, key) = (script.below(count), script.below(self.keys));
        let fate = Fate {
            races: script.below(3),
            refused_elsewhere: script.below(8) == 7,
        };
        let requests = match script.below(8) {
            0 => u64::from(script.byte()).saturating_add(1),
            1 => script.below(16).saturating_add(1),
            _ => 1,
        };
        (0..requests).fold(false, |_, _| self.serve((worker, key), reading, fate))
    }

    /// A worker serves a request.
    fn serve(&mut self, who: Who, reading: Nanos, fate: Fate) -> bool {
        let (worker, key) = who;
        let index = usize::try_from(worker).unwrap_or(usize::MAX);
        let Some(buckets) = self.workers.get_mut(index) else {
            return false;
        };
        let (page, steps) = (&mut self.page, &mut self.steps);
        let mut charged = None;
        // The memory has four places, so a fifth key meets the first one there.
        let fingerprint = Fingerprint((u128::from(key) << 104) | u128::from(key.saturating_add(1)));
        let step = |step: Step| {
            *steps = steps.saturating_add(1);
            for _ in 0..fate.races {
                // Lost: its result counts for nothing.
                let _lost = step.run(Some(page));
            }
            let (new, answer) = step.run(Some(page));
            if let Some(new) = new {
                *page = new;
            }
            charged = Some(answer);
            Ok(answer)
        };
        let taken = if buckets.take_blind(fingerprint) {
            Taken::Token { crowded: false }
        } else {
            buckets.take(fingerprint, reading, step)
        };
        let admitted = matches!(taken, Taken::Token { .. });
        let when = (reading, self.moved);
        match charged {
            Some(Answer::Granted {
                tokens, full_at, ..
            }) => self.ledger.charged(who, tokens, when, full_at),
            None if admitted => self.ledger.used(who, when),
            Some(_) | None => {}
        }
        if admitted && fate.refused_elsewhere {
            buckets.put_back(fingerprint);
            self.ledger.put_back(who);
        } else if admitted {
            self.plain.fill(&self.limit, self.now);
            let cost = signed(self.limit.cost(1));
            self.plain.level = self.plain.level.saturating_sub(cost);
        }
        admitted
    }
}

impl PlainBucket {
    fn fill(&mut self, limit: &Limit, now: Nanos) {
        let passed = now.saturating_sub(self.filled);
        let level = self.level.saturating_add(signed(limit.ticks(passed)));
        self.level = level.min(signed(limit.tolerance()));
        self.filled = now;
    }
}

fn signed(ticks: Ticks) -> i128 {
    i128::try_from(ticks).unwrap_or(i128::MAX)
}
