//! What is put into shared data before the first request: the pages of every rule, then the seed.
//!
//! Setting a slot that does not exist ignores its version, so of two workers that create one at once the first is overwritten. Envoy runs
//! `on_start` in a throw-away VM before any worker gets the configuration, so all of it exists by then. The seed is written last: whoever
//! finds it knows that the pages are there, and a worker starts with one look at shared data.

use filter::shared::{self, SharedError};
use filter::{HostError, Proxy};

use crate::fingerprint::{SEED, Seed};
use crate::table::Shape;

/// The slot that holds the seed.
const SLOT: &str = "seed";

/// Why nothing could be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetupError {
    /// Shared data failed.
    #[error("{0}")]
    Shared(#[from] SharedError),
    /// There is no random source for the seed.
    #[error("{0}")]
    Random(#[from] HostError),
}

/// The slot of a page of buckets.
pub(crate) fn slot(rule: usize, page: u32) -> String {
    format!("{rule}/{page}")
}

/// Sets up what is missing for rules with tables of these shapes, and gives the seed.
///
/// # Errors
///
/// [`SetupError`]; what was set up until then stays.
pub(crate) fn run(
    proxy: &mut dyn Proxy,
    shapes: impl Iterator<Item = Shape>,
) -> Result<Seed, SetupError> {
    if let Some(seed) = shared::update(proxy, SLOT, |old| (None, old.and_then(decode)))? {
        return Ok(seed);
    }
    // Before the pages, so that a proxy without a random source is not asked for all of them with each request.
    let mut bytes = [0; SEED];
    proxy.random(&mut bytes)?;
    for (rule, shape) in shapes.enumerate() {
        for page in 0..shape.pages() {
            create(proxy, &slot(rule, page), shape)?;
        }
    }
    let seed = shared::update(proxy, SLOT, |old| match old.and_then(decode) {
        Some(first) => (None, first),
        None => (Some(bytes.to_vec()), Seed(bytes)),
    })?;
    Ok(seed)
}

fn create(proxy: &mut dyn Proxy, slot: &str, shape: Shape) -> Result<(), SharedError> {
    shared::update(proxy, slot, |old| {
        let there = old.is_some_and(|page| shape.fits(page));
        ((!there).then(|| shape.full_page()), ())
    })
}

fn decode(bytes: &[u8]) -> Option<Seed> {
    bytes.try_into().ok().map(Seed)
}
