//! Limits requests per client with token buckets shared by all workers of a proxy.
//!
//! A request meets the rules in their order, and every rule that matches it must have a token for it. The first that has none refuses
//! it, and the tokens that others gave are put back, so a refused request costs nobody anything.
//!
//! | module | holds |
//! | --- | --- |
//! | `config` | what an operator may write |
//! | `key` | what a rule counts by, read from the request |
//! | `fingerprint` | keys, hashed with a secret of the proxy |
//! | `limit` | the arithmetic of a limit, in whole numbers |
//! | `table` | buckets in shared data: a table of a fixed size; **the bound and its proof** |
//! | `lease` | what a worker remembers, and what that adds to the bound |
//! | `buckets` | both together |
//! | `clock` | the clock |
//! | `judge` | one request at all rules |
//! | `setup` | what is put into shared data before the first request |
//! | `reply` | what a refused client gets |
//! | `metrics` | the counters |
//! | `laws` | what holds for every sequence of requests, as functions |
//!
//! Rejected: a bucket for each worker (a client gets as many limits as there are workers), and an external service (another hop, and
//! another thing that can fail). A limit across replicas is not in this version.

mod buckets;
mod clock;
mod config;
mod fingerprint;
mod judge;
mod key;
#[cfg(any(test, feature = "laws"))]
pub mod laws;
mod lease;
mod limit;
mod metrics;
mod reply;
mod setup;
mod table;

use filter::config::Errors;
use filter::{Callbacks, Exchange, Metric, Outcome, Plugin, Proxy};

use crate::judge::{Judge, Verdict};

/// The rate limiter.
#[derive(Debug)]
pub struct RateLimit {
    judge: Judge,
}

impl Plugin for RateLimit {
    const NAME: &'static str = "rate-limit";
    const CALLBACKS: Callbacks = Callbacks::REQUEST;
    type Stream = ();

    fn configure(configuration: &[u8]) -> Result<Self, Errors> {
        config::read(configuration).map(|config| Self {
            judge: Judge::new(config),
        })
    }

    fn metrics(&self) -> Vec<Metric> {
        metrics::all(self.judge.names())
    }

    fn on_start(&mut self, proxy: &mut dyn Proxy) {
        self.judge.start(proxy);
    }

    fn on_request(&mut self, exchange: &mut dyn Exchange) -> Outcome<()> {
        match self.judge.request(exchange) {
            Verdict::Admit => Outcome::proceed(()),
            Verdict::Refuse(reply) => Outcome::reply(*reply, ()),
        }
    }
}

#[cfg(feature = "proxy")]
host::export!(RateLimit: request_headers);
