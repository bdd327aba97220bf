//! The check of values by the chart's own JSON schema.

use crate::chart::Chart;
use crate::error::{ChartError, SchemaProblem};
use serde_json::Value as Json;

/// How a schema calls the newest draft without naming one; the validator knows drafts by their names only.
const ANY_DRAFT: [&str; 2] = [
    "http://json-schema.org/schema#",
    "http://json-schema.org/schema",
];

/// Checks what templates will see.
///
/// # Errors
/// Every problem with the values, or that the schema itself is wrong.
pub(crate) fn check(chart: &Chart, values: &Json) -> Result<(), ChartError> {
    let Some(schema) = chart.schema() else {
        return Ok(());
    };
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        let named = object.get("$schema").and_then(Json::as_str);
        if named.is_some_and(|name| ANY_DRAFT.contains(&name)) {
            object.remove("$schema");
        }
    }
    let validator = jsonschema::validator_for(&schema)
        .map_err(|error| ChartError::file("values.schema.json", error.to_string()))?;
    let problems: Vec<SchemaProblem> = validator
        .iter_errors(values)
        .map(|error| SchemaProblem {
            at: error.instance_path().to_string(),
            problem: error.to_string(),
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(ChartError::Schema {
        chart: chart.name().to_owned(),
        problems,
    })
}
