//! The fake proxy as state: what host calls read and change.
//!
//! Each method that a module reaches through the ABI answers as Envoy does, down to the status, because
//! it is in the unusual answers (a header map that is gone, a missing key whose version is ignored) that a filter breaks.
//! A method never fails a test by itself: what Envoy would only punish later, or crash for, is written down
//! in [`World::problems`], and whoever runs a scenario looks there.

mod bodies;
mod calls;
mod connection;
mod edges;
mod faults;
mod flow;
mod foreign;
mod headers;
mod metrics;
mod queues;
mod random;
mod shared;
mod stream;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

pub use bodies::{Buffer, Half};
pub use calls::{Asked, Call, Calls, Returned};
pub(crate) use connection::Connection;
pub use faults::{CALLS, Faults};
pub use foreign::{Foreign, Function, OwnFunction};
pub use headers::Map;
pub use metrics::{Kind, Metrics};
pub use random::Random;
pub use shared::{Races, Shared};
pub use stream::LocalReply;
pub(crate) use stream::{At, Message, Stream};

use crate::fields::Fields;
use crate::status::Status;
use queues::Queues;

/// The worker number of the throw-away VM in which Envoy tries a configuration before any worker gets it.
pub const CANARY: usize = usize::MAX;

/// The world, shared by those who run in it.
pub type Handle = Rc<RefCell<World>>;

/// A context of a worker's VM: a configuration (root context) or a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The worker.
    pub worker: usize,
    /// The context, by the number its VM knows it by.
    pub context: u32,
}

/// A line in the proxy's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it; [`CANARY`] for the VM in which a configuration is tried.
    pub worker: usize,
    /// How urgent, by the ABI's number: trace is 0, critical 5.
    pub level: u32,
    /// What it says.
    pub text: String,
}

/// What a module asked for that is done only after it returns.
#[derive(Debug)]
pub(crate) enum Action {
    Continue(Place, Half),
    /// Trailers that were kept from the filter while it held the headers.
    Trailers(Place, Half),
    Reply(Place, LocalReply),
    Close(Place),
    QueueReady(Place, u32),
    GrpcClosed(Place, u32),
}

/// What a call-out brought, while the module is being told.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) headers: Fields,
    pub(crate) body: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) status: (u32, String),
}

/// When a configuration ticks on a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    pub(crate) period: Duration,
    pub(crate) next: Duration,
}

/// The fake proxy.
#[derive(Debug)]
pub struct World {
    /// The time since the Unix epoch.
    pub now: Duration,
    /// Shared data of the process.
    pub shared: Shared,
    /// Metrics of the process.
    pub metrics: Metrics,
    /// What was logged.
    pub log: Vec<Line>,
    /// The least urgent level that the proxy writes, which is what a module is told when it asks; debug at first.
    pub log_level: u32,
    /// Call-outs.
    pub calls: Calls,
    /// Foreign functions.
    pub foreign: Foreign,
    /// Host calls that fail.
    pub faults: Faults,
    /// The random source.
    pub random: Random,
    /// The name that the operator gave the plugin's configuration.
    pub plugin_name: String,
    /// How much of a body the proxy buffers before it answers 413 (a request) or 500 (a response).
    pub buffer_limit: usize,
    /// What a module did that Envoy would punish; see the module's page.
    pub problems: Vec<String>,
    pub(crate) streams: BTreeMap<Place, Stream>,
    pub(crate) connections: BTreeMap<Place, Connection>,
    pub(crate) timers: BTreeMap<Place, Timer>,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) arrived: Arrived,
    pub(crate) configuration: Vec<u8>,
    /// A local reply was asked for, so the callback that is running holds the stream whatever it returns.
    pub(crate) stopped: bool,
    queues: Queues,
}

/// 2026-01-01T00:00:00Z, when every simulation starts.
pub const START: Duration = Duration::from_hours(490_896);

impl World {
    /// A proxy in which nothing happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: START,
            shared: Shared::default(),
            metrics: Metrics::default(),
            log: Vec::new(),
            log_level: 1,
            calls: Calls::default(),
            foreign: Foreign::default(),
            faults: Faults::default(),
            random: Random::new(0),
            plugin_name: "simulated".to_owned(),
            buffer_limit: 1 << 20,
            problems: Vec::new(),
            streams: BTreeMap::new(),
            connections: BTreeMap::new(),
            timers: BTreeMap::new(),
            actions: VecDeque::new(),
            arrived: Arrived::default(),
            configuration: Vec::new(),
            stopped: false,
            queues: Queues::default(),
        }
    }

    /// The same, to be shared.
    #[must_use]
    pub fn handle() -> Handle {
        Rc::new(RefCell::new(Self::new()))
    }

    /// Writes down what Envoy would punish.
    pub fn problem(&mut self, place: Place, what: impl std::fmt::Display) {
        let who = worker_name(place.worker);
        self.problems.push(format!("{who}: {what}"));
    }

    /// The lines logged at `level` or more urgently.
    pub fn lines(&self, level: u32) -> impl Iterator<Item = &Line> {
        self.log.iter().filter(move |line| line.level >= level)
    }

    /// Counts a host call that changes nothing here, and fails it where a test said so.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn ask(&mut self, call: &'static str) -> Result<(), Status> {
        self.faults.meet(call)
    }

    /// Whether `place` is a stream that is not over.
    #[must_use]
    pub fn has_stream(&self, place: Place) -> bool {
        self.streams.contains_key(&place)
    }

    pub(crate) fn root_of(&self, place: Place) -> u32 {
        let stream = self.streams.get(&place).map(|stream| stream.root);
        let connection = self.connections.get(&place);
        let root = stream.or_else(|| connection.map(|connection| connection.root));
        root.unwrap_or(place.context)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) fn worker_name(worker: usize) -> String {
    match worker {
        CANARY => "the trial VM".to_owned(),
        worker => format!("worker {worker}"),
    }
}
