//! What a definition (CRD) of the operator takes: versions of Istio, and fields.
//!
//! The operator's values are typed, and the API server drops what a type does not have. So that nothing is lost without a word, what
//! is to be written is held against the schema first.

use serde_json::{Map, Value};

use crate::cluster::peek::{list, text};
use crate::mesh::version::IstioVersion;

/// How many versions are named in place of one that there is not.
const NEAREST: usize = 3;

/// The schema of a kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Definition(Value);

impl Definition {
    /// Of a definition, in that version; nothing where it is not served.
    pub(crate) fn of(definition: &Value, version: &str) -> Option<Self> {
        let versions = list(definition, "/spec/versions").iter();
        let served = versions
            .filter(|one| one.get("served").and_then(Value::as_bool) == Some(true))
            .find(|one| text(one, "/name") == version)?;
        served.pointer("/schema/openAPIV3Schema").cloned().map(Self)
    }

    /// The versions of Istio that it takes; empty where it takes any.
    pub(crate) fn versions(&self) -> Vec<&str> {
        list(&self.0, "/properties/spec/properties/version/enum")
            .iter()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Why it does not take this version, in words.
    pub(crate) fn refuses(&self, version: &str) -> Option<String> {
        let versions = self.versions();
        if versions.is_empty() || versions.contains(&version) {
            return None;
        }
        let nearest = nearest(version, &versions);
        Some(if nearest.is_empty() {
            format!("the installed Sail operator does not know {version}, nor any version like it")
        } else {
            format!(
                "the installed Sail operator does not know {version}; the nearest that it knows: {}",
                nearest.join(", ")
            )
        })
    }

    /// The fields of an object's `spec` that the API server would not keep.
    pub(crate) fn lost(&self, object: &Value) -> Vec<String> {
        let mut found = Vec::new();
        if let (Some(schema), Some(spec)) = (self.0.pointer("/properties/spec"), object.get("spec"))
        {
            lost(schema, spec, "spec", &mut found);
        }
        found
    }
}

fn lost(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null if !is(schema, "nullable") => found.push(format!("{path} (null)")),
        Value::Object(fields) => {
            let unknown = Map::new();
            let known = schema.get("properties").and_then(Value::as_object);
            let known = known.unwrap_or(&unknown);
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                match known
                    .get(name)
                    .or_else(|| schema.get("additionalProperties"))
                {
                    Some(Value::Bool(true)) => {}
                    Some(inner) if inner.is_object() => lost(inner, value, &path, found),
                    _ if is(schema, "x-kubernetes-preserve-unknown-fields") => {}
                    _ => found.push(path),
                }
            }
        }
        Value::Array(items) => {
            if let Some(inner) = schema.get("items") {
                for (index, value) in items.iter().enumerate() {
                    lost(inner, value, &format!("{path}[{index}]"), found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is(schema: &Value, mark: &str) -> bool {
    schema.get(mark).and_then(Value::as_bool) == Some(true)
}

/// The versions nearest to one, the nearest first; without names such as `v1.31-latest`, which mean another version next month.
fn nearest(wanted: &str, versions: &[&str]) -> Vec<String> {
    let Ok(wanted) = wanted.parse::<IstioVersion>() else {
        return Vec::new();
    };
    let distance = |version: &IstioVersion| {
        let patch = |version: &IstioVersion| version.patch.as_ref().map_or(0, |(patch, _)| *patch);
        // Of another minor version its newest patch is meant.
        let within = if version.release() == wanted.release() {
            patch(version).abs_diff(patch(&wanted))
        } else {
            u64::MAX.saturating_sub(patch(version))
        };
        (
            version.major.abs_diff(wanted.major),
            version.minor.abs_diff(wanted.minor),
            within,
        )
    };
    let mut known: Vec<_> = versions
        .iter()
        .filter_map(|text| Some((text.parse::<IstioVersion>().ok()?, *text)))
        .filter(|(version, _)| version.patch.is_some())
        .collect();
    known.sort_by_key(|(version, _)| distance(version));
    let nearest = known.iter().take(NEAREST);
    nearest.map(|(_, text)| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Definition {
        let text = json!({"type": "string"});
        let schema = json!({"properties": {"spec": {"properties": {
            "version": {"enum": ["v1.31-latest", "v1.31.2", "v1.31.0", "v1.30.3", "v1.29.0"]},
            "values": {"properties": {
                "pilot": {"properties": {
                    "env": {"additionalProperties": text},
                    "limits": {"nullable": true, "properties": {"cpu": text}},
                    "any": {"additionalProperties": true},
                    "volumes": {"items": {"properties": {"name": text}}},
                }},
                "experimental": {"x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"properties": {}}}},
            }},
        }}}});
        let definition = json!({"spec": {"versions": [
            {"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}},
            {"name": "v1alpha1", "served": false, "schema": {"openAPIV3Schema": {}}},
        ]}});
        assert_eq!(Definition::of(&definition, "v1alpha1"), None);
        Definition::of(&definition, "v1").unwrap()
    }

    #[test]
    fn what_the_schema_does_not_have_is_lost() {
        let cases = [
            (json!({"env": {"A": "b", "C": "d"}}), vec![]),
            (json!({"any": {"thing": {"goes": null}}}), vec![]),
            (json!({"limits": null}), vec![]),
            (json!({"env": null}), vec!["spec.values.pilot.env (null)"]),
            (
                json!({"environment": {"A": "b"}, "limits": {"gpu": "1", "cpu": "1"}}),
                vec![
                    "spec.values.pilot.environment",
                    "spec.values.pilot.limits.gpu",
                ],
            ),
            (
                json!({"volumes": [{"name": "a"}, {"name": "b", "csi": {}}]}),
                vec!["spec.values.pilot.volumes[1].csi"],
            ),
        ];
        for (pilot, wanted) in cases {
            let object = json!({"metadata": {"anything": 1}, "spec": {"version": "v1.31.0", "values": {"pilot": pilot}}});
            assert_eq!(definition().lost(&object), wanted, "{object}");
        }
        let kept =
            json!({"spec": {"values": {"experimental": {"a": {"b": 1}, "known": {"gone": 1}}}}});
        assert_eq!(
            definition().lost(&kept),
            ["spec.values.experimental.known.gone"]
        );
    }

    #[test]
    fn the_nearest_versions_are_named() {
        let cases = [
            ("v1.31.0", None),
            ("v1.31.3", Some("v1.31.2, v1.31.0, v1.30.3")),
            ("v1.28.1", Some("v1.29.0, v1.30.3, v1.31.2")),
            ("v1.32.0-alpha.1", Some("v1.31.2, v1.31.0, v1.30.3")),
        ];
        for (version, wanted) in cases {
            let said = definition().refuses(version);
            match (&said, wanted) {
                (None, None) => {}
                (Some(said), Some(wanted)) => assert!(said.ends_with(wanted), "{said}"),
                _ => panic!("{version}: {said:?}"),
            }
        }
    }
}
