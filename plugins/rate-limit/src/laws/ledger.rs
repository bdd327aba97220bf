//! Who was charged and admitted when.
//!
//! Each admission is kept with the charge that paid for it, so that a law can tell the tokens leased before a window from
//! those charged in it.

use std::collections::BTreeMap;

use crate::laws::Broken;
use crate::lease::LIFE;
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
    /// When its tokens were used, in order. The first is used at once.
    uses: Vec<When>,
}

/// All charges, in order.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    charges: Vec<Charge>,
    /// The last charge of each worker for each key.
    last: BTreeMap<Who, usize>,
}

impl Charge {
    fn left(&self, used: usize) -> u128 {
        let tokens = u128::from(self.tokens);
        tokens.saturating_sub(u128::try_from(used).unwrap_or(u128::MAX))
    }
}

impl Ledger {
    pub(super) fn charged(&mut self, who: Who, tokens: u32, when: When, full_at: Nanos) {
        self.last.insert(who, self.charges.len());
        self.charges.push(Charge {
            who,
            tokens,
            when,
            life: full_at.saturating_sub(when.0).max(LIFE),
            uses: vec![when],
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
            Some(charge) => charge.uses.push(when),
            None => (0..1000).for_each(|_| self.charged(who, 0, when, 0)),
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
                |charge, begin| {
                    let age = begin.saturating_sub(charge.when.0);
                    age <= charge.life.saturating_mul(2).saturating_add(GRACE)
                },
            )
        })
    }

    /// The law of [`super::bound_on_any_clock`].
    pub(super) fn check_forward_moves(&self, limit: &Limit) -> Result<(), Broken> {
        self.each_key(|charges| check(charges, limit, |when| when.1, |_, _| true))
    }

    fn each_key(&self, law: impl Fn(&[&Charge]) -> Result<(), Broken>) -> Result<(), Broken> {
        let mut keys: BTreeMap<u64, Vec<&Charge>> = BTreeMap::new();
        for charge in &self.charges {
            keys.entry(charge.who.1).or_default().push(charge);
        }
        keys.values().try_for_each(|charges| law(charges))
    }
}

/// Looks at every window that begins and ends with an admission. `time` says which clock windows are of, `counts` whether a charge before
/// the window may still be used at its beginning.
fn check(
    charges: &[&Charge],
    limit: &Limit,
    time: impl Fn(&When) -> Nanos,
    counts: impl Fn(&Charge, Nanos) -> bool,
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
    counts: impl Fn(&Charge, Nanos) -> bool,
) -> u128 {
    let before = charges
        .iter()
        .filter(|charge| time(&charge.when) < begin && counts(charge, begin));
    let held = before
        .map(|charge| charge.left(charge.uses.iter().filter(|when| time(when) < begin).count()));
    held.sum()
}

fn cost(limit: &Limit, tokens: u128) -> Ticks {
    limit.cost(1).saturating_mul(tokens)
}
