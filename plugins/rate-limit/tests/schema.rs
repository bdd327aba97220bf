//! `schema.json` and the reader of configurations say the same, and every example is a right one.

// Helpers may unwrap as tests do only where clippy sees that they are tests.
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use filter::Plugin as _;
    use rate_limit::RateLimit;
    use serde_json::{Value, json};

    fn schema() -> Value {
        serde_json::from_str(include_str!("../schema.json")).unwrap()
    }

    /// The mistakes that the reader finds, a line each.
    fn mistakes(configuration: &Value) -> Option<String> {
        let written = serde_json::to_vec(configuration).unwrap();
        let read = RateLimit::configure(&written);
        read.err().map(|errors| errors.to_string())
    }

    /// A configuration with every field.
    fn whole() -> Value {
        let rule = |name: &str, key: Value| {
            json!({
                "name": name,
                "match": {
                    "hosts": ["*.example.com"],
                    "paths": [{"prefix": "/api"}, {"exact": "/"}],
                    "methods": ["GET"],
                    "headers": [
                        {"name": "a", "present": true}, {"name": "b", "exact": ""},
                        {"name": "c", "oneOf": ["x"]}, {"name": "d", "prefix": "x"}
                    ]
                },
                "key": key,
                "limit": {"requests": 10, "per": "1s", "burst": 20},
                "onMissingKey": "refuse",
                "shadow": true,
                "maxKeys": 100,
                "response": {"status": 503, "body": "", "headers": {"x": "y"}, "grpcStatus": 14}
            })
        };
        let key = json!([
            {"header": "x-user"}, {"sourceAddress": {"ipv4Prefix": 24, "ipv6Prefix": 48}}, {"path": {}}, {"constant": "c"}
        ]);
        json!({"failureMode": "open", "rules": [rule("a", key)]})
    }

    /// The pointers to all objects in `value` whose fields have names of ours.
    fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if !at.ends_with("/response/headers") {
                    found.push(at.to_owned());
                }
                for (name, field) in fields {
                    objects(field, &format!("{at}/{name}"), found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    objects(item, &format!("{at}/{index}"), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The fields that the schema knows at `pointer` into a configuration.
    fn known_to_schema(schema: &Value, pointer: &str) -> BTreeSet<String> {
        let mut here = schema;
        for part in pointer.split('/').skip(1) {
            here = match part.parse::<usize>() {
                Ok(_) => &here["items"],
                Err(_) => &here["properties"][part],
            };
            if let Some(reference) = here.get("$ref").and_then(Value::as_str) {
                here = schema.pointer(reference.trim_start_matches('#')).unwrap();
            }
        }
        let fields = here["properties"].as_object().unwrap();
        fields.keys().cloned().collect()
    }

    /// The fields that the reader says it knows when it meets one that it does not.
    fn known_to_reader(pointer: &str) -> BTreeSet<String> {
        let mut configuration = whole();
        configuration.pointer_mut(pointer).unwrap()["zz"] = json!(1);
        let text = mistakes(&configuration).unwrap();
        let prefix = format!("{pointer}/zz: unknown field; the fields here are ");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap();
        let names = line.split(", ").filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }

    #[test]
    fn schema_and_reader_know_the_same_fields() {
        let mut pointers = Vec::new();
        objects(&whole(), "", &mut pointers);
        assert_eq!(pointers.len(), 17, "{pointers:?}");
        for pointer in pointers {
            assert_eq!(
                known_to_schema(&schema(), &pointer),
                known_to_reader(&pointer),
                "{pointer}"
            );
        }
    }

    #[test]
    fn both_refuse_what_is_wrong() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        assert_eq!(mistakes(&whole()), None);
        assert!(validator.is_valid(&whole()));
        let wrong = [
            ("/failureMode", json!("opened")),
            ("/rules", json!([])),
            ("/rules/0/name", json!("A_b")),
            ("/rules/0/match", json!({})),
            ("/rules/0/match/hosts", json!([])),
            ("/rules/0/match/hosts/0", json!("https://example.com")),
            ("/rules/0/match/paths/0", json!({})),
            (
                "/rules/0/match/paths/0",
                json!({"exact": "/a", "prefix": "/a"}),
            ),
            ("/rules/0/match/paths/0", json!({"exact": "a"})),
            ("/rules/0/match/paths/0", json!({"exact": "/%61"})),
            ("/rules/0/match/methods/0", json!("get")),
            ("/rules/0/match/headers/0", json!({"name": "a"})),
            (
                "/rules/0/match/headers/0",
                json!({"name": ":path", "exact": "/"}),
            ),
            ("/rules/0/key", json!([])),
            ("/rules/0/key/0", json!({"header": "a", "path": {}})),
            ("/rules/0/key/1/sourceAddress/ipv4Prefix", json!(33)),
            ("/rules/0/limit", json!({"requests": 1})),
            ("/rules/0/limit/requests", json!(0)),
            ("/rules/0/limit/requests", json!(1.5)),
            ("/rules/0/limit/per", json!("1 s")),
            ("/rules/0/limit/burst", json!(1_000_001)),
            ("/rules/0/onMissingKey", json!("allow")),
            ("/rules/0/shadow", json!("yes")),
            ("/rules/0/maxKeys", json!(0)),
            ("/rules/0/response/status", json!(200)),
            ("/rules/0/response/headers", json!({})),
            ("/rules/0/response/headers", json!({"a b": "c"})),
            ("/rules/0/response/grpcStatus", json!(17)),
        ];
        for (pointer, value) in wrong {
            let mut configuration = whole();
            *configuration.pointer_mut(pointer).unwrap() = value.clone();
            assert!(
                mistakes(&configuration).is_some(),
                "the reader takes {value} at {pointer}"
            );
            assert!(
                !validator.is_valid(&configuration),
                "the schema takes {value} at {pointer}"
            );
        }
    }

    #[test]
    fn every_example_is_right() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let mut examples = readme();
        assert_eq!(examples.len(), 2);
        examples.extend(scenarios());
        for example in examples {
            assert_eq!(mistakes(&example), None, "{example}");
            assert!(validator.is_valid(&example), "{example}");
        }
    }

    /// The YAML blocks of the README.
    fn readme() -> Vec<Value> {
        let blocks = include_str!("../README.md").split("```yaml\n").skip(1);
        let texts = blocks.filter_map(|block| block.split("```").next());
        texts
            .map(|text| serde_saphyr::from_str(text).unwrap())
            .collect()
    }

    /// The configurations of the scenarios that are not there to be refused.
    fn scenarios() -> Vec<Value> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut found = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            let scenarios: Vec<Value> = serde_saphyr::from_str(&text).unwrap();
            let right = scenarios
                .iter()
                .filter(|scenario| scenario.get("refused").is_none());
            found.extend(right.filter_map(|scenario| scenario.get("config").cloned()));
        }
        assert!(!found.is_empty());
        found
    }
}
