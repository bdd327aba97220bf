//! `weft undo` and `weft redo`.

use clap::Args;

use super::connection::{MeshArgs, RehearseArgs};
use super::{Context, block_on};
use crate::failure::Outcome;
use crate::history::turns::Way;
use crate::history::verbs::Verbs;

#[derive(Args, Debug)]
#[command(
    after_help = "It undoes the last entry of `weft history` that is not undone, if every object is still as the entry left it; otherwise it says which field is not, and who changed it, and --diff shows all the same what it would write. Fields of others are not touched. A second undo goes one entry further back; `weft redo` comes forward again. An undo that failed is gone back from first. What an interrupted command wrote is not known: run that command again instead. Exits 1 where nothing is recorded that could be undone.

Examples:
  weft undo --diff
  weft undo --dry-run
  weft undo"
)]
pub(super) struct UndoArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
#[command(
    after_help = "It takes back the last `weft undo`, on the same terms. What was written after an undo leaves nothing to do again. Exits 1 where nothing is undone.

Examples:
  weft redo --diff
  weft redo"
)]
pub(super) struct RedoArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
struct Common {
    #[command(flatten)]
    rehearse: RehearseArgs,
    #[command(flatten)]
    mesh: MeshArgs,
}

pub(super) fn undo(args: &UndoArgs, context: &Context) -> Outcome {
    run(&args.common, Way::Undo, context)
}

pub(super) fn redo(args: &RedoArgs, context: &Context) -> Outcome {
    run(&args.common, Way::Redo, context)
}

fn run(args: &Common, way: Way, context: &Context) -> Outcome {
    block_on(async {
        let (cluster, namespace) = args.mesh.find(&context.environment).await?;
        let verbs = Verbs {
            cluster: &cluster,
            namespace: &namespace,
            output: &context.output,
        };
        verbs.go(way, args.rehearse.mode()).await
    })
}
