//! `weft plugin`: the verbs that make, ship and run plugins. Those that touch a cluster are in `deploy`.

mod build;

use super::{Context, deploy};
use crate::failure::Outcome;
use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(super) struct PluginArgs {
    #[command(subcommand)]
    verb: PluginVerb,
}

#[derive(Debug, Subcommand)]
enum PluginVerb {
    /// Build plugins into modules that Envoy runs
    Build(build::BuildArgs),
    #[command(flatten)]
    Deploy(deploy::DeployVerb),
}

pub(super) fn run(args: PluginArgs, context: &Context) -> Outcome {
    match args.verb {
        PluginVerb::Build(args) => build::run(args, context),
        PluginVerb::Deploy(verb) => deploy::run(verb, context),
    }
}
