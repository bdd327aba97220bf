//! `weft plugin check`.

use super::build::FreshArgs;
use super::images::RegistryArgs;
use crate::cli::{Context, block_on};
use crate::failure::{Exit, ExitWith as _, Failure, Outcome};
use crate::input;
use crate::output::Format;
use crate::plugin::check::{Verdict, check};
use crate::plugin::configuration;
use crate::plugin::source::Source;
use anyhow::Context as _;
use clap::Args;

#[derive(Args, Debug)]
#[command(
    after_help = "The plugin's own code decides, as it will in the proxy. The file may be a whole WasmPlugin: its \
pluginConfig is meant. Exits 65 with every mistake when the configuration is refused.

Examples:
  weft plugin check rate-limit -f limits.yaml
  weft plugin check registry.example/weft/rate-limit:1 -f wasmplugin.yaml
  helm template . | weft plugin check rate-limit -f -"
)]
pub(super) struct CheckArgs {
    /// A plugin of this workspace, a module, or an image
    #[arg(value_name = "NAME|FILE.wasm|REF")]
    source: String,
    /// The configuration: YAML, JSON or a whole WasmPlugin; - reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: String,
    #[command(flatten)]
    fresh: FreshArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn run(args: CheckArgs, context: &Context) -> Outcome {
    let registry = args.registry.registry(context);
    let configuration = configuration::parse(&read(&args.file, context)?)
        .map_err(|error| Failure::from(error).context(&args.file))?;
    let source = Source::parse(&args.source)?;
    args.fresh.build([&source], context)?;
    let plugin = block_on(source.fetch(&registry, &context.environment))?;
    let result = check(&plugin.code, &configuration);
    let verdict = Verdict::new(&plugin.metadata, &args.file, &result);
    // A table of a refusal would only repeat what the error says.
    if result.is_ok()
        || !matches!(
            context.output.settings().format,
            Format::Table | Format::Wide
        )
    {
        context.output.report(&verdict)?;
    }
    result.map_err(|refused| {
        Failure::from(refused).context(format!(
            "{} does not take {}",
            plugin.metadata.name, args.file
        ))
    })?;
    Ok(Exit::Ok)
}

/// A file's bytes; `-` is standard input.
fn read(file: &str, context: &Context) -> Result<Vec<u8>, Failure> {
    input::read(context.environment.directory(), file)
        .with_context(|| format!("cannot read the configuration {file}"))
        .exit_with(Exit::BadInput)
}
