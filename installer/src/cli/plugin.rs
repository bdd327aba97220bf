//! `weft plugin`: the verbs that make, ship and run plugins. Those that touch a cluster are in `deploy`.

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
    #[command(flatten)]
    Deploy(deploy::DeployVerb),
}

pub(super) fn run(args: PluginArgs, context: &Context) -> Outcome {
    match args.verb {
        PluginVerb::Deploy(verb) => deploy::run(verb, context),
    }
}
