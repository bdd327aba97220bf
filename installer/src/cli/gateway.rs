//! `weft gateway`: gateways as instances, each a proxy of its own at the edge of a mesh.

mod args;
mod flags;
mod verbs;

use clap::{Args, Subcommand};

use super::connection::{MeshArgs, ProgressArgs, RehearseArgs, WaitArgs};
use super::plugin::RegistryArgs;
use super::{Context, block_on};
use crate::charts::{Charts, Source};
use crate::failure::{Failure, Outcome};
use crate::gateway::verbs::{Asked, Gateways, Manner};
use crate::mesh::spec::ChartSource;
use crate::mesh::version::IstioVersion;
use crate::output::ProgressChoice;
use args::{CreateArgs, DeleteArgs, ListArgs, StatusArgs, UpdateArgs, UpgradeArgs, ValidateArgs};

#[derive(Args, Debug)]
pub(super) struct GatewayArgs {
    #[command(subcommand)]
    verb: GatewayVerb,
}

#[derive(Debug, Subcommand)]
enum GatewayVerb {
    /// Make a gateway, and wait until it runs
    Create(Box<CreateArgs>),
    /// List gateways, those of others too
    List(ListArgs),
    /// Show how gateways are, and what is in the way of those that do not run
    Status(StatusArgs),
    /// Change a gateway; what is not said stays as it is
    Update(Box<UpdateArgs>),
    /// Look whether a gateway can be, before anything is written
    Validate(Box<ValidateArgs>),
    /// Bring gateways to the version of their mesh
    Upgrade(UpgradeArgs),
    /// Take gateways away, unless something refers to them
    Delete(DeleteArgs),
    /// Print the JSON Schema of gateway files
    #[command(after_help = "Examples:\n  weft gateway schema > gateway.schema.json")]
    Schema,
}

/// Which mesh, and where in its cluster.
#[derive(Args, Clone, Debug)]
struct Where {
    #[command(flatten)]
    mesh: MeshArgs,
    /// The namespace of the gateway [default: that of the context]
    #[arg(short, long, value_name = "NAME", help_heading = "Cluster")]
    namespace: Option<String>,
}

/// Which mesh, and whether all of its cluster.
#[derive(Args, Clone, Debug)]
struct Everywhere {
    #[command(flatten)]
    mesh: MeshArgs,
    /// Only this namespace [default: all of them]
    #[arg(short, long, value_name = "NAME", help_heading = "Cluster")]
    namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
}

/// Where the chart of a gateway is from.
#[derive(Args, Clone, Debug, Default)]
struct ChartArgs {
    #[arg(long, value_name = "SOURCE", help_heading = "Chart", help = format!("Where Istio's charts are: oci://…, https://…, a directory or a bundle [default: that of the mesh, else {}]", Source::UPSTREAM))]
    charts: Option<ChartSource>,
    /// The version of Istio [default: that of the mesh]
    #[arg(long, value_name = "VERSION", help_heading = "Chart")]
    istio_version: Option<IstioVersion>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// How to write.
#[derive(Args, Clone, Copy, Debug)]
struct WriteArgs {
    #[command(flatten)]
    rehearse: RehearseArgs,
    /// Take over fields that somebody else owns
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    progress: ProgressArgs,
}

pub(super) fn run(args: GatewayArgs, context: &Context) -> Outcome {
    match args.verb {
        GatewayVerb::Create(args) => block_on(verbs::create(*args, context)),
        GatewayVerb::List(args) => block_on(verbs::list(args, context)),
        GatewayVerb::Status(args) => block_on(verbs::status(args, context)),
        GatewayVerb::Update(args) => block_on(verbs::update(*args, context)),
        GatewayVerb::Validate(args) => block_on(verbs::validate(*args, context)),
        GatewayVerb::Upgrade(args) => block_on(verbs::upgrade(args, context)),
        GatewayVerb::Delete(args) => block_on(verbs::delete(args, context)),
        GatewayVerb::Schema => verbs::schema(context),
    }
}

impl Where {
    async fn open(
        &self,
        chart: &ChartArgs,
        progress: ProgressChoice,
        context: &Context,
    ) -> Result<Gateways, Failure> {
        let access = self.mesh.server.access();
        let registry = chart.registry.registry(context);
        Ok(Gateways {
            cluster: access.connect(&context.environment).await?,
            output: context.output.clone(),
            charts: Charts::new(registry, &context.environment),
            progress,
        })
    }

    fn asked(&self, chart: &ChartArgs) -> Asked {
        Asked {
            mesh: self.mesh.mesh.clone(),
            root: self.mesh.root_namespace.clone(),
            charts: chart.charts.clone(),
            version: chart.istio_version.clone(),
        }
    }

    /// The namespace that is meant.
    fn place(&self, gateways: &Gateways) -> String {
        let default = || gateways.cluster.namespace.clone();
        self.namespace.clone().unwrap_or_else(default)
    }
}

impl Everywhere {
    /// The same as a place.
    fn place(&self) -> Where {
        Where {
            mesh: self.mesh.clone(),
            namespace: self.namespace.clone(),
        }
    }
}

impl WriteArgs {
    fn manner(self) -> Manner {
        Manner {
            mode: self.rehearse.mode(),
            force_conflicts: self.force_conflicts,
            timeout: self.wait.timeout(),
        }
    }
}
