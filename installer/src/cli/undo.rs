//! `weft undo`.

use clap::Args;

use super::connection::{MeshArgs, RehearseArgs};
use super::{Context, block_on};
use crate::failure::Outcome;
use crate::history::verbs::Verbs;

#[derive(Args, Debug)]
#[command(
    after_help = "It undoes the last entry of `weft history`, if every object is still as the entry left it; otherwise it says which field is not, and who changed it. Fields of others are not touched. What an interrupted command wrote is not known: run that command again instead. An undo is an entry too, so that a second undo does again what the first undid.

Examples:
  weft undo --diff
  weft undo --dry-run
  weft undo"
)]
pub(super) struct UndoArgs {
    #[command(flatten)]
    rehearse: RehearseArgs,
    #[command(flatten)]
    mesh: MeshArgs,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn run(args: UndoArgs, context: &Context) -> Outcome {
    block_on(async {
        let (cluster, namespace) = args.mesh.find(&context.environment).await?;
        let verbs = Verbs {
            cluster: &cluster,
            namespace: &namespace,
            output: &context.output,
        };
        verbs.undo(args.rehearse.mode()).await
    })
}
