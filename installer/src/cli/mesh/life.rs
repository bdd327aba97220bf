//! `weft mesh status | wait | protect | delete`.

use std::time::Duration;

use clap::Args;

use crate::cli::connection::{ProgressArgs, ServerArgs, duration};
use crate::cli::{Context, block_on};
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::delete::{self, Deletion};
use crate::mesh::record::find::{self, Unclear};
use crate::mesh::scaling;
use crate::mesh::status::Waited;
use crate::mesh::{protect, status};

#[derive(Args, Debug)]
#[command(
    after_help = "Exits 2 when something of the mesh does not work, its last change did not, or an upgrade is not at its end.

Examples:
  weft mesh status
  weft mesh status shop -o json"
)]
pub(super) struct StatusArgs {
    /// The mesh [default: the only one]
    name: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Exits 3 when time is up, and says what is waited for; 2 when all that is there works and the last command did not come to its end, which no waiting mends. An upgrade that stands between two of its commands is told, and is no reason to wait.

Examples:
  weft mesh wait
  weft mesh wait shop --timeout 10m"
)]
pub(super) struct WaitArgs {
    /// The mesh [default: the only one]
    name: Option<String>,
    /// How long
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    timeout: Duration,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft mesh protect shop
  weft mesh protect shop --off")]
pub(super) struct ProtectArgs {
    /// The mesh [default: the only one]
    name: Option<String>,
    /// Let it be deleted again
    #[arg(long)]
    off: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "A mesh that is protected, that pods have sidecars of, or that gateways run of, is not deleted; what is in the way is told with its count. With --force, what is left without a mesh is printed: namespaces, gateways and the root CA. A deletion that has begun goes on with the same command, and is not held up any more. A mesh that somebody else runs is only forgotten, and not while it is protected. The root namespace goes too if weft made it and nobody else has anything in it; what keeps it is named. Istio's custom resource definitions stay: deleting one deletes every resource of its kind.

Examples:
  weft mesh delete shop --dry-run
  weft mesh delete shop
  weft mesh delete shop --yes --force
  weft mesh delete shop --yes --ignore-not-found"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub(super) struct DeleteArgs {
    /// The mesh
    name: String,
    /// Delete it although pods and gateways use it
    #[arg(long)]
    force: bool,
    /// Only show what would be deleted
    #[arg(long, visible_alias = "diff")]
    dry_run: bool,
    /// A mesh that is not there is no mistake
    #[arg(long)]
    ignore_not_found: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// How long to wait until all of it is gone
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    timeout: Duration,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn status(args: &StatusArgs, context: &Context) -> Outcome {
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        let record = find::one(&cluster, args.name.as_deref()).await?;
        let status = status::look(&cluster, &record).await?;
        let is_istiod = |_: &str, name: &str| name == "istiod" || name.starts_with("istiod-");
        let root = Some(record.root_namespace.as_str());
        let blind = scaling::blind(&cluster, root, is_istiod).await?;
        let other = status.other_version();
        for words in status.unseen.iter().chain(&other).chain(&blind) {
            context.output.warn(words);
        }
        if let Some(words) = &status.upgrade {
            context.output.say(words);
        }
        context.output.report(&status)?;
        Ok(status.exit())
    })
}

pub(super) fn wait(args: &WaitArgs, context: &Context) -> Outcome {
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        let record = find::one(&cluster, args.name.as_deref()).await?;
        let progress = context.output.progress();
        let (status, waited) = status::wait(&cluster, &record, args.timeout, |status| {
            progress.update(status.complaints().join("; "));
        })
        .await?;
        drop(progress);
        for words in &status.unseen {
            context.output.warn(words);
        }
        context.output.report(&status)?;
        match waited {
            Waited::Ready => {
                if let Some(words) = &status.upgrade {
                    context.output.say(words);
                }
                Ok(Exit::Ok)
            }
            Waited::Left => Err(Failure::text(
                Exit::Findings,
                status.complaints().join("\n  "),
            )),
            Waited::Late => {
                let text = format!(
                    "mesh {} does not work within {} s:\n  {}",
                    status.name,
                    args.timeout.as_secs(),
                    status.complaints().join("\n  ")
                );
                Err(Failure::text(Exit::Timeout, text))
            }
        }
    })
}

pub(super) fn protect(args: &ProtectArgs, context: &Context) -> Outcome {
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        let record = find::one(&cluster, args.name.as_deref()).await?;
        protect::protect(&cluster, &context.output, record, !args.off, args.dry_run).await
    })
}

pub(super) fn delete(args: &DeleteArgs, context: &Context) -> Outcome {
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        let record = match find::sought(&cluster, Some(&args.name)).await? {
            Ok(record) => record,
            Err(unclear) if unclear.is_nobody() => return gone(args, context, unclear),
            Err(unclear) => return Err(unclear.into()),
        };
        let how = Deletion {
            force: args.force,
            yes: args.yes,
            dry_run: args.dry_run,
            timeout: args.timeout,
            progress: args.progress.progress,
        };
        delete::delete(&cluster, &context.output, record, how).await
    })
}

/// A mesh that is not there: what a second run of a script meets.
fn gone(args: &DeleteArgs, context: &Context, unclear: Unclear) -> Outcome {
    let text = format!(
        "mesh {} is not in this cluster: it is deleted already, or never was here",
        args.name
    );
    if !args.ignore_not_found {
        return Err(Failure::from(unclear).context(text));
    }
    context.output.say(text);
    Ok(Exit::Ok)
}
