//! Runs a plugin against a fake proxy, whose clock, workers, upstreams and failures a test commands.
//!
//! | module | holds |
//! | --- | --- |
//! | [`world`] | the state of the proxy, and what each host call does to it |
//! | [`engine`] | what a simulation drives: callbacks in, host calls out |
//! | [`native`] | the engine that runs a plugin natively; `sandbox` has the one that runs a built module |
//! | [`simulator`] | the proxy in motion: configurations, streams, time |
//! | [`exchange`] | what a test sends and sees |
//! | [`scenario`] | files of requests and what is expected of them, run on either engine |
//! | [`storm`] | odd requests in an unreliable proxy, from bytes that a fuzzer or a law offers |
//!
//! A plugin's test of its scenarios is `simulator::scenarios!(ThePlugin);`. A law drives a [`Simulator`] itself:
//!
//! ```
//! use simulator::{Request, Seen, Simulator};
//!
//! fn refused<P: filter::Plugin>() -> Result<bool, Box<dyn std::error::Error>> {
//!     let mut proxy = Simulator::new(simulator::Native::<P>::new(), 2);
//!     proxy.configure(b"{}")?;
//!     let seen = proxy.roundtrip(&Request::get("/").with("x-user", "ann").on(1))?;
//!     Ok(matches!(seen, Seen::Reply(_)))
//! }
//! ```

pub mod engine;
pub mod exchange;
pub mod fields;
pub mod native;
mod protobuf;
pub mod scenario;
pub mod simulator;
pub mod status;
pub mod storm;
pub mod world;

pub use crate::engine::{Callback, Engine, Trap, Vm};
pub use crate::exchange::{Passed, Replied, Request, Response, Seen, StreamId};
pub use crate::fields::Fields;
pub use crate::native::Native;
pub use crate::simulator::{ConnectionId, Misuse, Piped, Refused, Simulator};
pub use crate::status::Status;
pub use crate::world::{Handle, World};
