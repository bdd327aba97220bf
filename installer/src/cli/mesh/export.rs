//! `weft mesh export`.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;

use super::flags::mesh_of;
use crate::charts::{Charts, Source};
use crate::cli::connection::ServerArgs;
use crate::cli::plugin::RegistryArgs;
use crate::cli::{Context, block_on};
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::mesh::export::gather::{self, KUBERNETES};
use crate::mesh::export::{Export, Form};
use crate::mesh::version::KubernetesVersion;

const STREAM: &str = "-";

#[derive(Args, Debug)]
#[command(
    after_help = "With a file, no cluster is asked. With a name, or with neither, the mesh is read from its record in the cluster, and its gateways come along. What a form has no words for is told on standard error and in comments of what is written. Nothing in the cluster is changed.

Examples:
  weft mesh export -f mesh.yaml --for yaml > mesh-objects.yaml
  weft mesh export -f mesh.yaml --for helm --to ./handover       values, charts, install.sh
  weft mesh export shop --for istioctl > istio-operator.yaml
  weft mesh export shop --for sail --to ./handover"
)]
pub(super) struct ExportArgs {
    /// The mesh [default: the only one that is recorded]
    #[arg(conflicts_with = "file")]
    name: Option<String>,
    /// The mesh file; - reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<String>,
    /// For which tool
    #[arg(long = "for", value_enum, value_name = "FORM")]
    form: Form,
    /// Where to write: a folder, or - for standard output
    #[arg(long, value_name = "FOLDER", default_value = STREAM)]
    to: String,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    /// The Kubernetes that a mesh file is for, as `kubectl version` says it
    #[arg(long, value_name = "VERSION", default_value = KUBERNETES, requires = "file")]
    kubernetes: KubernetesVersion,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: &ExportArgs, context: &Context) -> Outcome {
    let charts = Charts::new(args.registry.registry(context), &context.environment);
    let mesh = args
        .file
        .as_deref()
        .map(|file| mesh_of(file, context))
        .transpose()?
        .map(|mesh| args.registry.kept(mesh));
    block_on(async {
        let (export, source) = if let Some(mesh) = mesh {
            let kubernetes = args.kubernetes.to_string();
            gather::of_file(&charts, mesh, &kubernetes, args.form).await?
        } else {
            let cluster = args.server.access().connect(&context.environment).await?;
            gather::of_record(&cluster, &charts, args.name.as_deref(), args.form).await?
        };
        for note in &export.notes {
            context.output.say(note);
        }
        for loss in &export.losses {
            context.output.warn(format!("not in the export: {loss}"));
        }
        if args.to == STREAM {
            for chart in &export.charts {
                context.output.warn(format!(
                    "{chart} is a chart that has to lie beside it: --to FOLDER writes it, and so does `weft charts pull`",
                ));
            }
            context.output.raw(export.stream().as_bytes())?;
            return Ok(Exit::Ok);
        }
        let folder = context.environment.directory().join(&args.to);
        write(&export, &charts, &source, &folder, args.force).await?;
        context.output.say(format!("wrote {}", args.to));
        Ok(Exit::Ok)
    })
}

async fn write(
    export: &Export,
    charts: &Charts,
    source: &Source,
    folder: &Path,
    force: bool,
) -> Result<(), Failure> {
    let mut files = vec![("install.sh".to_owned(), export.script().into_bytes())];
    for file in &export.files {
        files.push((file.name.clone(), file.text.clone().into_bytes()));
    }
    for chart in &export.charts {
        let archive = charts
            .fetch(source, &chart.name, &chart.version)
            .await?
            .archive;
        files.push((chart.to_string(), archive));
    }
    let there: Vec<_> = files
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| folder.join(name).exists())
        .collect();
    if !force && !there.is_empty() {
        let text = format!(
            "{} has {} already: choose another folder, or pass --force to write over them",
            folder.display(),
            there.join(", ")
        );
        return Err(Failure::text(Exit::Usage, text));
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
        .exit_with(Exit::Failure)?;
    for (name, data) in files {
        let path = folder.join(name);
        std::fs::write(&path, data)
            .with_context(|| format!("cannot write {}", path.display()))
            .exit_with(Exit::Failure)?;
    }
    Ok(())
}
