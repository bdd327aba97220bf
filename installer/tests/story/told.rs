//! The story without disturbance: what is to be seen at each step, and how much each says.

use super::objects::Objects;
use super::others;
use super::steps::{STORY, Step};
use super::world::World;
use lab::trial::eventually;
use std::time::Instant;

/// What a life was.
pub(crate) struct Life {
    /// What there was before it, and is after it.
    pub(crate) bare: Objects,
    /// What each step came to.
    pub(crate) states: Vec<State>,
    /// The definitions that stay.
    pub(crate) left: Objects,
}

/// What a step came to.
pub(crate) struct State {
    /// All that there is, but for definitions.
    pub(crate) objects: Objects,
    /// How many lines it said of what it did.
    pub(crate) lines: usize,
}

/// The cluster is bare before and after.
#[expect(clippy::print_stdout, reason = "the figures are a result")]
pub(crate) fn from_nothing_to_nothing(world: &World) -> Life {
    let began = Instant::now();
    let (none, bare) = Objects::read(world).settled().definitions_and_rest();
    assert_eq!(none.len(), 0, "the cluster is not bare");
    let states = STORY.iter().map(|step| played(world, step)).collect();
    let left = left(world, &bare);
    assert!(left.len() > 10, "the definitions stay");
    println!("a life: {:.0} s", began.elapsed().as_secs_f64());
    Life { bare, states, left }
}

fn played(world: &World, step: &Step) -> State {
    (step.before)(world);
    let lines = std::thread::scope(|scope| {
        scope.spawn(|| (step.meanwhile)(world));
        let ran = world.weft(step.line);
        ran.must(0, &[step.says]);
        ran.talk.lines().count()
    });
    (step.look)(world);
    State {
        objects: at_rest(world),
        lines,
    }
}

/// istiod adds things of its own for a while.
fn at_rest(world: &World) -> Objects {
    let mut last = Objects::read_what_moves(world).settled();
    eventually("it is at rest", || {
        let now = Objects::read_what_moves(world).settled();
        let before = std::mem::replace(&mut last, now);
        last.must_be(&before)
    });
    last
}

/// Nothing is left of it but definitions, which are these.
pub(crate) fn left(world: &World, bare: &Objects) -> Objects {
    others::leave(world);
    let mut definitions = Objects::default();
    eventually("nothing is left but definitions", || {
        let (left, rest) = Objects::read(world).settled().definitions_and_rest();
        definitions = left;
        rest.must_be(bare)
    });
    definitions
}
