//! Objects on standard output: what `render` and a dry run are about.

use anyhow::Context as _;

use super::super::desired::Desired;
use super::super::plan;
use super::super::record::{Record, Rollout};
use super::super::wasmplugin::WasmPlugin;
use crate::failure::{Exit, Outcome};
use crate::output::{Format, Output};

/// What `render` prints: the object without what only a deployment can know.
pub(crate) fn rendered(desired: &Desired, url: &str) -> WasmPlugin {
    let mut spec = desired.spec.clone();
    url.clone_into(&mut spec.url);
    let record = Record {
        image: desired.image.clone(),
        rollout: Rollout::Settled,
        ..Record::default()
    };
    let namespace = desired.namespace.as_deref().unwrap_or_default();
    let mut object = plan::assemble(desired, namespace, &spec, &record);
    // Without one, whoever applies it takes that of the context, as deploy does.
    object.metadata.namespace.clone_from(&desired.namespace);
    object
}

/// Prints an object as the server takes it.
pub(crate) fn show(output: &Output, object: &WasmPlugin) -> Outcome {
    let mut object = object.clone();
    object.metadata.managed_fields = None;
    let text = match output.settings().format {
        Format::Json => {
            serde_json::to_string_pretty(&object).context("cannot write it as JSON")? + "\n"
        }
        Format::Name => format!(
            "wasmplugin/{}\n",
            object.metadata.name.as_deref().unwrap_or_default()
        ),
        Format::Table | Format::Wide | Format::Yaml => {
            serde_saphyr::to_string(&object).context("cannot write it as YAML")?
        }
    };
    output.raw(text.as_bytes())?;
    Ok(Exit::Ok)
}
