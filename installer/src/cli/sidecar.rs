//! `weft sidecar`: who gets a proxy, how the proxies are, and what can be set about them.

mod args;
mod tune;
mod verbs;

use clap::{Args, Subcommand};

use super::{Context, runtime, stopped};
use crate::failure::{Exit, Failure, Outcome};
use crate::sidecar::target::{Named, Target};
use crate::sidecar::verbs::{Command, Enabling, Levels, Restarting, Sample, Sidecars, Which};
use crate::sidecar::wish::Wish;
use args::MeshArgs;
use verbs::{ExplainArgs, InjectArgs, LevelArgs, RestartArgs, StatusArgs, UpgradeArgs};

#[derive(Args, Debug)]
pub(super) struct SidecarArgs {
    #[command(subcommand)]
    verb: Box<SidecarVerb>,
}

#[derive(Debug, Subcommand)]
enum SidecarVerb {
    /// Show which namespaces, workloads and pods have sidecars, and which wait for a restart
    Status(StatusArgs),
    /// Say whether something gets a sidecar, and which label, webhook or rule decides
    Explain(ExplainArgs),
    /// Have namespaces or workloads injected
    Enable(verbs::EnableArgs),
    /// Have namespaces or workloads not injected
    Disable(InjectArgs),
    /// Take the setting of namespaces or workloads away
    Clear(InjectArgs),
    /// Restart workloads in batches, within their disruption budgets
    Restart(RestartArgs),
    /// Restart workloads whose proxies are of an older version than they would be now
    Upgrade(UpgradeArgs),
    /// Show or set what the proxies of workloads may use
    Resources(tune::ResourcesArgs),
    /// Show or set which traffic passes by the proxies of workloads
    Passthrough(tune::PassthroughArgs),
    /// Show or set which namespaces the proxies of a namespace know
    Scope(tune::ScopeArgs),
    /// Show or set how much running proxies write into their logs
    LogLevel(LevelArgs),
}

pub(super) fn run(args: SidecarArgs, context: &Context) -> Outcome {
    runtime()?.block_on(async {
        let writes = !matches!(
            *args.verb,
            SidecarVerb::Status(_) | SidecarVerb::Explain(_)
        );
        tokio::select! {
            outcome = dispatch(*args.verb, context) => outcome,
            () = stopped() => {
                let rest = if writes { "; what was written stays, and the same command goes on from there" } else { "" };
                Err(Failure::text(Exit::Interrupted, format!("interrupted{rest}")))
            }
        }
    })
}

async fn dispatch(verb: SidecarVerb, context: &Context) -> Outcome {
    match verb {
        SidecarVerb::Status(args) => {
            let (sidecars, targets) = args.mesh.open("status", &args.targets, context).await?;
            let namespace = args.mesh.namespace(&sidecars, args.all_namespaces);
            sidecars.status(&targets, namespace.as_deref()).await
        }
        SidecarVerb::Explain(args) => explain(args, context).await,
        SidecarVerb::Enable(args) => {
            inject("enable", args.inject, Wish::Enable(args.revision), context).await
        }
        SidecarVerb::Disable(args) => inject("disable", args, Wish::Disable, context).await,
        SidecarVerb::Clear(args) => inject("clear", args, Wish::Clear, context).await,
        SidecarVerb::Restart(args) => {
            let which = if args.needed {
                Which::Needed
            } else {
                Which::All
            };
            restart("restart", args.common, which, context).await
        }
        SidecarVerb::Upgrade(args) => restart("upgrade", args.common, Which::Old, context).await,
        SidecarVerb::Resources(args) => tune::resources(args, context).await,
        SidecarVerb::Passthrough(args) => tune::passthrough(args, context).await,
        SidecarVerb::Scope(args) => tune::scope(args, context).await,
        SidecarVerb::LogLevel(args) => log_level(args, context).await,
    }
}

async fn explain(args: ExplainArgs, context: &Context) -> Outcome {
    let sample = Sample {
        labels: args.labels.into_iter().collect(),
        annotations: args.annotations.into_iter().collect(),
        host_network: args.host_network,
    };
    let (sidecars, targets) = args.mesh.open("explain", &args.targets, context).await?;
    let namespace = args.mesh.named();
    sidecars.explain(&targets, namespace, &sample).await
}

async fn log_level(args: LevelArgs, context: &Context) -> Outcome {
    let (sidecars, targets) = args.mesh.open("log-level", &args.targets, context).await?;
    let levels = Levels {
        level: args.level,
        loggers: args.loggers,
    };
    let namespace = args.mesh.named();
    sidecars.log_level(&targets, namespace, &levels).await
}

async fn inject(verb: &str, args: InjectArgs, wish: Wish, context: &Context) -> Outcome {
    let asked = Enabling {
        wish,
        manner: args.write.manner(),
        restart: args.restart.then(|| args.pace.pace()).transpose()?,
        force: args.force,
    };
    let (sidecars, targets) = args.mesh.open(verb, &args.targets, context).await?;
    let namespace = args.mesh.named();
    Box::pin(sidecars.inject(&targets, namespace, &asked)).await
}

async fn restart(
    verb: &str,
    args: verbs::RestartCommon,
    which: Which,
    context: &Context,
) -> Outcome {
    let asked = Restarting {
        which,
        pace: args.pace.pace()?,
        mode: args.rehearse.mode(),
        yes: args.yes,
    };
    let (sidecars, targets) = args.mesh.open(verb, &args.targets, context).await?;
    let namespace = args.mesh.namespace(&sidecars, args.all_namespaces);
    sidecars
        .restart(&targets, namespace.as_deref(), asked)
        .await
}

impl MeshArgs {
    async fn open(
        &self,
        verb: &str,
        targets: &[Named],
        context: &Context,
    ) -> Result<(Sidecars, Vec<Target>), Failure> {
        let cluster = self.cluster.access().connect(&context.environment).await?;
        Sidecars::open(
            cluster,
            context.output.clone(),
            self.cluster.root_namespace.clone(),
            self.mesh.as_deref(),
            Command { verb, targets },
        )
        .await
    }

    fn named(&self) -> Option<&str> {
        self.cluster.namespace.as_deref()
    }

    /// The namespace that is meant; nothing for all of them.
    fn namespace(&self, sidecars: &Sidecars, all: bool) -> Option<String> {
        (!all).then(|| self.named().unwrap_or(sidecars.namespace()).to_owned())
    }
}
