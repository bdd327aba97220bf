//! The faults: how each is made, what is asked of `weft`, and what it has to answer.

use super::world::{Config, World};

#[path = "cases/cluster.rs"]
mod cluster;
#[path = "cases/mesh.rs"]
mod mesh;
#[path = "cases/reach.rs"]
mod reach;
#[path = "cases/serving.rs"]
mod serving;

/// A fault, and what is to be said of it.
pub(crate) struct Case {
    /// What is broken.
    pub(crate) name: &'static str,
    /// Manifests that break it; they are deleted afterwards.
    pub(crate) fault: &'static str,
    /// What else breaks it.
    pub(crate) before: fn(&World),
    /// Where the cluster is looked for.
    pub(crate) config: Config,
    /// The command line.
    pub(crate) weft: &'static str,
    /// How it exits.
    pub(crate) code: i32,
    /// The object that the message names.
    pub(crate) object: &'static str,
    /// The remedy that the same message names.
    pub(crate) remedy: &'static str,
    /// Puts it right.
    pub(crate) after: fn(&World),
}

/// What most cases have in common.
const CASE: Case = Case {
    name: "",
    fault: "",
    before: |_| {},
    config: Config::Right,
    weft: "",
    code: 1,
    object: "",
    remedy: "",
    after: |_| {},
};

/// All of them, in an order in which none is in the way of the next.
pub(crate) fn all() -> Vec<Case> {
    [reach::cases(), cluster::cases(), mesh::cases()]
        .into_iter()
        .flatten()
        .collect()
}
