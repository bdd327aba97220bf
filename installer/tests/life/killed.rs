//! Commands that are killed anywhere, and run again, end as if nobody had disturbed them.

use super::objects::Objects;
use super::way::{CREATE, DELETE};
use super::world::{World, eventually};
use std::time::{Duration, Instant};

/// How often a mesh is created and deleted.
const ROUNDS: u32 = 10;
/// At how many points the creation of each is killed, one after the other.
const KILLS: u32 = 2;

/// Points that a seed decides.
struct Points(u64);

impl Points {
    /// Anywhere in one of so many equal parts of the whole, which is 1: all parts have their turn.
    fn in_part(&mut self, part: u32, parts: u32) -> f64 {
        (f64::from(part) + self.next()) / f64::from(parts)
    }

    /// From 0 to 1, as Weyl's sequence, stirred (`SplitMix64`), gives it.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
    }
}

/// How a mesh is when it is there.
struct End {
    /// What it consists of.
    mesh: Objects,
    /// What else came with it.
    names: Vec<String>,
}

/// The cluster is bare before and after.
#[expect(clippy::print_stdout, reason = "the seed and the figures are a result")]
pub(crate) fn killed_anywhere_it_ends_the_same(world: &World, seed: Option<u64>) {
    let began = Instant::now();
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("WEFT_SEED={seed}");
    let mut points = Points(seed);

    let bare = Objects::read(world);
    let (end, creating) = undisturbed(world, &bare);
    let bare = bare.apart_from_definitions();
    let deleting = deleted(world, &bare);
    println!("undisturbed: created in {creating:?}, deleted in {deleting:?}");

    let mut halfway = 0;
    for round in 0..ROUNDS {
        for kill in 0..KILLS {
            // Far points of neighbours in one round: the second is killed on what the first one left.
            let part = kill * ROUNDS + round;
            world.killed(
                CREATE,
                creating.mul_f64(points.in_part(part, KILLS * ROUNDS)),
            );
        }
        halfway += u32::from(Objects::read(world).of_the_mesh() != end.mesh);
        world.weft(CREATE).must(0, &["is as it is described"]);
        eventually("it is as if nobody had disturbed it", || {
            is(&end, world, &bare)
        });
        // Most of the work is at the beginning; then the namespace is waited for.
        let point = points.in_part(round, ROUNDS);
        world.killed(DELETE, deleting.mul_f64(point * point));
        deleted(world, &bare);
    }
    let kills = ROUNDS * (KILLS + 1);
    println!(
        "{kills} kills, {halfway} of {ROUNDS} creations found in the middle, {:?}",
        began.elapsed()
    );
    assert!(
        halfway > 0,
        "no creation was killed in the middle: this has shown nothing"
    );
}

fn undisturbed(world: &World, bare: &Objects) -> (End, Duration) {
    let start = Instant::now();
    world.weft(CREATE).must(0, &["is as it is described"]);
    let duration = start.elapsed();
    let mut last = None;
    // istiod adds things of its own for a while.
    eventually("it is at rest", || {
        let all = Objects::read(world);
        let end = End {
            mesh: all.of_the_mesh(),
            names: all.names_beyond(bare),
        };
        let before = last.replace(end);
        let (Some(before), Some(last)) = (before, &last) else {
            return Err("seen once".to_owned());
        };
        last.mesh.must_be(&before.mesh)?;
        (last.names == before.names)
            .then_some(())
            .ok_or_else(|| format!("{:?}", last.names))
    });
    (last.unwrap(), duration)
}

fn is(end: &End, world: &World, bare: &Objects) -> Result<(), String> {
    let all = Objects::read(world);
    all.of_the_mesh().must_be(&end.mesh)?;
    let names = all.apart_from_definitions().names_beyond(bare);
    (names == end.names)
        .then_some(())
        .ok_or_else(|| format!("{names:?} and not {:?}", end.names))
}

/// Deletes what is there, if it is, to the end.
fn deleted(world: &World, bare: &Objects) -> Duration {
    let start = Instant::now();
    let ran = world.weft(DELETE);
    let duration = start.elapsed();
    // It may have been killed when all was done.
    let done = ran.code == 0 || ran.talk.contains("no mesh is recorded");
    assert!(done, "{ran:#?}");
    eventually("the cluster is bare", || {
        Objects::read(world).apart_from_definitions().must_be(bare)
    });
    duration
}
