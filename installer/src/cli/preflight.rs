//! `weft preflight`.

use clap::Args;

use super::connection::ServerArgs;
use super::mesh::flags::MeshFlags;
use super::{Context, block_on};
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::preflight::{self, Extra, PreflightReport, Wish};
use crate::mesh::record::find::DEFAULT_ROOT;
use crate::mesh::wish::wish;

#[derive(Args, Debug)]
#[command(
    after_help = "Nothing is written. With a mesh, as a file or flags describe it, it is what `weft mesh create` with the same file and flags looks at first; without one, --istio and --with say what is known of it. Exits 2 when something would not work (fail), 0 when nothing would, whatever is only doubtful (warn) or could not be looked at (skipped).

Examples:
  weft preflight
  weft preflight -f mesh.yaml
  weft preflight shop --istio-version 1.31.0 --ambient
  weft preflight --istio 1.31.0 --with load-balancer,cni
  weft preflight --mesh shop --root-namespace mesh-system -o json"
)]
pub(super) struct PreflightArgs {
    #[command(flatten)]
    described: MeshFlags,
    /// The version of Istio, of a mesh that is not described
    #[arg(long, value_name = "VERSION", help_heading = "Without a mesh")]
    istio: Option<String>,
    /// What it has that not every mesh has; repeatable
    #[arg(
        long,
        value_enum,
        value_name = "PART",
        value_delimiter = ',',
        help_heading = "Without a mesh"
    )]
    with: Vec<Extra>,
    /// A mesh that is there: its own objects are not in its way
    #[arg(long, value_name = "NAME", help_heading = "Without a mesh")]
    mesh: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: PreflightArgs, context: &Context) -> Outcome {
    let server = args.server.clone();
    let wish = wished(args, context)?;
    block_on(async {
        let cluster = server.access().connect(&context.environment).await?;
        let checks = preflight::run(&cluster, &wish).await?;
        let report = PreflightReport::of(checks);
        context.output.report(&report)?;
        Ok(report.exit())
    })
}

/// What is looked at. A mesh that is described says all of it.
fn wished(args: PreflightArgs, context: &Context) -> Result<Wish, Failure> {
    if !args.described.describe() {
        let root = args.described.root_namespace().unwrap_or(DEFAULT_ROOT);
        return Ok(Wish {
            mesh: args.mesh,
            istio: args.istio,
            with: args.with,
            ..Wish::usual(root.to_owned())
        });
    }
    let besides = [
        ("--istio", args.istio.is_some()),
        ("--with", !args.with.is_empty()),
        ("--mesh", args.mesh.is_some()),
    ];
    let besides: Vec<_> = besides
        .iter()
        .filter(|(_, given)| *given)
        .map(|(flag, _)| *flag)
        .collect();
    if !besides.is_empty() {
        let text = format!(
            "{} cannot be used with a mesh that a file or flags describe, which says all of that: leave it out",
            besides.join(", ")
        );
        return Err(Failure::text(Exit::Usage, text));
    }
    Ok(wish(&args.described.read(context)??))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::mesh::flags::tests::described;
    use crate::environment::Environment;
    use crate::output::{Output, Settings};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PreflightArgs,
    }

    fn told(line: &str) -> Result<Wish, Failure> {
        let words = std::iter::once("weft").chain(line.split_whitespace());
        let quiet = || Box::new(std::io::sink());
        let context = Context {
            output: Output::to(Settings::default(), quiet(), quiet()),
            environment: Environment::of("/nowhere", [("HOME", "/nowhere")]),
        };
        wished(Line::try_parse_from(words).unwrap().args, &context)
    }

    #[test]
    fn flags_that_make_a_mesh_ask_for_what_that_mesh_needs() {
        let mesh =
            "shop --istio-version 1.31.0 --root-namespace mesh1 --ambient --istiod-requests cpu=2";
        assert_eq!(told(mesh).unwrap(), wish(&described(mesh)));
        let usual = told("--istio 1.31.0 --with cni --mesh shop --root-namespace mesh1").unwrap();
        let wanted = Wish {
            mesh: Some("shop".to_owned()),
            istio: Some("1.31.0".to_owned()),
            with: vec![Extra::Cni],
            ..Wish::usual("mesh1".to_owned())
        };
        assert_eq!(usual, wanted);
        for (line, words) in [
            ("--ambient", "/metadata/name"),
            (
                "shop --istio 1.31.0 --with cni",
                "--istio, --with cannot be used",
            ),
            ("-f mesh.yaml --mesh shop", "--mesh cannot be used"),
        ] {
            let text = told(line).unwrap_err().to_string();
            assert!(text.contains(words), "{line}: {text}");
        }
    }
}
