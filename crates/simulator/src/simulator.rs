//! The fake proxy in motion: workers with their VMs, configurations, streams, time.
//!
//! It calls back and carries out as Envoy does, one thing after the other, so that a run is the same every time. What the engine
//! does inside a callback is its own business: natively a plugin decides, in `sandbox` a module does.

mod configure;
mod connections;
mod halves;
mod replies;
mod seen;
mod streams;
mod time;

pub use connections::{ConnectionId, Piped};

use std::cell::{Ref, RefMut};
use std::collections::BTreeMap;

use crate::engine::{Callback, Engine, Vm};
use crate::exchange::Seen;
use crate::world::{Handle, Place, World};

/// A proxy with one filter.
pub struct Simulator {
    engine: Box<dyn Engine>,
    world: Handle,
    workers: Vec<Worker>,
    configurations: Vec<Configuration>,
    streams: Vec<Slot>,
    connections: Vec<Option<Place>>,
}

/// What is known of a stream.
enum Slot {
    /// It is in the world.
    Open(Place),
    /// Its VM is gone, and this became of it.
    Orphaned(Seen),
    /// It is over.
    Gone,
}

/// A worker thread.
struct Worker {
    /// `None` once it trapped.
    vm: Option<Box<dyn Vm>>,
    next_context: u32,
    /// The root context of each configuration, by the configuration's number.
    roots: BTreeMap<usize, u32>,
}

struct Configuration {
    written: Vec<u8>,
    /// Whether new requests may come to it.
    live: bool,
}

/// A configuration was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration was refused: {}", .mistakes.join("; "))]
pub struct Refused {
    /// What the plugin said about it, a line for each mistake.
    pub mistakes: Vec<String>,
}

/// A test asked for what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// There is no such worker.
    #[error("there is no worker {0}")]
    NoWorker(usize),
    /// Nothing was configured, or not that.
    #[error("there is no such configuration")]
    NotConfigured,
    /// The stream is over, or never was.
    #[error("there is no such stream; is it over?")]
    NoStream,
    /// The connection is over, or never was.
    #[error("there is no such connection; is it over?")]
    NoConnection,
    /// The message cannot come now.
    #[error("{0}")]
    OutOfTurn(&'static str),
    /// There is no open call-out of this number.
    #[error("there is no open call-out {0}; there were {1} in all")]
    NoCall(usize, usize),
    /// The answer is of another kind than the call.
    #[error("call-out {0} cannot get this kind of answer")]
    WrongAnswer(usize),
    /// The worker does not tick.
    #[error("worker {0} does not tick: the plugin asked for no ticks")]
    NoTicks(usize),
    /// Time does not run backwards.
    #[error("time does not run backwards")]
    Backwards,
    /// A VM did not start.
    #[error("{0}")]
    Engine(String),
}

/// How a callback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Called {
    /// The message goes on.
    Pass,
    /// The message is held.
    Hold,
    /// The VM is dead.
    Dead,
}

impl Simulator {
    /// A proxy with so many workers, in which nothing is configured yet.
    #[must_use]
    pub fn new(engine: impl Engine + 'static, workers: usize) -> Self {
        Self::boxed(Box::new(engine), workers)
    }

    /// The same for an engine that is chosen at run time.
    #[must_use]
    pub fn boxed(engine: Box<dyn Engine>, workers: usize) -> Self {
        let worker = || Worker {
            vm: None,
            next_context: 1,
            roots: BTreeMap::new(),
        };
        Self {
            engine,
            world: World::handle(),
            workers: std::iter::repeat_with(worker).take(workers).collect(),
            configurations: Vec::new(),
            streams: Vec::new(),
            connections: Vec::new(),
        }
    }

    /// The state of the proxy.
    #[must_use]
    pub fn world(&self) -> Ref<'_, World> {
        self.world.borrow()
    }

    /// The state of the proxy, to be changed by a test.
    #[must_use]
    pub fn world_mut(&self) -> RefMut<'_, World> {
        self.world.borrow_mut()
    }

    /// What the plugin did that Envoy would punish, since this was asked last.
    #[must_use]
    pub fn take_problems(&self) -> Vec<String> {
        std::mem::take(&mut self.world_mut().problems)
    }

    /// How many workers there are.
    #[must_use]
    pub const fn workers(&self) -> usize {
        self.workers.len()
    }

    /// Whether worker `worker` has a VM that lives.
    #[must_use]
    pub fn lives(&self, worker: usize) -> bool {
        self.workers
            .get(worker)
            .is_some_and(|worker| worker.vm.is_some())
    }

    /// How many bytes of memory the VM of `worker` holds; 0 natively.
    #[must_use]
    pub fn memory(&self, worker: usize) -> usize {
        let vm = self
            .workers
            .get(worker)
            .and_then(|worker| worker.vm.as_ref());
        vm.map_or(0, |vm| vm.memory())
    }

    /// What the callback returned, 0 when the plugin does not have it; `None` when the VM is dead.
    fn raw_call(&mut self, place: Place, callback: Callback) -> Option<u32> {
        let worker = self.workers.get_mut(place.worker)?;
        match worker.vm.as_mut()?.call(place.context, callback) {
            Ok(returned) => Some(returned.unwrap_or_default()),
            Err(trap) => {
                worker.vm = None;
                worker.roots.clear();
                self.world_mut().problem(place, format_args!("{trap}"));
                None
            }
        }
    }

    /// Calls back about a message. What the module asked for meanwhile is not carried out yet.
    fn call(&mut self, place: Place, callback: Callback) -> Called {
        self.world_mut().stopped = false;
        match self.raw_call(place, callback) {
            None => Called::Dead,
            Some(0) if !self.world().stopped => Called::Pass,
            Some(_) => Called::Hold,
        }
    }

    /// Calls back about something else, and carries out what the module asked for.
    fn notify(&mut self, place: Place, callback: Callback) {
        let lived = self.raw_call(place, callback).is_some();
        self.run_actions();
        if !lived {
            self.bury(place.worker);
        }
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator")
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
