//! Commands that are killed anywhere, and run again, end as if nobody had disturbed them.

use super::objects::Objects;
use super::steps::{STORY, Step};
use super::told::{Life, State, left};
use super::world::World;
use lab::trial::wait;
use std::time::Instant;

/// How often each step is killed before it may go on to its end.
const TIMES: usize = 2;
// What a story must have to show something.
const _: () = assert!(STORY.len() * TIMES >= 20);

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
}

/// The cluster is bare before and after.
#[expect(clippy::print_stdout, reason = "the seed and the figures are a result")]
pub(crate) fn killed_anywhere_it_ends_the_same(world: &World, life: &Life, seed: Option<u64>) {
    let began = Instant::now();
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("WEFT_SEED={seed}");
    let mut points = Points(seed);
    let (mut midway, mut wrong) = (0, Vec::new());
    for (step, state) in STORY.iter().zip(&life.states) {
        (step.before)(world);
        std::thread::scope(|scope| {
            scope.spawn(|| (step.meanwhile)(world));
            midway += killed(world, step, state, &mut points);
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
    let kills = STORY.len() * TIMES;
    println!("a life with {kills} killed commands, {midway} of them at work: {seconds:.0} s");
    assert!(wrong.is_empty(), "not as undisturbed: {}", wrong.join("\n"));
}

/// Kills it so often, each time once it has said so many lines; gives how many of those had begun to work. A run that ends before it
/// can be killed is repeated with an earlier point: one that is killed before it has said a word never does.
fn killed(world: &World, step: &Step, state: &State, points: &mut Points) -> usize {
    let mut midway = 0;
    for _ in 0..TIMES {
        let mut lines = points.below(state.lines);
        while let Err(said) = world.killed(step.line, lines) {
            assert!(lines > 0, "weft {} cannot be killed", step.line);
            lines = points.below(lines.min(said));
        }
        midway += usize::from(lines > 0);
    }
    midway
}

/// It is run once more, to its end.
fn goes_on(world: &World, step: &Step) {
    let ran = world.weft(step.line);
    let is_done = step.done.is_some_and(|text| ran.says(text));
    if !is_done {
        ran.must(0, &[]);
    }
}
