//! Texts and the JSON that a plugin is given for them.

use super::*;
use proptest::prelude::*;
use serde_json::json;

/// Values that JSON keeps exactly.
/// Text that may stand in YAML as it is (YAML 1.2, c-printable): what JSON lets stand unescaped is more, by a few control
/// and non-characters, and those are refused.
fn texts() -> impl Strategy<Value = String> {
    let refused =
        |c: char| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    any::<String>().prop_map(move |text| text.chars().filter(|c| !refused(*c)).collect())
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-9.0e15..9.0e15_f64).prop_map(Value::from),
        texts().prop_map(Value::from),
        "(yes|no|null|~|0x1f|1e3|<<|=|- a|\\.inf|[0-9:._+-]{1,8})".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(texts(), inner.clone(), 0..6).prop_map(object),
            prop::collection::btree_map("(on|<<|1|true|[a-z]{1,3})", inner, 0..6).prop_map(object),
        ]
    })
}

fn object(fields: std::collections::BTreeMap<String, Value>) -> Value {
    Value::Object(fields.into_iter().collect())
}

proptest! {
    /// JSON is YAML: what a program writes as JSON is read as it was meant.
    #[test]
    fn json_is_read_as_json(value in values()) {
        let document = json!({ "it": value });
        prop_assert_eq!(parse(document.to_string().as_bytes()), Ok(document.clone()));
        let pretty = serde_json::to_string_pretty(&document).unwrap();
        prop_assert_eq!(parse(pretty.as_bytes()), Ok(document));
    }

    #[test]
    fn no_text_is_too_strange(text in any::<Vec<u8>>()) {
        drop(parse(&text));
    }
}

#[test]
fn yaml_becomes_json_as_it_is_written() {
    let cases = [
        (
            "rate: 10\nkeys: [a, b]",
            json!({"rate": 10, "keys": ["a", "b"]}),
        ),
        (
            "a: 18446744073709551615\nb: -9223372036854775808",
            json!({"a": u64::MAX, "b": i64::MIN}),
        ),
        (
            "country: no\nswitch: on\naxis: y",
            json!({"country": "no", "switch": "on", "axis": "y"}),
        ),
        ("yes: true\nno: false", json!({"yes": true, "no": false})),
        (
            "zip: 007\nn: 1_000\ndate: 2024-01-01",
            json!({"zip": "007", "n": "1_000", "date": "2024-01-01"}),
        ),
        (
            "half: 0.5\nwhole: 1.0\nthousand: 1e3",
            json!({"half": 0.5, "whole": 1.0, "thousand": 1000.0}),
        ),
        (
            "a: ~\nb: 'null'\nc:",
            json!({"a": null, "b": "null", "c": null}),
        ),
        (
            "x: &x {b: 1}\ny: {<<: *x, c: 2}",
            json!({"x": {"b": 1}, "y": {"b": 1, "c": 2}}),
        ),
        ("404: gone", json!({"404": "gone"})),
        ("t: |\n  two\n  lines\n", json!({"t": "two\nlines\n"})),
        (
            r#"{"json":	"is \u00e4 part\/of it"}"#,
            json!({"json": "is ä part/of it"}),
        ),
        ("\u{feff}a: 1", json!({"a": 1})),
        ("", json!({})),
        ("# nothing yet\n", json!({})),
        ("---\na: 1\n---\n", json!({"a": 1})),
    ];
    for (text, wanted) in cases {
        assert_eq!(parse(text.as_bytes()), Ok(wanted), "{text}");
    }
}

#[test]
fn what_json_would_change_is_a_mistake() {
    let cases = [
        ("a: 1\na: 2", "line 2"),
        ("{\"a\": 1, \"a\": 2}", "the key a stands here twice"),
        ("a: 18446744073709551616", "too large to be kept exactly"),
        ("a: -9223372036854775809", "too large to be kept exactly"),
        ("a: .inf", "no number that JSON can hold"),
        ("a: {{ .x }}", "a template that was not rendered"),
        ("a: *nope", "names no anchor"),
        ("? [1, 2]\n: x", "a key must be a word"),
        ("a: !!binary ee", "binary"),
        ("a:\n\t- b", "tabs"),
        ("a: \"x", "unclosed quote"),
        ("a: !secret x", "tag"),
        ("a: [1", "line 1"),
        ("a: b: c", "line 1 column 5"),
        ("- a\n- b", "this is a list"),
        ("just words", "this is a text"),
        ("a: 1\n---\nb: 2", "2 documents"),
    ];
    for (text, wanted) in cases {
        let error = parse(text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains(wanted), "{text}: {error}");
        for word in [
            "Options",
            "Policy",
            "policy",
            "anchor id",
            "total_",
            "scalar",
        ] {
            assert!(
                !error.contains(word),
                "{text}: {word} is the library's: {error}"
            );
        }
    }
    assert_eq!(parse(b"a: \xff"), Err(ConfigurationError::NoText(3)));
}

const MANIFEST: &str = "
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: limits}
spec:
  url: oci://r.example/x
  pluginConfig: {rate: 10}
";

#[test]
fn of_a_manifest_the_plugin_config_is_meant() {
    let service = "apiVersion: v1\nkind: Service\n";
    let cases = [
        (MANIFEST.to_owned(), json!({"rate": 10})),
        (format!("{service}---{MANIFEST}"), json!({"rate": 10})),
        (
            MANIFEST.replace("  pluginConfig: {rate: 10}\n", ""),
            json!({}),
        ),
        (
            MANIFEST
                .replace("WasmPlugin", "TrafficExtension")
                .replace("  pluginConfig", "  wasm:\n    pluginConfig"),
            json!({"rate": 10}),
        ),
        // A configuration may have a field `kind` of its own.
        ("kind: WasmPlugin".to_owned(), json!({"kind": "WasmPlugin"})),
    ];
    for (text, wanted) in cases {
        assert_eq!(parse(text.as_bytes()), Ok(wanted), "{text}");
    }
    let two = format!("{MANIFEST}---{MANIFEST}");
    assert_eq!(parse(two.as_bytes()), Err(ConfigurationError::Several(2)));
}
