//! The verbs on a mesh and their flags, as clap sees them.

use clap::{Args, Subcommand};

use super::args::{FailArg, PhaseArg, TypeArg};
use crate::cli::connection::{ClusterArgs, DryRun, WaitArgs};
use crate::cli::plugin::RegistryArgs;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeployVerb {
    /// Print the resource that deploy would write
    Render(RenderArgs),
    /// Put a plugin on a mesh and wait until every selected proxy runs it
    Deploy(DeployArgs),
    /// Show what each proxy does with the plugins on a mesh
    Status(StatusArgs),
    /// List the plugins on a mesh
    List(ListArgs),
    /// Go back to an earlier version and wait until every selected proxy runs it
    Rollback(RollbackArgs),
    /// Take a plugin off a mesh and wait until no proxy uses it
    Remove(RemoveArgs),
}

/// What a plugin should be.
#[derive(Args, Debug)]
pub(super) struct WishArgs {
    /// The name on the mesh; may be left out when the file is a whole resource
    pub(super) name: Option<String>,
    /// The image; a tag is resolved to its digest
    #[arg(long, value_name = "REF")]
    pub(super) image: Option<String>,
    /// The plugin's configuration, or a whole resource (kind: WasmPlugin), which flags override; - reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(super) file: Option<String>,
    /// Only workloads with these labels
    #[arg(short = 'l', long, value_name = "KEY=VALUE")]
    pub(super) selector: Vec<String>,
    /// Only this gateway, or the waypoint of this Service
    #[arg(long, value_name = "KIND/NAME", conflicts_with = "selector")]
    pub(super) target_ref: Vec<String>,
    /// Only this traffic: mode=client|server|both, port=NUMBER [default: both, the calls that a workload makes included]
    #[arg(long = "match", value_name = "WORDS")]
    pub(super) matches: Vec<String>,
    /// Where in the chain of filters [default: as the plugin says of itself]
    #[arg(long, value_enum)]
    pub(super) phase: Option<PhaseArg>,
    /// Within a phase, higher runs first
    #[arg(long, allow_negative_numbers = true)]
    pub(super) priority: Option<i32>,
    /// What a proxy does without a working module [default: close]
    #[arg(long, value_enum)]
    pub(super) fail_strategy: Option<FailArg>,
    /// What the module filters [default: http]
    #[arg(long = "type", value_enum)]
    pub(super) kind: Option<TypeArg>,
    /// The Secret with the registry's credentials for the proxies, in the plugin's namespace
    #[arg(long, value_name = "NAME")]
    pub(super) image_pull_secret: Option<String>,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "No cluster is asked. The registry is, for the digest and for the phase that the plugin asks for, unless the image \
has a digest and --phase or the file says the phase. Without -n the resource names no namespace: kubectl then takes that of \
the context, as deploy does.

Examples:
  weft plugin render rate-limit --image registry.example/weft/rate-limit:1 -f limits.yaml -n shop
  weft plugin render -f wasmplugin.yaml --image registry.example/weft/rate-limit:2 |
    kubectl apply -f -"
)]
pub(in crate::cli) struct RenderArgs {
    #[command(flatten)]
    pub(super) wish: WishArgs,
    /// The namespace
    #[arg(short, long, value_name = "NAME")]
    pub(super) namespace: Option<String>,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Before anything is written, the image is pulled and its own code is asked whether it takes the configuration. A \
version that does not come to run everywhere is undone: the one before serves again, or, when there was none, the plugin is \
removed; that may take a minute beyond --timeout. Ctrl-C leaves what is written; the same command goes on from there.

A sidecar carries the calls that its workload makes, too. Without --match a plugin concerns both, so that a limit on orders \
would also limit what orders ask of others; --match mode=server means received requests only.

A first version fails open until every proxy runs it, and only then as --fail-strategy says. With --no-wait nobody would \
close it later, so it is closed from the start.

Examples:
  weft plugin deploy rate-limit --image registry.example/weft/rate-limit:1 -f limits.yaml \\
    -n shop -l app=orders --match mode=server
  weft plugin deploy -f wasmplugin.yaml
  weft plugin deploy rate-limit --image registry.example/weft/rate-limit:2 -f limits.yaml --diff
  weft plugin deploy -f wasmplugin.yaml --diff --dry-run=server
  weft plugin deploy edge-limit --image registry.example/weft/rate-limit:1 -f edge.yaml \\
    --target-ref Gateway/public        gateways and waypoints were not tried yet"
)]
pub(in crate::cli) struct DeployArgs {
    #[command(flatten)]
    pub(super) wish: WishArgs,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
    /// Leave a version that does not work where it is
    #[arg(long, help_heading = "Waiting")]
    pub(super) no_rollback: bool,
    /// Only show what would be done: as weft knows it, or as the API server answers [without WHERE: server]
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "server")]
    pub(super) dry_run: Option<DryRun>,
    /// Only show what differs, field by field; exits 5 when something does. With --dry-run=client the API server is not asked
    /// whether it would take it; with --dry-run=server its answer is what is compared, and it must give one
    #[arg(long)]
    pub(super) diff: bool,
    #[command(flatten)]
    pub(super) write: WriteArgs,
}

/// What would otherwise be refused.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct WriteArgs {
    /// Take over fields that somebody else owns
    #[arg(long)]
    pub(super) force_conflicts: bool,
    /// Write it even when no proxy is concerned
    #[arg(long)]
    pub(super) allow_empty: bool,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Exits 0 only when every proxy runs every plugin shown and no deployment is pending, else 2. -o wide shows each proxy.

Examples:
  weft plugin status rate-limit -n shop
  weft plugin status -A
  weft plugin status rate-limit -n shop -o wide"
)]
pub(in crate::cli) struct StatusArgs {
    /// One plugin; all of the namespace when left out
    pub(super) name: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["namespace", "name"])]
    pub(super) all_namespaces: bool,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Exits 2 when a deployment is pending: under way, or cut off.

Examples:
  weft plugin list -n shop
  weft plugin list -A -o wide"
)]
pub(in crate::cli) struct ListArgs {
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(super) all_namespaces: bool,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The versions that are kept are in the column KEPT of `weft plugin list -o wide`. The image is pulled and asked about its \
configuration first; when that cannot be done from here, a warning says so, and the cluster decides.

Examples:
  weft plugin rollback rate-limit -n shop
  weft plugin rollback rate-limit -n shop --to 3"
)]
pub(in crate::cli) struct RollbackArgs {
    /// The plugin
    pub(super) name: String,
    /// The version [default: the one before]
    #[arg(long, value_name = "REVISION")]
    pub(super) to: Option<u64>,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    /// Take over fields that somebody else owns
    #[arg(long)]
    pub(super) force_conflicts: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft plugin remove rate-limit -n shop
  weft plugin remove rate-limit -n shop --yes --no-wait")]
pub(in crate::cli) struct RemoveArgs {
    /// The plugin
    pub(super) name: String,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
}
