//! The noun `mesh`.

mod adopt;

use clap::{Args, Subcommand};

use super::Context;
use crate::failure::Outcome;

#[derive(Args, Debug)]
pub(super) struct MeshArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Record an Istio that somebody else runs, so that the rest of weft works on it
    Adopt(adopt::AdoptArgs),
    /// List the meshes that are recorded, and every Istio that is not
    List(adopt::ListArgs),
    /// Take the record of an adopted mesh away; the mesh stays as it is
    Forget(adopt::ForgetArgs),
}

pub(super) fn run(args: MeshArgs, context: &Context) -> Outcome {
    match args.verb {
        Verb::Adopt(args) => adopt::adopt(args, context),
        Verb::List(args) => adopt::list(args, context),
        Verb::Forget(args) => adopt::forget(args, context),
    }
}
