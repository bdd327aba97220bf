//! `weft undo` and `weft redo`.

use clap::Args;

use super::connection::{MeshArgs, RehearseArgs, WaitArgs};
use super::{Context, block_on};
use crate::failure::Outcome;
use crate::history::turns::Way;
use crate::history::verbs::{Asked, Verbs};

#[derive(Args, Debug)]
#[command(
    after_help = "It undoes the last entry of `weft history` that is not undone, if every object is still as the entry left it; otherwise it says which field is not, and who changed it, and --diff shows all the same what it would write. Fields of others are not touched. A second undo goes one entry further back; `weft redo` comes forward again. An undo that failed is gone back from first. What was put back is waited for, as after `mesh apply`. With a NUMBER that entry is undone, and newer ones stay: past a restart, which nobody undoes, or an interrupted command, of which nobody knows what it wrote and which goes on when it is run again. Exits 1 where nothing is recorded that could be undone.

Examples:
  weft undo --diff
  weft undo --dry-run
  weft undo
  weft undo 12 --timeout 2m"
)]
pub(super) struct UndoArgs {
    /// An entry by its number [default: the last one that is not undone]
    number: Option<u64>,
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
    wait: WaitArgs,
    #[command(flatten)]
    mesh: MeshArgs,
}

pub(super) fn undo(args: &UndoArgs, context: &Context) -> Outcome {
    run(&args.common, Way::Undo, args.number, context)
}

pub(super) fn redo(args: &RedoArgs, context: &Context) -> Outcome {
    run(&args.common, Way::Redo, None, context)
}

fn run(args: &Common, way: Way, number: Option<u64>, context: &Context) -> Outcome {
    block_on(async {
        let (cluster, namespace) = args.mesh.find(&context.environment).await?;
        let verbs = Verbs {
            cluster: &cluster,
            namespace: &namespace,
            output: &context.output,
        };
        let timeout = args.wait.timeout();
        let asked = Asked { number, timeout };
        verbs.go(way, asked, args.rehearse.mode()).await
    })
}
