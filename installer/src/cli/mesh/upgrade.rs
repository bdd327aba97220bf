//! `weft mesh upgrade`, and the verbs below it.

mod args;

use std::time::Duration;

use crate::charts::Charts;
use crate::cli::connection::ServerArgs;
use crate::cli::plugin::RegistryArgs;
use crate::cli::{Context, runtime, stopped};
use crate::cluster::mode::Mode;
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::install::Installer;
use crate::mesh::upgrade::run::Upgrader;
use crate::mesh::upgrade::steps::Verb;
use crate::mesh::upgrade::target::Asked;
use crate::output::ProgressChoice;
use crate::sidecar::restart::Pace;
pub(super) use args::UpgradeArgs;
use args::{Common, PaceArgs, StartArgs, StatusArgs, UpgradeVerb};

const INTERRUPTED: &str =
    "interrupted; what was written stays, and the same command goes on from there";

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
    promote_in_use: bool,
    pace: Pace,
    yes: bool,
    progress: ProgressChoice,
    registry: RegistryArgs,
    server: ServerArgs,
}

pub(super) fn run(args: UpgradeArgs, context: &Context) -> Outcome {
    let call = call(args)?;
    runtime()?.block_on(async {
        tokio::select! {
            outcome = Box::pin(carry_out(call, context)) => outcome,
            () = stopped() => Err(Failure::text(Exit::Interrupted, INTERRUPTED)),
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
            let mut call = args.common.call(args.name, said, doing, Some(args.pace))?;
            call.pace.keep_going = args.keep_going;
            call
        }
        Some(UpgradeVerb::Rollback(args)) => {
            let said = format!("rollback {}", args.name);
            let doing = Doing::Go(Verb::Rollback);
            args.common.call(args.name, said, doing, Some(args.pace))?
        }
        Some(UpgradeVerb::Promote(args)) => {
            let said = format!("promote {}", args.name);
            let call = args
                .common
                .call(args.name, said, Doing::Go(Verb::Promote), None)?;
            Call {
                promote_in_use: args.force,
                ..call
            }
        }
        Some(UpgradeVerb::Finish(args)) => {
            let said = format!("finish {}", args.name);
            args.common
                .call(args.name, said, Doing::Go(Verb::Finish), None)?
        }
        Some(UpgradeVerb::Status(args)) => status(args)?,
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
        charts: args.common.registry.named(args.charts),
        image_tag: args.image_tag,
    };
    let doing = Doing::Start(asked, args.skip_preflight);
    Ok(Call {
        yes: args.yes,
        ..args.common.call(name, said, doing, None)?
    })
}

fn status(args: StatusArgs) -> Result<Call, Failure> {
    Ok(Call {
        said: format!("status {}", args.name),
        name: args.name,
        doing: Doing::Status,
        mode: Mode::Act,
        force: false,
        timeout: None,
        promote_in_use: false,
        pace: pace(None)?,
        yes: false,
        progress: ProgressChoice::default(),
        registry: RegistryArgs::default(),
        server: args.server,
    })
}

fn pace(args: Option<PaceArgs>) -> Result<Pace, Failure> {
    let pace = Pace {
        batch: args.map_or(1, |args| usize::from(args.batch)),
        settle: args.map_or(Duration::ZERO, |args| args.wait_per_pod),
        timeout: args.map(|args| args.restart_timeout),
        keep_going: false,
    };
    pace.checked("--restart-timeout")
}

impl Common {
    fn call(
        self,
        name: String,
        said: String,
        doing: Doing,
        args: Option<PaceArgs>,
    ) -> Result<Call, Failure> {
        Ok(Call {
            name,
            said,
            doing,
            mode: self.rehearse.mode(),
            force: self.force_conflicts,
            timeout: self.wait.timeout(),
            promote_in_use: false,
            pace: pace(args)?,
            yes: false,
            progress: self.progress.progress,
            registry: self.registry,
            server: self.server,
        })
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
        promote_in_use: call.promote_in_use,
        pace: call.pace,
        yes: call.yes,
    };
    match &call.doing {
        Doing::Start(asked, skip_preflight) => upgrader.start(asked, *skip_preflight).await,
        Doing::Go(verb) => Box::pin(upgrader.go(verb)).await,
        Doing::Status => upgrader.status().await,
    }
}
