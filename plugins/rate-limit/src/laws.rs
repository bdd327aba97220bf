//! What holds for every sequence of requests, as functions of a script of bytes.
//!
//! A property test, a fuzzer and a test on wasm32 in Node all have bytes to offer, so the same law runs in each of them. The script says how
//! large the limit is, and then, event by event, which worker asks for which key, how far time moved, whether the reading of the clock is
//! old, whether a race is lost, whether another rule refuses the request. The table has one set, so more keys than it has room for meet in it.
//!
//! | law | what it says |
//! | --- | --- |
//! | [`bound`] | a key never gets more than `rate * t + burst` and what was leased before |
//! | [`bound_on_any_clock`] | nor when the clock jumps about |
//! | [`one_worker_gets_everything`] | a client of one worker is refused only when a plain bucket would refuse it |
//! | [`workers_cost_what_they_hold`] | a client of several is refused only for tokens that others hold or dropped |
//! | [`foreign_bytes`] | whatever lies in shared data, nothing breaks, and nobody gets a token for it |
//! | [`spellings`] | no request, however odd, breaks the plugin |

mod ledger;
mod request;
mod world;

pub use crate::laws::request::spellings;

use crate::fingerprint::Fingerprint;
use crate::laws::world::{Script, World};
use crate::lease::LARGEST;
use crate::table::{self, Answer, Ask, Shape};

/// How a law was broken.
pub type Broken = String;

/// In any window of readings `[a, b]` a key is admitted at most `rate * (b - a) + burst` times, and as often again as its workers held
/// tokens for it at `a` from leases not older than twice their life and a second, or up to seven from an older one that is their last.
/// Readings may be up to a second old.
///
/// # Errors
///
/// [`Broken`] with the window.
pub fn bound(script: &[u8]) -> Result<(), Broken> {
    let mut script = Script::new(script);
    let mut world = World::new(&mut script);
    while script.goes_on() {
        world.advance(&mut script);
        let late = script
            .below(4)
            .saturating_mul(u64::from(script.byte()).saturating_mul(1_000_000));
        let reading = world.now().saturating_sub(late.min(1_000_000_000));
        world.request(&mut script, reading);
    }
    world.ledger().check_windows_of_readings(&world.limit())
}

/// However the clock jumps: between any two requests, a key is admitted at most as often as the forward moves of the clock between them
/// earn, and a burst, and what its workers held before.
///
/// # Errors
///
/// [`Broken`] with the window.
pub fn bound_on_any_clock(script: &[u8]) -> Result<(), Broken> {
    let mut script = Script::new(script);
    let mut world = World::new(&mut script);
    while script.goes_on() {
        match script.below(8) {
            0 => world.step_back(&mut script),
            1 => world.advance_far(&mut script),
            _ => world.advance(&mut script),
        }
        let now = world.now();
        world.request(&mut script, now);
    }
    world.ledger().check_forward_moves(&world.limit())
}

/// One worker, one key, a clock that does not go back: a request is refused only when a plain bucket that admitted the same
/// requests has no token either.
///
/// # Errors
///
/// [`Broken`] with the request that was refused too early.
pub fn one_worker_gets_everything(script: &[u8]) -> Result<(), Broken> {
    let mut script = Script::new(script);
    let mut world = World::alone(&mut script);
    while script.goes_on() {
        world.advance(&mut script);
        let now = world.now();
        let refused = !world.request(&mut script, now);
        let tokens = world.plain_tokens();
        if refused && tokens >= 1 {
            return Err(format!(
                "refused at {now} with {tokens} tokens in the bucket"
            ));
        }
    }
    Ok(())
}

/// One key, several workers: when a step refuses, a plain bucket that admitted the same requests has no more tokens than the workers
/// hold or dropped; and each of them holds fewer than a sixteenth of the burst and than the largest lease.
///
/// # Errors
///
/// [`Broken`] with the request that was refused too early, or the worker that holds too much.
pub fn workers_cost_what_they_hold(script: &[u8]) -> Result<(), Broken> {
    let mut script = Script::new(script);
    let mut world = World::of_one_key(&mut script);
    while script.goes_on() {
        world.advance(&mut script);
        let now = world.now();
        let steps = world.steps();
        let refused = !world.request(&mut script, now);
        let (tokens, held) = (world.plain_tokens(), world.ledger().outstanding());
        if refused && world.steps() > steps && tokens > i128::from(held) {
            return Err(format!(
                "refused at {now} with {tokens} tokens, of which {held} are held"
            ));
        }
        let largest = world.ledger().largest_holding();
        if largest > 0
            && (largest >= LARGEST || largest.saturating_mul(16) >= world.limit().burst())
        {
            return Err(format!(
                "a worker holds {largest} of {}",
                world.limit().burst()
            ));
        }
    }
    Ok(())
}

/// Whatever lies in a slot: the step gives a page of this table, tokens only from a page of this table, and never more than a burst.
///
/// # Errors
///
/// [`Broken`] with the answer.
pub fn foreign_bytes(script: &[u8]) -> Result<(), Broken> {
    let mut script = Script::new(script);
    let limit = script.limit();
    let shape = Shape::new(u32::from(script.byte()));
    let key = Fingerprint(u128::from(script.number()));
    let now = script.number();
    let (tokens, unused) = (u32::from(script.byte()), u32::from(script.byte()));
    let page = script.rest();
    let ask = |unused| (now, Ask { tokens, unused });
    let (new, answer) = table::step(Some(page), shape, &limit, key, ask(unused));
    let sound = match answer {
        Answer::Granted { tokens, .. } => {
            shape.fits(page) && tokens >= 1 && tokens <= limit.burst()
        }
        Answer::Empty { .. } => shape.fits(page),
        Answer::Unreadable => !shape.fits(page),
    };
    let Some(new) = new else {
        return sound.then_some(()).ok_or(format!("{answer:?}"));
    };
    let (_, again) = table::step(Some(&new), shape, &limit, key, ask(0));
    let readable = !matches!(again, Answer::Unreadable);
    let closed = answer != Answer::Unreadable || matches!(again, Answer::Empty { .. });
    let sound = sound && shape.fits(&new) && readable && closed;
    sound
        .then_some(())
        .ok_or(format!("{answer:?} then {again:?}"))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn bound_holds(script in vec(any::<u8>(), 0..1200)) {
            prop_assert_eq!(bound(&script), Ok(()));
        }

        #[test]
        fn bound_holds_on_any_clock(script in vec(any::<u8>(), 0..1200)) {
            prop_assert_eq!(bound_on_any_clock(&script), Ok(()));
        }

        #[test]
        fn one_worker_gets_everything_there_is(script in vec(any::<u8>(), 0..1200)) {
            prop_assert_eq!(one_worker_gets_everything(&script), Ok(()));
        }

        #[test]
        fn workers_cost_only_what_they_hold(script in vec(any::<u8>(), 0..1200)) {
            prop_assert_eq!(workers_cost_what_they_hold(&script), Ok(()));
        }

        #[test]
        fn foreign_bytes_break_nothing(script in vec(any::<u8>(), 0..1200)) {
            prop_assert_eq!(foreign_bytes(&script), Ok(()));
        }

        #[test]
        fn no_request_breaks_the_plugin(script in vec(any::<u8>(), 0..600)) {
            prop_assert_eq!(spellings(&script), Ok(()));
        }
    }
}
