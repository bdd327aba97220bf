//! `weft mesh upgrade`, and the verbs below it.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::charts::Charts;
use crate::cli::connection::{DryRun, ProgressArgs, ServerArgs, WaitArgs, duration};
use crate::cli::plugin::RegistryArgs;
use crate::cli::{Context, runtime};
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::install::Installer;
use crate::mesh::upgrade::run::Upgrader;
use crate::mesh::upgrade::state::Strategy;
use crate::mesh::upgrade::steps::Verb;
use crate::mesh::upgrade::target::Asked;
use crate::mesh::version::IstioVersion;
use crate::output::ProgressChoice;
use crate::sidecar::restart::Pace;
use crate::sidecar::verbs::Mode;

const INTERRUPTED: &str =
    "interrupted; what was written stays, and the same command goes on from there";

#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "In place, the control plane becomes the new one, and workloads follow with `weft sidecar upgrade`. As a canary, the new control
plane comes beside the old one; then namespaces move, it is promoted, and the old one goes when nothing uses it. Until then
`rollback` leads back. One minor version at a time. A command that was killed or interrupted is run again and goes on.

Examples:
  weft mesh upgrade shop --to 1.31.0 --diff
  weft mesh upgrade shop --to 1.31.0
  weft mesh upgrade shop --to 1.31.0 --strategy canary
  weft mesh upgrade move shop cart orders --batch 2
  weft mesh upgrade status shop
  weft mesh upgrade promote shop
  weft mesh upgrade finish shop"
)]
pub(super) struct UpgradeArgs {
    #[command(subcommand)]
    verb: Option<UpgradeVerb>,
    #[command(flatten)]
    start: StartArgs,
}

#[derive(Debug, Subcommand)]
enum UpgradeVerb {
    /// Move namespaces to the new control plane, and restart their workloads in batches
    Move(MoveArgs),
    /// Move everything back, and remove the new control plane
    Rollback(RollbackArgs),
    /// Make the new control plane the mesh's: validation, tags, record
    Promote(PromoteArgs),
    /// Remove the old control plane when nothing uses it
    Finish(FinishArgs),
    /// Show how far an upgrade is, which proxies run, and what comes next
    Status(StatusArgs),
}

#[derive(Args, Debug)]
struct StartArgs {
    /// The mesh
    #[arg(required = true)]
    name: Option<String>,
    /// The version of Istio to get to
    #[arg(long, value_name = "VERSION", required = true)]
    to: Option<IstioVersion>,
    /// How to get there
    #[arg(long, value_enum, default_value = "in-place")]
    strategy: Strategy,
    /// Name of the new revision, of a canary [default: the version, as 1-31-0]
    #[arg(long)]
    revision: Option<String>,
    /// Where the charts of the new version are [default: where those of the mesh are]
    #[arg(long, value_name = "SOURCE")]
    charts: Option<String>,
    /// Tag of the images of the new version, where the mesh names one
    #[arg(long)]
    tag: Option<String>,
    /// Do not look whether the upgrade can go well before anything is written
    #[arg(long)]
    skip_preflight: bool,
    #[command(flatten)]
    common: Common,
}

/// What all that write take.
#[derive(Args, Debug)]
struct Common {
    /// Only show what would be done: as weft knows it, or as the API server answers
    #[arg(long, value_enum, value_name = "WHERE", conflicts_with = "diff")]
    dry_run: Option<DryRun>,
    /// Only show what differs; exits 5 when something does
    #[arg(long)]
    diff: bool,
    /// Take over fields and labels that somebody else owns
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// How to restart.
#[derive(Args, Clone, Copy, Debug)]
struct PaceArgs {
    /// How many workloads are restarted at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Restarting")]
    batch: u16,
    /// How long the new pods must have been ready before the next batch begins
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, help_heading = "Restarting")]
    wait_per_pod: Duration,
    /// How long one workload may take, waiting for its disruption budget included
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration, help_heading = "Restarting")]
    restart_timeout: Duration,
}

#[derive(Args, Debug)]
#[command(
    after_help = "A namespace that names the old revision gets istio.io/rev with the new one, and istio-injection, which would win, goes; what it
said before is kept for a rollback. A namespace that names a tag moves with the tag. The first workload that does not get
ready stops it.

Examples:
  weft mesh upgrade move shop cart orders
  weft mesh upgrade move shop --all --batch 3 --wait-per-pod 10s
  weft mesh upgrade move shop --all --diff"
)]
struct MoveArgs {
    /// The mesh
    name: String,
    /// The namespaces
    #[arg(
        value_name = "NAMESPACE",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    namespaces: Vec<String>,
    /// All that the old control plane serves
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft mesh upgrade rollback shop
  weft mesh upgrade rollback shop --dry-run=server")]
struct RollbackArgs {
    /// The mesh
    name: String,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The record describes the new mesh from then on; `weft mesh export` prints the file to commit.

Examples:
  weft mesh upgrade promote shop
  weft mesh upgrade promote shop --diff"
)]
struct PromoteArgs {
    /// The mesh
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Pods, gateways, namespaces and tags that still use the old revision are named, and then it stays. Where the old one had no name,
the new one takes over istio-injection=enabled, and namespaces get the labels back that they had.

Examples:
  weft mesh upgrade finish shop
  weft mesh upgrade finish shop --dry-run=server"
)]
struct FinishArgs {
    /// The mesh
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft mesh upgrade status shop
  weft mesh upgrade status shop -o json")]
struct StatusArgs {
    /// The mesh
    name: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// What is to be done.
enum Doing {
    Start(Asked, bool),
    Go(Verb),
    Status,
}

/// One command.
struct Call {
    name: String,
    /// What was asked for, for the history.
    said: String,
    doing: Doing,
    mode: Mode,
    force: bool,
    timeout: Option<Duration>,
    pace: Pace,
    progress: ProgressChoice,
    registry: RegistryArgs,
    server: ServerArgs,
}

pub(super) fn run(args: UpgradeArgs, context: &Context) -> Outcome {
    let call = call(args)?;
    runtime()?.block_on(async {
        tokio::select! {
            outcome = Box::pin(carry_out(call, context)) => outcome,
            _ = tokio::signal::ctrl_c() => Err(Failure::text(Exit::Interrupted, INTERRUPTED)),
        }
    })
}

fn call(args: UpgradeArgs) -> Result<Call, Failure> {
    let call = match args.verb {
        None => start(args.start)?,
        Some(UpgradeVerb::Move(args)) => {
            let words = if args.all {
                "--all".to_owned()
            } else {
                args.namespaces.join(" ")
            };
            let said = format!("move {} {words}", args.name);
            let verb = Verb::Move((!args.all).then_some(args.namespaces));
            let doing = Doing::Go(verb);
            args.common.call(args.name, said, doing, Some(args.pace))
        }
        Some(UpgradeVerb::Rollback(args)) => {
            let said = format!("rollback {}", args.name);
            let doing = Doing::Go(Verb::Rollback);
            args.common.call(args.name, said, doing, Some(args.pace))
        }
        Some(UpgradeVerb::Promote(args)) => {
            let said = format!("promote {}", args.name);
            args.common
                .call(args.name, said, Doing::Go(Verb::Promote), None)
        }
        Some(UpgradeVerb::Finish(args)) => {
            let said = format!("finish {}", args.name);
            args.common
                .call(args.name, said, Doing::Go(Verb::Finish), None)
        }
        Some(UpgradeVerb::Status(args)) => status(args),
    };
    Ok(call)
}

fn start(args: StartArgs) -> Result<Call, Failure> {
    // clap has seen to it.
    let (Some(name), Some(to)) = (args.name, args.to) else {
        return Err(Failure::text(Exit::Usage, "NAME and --to are needed"));
    };
    let said = format!("{name} --to {to}");
    let asked = Asked {
        to,
        strategy: args.strategy,
        revision: args.revision,
        charts: args.charts,
        tag: args.tag,
    };
    let doing = Doing::Start(asked, args.skip_preflight);
    Ok(args.common.call(name, said, doing, None))
}

fn status(args: StatusArgs) -> Call {
    Call {
        said: format!("status {}", args.name),
        name: args.name,
        doing: Doing::Status,
        mode: Mode::Act,
        force: false,
        timeout: None,
        pace: pace(None),
        progress: ProgressChoice::default(),
        registry: RegistryArgs::default(),
        server: args.server,
    }
}

fn pace(args: Option<PaceArgs>) -> Pace {
    Pace {
        batch: args.map_or(1, |args| usize::from(args.batch)),
        settle: args.map_or(Duration::ZERO, |args| args.wait_per_pod),
        timeout: args.map(|args| args.restart_timeout),
        keep_going: false,
    }
}

impl Common {
    fn call(self, name: String, said: String, doing: Doing, args: Option<PaceArgs>) -> Call {
        let mode = match (self.diff, self.dry_run) {
            (true, _) => Mode::Diff,
            (false, Some(DryRun::Client)) => Mode::Client,
            (false, Some(DryRun::Server)) => Mode::Server,
            (false, None) => Mode::Act,
        };
        Call {
            name,
            said,
            doing,
            mode,
            force: self.force_conflicts,
            timeout: self.wait.timeout(),
            pace: pace(args),
            progress: self.progress.progress,
            registry: self.registry,
            server: self.server,
        }
    }
}

async fn carry_out(call: Call, context: &Context) -> Outcome {
    let cluster = call.server.access().connect(&context.environment).await?;
    let charts = Charts::new(call.registry.registry(context), &context.environment);
    let upgrader = Upgrader {
        installer: Installer {
            cluster: &cluster,
            charts: &charts,
            output: &context.output,
            progress: call.progress,
        },
        name: call.name,
        verb: format!("mesh upgrade {}", call.said),
        mode: call.mode,
        force: call.force,
        timeout: call.timeout,
        pace: call.pace,
    };
    match &call.doing {
        Doing::Start(asked, skip_preflight) => upgrader.start(asked, *skip_preflight).await,
        Doing::Go(verb) => upgrader.go(verb).await,
        Doing::Status => upgrader.status().await,
    }
}
