//! The flags of `weft mesh upgrade` and of the verbs below it, as clap sees them.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::connection::{ProgressArgs, RehearseArgs, ServerArgs, WaitArgs, duration, pause};
use crate::cli::plugin::RegistryArgs;
use crate::mesh::upgrade::state::Strategy;
use crate::mesh::version::IstioVersion;

#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "In place, the control plane becomes the new one, and workloads follow with `weft sidecar upgrade`; once it has succeeded there is no way back, so it is asked for (--yes), and only one that fails can be rolled back. As a canary, the new control plane comes beside the old one; then namespaces move, it is promoted, and the old one goes when nothing uses it. Until then `rollback` leads back. One minor version at a time. A command that was killed or interrupted is run again and goes on.

Examples:
  weft mesh upgrade shop --to 1.31.0 --diff
  weft mesh upgrade shop --to 1.31.0 --yes
  weft mesh upgrade shop --to 1.31.0 --strategy canary
  weft mesh upgrade move shop cart orders --batch 2
  weft mesh upgrade status shop
  weft mesh upgrade promote shop
  weft mesh upgrade finish shop"
)]
pub(in crate::cli::mesh) struct UpgradeArgs {
    #[command(subcommand)]
    pub(super) verb: Option<UpgradeVerb>,
    #[command(flatten)]
    pub(super) start: StartArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum UpgradeVerb {
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
pub(super) struct StartArgs {
    /// The mesh
    #[arg(required = true)]
    pub(super) name: Option<String>,
    /// The version of Istio to get to
    #[arg(long, value_name = "VERSION", required = true)]
    pub(super) to: Option<IstioVersion>,
    /// How to get there
    #[arg(long, value_enum, default_value = "in-place")]
    pub(super) strategy: Strategy,
    /// Name of the new revision, of a canary [default: the version, as 1-31-0]
    #[arg(long)]
    pub(super) revision: Option<String>,
    /// Where the charts of the new version are [default: where those of the mesh are]
    #[arg(long, value_name = "SOURCE")]
    pub(super) charts: Option<String>,
    /// Tag of the images of the new version, where the mesh names one
    #[arg(long)]
    pub(super) image_tag: Option<String>,
    /// Do not look whether the upgrade can go well before anything is written; no older version, and one minor version at a time,
    /// all the same
    #[arg(long)]
    pub(super) skip_preflight: bool,
    /// Do not ask before an upgrade in place, which has no way back once it has succeeded
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What all that write take.
#[derive(Args, Debug)]
pub(super) struct Common {
    #[command(flatten)]
    pub(super) rehearse: RehearseArgs,
    /// Take over fields and labels that somebody else owns
    #[arg(long)]
    pub(super) force_conflicts: bool,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
    #[command(flatten)]
    pub(super) progress: ProgressArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// How to restart.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct PaceArgs {
    /// How many workloads are restarted at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Restarting")]
    pub(super) batch: u16,
    /// How long the new pods must have been ready before the next batch begins
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = pause, help_heading = "Restarting")]
    pub(super) wait_per_pod: Duration,
    /// How long one workload may take to be ready, waiting for its disruption budget included
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration, help_heading = "Restarting")]
    pub(super) restart_timeout: Duration,
}

#[derive(Args, Debug)]
#[command(
    after_help = "A namespace that names the old revision gets istio.io/rev with the new one, and istio-injection, which would win, goes; what it said before is kept for a rollback. A namespace that names a tag moves with the tag. Labels that a person has set with kubectl are taken over, and told; those that a program may set again (Argo CD, Flux, Helm) take --force-conflicts, and keep all from moving without it. The first workload that does not get ready stops it, unless it is to keep going.

Examples:
  weft mesh upgrade move shop cart orders
  weft mesh upgrade move shop --all --batch 3 --wait-per-pod 10s --keep-going
  weft mesh upgrade move shop --all --diff"
)]
pub(super) struct MoveArgs {
    /// The mesh
    pub(super) name: String,
    /// The namespaces
    #[arg(
        value_name = "NAMESPACE",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    pub(super) namespaces: Vec<String>,
    /// All that the old control plane serves
    #[arg(long)]
    pub(super) all: bool,
    /// Go on with the next workloads and namespaces after a failure
    #[arg(long, help_heading = "Restarting")]
    pub(super) keep_going: bool,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Namespaces say again what they said before. One that was labelled with the new revision by hand is labelled with the old one; labels that somebody changed since the move stay, and are told.

Examples:
  weft mesh upgrade rollback shop
  weft mesh upgrade rollback shop --dry-run=server"
)]
pub(super) struct RollbackArgs {
    /// The mesh
    pub(super) name: String,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The record describes the new mesh from then on; `weft mesh export` prints the file to commit.

Examples:
  weft mesh upgrade promote shop
  weft mesh upgrade promote shop --diff"
)]
pub(super) struct PromoteArgs {
    /// The mesh
    pub(super) name: String,
    /// Promote although pods have proxies of the old revision
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Pods, gateways, namespaces and tags that still use the old revision are named, each with the command that ends that, and then it stays. Where the old one had no name, the new one takes over istio-injection=enabled with the tag default, and namespaces get the labels back that they had. The mesh file needs the same for the next apply: the version, the revision, and that tag (`tags: [..., default]`); finish says it, and `weft mesh export` prints it.

Examples:
  weft mesh upgrade finish shop
  weft mesh upgrade finish shop --dry-run=server"
)]
pub(super) struct FinishArgs {
    /// The mesh
    pub(super) name: String,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft mesh upgrade status shop
  weft mesh upgrade status shop -o json")]
pub(super) struct StatusArgs {
    /// The mesh
    pub(super) name: String,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}
