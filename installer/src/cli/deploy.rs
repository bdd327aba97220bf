//! `weft plugin render | deploy | status | list | rollback | remove`: the verbs that touch a cluster.

use super::{Context, block_on};
use crate::failure::{Exit, Failure, Outcome};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum DeployVerb {
    /// Put a plugin on a mesh and wait until every selected proxy runs it
    Deploy(DeployArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft plugin deploy rate-limit --image registry.example/weft/rate-limit:1 -f limits.yaml -n shop")]
pub(super) struct DeployArgs {}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn run(verb: DeployVerb, context: &Context) -> Outcome {
    block_on(async {
        match verb {
            DeployVerb::Deploy(_) => {
                context.output.say("weft plugin deploy is being written");
                Err(Failure::text(Exit::Failure, "not there yet"))
            }
        }
    })
}
