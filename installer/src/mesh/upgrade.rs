//! `weft mesh upgrade`: from one Istio to the next, in place or with a second control plane beside the first.
//!
//! How far an upgrade has come is in the mesh's record (`state`), which is written before what it announces. Which steps a
//! verb has still to do is computed from that and from what the cluster shows (`steps`), and each step may be done twice: so
//! a command that was killed anywhere goes on when it is run again. `target`, `namespaces` and `usage` decide the parts;
//! `facts`, `preflight` and `run` are the edge.

pub(crate) mod facts;
pub(crate) mod namespaces;
pub(crate) mod next;
pub(crate) mod preflight;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod state;
pub(crate) mod steps;
pub(crate) mod target;
pub(crate) mod usage;
mod way;
