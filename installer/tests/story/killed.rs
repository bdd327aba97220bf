//! Commands that are killed anywhere, and run again, end as if nobody had disturbed them.

use super::objects::Objects;
use super::steps::{STORY, Step};
use super::told::{Life, State, left};
use super::world::World;
use lab::trial::wait;
use std::time::{Duration, Instant};

/// Killed so often in all, at least.
const KILLS: usize = 20;
/// What takes longer than this is killed, and killed again on what the first one left.
const LONG: Duration = Duration::from_secs(1);

/// Points that a seed decides.
struct Points(u64);

impl Points {
    /// From 0 to 1, as Weyl's sequence, stirred (`SplitMix64`), gives it.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
    }
}

/// The cluster is bare before and after.
#[expect(clippy::print_stdout, reason = "the seed and the figures are a result")]
pub(crate) fn killed_anywhere_it_ends_the_same(world: &World, life: &Life, seed: Option<u64>) {
    let began = Instant::now();
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("WEFT_SEED={seed}");
    let mut points = Points(seed);
    let (mut kills, mut wrong) = (0, Vec::new());
    for (step, state) in STORY.iter().zip(&life.states) {
        (step.before)(world);
        std::thread::scope(|scope| {
            scope.spawn(|| (step.meanwhile)(world));
            kills += killed(world, step, state, &mut points);
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
    println!("a life with {kills} killed commands: {seconds:.0} s");
    assert!(wrong.is_empty(), "not as undisturbed: {}", wrong.join("\n"));
    assert!(kills >= KILLS, "{kills} kills show too little");
}

/// Kills it once, or twice, and says how often that was before it ended by itself.
fn killed(world: &World, step: &Step, state: &State, points: &mut Points) -> usize {
    let times = if state.usual > LONG { 2 } else { 1 };
    let killed = (0..times)
        .map(|_| world.killed(step.line, state.usual.mul_f64(points.next())))
        .take_while(|killed| *killed);
    killed.count()
}

/// It is run once more, to its end.
fn goes_on(world: &World, step: &Step) {
    let ran = world.weft(step.line);
    let is_done = step.done.is_some_and(|text| ran.says(text));
    if !is_done {
        ran.must(0, &[]);
    }
}
