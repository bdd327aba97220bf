//! `weft plugin run`.

use super::build::FreshArgs;
use super::images::RegistryArgs;
use crate::cli::{Context, runtime};
use crate::failure::{Exit, Failure, Outcome};
use crate::plugin::run::logs::Level;
use crate::plugin::run::{Request, Wanted, run as run_plugins};
use crate::plugin::source::Source;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Args, Debug)]
#[command(
    after_help = "Requests pass the plugins in the order given and reach the upstream; without --upstream, an echo that \
answers with the method, path and headers that it got. A configuration or module that changes is checked and \
then taken over without closing a connection; one that is refused is reported, and the old one serves on.

-o json prints one line when it is ready: {\"url\":…,\"listen\":…,\"admin\":…,\"plugins\":[…]}. \
Ctrl-C ends it with exit code 130, SIGTERM and SIGHUP with 0.

Examples:
  weft plugin run rate-limit -f limits.yaml
  weft plugin run request-auth=auth.yaml rate-limit=limits.yaml --upstream http://localhost:3000
  weft plugin run ./mine.wasm --listen 127.0.0.1:0 -o json --log debug"
)]
pub(super) struct RunArgs {
    /// The plugins: of this workspace, modules, or images; each may name its configuration after =
    #[arg(value_name = "NAME|FILE.wasm|REF[=CONFIG]", required = true)]
    plugins: Vec<String>,
    /// The configuration of a single plugin: YAML, JSON or a whole WasmPlugin
    #[arg(short = 'f', long = "file", value_name = "CONFIG")]
    file: Option<PathBuf>,
    /// The server behind the plugins, http or https [default: an echo]
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where Envoy's own interface listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    admin: SocketAddr,
    /// Worker threads of Envoy, each with an instance of every plugin
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    concurrency: u32,
    /// The least severe lines of plugins to show
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    log: Level,
    /// Envoy [default: $WEFT_ENVOY, the one on PATH, the cache's]
    #[arg(long, value_name = "PATH")]
    envoy: Option<PathBuf>,
    #[command(flatten)]
    fresh: FreshArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(super) fn run(args: RunArgs, context: &Context) -> Outcome {
    let plugins = wanted(&args.plugins, args.file)?;
    args.fresh
        .build(plugins.iter().map(|plugin| &plugin.source), context)?;
    let registry = args.registry.registry(context);
    let request = Request {
        plugins,
        listen: args.listen,
        admin: args.admin,
        upstream: args.upstream,
        envoy: args.envoy,
        concurrency: args.concurrency,
        log: args.log,
    };
    runtime()?.block_on(run_plugins(
        request,
        &registry,
        &context.environment,
        &context.output,
    ))
}

/// The plugins of the command line, each with its configuration.
fn wanted(plugins: &[String], file: Option<PathBuf>) -> Result<Vec<Wanted>, Failure> {
    let mut all = plugins
        .iter()
        .map(|text| {
            let (plugin, file) = text
                .split_once('=')
                .map_or((text.as_str(), None), |(plugin, file)| (plugin, Some(file)));
            Ok(Wanted {
                source: Source::parse(plugin)?,
                file: file.map(PathBuf::from),
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    match (file, all.as_mut_slice()) {
        (None, _) => Ok(all),
        (
            Some(file),
            [
                Wanted {
                    file: empty @ None, ..
                },
            ],
        ) => {
            *empty = Some(file);
            Ok(all)
        }
        (Some(_), _) => {
            let text = "-f is for a single plugin without a configuration of its own: write NAME=CONFIG for each of several";
            Err(Failure::text(Exit::Usage, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_plugin_gets_the_configuration_that_is_meant_for_it() {
        let name = |name: &str| Source::Name(name.to_owned());
        let of = |plugins: &[&str], file: Option<&str>| {
            let plugins: Vec<_> = plugins.iter().map(|&plugin| plugin.to_owned()).collect();
            wanted(&plugins, file.map(PathBuf::from)).map_err(|error| error.exit())
        };
        let one = |source: Source, file: Option<&str>| Wanted {
            source,
            file: file.map(PathBuf::from),
        };
        assert_eq!(of(&["x"], None), Ok(vec![one(name("x"), None)]));
        assert_eq!(
            of(&["x"], Some("a.yaml")),
            Ok(vec![one(name("x"), Some("a.yaml"))])
        );
        let both = vec![
            one(name("x"), Some("a=b.yaml")),
            one(Source::File("./y.wasm".into()), None),
        ];
        assert_eq!(of(&["x=a=b.yaml", "./y.wasm"], None), Ok(both));
        assert_eq!(of(&["x=a.yaml"], Some("b.yaml")), Err(Exit::Usage));
        assert_eq!(of(&["x", "y"], Some("b.yaml")), Err(Exit::Usage));
    }
}
