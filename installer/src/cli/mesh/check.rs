//! `weft mesh check`.

use super::flags::MeshFlags;
use crate::cli::Context;
use crate::failure::{Exit, Outcome};
use crate::mesh::check::{Against, Verdict};
use crate::mesh::version::{IstioVersion, KubernetesVersion};
use crate::output::Format;
use clap::Args;

#[derive(Args, Debug)]
#[command(
    after_help = "Nothing is asked of a cluster. Exits 65 with every mistake when the file is refused, and 2 when a version does not go together with another one.

Examples:
  weft mesh check -f mesh.yaml
  weft mesh check -f mesh.yaml --kubernetes v1.34.4+rke2r1
  weft mesh check -f mesh.yaml --from 1.30.3 --proxy 1.29.1
  weft mesh check shop --istio-version 1.31.0 --scale S200P1000 --print > mesh.yaml"
)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    mesh: MeshFlags,
    /// Version of Kubernetes that the mesh is for, as `kubectl version` says it
    #[arg(long, value_name = "VERSION", help_heading = "Hold against")]
    kubernetes: Option<KubernetesVersion>,
    /// Version of Istio that runs now and would be upgraded
    #[arg(long, value_name = "VERSION", help_heading = "Hold against")]
    from: Option<IstioVersion>,
    /// Version of proxies that run now and would meet the new control plane; several are several flags
    #[arg(long = "proxy", value_name = "VERSION", help_heading = "Hold against")]
    proxies: Vec<IstioVersion>,
    /// Print the mesh file that file and flags make together, in its canonical form, in place of the report
    #[arg(long)]
    print: bool,
}

pub(super) fn run(args: CheckArgs, context: &Context) -> Outcome {
    let read = args.mesh.read(context)?;
    let against = Against {
        kubernetes: args.kubernetes,
        from: args.from,
        proxies: args.proxies,
    };
    let verdict = Verdict::new(&read, &against);
    if args.print {
        context.output.raw(read?.to_yaml()?.as_bytes())?;
        return Ok(exit(&verdict));
    }
    let for_people = matches!(
        context.output.settings().format,
        Format::Table | Format::Wide
    );
    // A table of a refusal would only repeat what the error says.
    if read.is_ok() || !for_people {
        context.output.report(&verdict)?;
    }
    read?;
    Ok(exit(&verdict))
}

fn exit(verdict: &Verdict) -> Exit {
    if verdict.fits() {
        Exit::Ok
    } else {
        Exit::Findings
    }
}
