//! The vocabulary: what a plugin may ask of a request, and what it may answer. No logic lives here.
//!
//! A plugin never calls the proxy. It is handed abilities as arguments ([`Proxy`], [`Exchange`]) and
//! answers with values ([`Outcome`], [`Background`]); whoever drives it (`host` in Envoy, `simulator` in
//! tests) carries those out. So a plugin is an ordinary library: its tests compare values, and the
//! same code runs in Envoy, on wasm32 in Node, under a fuzzer and inside `weft`.
//!
//! | module | holds |
//! | --- | --- |
//! | [`plugin`] | [`Plugin`], the trait that a plugin implements, and [`Callbacks`], which of it is used |
//! | [`exchange`] | [`Proxy`] and [`Exchange`]: what a callback may ask |
//! | [`headers`] | [`Headers`]: bytes, in order, duplicates kept |
//! | [`outcome`] | [`Outcome`]: what a callback on a stream answers |
//! | [`call`] | [`Call`] and [`Answer`]: HTTP and gRPC call-outs |
//! | [`shared`] | state shared by the workers of one proxy, and its one compare-and-swap loop |
//! | [`lease`] | electing one worker of the proxy |
//! | [`foreign`] | abilities of the host that may be absent |
//! | [`metric`] | counters, gauges and histograms |
//! | [`chain`] | two plugins in one filter instance |
//! | [`network`] | the small vocabulary of a network (TCP) filter |
//! | [`config`] | reading a configuration, reporting every mistake at once |

pub mod call;
pub mod chain;
pub mod config;
pub mod exchange;
pub mod foreign;
pub mod headers;
pub mod lease;
pub mod metric;
pub mod network;
pub mod outcome;
pub mod plugin;
pub mod shared;

pub use crate::call::{Answer, Call, CallError};
pub use crate::exchange::{Exchange, Half, HostError, Level, Property, Proxy};
pub use crate::headers::Headers;
pub use crate::metric::Metric;
pub use crate::outcome::{Background, Edit, Next, Outcome, Reply, Resumed, Wait};
pub use crate::plugin::{Callbacks, Plugin, Role};
