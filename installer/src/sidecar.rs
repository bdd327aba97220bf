//! Sidecars: who gets one and why, how they are, and what can be set about them.
//!
//! `decision`, `gateway`, `state`, `wish`, `edit`, `resources`, `passthrough`, `scope`, `loggers` and `rollout`, `usage` are values in and
//! values out; `kinds`, `read`, `write` and `restart` are the edge; `verbs` puts them together.

mod budget;
pub(crate) mod decision;
pub(crate) mod edit;
pub(crate) mod editing;
pub(crate) mod gateway;
pub(crate) mod injector;
pub(crate) mod kinds;
mod loggers;
pub(crate) mod passthrough;
pub(crate) mod read;
pub(crate) mod report;
pub(crate) mod resources;
pub(crate) mod restart;
mod rollout;
pub(crate) mod scope;
pub(crate) mod state;
pub(crate) mod target;
mod usage;
pub(crate) mod verbs;
pub(crate) mod view;
pub(crate) mod wish;
pub(crate) mod write;
