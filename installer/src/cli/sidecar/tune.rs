//! `resources`, `passthrough` and `scope`: flags, and what they mean as values.

use clap::{Args, ValueEnum};

use super::args::{MeshArgs, PaceArgs, WriteArgs, target};
use crate::cli::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::sidecar::passthrough::{self, Direction, Match, Passing};
use crate::sidecar::resources::Asked;
use crate::sidecar::scope::Reach;
use crate::sidecar::target::Named;
use crate::sidecar::verbs::Tuning;

/// What the verbs that annotate workloads share.
#[derive(Args, Debug)]
pub(super) struct TuneArgs {
    /// deploy/NAME, sts/NAME, ds/NAME or KIND/NAME of a kind that the mesh declares; to show, all of the namespace when left out
    #[arg(value_name = "TARGET", value_parser = target)]
    targets: Vec<Named>,
    /// Take the settings away
    #[arg(long)]
    clear: bool,
    /// Wait for the rollout that follows
    #[arg(long, help_heading = "Restarting")]
    restart: bool,
    /// Change workloads even while a change of their namespace awaits their restart
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    mesh: MeshArgs,
}

impl TuneArgs {
    fn tuning(&self) -> Result<Tuning, Failure> {
        Ok(Tuning {
            manner: self.write.manner(),
            restart: self.restart.then(|| self.pace.pace()).transpose()?,
            force: self.force,
        })
    }

    /// Setting for everything at once is not meant by leaving the names out.
    fn named(&self) -> Result<(), Failure> {
        if self.targets.is_empty() {
            let text = "name the workloads to set this on: deploy/NAME, sts/NAME or ds/NAME";
            return Err(Failure::text(Exit::Usage, text));
        }
        Ok(())
    }
}

#[derive(Args, Debug)]
#[command(
    after_help = "Without a flag, shows what is set. none, or 0, means no request or no limit. Once one of the four is set, the mesh's default counts for none of them. Workloads win over the mesh.

Examples:
  weft sidecar resources -n shop
  weft sidecar resources deploy/cart -n shop --cpu 100m --cpu-limit none --memory 128Mi
  weft sidecar resources deploy/cart -n shop --clear"
)]
pub(super) struct ResourcesArgs {
    /// CPU that is requested
    #[arg(long, value_name = "QUANTITY", conflicts_with = "clear")]
    cpu: Option<String>,
    /// Memory that is requested
    #[arg(long, value_name = "QUANTITY", conflicts_with = "clear")]
    memory: Option<String>,
    /// CPU at most
    #[arg(long, value_name = "QUANTITY", conflicts_with = "clear")]
    cpu_limit: Option<String>,
    /// Memory at most
    #[arg(long, value_name = "QUANTITY", conflicts_with = "clear")]
    memory_limit: Option<String>,
    #[command(flatten)]
    tune: TuneArgs,
}

pub(super) async fn resources(args: ResourcesArgs, context: &Context) -> Outcome {
    let tune = args.tune;
    let (sidecars, targets) = tune.mesh.open("resources", &tune.targets, context).await?;
    let asked = Asked {
        cpu: args.cpu,
        memory: args.memory,
        cpu_limit: args.cpu_limit,
        memory_limit: args.memory_limit,
    };
    let namespace = tune.mesh.named();
    if asked == Asked::default() && !tune.clear {
        return sidecars.show_resources(&targets, namespace).await;
    }
    tune.named()?;
    let asked = (!tune.clear).then_some(&asked);
    sidecars
        .resources(&targets, namespace, asked, &tune.tuning()?)
        .await
}

#[derive(Args, Debug)]
#[command(
    after_help = "Without a flag, shows what is set. What is named is added to what is there; --remove takes it out. Incoming traffic is told apart by port only, outgoing traffic by port or network.

Examples:
  weft sidecar passthrough -n shop
  weft sidecar passthrough deploy/cart -n shop --direction in --match exclude --port 3306
  weft sidecar passthrough deploy/cart -n shop --direction out --match exclude --port 6379,9092
  weft sidecar passthrough deploy/cart -n shop --direction out --clear"
)]
pub(super) struct PassthroughArgs {
    /// Incoming or outgoing
    #[arg(long, value_enum)]
    direction: Option<DirectionArg>,
    /// Whether only this goes through the proxy, or this goes past it
    #[arg(long = "match", value_enum, requires = "direction")]
    matching: Option<MatchArg>,
    /// Ports, with commas between them; repeatable
    #[arg(
        long = "port",
        value_name = "PORTS",
        value_delimiter = ',',
        requires = "matching"
    )]
    ports: Vec<String>,
    /// Networks, with commas between them; repeatable
    #[arg(
        long = "cidr",
        value_name = "NETWORKS",
        value_delimiter = ',',
        requires = "matching"
    )]
    networks: Vec<String>,
    /// Take them out of the list
    #[arg(long, requires = "matching")]
    remove: bool,
    #[command(flatten)]
    tune: TuneArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DirectionArg {
    /// To the workload
    In,
    /// From the workload
    Out,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MatchArg {
    /// Only this goes through the proxy
    Include,
    /// This goes past the proxy
    Exclude,
}

pub(super) async fn passthrough(args: PassthroughArgs, context: &Context) -> Outcome {
    let tune = args.tune;
    let (sidecars, targets) = tune
        .mesh
        .open("passthrough", &tune.targets, context)
        .await?;
    let namespace = tune.mesh.named();
    let direction = args.direction.map(|direction| match direction {
        DirectionArg::In => Direction::In,
        DirectionArg::Out => Direction::Out,
    });
    let asked = match (direction, args.matching) {
        (Some(direction), Some(matching)) => Some(passthrough::Asked {
            direction,
            matching: match matching {
                MatchArg::Include => Match::Include,
                MatchArg::Exclude => Match::Exclude,
            },
            ports: args.ports,
            networks: args.networks,
            remove: args.remove,
        }),
        _ => None,
    };
    match (asked, tune.clear) {
        (Some(_), true) => {
            let text =
                "--clear goes without --match: it takes all lists of the direction away, or all";
            Err(Failure::text(Exit::Usage, text))
        }
        (None, false) if direction.is_some() => {
            let text =
                "say what becomes of that direction: --match with --port or --cidr, or --clear";
            Err(Failure::text(Exit::Usage, text))
        }
        (None, false) => sidecars.show_passthrough(&targets, namespace).await,
        (asked, _) => {
            tune.named()?;
            let passing = asked.map_or(Passing::Clear(direction), Passing::Set);
            sidecars
                .passthrough(&targets, namespace, &passing, &tune.tuning()?)
                .await
        }
    }
}

#[derive(Args, Debug)]
#[command(
    after_help = "Without --to, shows what is in force. Istio takes one Sidecar without a selector in each namespace: a second one is refused.

Examples:
  weft sidecar scope
  weft sidecar scope shop --to local
  weft sidecar scope shop --to custom --namespaces db,books
  weft sidecar scope --mesh-wide --to local
  weft sidecar scope shop --clear"
)]
pub(super) struct ScopeArgs {
    /// Namespaces
    #[arg(value_name = "NAMESPACE")]
    namespaces: Vec<String>,
    /// How far their proxies see
    #[arg(long, value_enum, conflicts_with = "clear")]
    to: Option<ReachArg>,
    /// The namespaces that are seen besides, of custom
    #[arg(
        long = "namespaces",
        value_name = "NAMES",
        value_delimiter = ',',
        requires = "to"
    )]
    others: Vec<String>,
    /// All namespaces that have no scope of their own
    #[arg(long)]
    mesh_wide: bool,
    /// Take weft's Sidecar away
    #[arg(long)]
    clear: bool,
    #[command(flatten)]
    write: WriteArgs,
    #[command(flatten)]
    mesh: MeshArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReachArg {
    /// Every namespace
    All,
    /// Their own, and the mesh's
    Local,
    /// Those, and the ones that are named
    Custom,
}

pub(super) async fn scope(args: ScopeArgs, context: &Context) -> Outcome {
    let (sidecars, _) = args.mesh.open("scope", &[], context).await?;
    let reach = match (args.to, args.others.is_empty()) {
        (None, _) => None,
        (Some(ReachArg::All), true) => Some(Reach::All),
        (Some(ReachArg::Local), true) => Some(Reach::Local),
        (Some(ReachArg::Custom), false) => Some(Reach::Custom(args.others)),
        (Some(ReachArg::Custom), true) => {
            let text = "--to custom needs --namespaces";
            return Err(Failure::text(Exit::Usage, text));
        }
        (Some(_), false) => {
            let text = "--namespaces goes with --to custom only";
            return Err(Failure::text(Exit::Usage, text));
        }
    };
    if reach.is_none() && !args.clear {
        return sidecars.show_scope(&args.namespaces).await;
    }
    if args.namespaces.is_empty() && !args.mesh_wide {
        let text = "name the namespaces, or give --mesh-wide";
        return Err(Failure::text(Exit::Usage, text));
    }
    let manner = args.write.manner();
    sidecars
        .scope(&args.namespaces, args.mesh_wide, reach.as_ref(), manner)
        .await
}
