//! `weft bundle create | inspect | push`.

use super::overwrite::OverwriteArgs;
use super::plugin::RegistryArgs;
use super::{Context, block_on};
use crate::bundle::{Bundle, Contents, Destination, Holding, create, push};
use crate::charts::{Charts, Source};
use crate::failure::{Exit, Failure, Outcome};
use crate::measure;
use crate::output::Style;
use crate::registry::reference::{Reference, parse};
use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(super) struct BundleArgs {
    #[command(subcommand)]
    verb: BundleVerb,
}

#[derive(Debug, Subcommand)]
enum BundleVerb {
    /// Put charts, plugins and images into one file, for a site without internet
    Create(CreateArgs),
    /// Show what a bundle holds, and that it is whole
    Inspect(InspectArgs),
    /// Push everything in a bundle to a registry
    Push(PushArgs),
}

#[derive(Args, Debug)]
#[command(
    after_help = "The file is a tar of an OCI image layout: skopeo reads oci-archive:FILE:NAME out of it. The same content gives the same file. An image for several platforms is taken whole.

Examples:
  weft bundle create mesh.tar --istio 1.31.0
  weft bundle create mesh.tar --istio 1.31.0 --plugin registry.example/weft/rate-limit:1 \\
      --image docker.io/istio/pilot:1.31.0 --image docker.io/istio/proxyv2:1.31.0
  weft bundle create mesh.tar --istio 1.31.0 --charts ./charts --dry-run    shows it
  weft bundle create mesh.tar --istio 1.31.0 --force                        writes over mesh.tar"
)]
struct CreateArgs {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: String,
    /// Istio's charts of this version: base, cni, gateway, istiod and ztunnel
    #[arg(long, value_name = "VERSION", required_unless_present_any = ["plugin", "image"])]
    istio: Option<String>,
    #[arg(long, value_name = "SOURCE", default_value = Source::UPSTREAM, requires = "istio", help = "Where the charts are: oci://REGISTRY/PATH, https://HOST/PATH, a directory, or another bundle")]
    charts: String,
    /// An image of a plugin; may be repeated
    #[arg(long, value_name = "REF")]
    plugin: Vec<String>,
    /// An image of anything else that the site needs; may be repeated
    #[arg(long, value_name = "REF")]
    image: Vec<String>,
    /// Only say what would be in the file
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Everything in the file is read and checked against its digest.

Examples:
  weft bundle inspect mesh.tar
  weft bundle inspect mesh.tar -o wide     with digests
  weft bundle inspect mesh.tar -o json"
)]
struct InspectArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: String,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Charts go to PREFIX/charts/NAME:VERSION. Of other names the registry is replaced and the rest stays: docker.io/istio/pilot:1.31.0 becomes REGISTRY/PREFIX/istio/pilot:1.31.0. What is there already is not sent again.

Examples:
  weft bundle push mesh.tar registry.site/mesh --dry-run
  weft bundle push mesh.tar registry.site/mesh
  weft bundle push mesh.tar localhost:5000 --plain-http -o name     what to name elsewhere"
)]
struct PushArgs {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: String,
    /// Where to
    #[arg(value_name = "REGISTRY/PREFIX")]
    destination: String,
    /// Only say what would be sent
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(super) fn run(args: BundleArgs, context: &Context) -> Outcome {
    match args.verb {
        BundleVerb::Create(args) => make(args, context),
        BundleVerb::Inspect(args) => inspect(&args, context),
        BundleVerb::Push(args) => send(&args, context),
    }
}

fn make(args: CreateArgs, context: &Context) -> Outcome {
    let contents = Contents {
        charts: args.charts.parse()?,
        istio: args.istio,
        plugins: references(&args.plugin)?,
        images: references(&args.image)?,
    };
    let registry = args.registry.registry(context);
    let charts = Charts::new(registry.clone(), &context.environment);
    let path = context.environment.directory().join(&args.file);
    let file = (!args.dry_run).then_some(path.as_path());
    if let Some(file) = file {
        args.overwrite.permit(file)?;
    }
    let output = &context.output;
    block_on(async {
        let holding = create(&contents, &charts, &registry, file, output).await?;
        if let Some(digest) = &holding.digest {
            let size = measure::size(holding.size);
            output.mark(
                Style::Good,
                "written",
                format!("{}, {size}, {digest}", args.file),
            );
        }
        output.report(&holding)?;
        Ok(Exit::Ok)
    })
}

/// Every mistake at once.
fn references(texts: &[String]) -> Result<Vec<Reference>, Failure> {
    let parsed: Vec<_> = texts.iter().map(|text| parse(text)).collect();
    let mistakes: Vec<_> = parsed
        .iter()
        .filter_map(|one| one.as_ref().err().map(ToString::to_string))
        .collect();
    if !mistakes.is_empty() {
        return Err(Failure::text(Exit::Usage, mistakes.join("\n  ")));
    }
    Ok(parsed.into_iter().flatten().collect())
}

fn inspect(args: &InspectArgs, context: &Context) -> Outcome {
    let bundle = open(&args.file, context)?;
    context.output.report(&Holding::of(&bundle)?)?;
    Ok(Exit::Ok)
}

fn send(args: &PushArgs, context: &Context) -> Outcome {
    let destination = Destination::parse(&args.destination)?;
    let bundle = open(&args.file, context)?;
    let registry = args.registry.registry(context);
    let output = &context.output;
    block_on(async {
        let pushed = push(&bundle, &destination, &registry, args.dry_run, output).await?;
        output.report(&pushed)?;
        if let Some(charts) = pushed.charts.filter(|_| !args.dry_run) {
            output.say(format!("The charts are at {charts}"));
        }
        Ok(Exit::Ok)
    })
}

fn open(file: &str, context: &Context) -> Result<Bundle, Failure> {
    Ok(Bundle::open(&context.environment.directory().join(file))?)
}
