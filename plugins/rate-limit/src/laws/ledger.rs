//! Who was charged and admitted when.
//!
//! Each admission is kept with the charge that paid for it, so that a law can tell the tokens leased before a window from
//! those charged in it.

use std::collections::BTreeMap;

use crate::laws::Broken;
use crate::lease::{BLIND, LIFE};
use crate::limit::{GRACE, Limit, Nanos, Ticks};

/// A worker and a key.
pub(super) type Who = (u64, u64);

/// The reading of the clock, and how far it had moved forward in all.
pub(super) type When = (Nanos, Nanos);

/// A charge of one worker for one key.
#[derive(Clone, Debug)]
struct Charge {
    who: Who,
    tokens: u32,
    when: When,
    life: Nanos,
    /// When its tokens were used, in order. The first is used at once, unless it is put back.
    uses: Vec<When>,
    /// When the next charge of the same worker for the same key took its place.
    replaced: Option<When>,
}

/// All charges, in order.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    charges: Vec<Charge>,
    /// The last charge of each worker for each key.
    last: BTreeMap<Who, usize>,
}

impl Charge {
    /// Whether another one had taken its place at `begin`. Readings may be old, so one that is used later had not.
    fn is_over(&self, begin: Nanos) -> bool {
        self.replaced.is_some_and(|replaced| replaced.0 < begin)
            && self.uses.iter().all(|when| when.0 < begin)
    }

    fn left(&self, used: usize) -> u128 {
        let tokens = u128::from(self.tokens);
        tokens.saturating_sub(u128::try_from(used).unwrap_or(u128::MAX))
    }
}

impl Ledger {
    pub(super) fn charged(&mut self, who: Who, tokens: u32, when: When, full_at: Nanos) {
        let last = self.last.insert(who, self.charges.len());
        if let Some(last) = last.and_then(|index| self.charges.get_mut(index)) {
            last.replaced = Some(when);
        }
        self.charges.push(Charge {
            who,
            tokens,
            when,
            life: full_at.saturating_sub(when.0).max(LIFE),
            uses: vec![when],
            replaced: None,
        });
    }

    /// A token of the last charge of `who` was used. Without one, the worker made it up: it is entered as a charge of nothing, which
    /// no law forgives.
    pub(super) fn used(&mut self, who: Who, when: When) {
        let last = self.last.get(&who).copied();
        let sound = last
            .and_then(|index| self.charges.get_mut(index))
            .filter(|charge| charge.left(charge.uses.len()) > 0);
        match sound {
            // One that was given out without a reading counts at the latest reading before it, which may be that of its charge.
            Some(charge) => charge.uses.push((when.0.max(charge.when.0), when.1)),
            None => (0..1000).for_each(|_| self.charged(who, 0, when, 0)),
        }
    }

    /// The token that `who` used last is unused again: the request was refused after all.
    pub(super) fn put_back(&mut self, who: Who) {
        let last = self.last.get(&who).copied();
        if let Some(charge) = last.and_then(|index| self.charges.get_mut(index)) {
            charge.uses.pop();
        }
    }

    /// Tokens that were charged and not used, given back or not.
    pub(super) fn outstanding(&self) -> u64 {
        let left = self
            .charges
            .iter()
            .map(|charge| charge.left(charge.uses.len()));
        u64::try_from(left.sum::<u128>()).unwrap_or(u64::MAX)
    }

    /// The most tokens that the last charge of any worker for any key left it.
    pub(super) fn largest_holding(&self) -> u32 {
        let last = self
            .last
            .values()
            .filter_map(|index| self.charges.get(*index));
        let left = last.map(|charge| charge.left(1));
        u32::try_from(left.max().unwrap_or(0)).unwrap_or(u32::MAX)
    }

    /// The law of [`super::bound`].
    pub(super) fn check_windows_of_readings(&self, limit: &Limit) -> Result<(), Broken> {
        self.each_key(|charges| {
            check(
                charges,
                limit,
                |when| when.0,
                |charge, left, begin| {
                    let age = begin.saturating_sub(charge.when.0);
                    if age <= charge.life.saturating_mul(2).saturating_add(GRACE) {
                        left
                    } else if charge.is_over(begin) {
                        0
                    } else {
                        left.min(u128::from(BLIND))
                    }
                },
            )
        })
    }

    /// The law of [`super::bound_on_any_clock`].
    pub(super) fn check_forward_moves(&self, limit: &Limit) -> Result<(), Broken> {
        self.each_key(|charges| check(charges, limit, |when| when.1, |_, left, _| left))
    }

    fn each_key(&self, law: impl Fn(&[&Charge]) -> Result<(), Broken>) -> Result<(), Broken> {
        let mut keys: BTreeMap<u64, Vec<&Charge>> = BTreeMap::new();
        for charge in &self.charges {
            keys.entry(charge.who.1).or_default().push(charge);
        }
        keys.values().try_for_each(|charges| law(charges))
    }
}

/// Looks at every window that begins and ends with an admission. `time` says which clock windows are of, `counts` how many tokens of a charge
/// before the window, of which so many are left, may still be used at its beginning.
fn check(
    charges: &[&Charge],
    limit: &Limit,
    time: impl Fn(&When) -> Nanos,
    counts: impl Fn(&Charge, u128, Nanos) -> u128,
) -> Result<(), Broken> {
    let mut admitted_at: BTreeMap<Nanos, u128> = BTreeMap::new();
    for when in charges.iter().flat_map(|charge| &charge.uses) {
        let count = admitted_at.entry(time(when)).or_default();
        *count = count.saturating_add(1);
    }
    for begin in admitted_at.keys() {
        let held = held_before(charges, *begin, &time, &counts);
        let mut admitted: u128 = 0;
        for (end, count) in admitted_at.range(begin..) {
            admitted = admitted.saturating_add(*count);
            let earned = limit.ticks(end.saturating_sub(*begin));
            let room = limit.tolerance().saturating_add(earned);
            if cost(limit, admitted.saturating_sub(held)) > room {
                return Err(format!(
                    "{admitted} admitted from {begin} to {end}, {held} held before; {limit:?}"
                ));
            }
        }
    }
    Ok(())
}

/// Tokens that were charged before `begin`, not used before it, and count.
fn held_before(
    charges: &[&Charge],
    begin: Nanos,
    time: impl Fn(&When) -> Nanos,
    counts: impl Fn(&Charge, u128, Nanos) -> u128,
) -> u128 {
    let before = charges.iter().filter(|charge| time(&charge.when) < begin);
    let held = before.map(|charge| {
        let used = charge.uses.iter().filter(|when| time(when) < begin);
        counts(charge, charge.left(used.count()), begin)
    });
    held.sum()
}

fn cost(limit: &Limit, tokens: u128) -> Ticks {
    limit.cost(1).saturating_mul(tokens)
}
