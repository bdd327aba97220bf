//! Starts and stops, without a trace, the real servers that tests and demos need.
//!
//! The lab is native, needs the network once, and is never shipped. `tools` installs programs into a cache outside the
//! repository.

mod cache;
mod command;
pub mod output;
pub mod tools;
mod workspace;

pub use cache::{Cache, Lock};
