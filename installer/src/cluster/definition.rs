//! Whether a definition (CRD) is newer than another one: it has all of its versions, fields and values, and more.
//!
//! Definitions carry no version of their own, and what they lack is dropped from objects at their next write. Control planes
//! read newer definitions than theirs, and not the other way round; so going back to an older release must not take fields away.

use std::collections::BTreeSet;

use serde_json::Value;

use super::peek::{list, text};

/// Whether the older one would only take away.
pub(crate) fn is_newer(current: &Value, wanted: &Value) -> bool {
    let (current, wanted) = (contents(current), contents(wanted));
    current.len() > wanted.len() && current.is_superset(&wanted)
}

/// Every version that is served, with the path of each field and each value that a field may have.
fn contents(definition: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for version in list(definition, "/spec/versions") {
        let name = text(version, "/name");
        if version.get("served").and_then(Value::as_bool) == Some(true) {
            found.insert(name.to_owned());
        }
        if let Some(schema) = version.pointer("/schema/openAPIV3Schema") {
            walk(schema, name, &mut found);
        }
    }
    found
}

fn walk(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    for (name, field) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let path = format!("{path}.{name}");
        walk(field, &path, found);
        found.insert(path);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner_schema) = schema.get(inner).filter(|schema| schema.is_object()) {
            walk(inner_schema, &format!("{path}.{inner}()"), found);
        }
    }
    let values = list(schema, "/enum").iter();
    found.extend(values.map(|value| format!("{path}={value}")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(versions: &[(&str, bool, Value)]) -> Value {
        let version = |(name, served, schema): &(&str, bool, Value)| json!({"name": name, "served": served, "schema": {"openAPIV3Schema": schema}});
        json!({"spec": {"versions": versions.iter().map(version).collect::<Vec<_>>()}})
    }

    #[test]
    fn a_newer_definition_has_all_and_more() {
        let schema = |spec: Value| json!({"properties": {"spec": {"properties": spec}}});
        let one = |spec: Value| definition(&[("v1", true, schema(spec))]);
        let old = || one(json!({"a": {"type": "string"}}));
        let listed = |fields: Value| one(json!({"a": {"items": {"properties": fields}}}));
        let (two, unserved) = (
            definition(&[
                ("v1", true, schema(json!({"a": {"type": "string"}}))),
                ("v1beta1", true, schema(json!({}))),
            ]),
            definition(&[("v1", false, schema(json!({"a": {}, "b": {}})))]),
        );
        let cases = [
            (old(), old(), false),
            // Only words differ: it is written.
            (one(json!({"a": {"description": "x"}})), old(), false),
            (one(json!({"a": {}, "b": {}})), old(), true),
            (one(json!({"b": {}, "c": {}})), old(), false),
            (two, old(), true),
            (unserved, old(), false),
            (
                listed(json!({"x": {}, "y": {}})),
                listed(json!({"x": {}})),
                true,
            ),
            (listed(json!({"y": {}})), listed(json!({"x": {}})), false),
            (
                one(json!({"a": {"enum": ["X", "Y"]}})),
                one(json!({"a": {"enum": ["X"]}})),
                true,
            ),
            (
                one(json!({"a": {"enum": ["Y"]}})),
                one(json!({"a": {"enum": ["X"]}})),
                false,
            ),
            (json!({}), old(), false),
        ];
        for (current, wanted, newer) in cases {
            assert_eq!(is_newer(&current, &wanted), newer, "{current} {wanted}");
            assert!(!newer || !is_newer(&wanted, &current));
        }
    }
}
