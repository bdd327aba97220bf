//! The verbs about injection, restarts and logs, and their flags, as clap sees them.

use clap::Args;

use super::args::{MeshArgs, PaceArgs, WriteArgs, pair, target};
use crate::cli::connection::RehearseArgs;
use crate::sidecar::target::Named;

#[derive(Args, Debug)]
#[command(
    after_help = "Namespaces are ENABLED, DISABLED or UNSET; _WAIT is behind it while some pod waits for a restart. Workloads are INJECTED, UN_INJECTED or NEED_RESTART, and REASON says which are gateways, whose restart is `weft gateway upgrade`; proxies are RUNNING, STARTING, FAILED, or the pod is NOT_INJECTED. Exits 2 when something waits, fails, or contradicts itself. -A shows namespaces, one namespace itself and its workloads, a workload its pods. A target may be written as kubectl prints it, too: ns/NAME, deployments.apps/NAME.

CPU and MEMORY of a pod are what its proxy uses of its limit: 13m/2, -/2 where no metrics API (metrics.k8s.io) tells, 13m/- without a limit; -o wide adds the requests, -o json has it of every pod.

Examples:
  weft sidecar status -A
  weft sidecar status shop -o wide
  weft sidecar status deploy/cart -n shop
  weft sidecar status rollouts.argoproj.io/cart -n shop"
)]
pub(super) struct StatusArgs {
    /// Namespaces, deploy/NAME, sts/NAME, ds/NAME, KIND/NAME of a kind that the mesh declares, or pod/NAME [default: the namespace]
    #[arg(value_name = "TARGET", value_parser = target)]
    pub(super) targets: Vec<Named>,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["namespace", "targets"])]
    pub(super) all_namespaces: bool,
    #[command(flatten)]
    pub(super) mesh: MeshArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The webhooks that are really installed are evaluated: those of every revision and tag. Labels and annotations that you add are tried out and not written.

Examples:
  weft sidecar explain deploy/cart -n shop
  weft sidecar explain shop
  weft sidecar explain shop --label sidecar.istio.io/inject=false -o json"
)]
pub(super) struct ExplainArgs {
    /// A namespace, deploy/NAME, sts/NAME, ds/NAME, KIND/NAME of a kind that the mesh declares, or pod/NAME
    #[arg(value_name = "TARGET", value_parser = target, required = true)]
    pub(super) targets: Vec<Named>,
    /// As if the pod had this label; repeatable
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    pub(super) labels: Vec<(String, String)>,
    /// As if the pod had this annotation; repeatable
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = pair)]
    pub(super) annotations: Vec<(String, String)>,
    /// As if the pod used the network of its node
    #[arg(long)]
    pub(super) host_network: bool,
    #[command(flatten)]
    pub(super) mesh: MeshArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "A namespace gets the label istio-injection=enabled, or istio.io/rev with --revision; one of the two goes when the other comes, because istio-injection would win over istio.io/rev. Its pods stay as they are until they are restarted. The template of a workload gets sidecar.istio.io/inject, which its controller rolls out at once.

Examples:
  weft sidecar enable shop books --restart
  weft sidecar enable shop --revision 1-31
  weft sidecar enable deploy/cart sts/orders -n shop
  weft sidecar enable shop --diff"
)]
pub(super) struct EnableArgs {
    /// The revision or tag that injects [default: the default one]
    #[arg(long, value_name = "NAME")]
    pub(super) revision: Option<String>,
    #[command(flatten)]
    pub(super) inject: InjectArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Only labels that weft owns, or that nobody else wants differently, are changed. What a person has set once with kubectl is taken over, and told; what a program may set again takes --force-conflicts. What would leave a gateway without its proxy is refused, because it does not start without one; --force does it all the same.

Examples:
  weft sidecar disable shop
  weft sidecar clear shop --restart
  weft sidecar disable deploy/cart -n shop --dry-run=server"
)]
pub(super) struct InjectArgs {
    /// Namespaces, deploy/NAME, sts/NAME, ds/NAME or KIND/NAME of a kind that the mesh declares
    #[arg(value_name = "TARGET", value_parser = target, required = true)]
    pub(super) targets: Vec<Named>,
    /// Restart what needs it, and wait
    #[arg(long, help_heading = "Restarting")]
    pub(super) restart: bool,
    /// Change workloads even while a change of their namespace awaits their restart, and what gateways need for their proxies
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) write: WriteArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) mesh: MeshArgs,
}

/// What `restart` and `upgrade` share.
#[derive(Args, Debug)]
pub(super) struct RestartCommon {
    /// Namespaces, deploy/NAME, sts/NAME, ds/NAME or KIND/NAME of a kind that the mesh declares [default: the namespace]
    #[arg(value_name = "TARGET", value_parser = target)]
    pub(super) targets: Vec<Named>,
    /// All namespaces but the system's
    #[arg(short = 'A', long, conflicts_with_all = ["namespace", "targets"])]
    pub(super) all_namespaces: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) rehearse: RehearseArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) mesh: MeshArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "A workload begins only when its PodDisruptionBudgets allow what its rollout takes down at once, and is done when all new pods have been ready for a while. A failure stops the batches that have not begun. Exits 4 when some failed. Gateways are passed over: `weft gateway upgrade` renews them.

A workload of a kind that the mesh declares (spec.workloadKinds) is done when its numbers say so and all of its pods were created after the restart: a controller that changes pods in place has restarted nothing. How many pods such a rollout takes down is unknown, and taken for one.

Examples:
  weft sidecar restart shop --needed --yes
  weft sidecar restart deploy/cart -n shop
  weft sidecar restart -A --needed --batch 5 --keep-going --yes"
)]
pub(super) struct RestartArgs {
    /// Only workloads that are not what they would be now
    #[arg(long)]
    pub(super) needed: bool,
    #[command(flatten)]
    pub(super) common: RestartCommon,
}

#[derive(Args, Debug)]
#[command(
    after_help = "A proxy is replaced with its pod: Istio's own images cannot be exchanged in place. Workloads that are current are skipped.

Examples:
  weft sidecar upgrade shop --dry-run=client
  weft sidecar upgrade -A --batch 3 --wait-per-pod 10s --yes
  weft sidecar upgrade deploy/cart -n shop --yes"
)]
pub(super) struct UpgradeArgs {
    #[command(flatten)]
    pub(super) common: RestartCommon,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Levels: trace, debug, info, warning, error, critical, off. A proxy forgets them when it starts anew; nothing is written to the cluster.

Examples:
  weft sidecar log-level deploy/cart -n shop
  weft sidecar log-level pod/cart-7d5b -n shop --level info --logger http=debug
  weft sidecar log-level shop --level warning"
)]
pub(super) struct LevelArgs {
    /// pod/NAME, deploy/NAME, sts/NAME, ds/NAME, KIND/NAME of a kind that the mesh declares, or a namespace
    #[arg(value_name = "TARGET", value_parser = target, required = true)]
    pub(super) targets: Vec<Named>,
    /// The level of all loggers
    #[arg(long, value_name = "LEVEL")]
    pub(super) level: Option<String>,
    /// The level of one logger; repeatable
    #[arg(long = "logger", value_name = "NAME=LEVEL")]
    pub(super) loggers: Vec<String>,
    #[command(flatten)]
    pub(super) mesh: MeshArgs,
}
