//! `weft plugin`: the verbs that make, ship and run plugins. Those that touch a cluster are in `deploy`.

mod build;
mod check;
mod images;
mod run;

pub(super) use images::RegistryArgs;

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
    /// Pack a module as an image and push it to a registry
    Push(images::PushArgs),
    /// Fetch a module out of an image
    Pull(images::PullArgs),
    /// Show what a plugin says about itself
    Inspect(images::InspectArgs),
    /// Ask a plugin whether it takes a configuration
    Check(check::CheckArgs),
    /// Run plugins in an Envoy on this machine
    Run(run::RunArgs),
    #[command(flatten)]
    Deploy(Box<deploy::DeployVerb>),
}

pub(super) fn run(args: PluginArgs, context: &Context) -> Outcome {
    match args.verb {
        PluginVerb::Build(args) => build::run(args, context),
        PluginVerb::Push(args) => images::push(args, context),
        PluginVerb::Pull(args) => images::pull(args, context),
        PluginVerb::Inspect(args) => images::inspect(args, context),
        PluginVerb::Check(args) => check::run(args, context),
        PluginVerb::Run(args) => run::run(args, context),
        PluginVerb::Deploy(verb) => deploy::run(*verb, context),
    }
}
