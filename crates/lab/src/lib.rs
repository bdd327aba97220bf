//! Starts and stops, without a trace, the real servers that tests and demos need.
//!
//! - [`tools`] installs programs, once, into a [`Cache`] outside the repository.
//! - A [`Session`] starts a registry, clusters and istiod, and takes them down when it ends, or lets the next one do so
//!   if it is killed.
//! - [`envoy`] runs one Envoy as a child.
//! - [`Apart`] is a lab of a test's own, beside one that is in use.
//! - [`trial`] is what tests of `weft` on a cluster share.
//! - [`capabilities`] says what cannot run on this machine, and why.
//!
//! The lab is native and never shipped: it is the one crate that reads the clock and the environment as it likes.

mod apart;
mod cache;
pub mod capabilities;
mod cleanup;
mod cluster;
mod command;
mod environment;
pub mod envoy;
mod host;
mod http;
mod istio;
mod network;
pub mod output;
mod overview;
mod process;
mod registry;
mod session;
mod state;
pub mod tools;
pub mod trial;
mod workspace;

pub use apart::Apart;
pub use cache::{Cache, Lock};
pub use cluster::{Cluster, ClusterOptions};
pub use environment::exports;
pub use istio::IstioOptions;
pub use network::Cidr;
pub use overview::{Row, down, overview, table};
pub use process::ProcId;
pub use registry::Registry;
pub use session::Session;
pub use tools::Tool;
