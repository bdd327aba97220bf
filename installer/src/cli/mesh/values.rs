//! `weft mesh values`.

use super::flags::MeshFlags;
use crate::cli::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::spec::Mode;
use crate::mesh::values::{Component, values};
use crate::output::Format;
use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value};

#[derive(Args, Debug)]
#[command(
    after_help = "The values are those that differ from the charts' own, raw values included: what `helm install -f` would take. They are YAML, or JSON with -o json.

Examples:
  weft mesh values -f mesh.yaml
  weft mesh values -f mesh.yaml --component istiod > istiod-values.yaml
  weft mesh values shop --istio-version 1.31.0 --ambient --component ztunnel -o json"
)]
pub(super) struct ValuesArgs {
    #[command(flatten)]
    mesh: MeshFlags,
    /// One chart's values only; without it, each chart's under its name
    #[arg(long, value_enum, value_name = "CHART")]
    component: Option<Component>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every verb takes its arguments whole"
)]
pub(super) fn run(args: ValuesArgs, context: &Context) -> Outcome {
    let mesh = args.mesh.read(context)??;
    if mesh.spec.mode == Mode::External {
        let text = "an external mesh has no values: somebody else runs its Istio";
        return Err(Failure::text(Exit::BadInput, text));
    }
    let value = match args.component {
        Some(component) if !component.is_in(&mesh) => {
            let name = component.name();
            let text = format!("this mesh does not have {name}");
            return Err(Failure::text(Exit::Usage, text));
        }
        Some(component) => values(&mesh, component),
        None => Value::Object(
            Component::ALL
                .into_iter()
                .filter(|component| component.is_in(&mesh))
                .map(|component| (component.name().to_owned(), values(&mesh, component)))
                .collect::<Map<_, _>>(),
        ),
    };
    let text = if context.output.settings().format == Format::Json {
        serde_json::to_string_pretty(&value).context("cannot write the values as JSON")? + "\n"
    } else {
        serde_saphyr::to_string(&value).context("cannot write the values as YAML")?
    };
    context.output.raw(text.as_bytes())?;
    Ok(Exit::Ok)
}
