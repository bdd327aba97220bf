//! `weft charts pull`.

use super::overwrite::OverwriteArgs;
use super::plugin::RegistryArgs;
use super::{Context, block_on};
use crate::charts::{Charts, FetchedChart, Source};
use crate::failure::{Exit, Outcome};
use crate::measure;
use crate::output::{Report, Table};
use crate::registry::reference::Digest;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;

#[derive(Args, Debug)]
pub(super) struct ChartsArgs {
    #[command(subcommand)]
    verb: ChartsVerb,
}

#[derive(Debug, Subcommand)]
enum ChartsVerb {
    /// Fetch a chart from where meshes would take it
    Pull(PullArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft charts pull istiod 1.31.0                                        writes istiod-1.31.0.tgz
  weft charts pull base 1.31.0 --charts ./istio/manifests/charts
  weft charts pull istiod 1.31.0 --charts https://charts.example/istio
  weft charts pull istiod 1.31.0 --charts mesh.tar - > istiod.tgz       out of a bundle")]
struct PullArgs {
    /// The chart
    name: String,
    /// Its version
    version: String,
    /// The file to write, or - for standard output [default: NAME-VERSION.tgz]
    #[arg(value_name = "FILE")]
    file: Option<String>,
    #[arg(long, value_name = "SOURCE", default_value = Source::UPSTREAM, help = "Where charts are: oci://REGISTRY/PATH, https://HOST/PATH, a directory, or a bundle")]
    charts: String,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// A chart that was pulled.
#[derive(Serialize)]
struct Saved {
    name: String,
    version: String,
    path: String,
    size: u64,
    digest: Digest,
    origin: String,
}

impl Report for Saved {
    fn table(&self) -> Table {
        let mut table =
            Table::new(&["CHART", "VERSION", "SIZE", "FILE"]).wide(&["DIGEST", "ORIGIN"]);
        table.row([
            self.name.clone().into(),
            self.version.clone().into(),
            measure::size(self.size).into(),
            self.path.clone().into(),
            self.digest.to_string().into(),
            self.origin.clone().into(),
        ]);
        table
    }

    fn names(&self) -> Vec<String> {
        vec![self.path.clone()]
    }
}

pub(super) fn run(args: ChartsArgs, context: &Context) -> Outcome {
    match args.verb {
        ChartsVerb::Pull(args) => pull(&args, context),
    }
}

fn pull(args: &PullArgs, context: &Context) -> Outcome {
    let source: Source = args.charts.parse()?;
    let charts = Charts::new(args.registry.registry(context), &context.environment);
    block_on(async {
        let chart = charts.fetch(&source, &args.name, &args.version).await?;
        if args.file.as_deref() == Some("-") {
            context.output.raw(&chart.archive)?;
            return Ok(Exit::Ok);
        }
        let file = args.file.clone();
        let file = file.unwrap_or_else(|| format!("{}-{}.tgz", chart.name, chart.version));
        let path = context.environment.directory().join(file);
        args.overwrite.permit(&path)?;
        std::fs::write(&path, &chart.archive)
            .with_context(|| format!("cannot write {}", path.display()))?;
        context
            .output
            .report(&saved(chart, path.display().to_string()))?;
        Ok(Exit::Ok)
    })
}

fn saved(chart: FetchedChart, path: String) -> Saved {
    Saved {
        size: measure::length(&chart.archive),
        name: chart.name,
        version: chart.version,
        path,
        digest: chart.digest,
        origin: chart.origin,
    }
}
