//! The arguments of the verbs of `weft gateway`.

use clap::Args;

use super::flags::WishFlags;
use super::{ChartArgs, Everywhere, Where, WriteArgs};
use crate::cli::connection::{ProgressArgs, RehearseArgs, WaitArgs};

#[derive(Args, Debug)]
#[command(
    after_help = "A gateway is a Deployment and a Service from Istio's own chart, in the version of the mesh. Its image comes from the mesh's injector. Ctrl-C leaves what is written; the same command goes on from there.

Examples:
  weft gateway create edge -n edge
  weft gateway create edge -n edge --service-type NodePort --port http2:80:8080:30080 --replicas 2
  weft gateway create out -n edge --type egress --autoscale 2-5:70
  weft gateway create -f gateway.yaml --diff"
)]
pub(super) struct CreateArgs {
    /// Its name; needed unless a file says it
    pub(super) name: Option<String>,
    /// The gateway file; - reads standard input. Flags win over it
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(super) file: Option<String>,
    #[command(flatten)]
    pub(super) wish: WishFlags,
    #[command(flatten)]
    pub(super) write: WriteArgs,
    #[command(flatten)]
    pub(super) chart: ChartArgs,
    #[command(flatten)]
    pub(super) place: Where,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Exits 4 when the record of a gateway cannot be read: it is shown all the same, and told by name.

Examples:
  weft gateway list
  weft gateway list -n edge -o wide"
)]
pub(super) struct ListArgs {
    #[command(flatten)]
    pub(super) place: Everywhere,
}

#[derive(Args, Debug)]
#[command(
    mut_arg("namespace", |arg| arg.help("The namespace [default: all of them; of a gateway that is named, that of the context]")),
    after_help = "Exits 2 when one of them does not run.

Examples:
  weft gateway status edge -n edge
  weft gateway status -o json"
)]
pub(super) struct StatusArgs {
    /// The gateway [default: all of them]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) place: Everywhere,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Flags change what the gateway was made with; a file takes its place. Name, namespace and labels stay as they are: Kubernetes does not let the labels change by which a Deployment knows its pods.

Examples:
  weft gateway update edge -n edge --replicas 3
  weft gateway update edge -n edge --autoscale 2-5 --diff
  weft gateway update edge -n edge --unset service.annotations --unset resources
  weft gateway update -f gateway.yaml"
)]
pub(super) struct UpdateArgs {
    /// Its name; needed unless a file says it
    pub(super) name: Option<String>,
    /// The gateway file, in place of what it was made with; - reads standard input. Flags win over it
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(super) file: Option<String>,
    /// A field of spec that is to have its default again, such as service.annotations; several are several flags
    #[arg(long, value_name = "FIELD", conflicts_with = "file")]
    pub(super) unset: Vec<String>,
    #[command(flatten)]
    pub(super) wish: WishFlags,
    #[command(flatten)]
    pub(super) write: WriteArgs,
    #[command(flatten)]
    pub(super) chart: ChartArgs,
    #[command(flatten)]
    pub(super) place: Where,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Exits 65 with every mistake when the description is refused, and 2 when the cluster is in its way.

Examples:
  weft gateway validate -f gateway.yaml --offline
  weft gateway validate edge -n edge --service-type NodePort"
)]
pub(super) struct ValidateArgs {
    /// Its name; needed unless a file says it
    pub(super) name: Option<String>,
    /// The gateway file; - reads standard input. Flags win over it
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub(super) file: Option<String>,
    /// Ask nothing of a cluster: look for mistakes in the description only
    #[arg(long)]
    pub(super) offline: bool,
    #[command(flatten)]
    pub(super) wish: WishFlags,
    #[command(flatten)]
    pub(super) chart: ChartArgs,
    #[command(flatten)]
    pub(super) place: Where,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Each is made anew from the chart of the mesh's version, and restarted where its proxies are of another one. A selector that would change, which Kubernetes refuses, is found before anything is written.

Examples:
  weft gateway upgrade edge -n edge
  weft gateway upgrade --all --diff"
)]
pub(super) struct UpgradeArgs {
    /// The gateways
    #[arg(required_unless_present = "all")]
    pub(super) names: Vec<String>,
    /// All that weft made for this mesh, in every namespace
    #[arg(long, conflicts_with = "names")]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) write: WriteArgs,
    #[command(flatten)]
    pub(super) chart: ChartArgs,
    #[command(flatten)]
    pub(super) place: Where,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Istio's Gateways that select it, VirtualServices that name those, and Gateways of Kubernetes' own API that have its Service as their address keep it from being deleted.

Examples:
  weft gateway delete edge -n edge
  weft gateway delete edge out -n edge --yes
  weft gateway delete edge -n edge --force --yes
  weft gateway delete edge -n edge --yes --ignore-not-found"
)]
pub(super) struct DeleteArgs {
    /// The gateways
    #[arg(required = true)]
    pub(super) names: Vec<String>,
    /// A gateway that is not there is no mistake
    #[arg(long)]
    pub(super) ignore_not_found: bool,
    /// Go ahead although something refers to it
    #[arg(long)]
    pub(super) force: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) rehearse: RehearseArgs,
    #[command(flatten)]
    pub(super) wait: WaitArgs,
    #[command(flatten)]
    pub(super) progress: ProgressArgs,
    #[command(flatten)]
    pub(super) place: Where,
}
