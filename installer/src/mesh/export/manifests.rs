//! The objects themselves, a file for each stage.

use serde_json::Value;

use super::{Export, Given, documents, namespace};
use crate::cluster::object::ObjectId;
use crate::cluster::order::rank;
use crate::failure::Failure;

pub(super) fn export(given: &Given<'_>) -> Result<Export, Failure> {
    let mut export = Export::default();
    export.notes.push(
        "Each file once what is in the one before it works. Fields that weft applied before are taken over with --force-conflicts."
            .to_owned(),
    );
    let home = namespace(&given.stages);
    let stages = given.stages.iter().map(|stage| {
        let objects = match &home {
            Some(home) if stage.component == "namespace" => vec![home.clone()],
            _ => stage.objects.clone(),
        };
        (stage.component.clone(), objects)
    });
    let gateways = given.gateways.iter().flatten();
    let gateways = gateways.map(|one| (format!("gateway-{}", one.name), one.objects.clone()));
    for (number, (component, mut objects)) in stages.chain(gateways).enumerate() {
        objects.sort_by_key(|object| ObjectId::of(object).map(|id| rank(&id)));
        let name = format!("{:02}-{component}.yaml", number.saturating_add(1));
        export.step(format!("kubectl apply --server-side --filename {name}"));
        if objects.iter().any(is_definition) {
            export.step("kubectl wait --for=condition=Established --timeout=1m crd --all");
        }
        export.file(&name, documents(&objects)?);
    }
    Ok(export)
}

fn is_definition(object: &Value) -> bool {
    ObjectId::of(object).is_some_and(|id| crate::cluster::order::is_definition(&id))
}
