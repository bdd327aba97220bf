//! Weft's installer: the `weft` program as a library, so that tests can call what the command line calls.
//!
//! Everything decides on values and acts at the edge: a command reads what is, computes what should be done, and only
//! then does it. `cli` parses and dispatches; `output` is the only module that prints.

pub mod bundle;
pub mod charts;
pub mod cli;
mod cluster;
pub mod environment;
pub mod failure;
mod gateway;
mod history;
pub mod input;
pub mod measure;
mod mesh;
pub mod output;
pub mod plugin;
pub mod registry;
mod sidecar;
