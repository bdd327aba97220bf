//! `weft plugin push | pull | inspect`.

use crate::cli::overwrite::OverwriteArgs;
use crate::cli::{Context, block_on};
use crate::failure::{Exit, Failure, Outcome};
use crate::measure;
use crate::mesh::spec::{ChartSource, Mesh};
use crate::output::Style;
use crate::plugin::image::pack;
use crate::plugin::inspect::{Inspection, Pushed, Saved};
use crate::plugin::module;
use crate::plugin::source::Source;
use crate::registry::reference::{parse, parse_destination, pinned};
use crate::registry::{Credentials, Registry};
use anyhow::Context as _;
use clap::Args;

/// How to reach a registry.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(in crate::cli) struct RegistryArgs {
    /// Speak plain HTTP to the registry; only on a network that you trust
    #[arg(long)]
    plain_http: bool,
}

impl RegistryArgs {
    /// A client with the user's credentials.
    pub(in crate::cli) fn registry(self, context: &Context) -> Registry {
        Registry::new(Credentials::of_user(&context.environment), self.plain_http)
    }

    /// A mesh whose charts are in a registry that is spoken to so keeps that, and later commands need no flag.
    pub(in crate::cli) fn kept(self, mut mesh: Mesh) -> Mesh {
        if self.plain_http {
            mesh.spec.charts = mesh.spec.charts.map(ChartSource::plain);
        }
        mesh
    }

    /// The same of charts that another flag names.
    pub(in crate::cli) fn named(self, charts: Option<String>) -> Option<String> {
        let charts = charts?;
        let read: Option<ChartSource> = charts.parse().ok().filter(|_| self.plain_http);
        Some(read.map_or(charts, |read| read.plain().to_string()))
    }
}

#[derive(Args, Debug)]
#[command(
    after_help = "Credentials come from ~/.docker/config.json, or config.json in $DOCKER_CONFIG.

Examples:
  weft plugin push rate-limit registry.example/weft/rate-limit       tagged with its version
  weft plugin push ./mine.wasm registry.example/weft/mine:dev
  weft plugin push rate-limit localhost:5000/rate-limit:1 --plain-http -o name"
)]
pub(super) struct PushArgs {
    /// A plugin of this workspace, or a module
    #[arg(value_name = "NAME|FILE.wasm")]
    source: String,
    /// Where to: REGISTRY/NAME:TAG; without :TAG, the plugin's version
    #[arg(value_name = "REF")]
    destination: String,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft plugin pull registry.example/weft/rate-limit:1              writes rate-limit.wasm
  weft plugin pull registry.example/weft/rate-limit:1 limit.wasm
  weft plugin pull registry.example/weft/rate-limit:1 - > limit.wasm")]
pub(super) struct PullArgs {
    /// The image
    #[arg(value_name = "REF")]
    image: String,
    /// The file to write, or - for standard output [default: the image's name and .wasm]
    #[arg(value_name = "FILE")]
    file: Option<String>,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weft plugin inspect registry.example/weft/rate-limit:1
  weft plugin inspect rate-limit -o json     with the JSON Schema of its configuration
  weft plugin inspect ./theirs.wasm          also tells why Envoy would not load it")]
pub(super) struct InspectArgs {
    /// A plugin of this workspace, a module, or an image
    #[arg(value_name = "NAME|FILE.wasm|REF")]
    source: String,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn push(args: PushArgs, context: &Context) -> Outcome {
    let registry = args.registry.registry(context);
    block_on(async {
        let source = Source::parse(&args.source)?;
        if matches!(source, Source::Image(_)) {
            return Err(Failure::text(
                Exit::Usage,
                format!("{} is no module: push takes NAME or FILE.wasm", args.source),
            ));
        }
        let plugin = source.fetch(&registry, &context.environment).await?;
        module::check(&plugin.code)?;
        let version = if plugin.metadata.version.is_empty() {
            "latest"
        } else {
            &plugin.metadata.version
        };
        let destination = parse_destination(&args.destination, version)?;
        let packed = pack(&plugin.code, &plugin.metadata)?;
        context.output.mark(
            Style::Bold,
            "pushing",
            format!("{destination}, {}", measure::size(packed.size())),
        );
        registry.push(&packed, &destination).await?;
        context.output.report(&Pushed {
            name: plugin.metadata.name,
            version: plugin.metadata.version,
            reference: pinned(&destination, &packed.digest),
            image: destination.to_string(),
            digest: packed.digest,
        })?;
        Ok(Exit::Ok)
    })
}

pub(super) fn pull(args: PullArgs, context: &Context) -> Outcome {
    let registry = args.registry.registry(context);
    block_on(async {
        let reference = parse(&args.image)?;
        let pulled = registry.pull(&reference).await?;
        if args.file.as_deref() == Some("-") {
            context.output.raw(&pulled.code)?;
            return Ok(Exit::Ok);
        }
        let name = reference
            .repository()
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let path = context
            .environment
            .directory()
            .join(args.file.unwrap_or_else(|| format!("{name}.wasm")));
        args.overwrite.permit(&path)?;
        std::fs::write(&path, &pulled.code)
            .with_context(|| format!("cannot write {}", path.display()))?;
        context.output.report(&Saved {
            name: pulled.metadata.name,
            version: pulled.metadata.version,
            path: path.display().to_string(),
            size: measure::length(&pulled.code),
            reference: pinned(&reference, &pulled.image.digest),
        })?;
        Ok(Exit::Ok)
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn inspect(args: InspectArgs, context: &Context) -> Outcome {
    let registry = args.registry.registry(context);
    block_on(async {
        let inspection = match Source::parse(&args.source)? {
            Source::Image(reference) => {
                Inspection::of_image(&reference, registry.pull(&reference).await?)
            }
            source @ (Source::Name(_) | Source::File(_)) => {
                Inspection::of_module(source.fetch(&registry, &context.environment).await?)
            }
        };
        context.output.report(&inspection)?;
        Ok(Exit::Ok)
    })
}
