//! What labels and annotations may look like, for the schema.

use schemars::{Schema, SchemaGenerator, json_schema};

const KEY: &str =
    r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";
const KEY_HELP: &str = "write a key as Kubernetes allows it: at most 63 letters, digits, '-', '_' and '.', after an optional DNS name and a slash";
const VALUE: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$";
const VALUE_HELP: &str =
    "write at most 63 letters, digits, '-', '_' and '.', as a text: \"true\" and \"1\" need quotes";

/// Labels.
pub(super) fn map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": {"pattern": KEY},
        "additionalProperties": {"type": "string", "pattern": VALUE, "errorMessage": VALUE_HELP},
        "errorMessage": KEY_HELP,
    })
}

/// Annotations.
pub(super) fn annotations(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": {"pattern": KEY},
        "additionalProperties": {"type": "string", "errorMessage": "write a text: \"true\" and \"1\" need quotes"},
        "errorMessage": KEY_HELP,
    })
}
