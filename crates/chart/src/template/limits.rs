//! How much a render may take, so that a chart of a stranger ends: in an error, not in a full memory or stack.

use super::{Failure, Outcome};
use std::cell::Cell;

/// How deep blocks, calls and templates may nest while running. Istio's charts need about thirty.
const DEEPEST: u32 = 120;
/// How many nodes and calls a render may run. Istio's largest chart needs some ten thousands.
const STEPS: u64 = 5_000_000;
/// How many bytes a render may make, results of functions included.
const BYTES: usize = 256 << 20;

/// What a render has left.
#[derive(Debug)]
pub(crate) struct Budget {
    depth: Cell<u32>,
    steps: Cell<u64>,
    bytes: Cell<usize>,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self {
            depth: Cell::new(DEEPEST),
            steps: Cell::new(STEPS),
            bytes: Cell::new(BYTES),
        }
    }

    /// Takes one step.
    pub(crate) fn step(&self) -> Outcome<()> {
        let left = self.steps.get().checked_sub(1);
        let left = left.ok_or_else(|| Failure::new("the chart takes too many steps to render"))?;
        self.steps.set(left);
        Ok(())
    }

    /// Takes room for a text or a list.
    pub(crate) fn bytes(&self, count: usize) -> Outcome<()> {
        let left = self.bytes.get().checked_sub(count);
        let left =
            left.ok_or_else(|| Failure::new("the chart makes too much text and too long lists"))?;
        self.bytes.set(left);
        Ok(())
    }

    /// One level deeper, until [`Budget::up`].
    pub(crate) fn down(&self) -> Outcome<()> {
        let left = self.depth.get().checked_sub(1);
        let left = left.ok_or_else(|| {
            Failure::new("templates nest too deep: does one include itself without an end?")
        })?;
        self.depth.set(left);
        Ok(())
    }

    pub(crate) fn up(&self) {
        self.depth.set(self.depth.get().saturating_add(1));
    }
}
