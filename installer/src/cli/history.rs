//! `weft history`.

use clap::{Args, Subcommand};
use k8s_openapi::jiff::Timestamp;

use super::connection::MeshArgs;
use super::{Context, block_on};
use crate::failure::{Exit, Failure, Outcome};
use crate::history::report::{Filter, Named};
use crate::history::verbs::{Verbs, since};

#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "A history is kept in the mesh's root namespace, whether the mesh is recorded or not. It holds 2 MiB and 400 days. Values of Secrets are never in it. A command that was killed is listed as interrupted.

Examples:
  weft history
  weft history --since 2d --object Namespace/shop
  weft history show 12
  weft history show 12 -o yaml"
)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Only entries since then: a time, or so long ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only entries that wrote this object
    #[arg(long, value_name = "KIND/NAME")]
    object: Option<Named>,
    #[command(flatten)]
    mesh: MeshArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show an entry, with each field before and after
    Show(ShowArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft history show 12
  weft history show 12 -o json")]
struct ShowArgs {
    /// The entry's number
    number: u64,
    #[command(flatten)]
    mesh: MeshArgs,
}

pub(super) fn run(args: HistoryArgs, context: &Context) -> Outcome {
    block_on(async {
        if let Some(Verb::Show(args)) = args.verb {
            let (cluster, namespace) = args.mesh.find(&context.environment).await?;
            let verbs = Verbs {
                cluster: &cluster,
                namespace: &namespace,
                output: &context.output,
            };
            return verbs.show(args.number).await;
        }
        let filter = filter(args.since.as_deref(), args.object)?;
        let (cluster, namespace) = args.mesh.find(&context.environment).await?;
        let verbs = Verbs {
            cluster: &cluster,
            namespace: &namespace,
            output: &context.output,
        };
        verbs.list(&filter).await
    })
}

fn filter(text: Option<&str>, object: Option<Named>) -> Result<Filter, Failure> {
    let since = text
        .map(|text| since(text, Timestamp::now()))
        .transpose()
        .map_err(|why| Failure::text(Exit::Usage, format!("--since: {why}")))?;
    Ok(Filter { since, object })
}
