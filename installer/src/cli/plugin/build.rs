//! `weft plugin build`.

use crate::cli::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::plugin::build::{Request, build};
use crate::plugin::source::Source;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
#[command(
    after_help = "Writes target/wasm/NAME.wasm, the same bytes wherever the same sources are built.

Examples:
  weft plugin build                     every plugin in plugins/
  weft plugin build rate-limit          one of them
  weft plugin build rate-limit -o json  its size and digest for a program"
)]
pub(super) struct BuildArgs {
    /// Plugins by name [default: every package below plugins/]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A folder inside the workspace [default: the working directory]
    #[arg(short = 'C', long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A cargo that can build for wasm32-unknown-unknown [default: $WEFT_WASM_CARGO, the cache's, the one on PATH]
    #[arg(long, value_name = "PATH", help_heading = "Tools")]
    cargo: Option<PathBuf>,
    /// wasm-opt of binaryen [default: $WEFT_WASM_OPT, the cache's, the one on PATH]
    #[arg(long, value_name = "PATH", help_heading = "Tools")]
    wasm_opt: Option<PathBuf>,
}

pub(super) fn run(args: BuildArgs, context: &Context) -> Outcome {
    let request = Request {
        names: args.names,
        folder: args.folder,
        cargo: args.cargo,
        wasm_opt: args.wasm_opt,
    };
    let built = build(&request, &context.environment, &context.output)?;
    context.output.report(&built)?;
    Ok(Exit::Ok)
}

/// Builds a plugin before it is used.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct FreshArgs {
    /// Build the plugin of this workspace first
    #[arg(long)]
    build: bool,
}

impl FreshArgs {
    /// Builds what these sources name, when that was asked for and they name plugins of the workspace.
    pub(super) fn build<'a>(
        self,
        sources: impl IntoIterator<Item = &'a Source>,
        context: &Context,
    ) -> Result<(), Failure> {
        let name_of = |source: &Source| {
            if let Source::Name(name) = source {
                Some(name.clone())
            } else {
                None
            }
        };
        let names: Vec<String> = sources.into_iter().filter_map(name_of).collect();
        if self.build && !names.is_empty() {
            build(
                &Request {
                    names,
                    ..Request::default()
                },
                &context.environment,
                &context.output,
            )?;
        }
        Ok(())
    }
}
