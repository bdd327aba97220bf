//! Commands that are killed anywhere, and run again, end as if nobody had disturbed them.

use super::objects::Objects;
use super::steps::{STORY, Step};
use super::told::{Life, State, left};
use super::world::World;
use lab::trial::wait;
use std::time::Instant;

/// How often each step is killed at least before it may go on to its end.
const TIMES: usize = 2;
/// How many kills have to hit a command at work, for a life to show something.
const AT_WORK: usize = 20;
/// How many runs of a step there are for each hit that is wanted of it.
const TRIES: usize = 4;

/// Points that a seed decides.
struct Points(u64);

impl Points {
    /// Below that, or 0, as Weyl's sequence, stirred (`SplitMix64`), gives it.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits >> 33) as usize % end.max(1)
    }

    /// A line of so many after which a command is at work: not before the first, nor after the last. There is one where it says more
    /// than one.
    fn midway(&mut self, lines: usize) -> Option<usize> {
        let others = lines.checked_sub(2)?;
        Some(1 + self.below(others + 1))
    }
}

/// How many kills hit a command, and how many of those one at work.
#[derive(Clone, Copy, Default)]
struct Kills {
    all: usize,
    midway: usize,
}

/// The cluster is bare before and after.
#[expect(clippy::print_stdout, reason = "the seed and the figures are a result")]
pub(crate) fn killed_anywhere_it_ends_the_same(world: &World, life: &Life, seed: Option<u64>) {
    let began = Instant::now();
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("WEFT_SEED={seed}");
    let mut points = Points(seed);
    let (mut kills, mut wrong) = (Kills::default(), Vec::new());
    for (turn, (step, state)) in STORY.iter().zip(&life.states).enumerate() {
        let owed = owed(kills.midway, &life.states[turn..]);
        (step.before)(world);
        std::thread::scope(|scope| {
            scope.spawn(|| (step.meanwhile)(world));
            let these = killed(world, step, state.lines, owed, &mut points);
            kills.all += these.all;
            kills.midway += these.midway;
            goes_on(world, step);
        });
        let same = wait(|| {
            Objects::read_what_moves(world)
                .settled()
                .must_be(&state.objects)
        });
        wrong.extend(same.err().map(|why| format!("weft {}: {why}", step.line)));
    }
    let left = left(world, &life.bare).must_be(&life.left);
    wrong.extend(left.err().map(|why| format!("what stays: {why}")));
    let seconds = began.elapsed().as_secs_f64();
    let Kills { all, midway } = kills;
    println!("a life with {all} killed commands, {midway} of them at work: {seconds:.0} s");
    assert!(wrong.is_empty(), "not as undisturbed: {}", wrong.join("\n"));
    assert!(midway >= AT_WORK, "only {midway} were killed at work");
}

/// How many hits at work a step owes, so that those that speak make up together for what is still missing.
fn owed(midway: usize, left: &[State]) -> usize {
    let speaking = left.iter().filter(|state| state.lines > 1).count();
    let missing = AT_WORK.saturating_sub(midway);
    missing.div_ceil(speaking.max(1)).max(TIMES)
}

/// Kills it until so many hits were at work, each time once it has said so many of its lines. A run that ends before it can be killed is
/// followed by one with an earlier point; one that says nothing midway is killed before it has said a word.
fn killed(world: &World, step: &Step, mut lines: usize, owed: usize, points: &mut Points) -> Kills {
    let mut kills = Kills::default();
    for _ in 0..owed * TRIES {
        let point = points.midway(lines);
        if kills.midway >= owed || (point.is_none() && kills.all >= TIMES) {
            break;
        }
        let after = point.unwrap_or(0);
        match world.killed(step.line, after) {
            Ok(()) => {
                kills.all += 1;
                kills.midway += usize::from(after > 0);
            }
            Err(said) => {
                assert!(after > 0, "weft {} cannot be killed", step.line);
                lines = said.min(after);
            }
        }
    }
    kills
}

/// It is run once more, to its end.
fn goes_on(world: &World, step: &Step) {
    let ran = world.weft(step.line);
    let is_done = step.done.is_some_and(|text| ran.says(text));
    if !is_done {
        ran.must(0, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point of a command that speaks is one at work, whatever the seed; and each of them comes.
    #[test]
    fn points_are_midway() {
        let mut points = Points(1);
        for lines in 0..9 {
            let found: std::collections::BTreeSet<_> =
                (0..500).filter_map(|_| points.midway(lines)).collect();
            assert!(found.into_iter().eq(1..lines), "{lines}");
        }
    }

    /// Whoever does what is owed at each step that speaks has killed enough, however few those are.
    #[test]
    fn what_is_owed_is_enough() {
        for speaking in 1..=STORY.len() {
            let lines = (0..STORY.len()).map(|turn| if turn < speaking { 2 } else { 1 });
            let states: Vec<_> = lines
                .map(|lines| State {
                    objects: Objects::default(),
                    lines,
                })
                .collect();
            let mut midway = 0;
            for turn in 0..speaking {
                midway += owed(midway, &states[turn..]);
            }
            assert!(midway >= AT_WORK, "{speaking}");
        }
    }
}
