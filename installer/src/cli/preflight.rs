//! `weft preflight`.

use clap::Args;

use super::connection::ServerArgs;
use super::mesh::flags::mesh_of;
use super::{Context, block_on};
use crate::failure::Outcome;
use crate::mesh::preflight::{self, Extra, PreflightReport, Wish};
use crate::mesh::record::find::DEFAULT_ROOT;
use crate::mesh::wish::wish;

#[derive(Args, Debug)]
#[command(
    after_help = "Nothing is written. With a mesh file it is what `weft mesh create -f` looks at first. Exits 2 when something would not work (fail), 0 when nothing would, whatever is only doubtful (warn) or could not be looked at (skipped).

Examples:
  weft preflight
  weft preflight -f mesh.yaml
  weft preflight --istio 1.31.0 --with load-balancer,cni
  weft preflight --mesh shop --root-namespace mesh-system -o json"
)]
pub(super) struct PreflightArgs {
    /// The mesh file, which says all of this; - reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE", conflicts_with_all = ["istio", "with", "mesh", "root_namespace"])]
    file: Option<String>,
    /// The version of Istio
    #[arg(long, value_name = "VERSION")]
    istio: Option<String>,
    /// What the mesh has that not every mesh has; repeatable
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    with: Vec<Extra>,
    /// A mesh that is there: its own objects are not in its way
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    mesh: Option<String>,
    /// The root namespace
    #[arg(long, value_name = "NAME", default_value = DEFAULT_ROOT, help_heading = "Cluster")]
    root_namespace: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: PreflightArgs, context: &Context) -> Outcome {
    let wish = match &args.file {
        Some(file) => wish(&mesh_of(file, context)?),
        None => Wish {
            mesh: args.mesh,
            istio: args.istio,
            with: args.with,
            ..Wish::usual(args.root_namespace)
        },
    };
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        let checks = preflight::run(&cluster, &wish).await?;
        let report = PreflightReport::of(checks);
        context.output.report(&report)?;
        Ok(report.exit())
    })
}
