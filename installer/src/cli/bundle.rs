//! `weft bundle create | inspect | push`.

use super::mesh::flags::mesh_of;
use super::overwrite::OverwriteArgs;
use super::plugin::RegistryArgs;
use super::{Context, block_on};
use crate::bundle::{Bundle, Contents, Destination, Holding, create, push};
use crate::charts::{Charts, Source};
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::measure;
use crate::mesh::images;
use crate::mesh::spec::read::{Setting, empty, read};
use crate::mesh::spec::{ChartSource, Mesh};
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
  weft bundle create mesh.tar --istio 1.31.0 --with-images                 pilot and proxyv2 too
  weft bundle create mesh.tar --istio 1.31.0 --with-images -f mesh.yaml    as that mesh runs them
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
    /// Take along the images that Istio of this version runs: pilot and proxyv2, and install-cni and ztunnel where they are used
    #[arg(long, requires = "istio")]
    with_images: bool,
    /// The mesh file that says which those are: hub, tag, cni, ambient, values [default: as the charts come]; - reads standard input
    #[arg(
        short = 'f',
        long = "file",
        value_name = "FILE",
        requires = "with_images"
    )]
    mesh: Option<String>,
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
        BundleVerb::Create(args) => make(&args, context),
        BundleVerb::Inspect(args) => inspect(&args, context),
        BundleVerb::Push(args) => send(&args, context),
    }
}

fn make(args: &CreateArgs, context: &Context) -> Outcome {
    let mut contents = Contents {
        charts: args.charts.parse()?,
        istio: args.istio.clone(),
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
    let mesh = args
        .with_images
        .then(|| described(args, &contents, context));
    let mesh = mesh.transpose()?;
    block_on(async {
        if let Some(mesh) = mesh {
            let images = images::needed(&charts, mesh).await?;
            contents.images.extend(references(&Vec::from_iter(images))?);
        }
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

/// The mesh of which the images are: that of a file, or the usual one, in the version and from the charts that are asked for.
fn described(args: &CreateArgs, contents: &Contents, context: &Context) -> Result<Mesh, Failure> {
    let istio = args.istio.as_deref().unwrap_or_default();
    let setting = |flag: &'static str, pointer: &str, value: &str| Setting {
        flag,
        pointer: pointer.to_owned(),
        value: value.into(),
    };
    let usual = [
        setting("", "/metadata/name", "usual"),
        setting("--istio", "/spec/version", istio),
    ];
    let mut mesh = match &args.mesh {
        Some(file) => mesh_of(file, context)?,
        None => read(empty(), &usual)?,
    };
    mesh.spec.version = Some(istio.parse().exit_with(Exit::Usage)?);
    mesh.spec.charts = Some(ChartSource::from(contents.charts.clone()));
    Ok(mesh)
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
