//! `weft mesh adopt | list | forget`.

use clap::Args;

use super::flags::mesh_of;
use crate::cli::connection::{RehearseArgs, ServerArgs};
use crate::cli::{Context, block_on};
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::adopt::verbs::{self, Adoption};
use crate::mesh::delete::{self, Forgetting};
use crate::mesh::record::find;
use crate::mesh::spec::{Mode, WorkloadKind};

#[derive(Args, Debug)]
#[command(
    after_help = "It finds what istioctl, Helm, the Sail operator or plain manifests installed, and writes a ConfigMap weft-mesh-NAME into the root namespace. Nothing of the mesh itself is written or owned. Once more, it brings the record up to date.

Examples:
  weft mesh adopt
  weft mesh adopt shop --dry-run
  weft mesh adopt shop --root-namespace mesh-system
  weft mesh adopt shop --workload-kinds mesh.yaml"
)]
pub(super) struct AdoptArgs {
    /// What weft is to call it
    #[arg(default_value = "default")]
    name: String,
    /// Its root namespace, where there are several
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    root_namespace: Option<String>,
    /// A mesh file with `mode: external`, of which its workloadKinds are recorded; without it, they stay as they are
    #[arg(long, value_name = "FILE")]
    workload_kinds: Option<String>,
    #[command(flatten)]
    rehearse: RehearseArgs,
    /// Take over fields of the record that somebody else wrote
    #[arg(long)]
    force_conflicts: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "PHASE is FAILED where the istiod of a mesh serves nobody, whatever its last change did, and NOTE says why. A mesh whose record cannot be read is listed with the reason, and the exit is 4.

Examples:
  weft mesh list
  weft mesh list -o wide"
)]
pub(super) struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Nothing of the mesh itself is touched; what weft wrote for it stays, and is named. One that is protected is not forgotten.

Examples:
  weft mesh forget shop --dry-run
  weft mesh forget shop
  weft mesh forget shop --yes"
)]
pub(super) struct ForgetArgs {
    /// The mesh
    name: String,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn adopt(args: AdoptArgs, context: &Context) -> Outcome {
    let kinds = match &args.workload_kinds {
        Some(file) => Some(kinds(file, &args.name, context)?),
        None => None,
    };
    let asked = Adoption {
        kinds,
        name: args.name,
        root: args.root_namespace,
        mode: args.rehearse.mode(),
        force: args.force_conflicts,
    };
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        verbs::adopt(&cluster, &context.output, &asked).await
    })
}

/// The kinds of a mesh file, which must be of this mesh.
fn kinds(file: &str, name: &str, context: &Context) -> Result<Vec<WorkloadKind>, Failure> {
    let mesh = mesh_of(file, context)?;
    let wrong = if mesh.spec.mode != Mode::External {
        "it is a mesh that weft itself runs, and an adopted one is external: write spec.mode: external".to_owned()
    } else if mesh.metadata.name != name {
        format!("it is mesh {}, not {name}", mesh.metadata.name)
    } else {
        return Ok(mesh.spec.workload_kinds);
    };
    Err(Failure::text(Exit::BadInput, format!("{file}: {wrong}")))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn list(args: ListArgs, context: &Context) -> Outcome {
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        verbs::list(&cluster, &context.output).await
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn forget(args: ForgetArgs, context: &Context) -> Outcome {
    block_on(async {
        let cluster = args.server.access().connect(&context.environment).await?;
        let record = find::one(&cluster, Some(&args.name)).await?;
        let how = Forgetting {
            yes: args.yes,
            dry_run: args.dry_run,
        };
        delete::forget(&cluster, &context.output, &record, how).await
    })
}
