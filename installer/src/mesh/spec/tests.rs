use super::document::parse;
use super::mistake::Mistakes;
use super::read::{Setting, empty, read};
use super::schema::{mistakes, schema};
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use serde_json::json;

/// A document with these fields in `spec`.
fn document(spec: &str) -> String {
    let spec = spec.replace('\n', "\n  ");
    format!(
        "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata:\n  name: shop\nspec:\n  version: \"1.31.0\"\n  {spec}"
    )
}

fn judged(text: &str) -> Result<Mesh, Vec<String>> {
    parse(text.as_bytes())
        .and_then(|document| read(document, &[]))
        .map_err(|Mistakes(mistakes)| mistakes.iter().map(ToString::to_string).collect())
}

/// Documents with one mistake each, where the schema alone sees it.
const SHAPES: &[(&str, &str)] = &[
    (
        "scale: S1P1",
        "/spec/scale: \"S1P1\": must be one of S50P200, S200P1000, S500P2000, S2000P8000, S5000P20000",
    ),
    (
        "mode: hosted",
        "/spec/mode: \"hosted\": must be dedicated (weft runs Istio) or external (somebody else does); hosted (a control plane outside the workloads' clusters) is not yet offered",
    ),
    (
        "ambient: yes",
        "/spec/ambient: \"yes\": must be true or false",
    ),
    (
        "ambient:",
        "/spec/ambient: null: a value is missing: give one, or leave the field out",
    ),
    (
        "colour: red",
        "/spec/colour: \"red\": there is no such field; the fields here are ambient, charts, clusters, cni",
    ),
    (
        "revision: 1-31-0_x",
        "/spec/revision: \"1-31-0_x\": use at most 63 of a-z",
    ),
    ("revision: 7", "/spec/revision: 7: use at most 63 of a-z"),
    ("tags: stable", "/spec/tags: \"stable\": must be a list"),
    ("tags: [Stable]", "/spec/tags/0: \"Stable\": use at most 63"),
    (
        "clusters: [{name: a}, {name: b}]",
        "/spec/clusters: [{\"name\":\"a\"},{\"name\":\"b\"}]: must be a list of one cluster at most",
    ),
    (
        "clusters: [{network: a}]",
        "/spec/clusters/0/name: this field is missing. Name by which the mesh knows the cluster",
    ),
    (
        "charts: http://x/y",
        "/spec/charts: \"http://x/y\": write oci://REGISTRY/PATH",
    ),
    (
        "images: {hub: 'https://x/y'}",
        "/spec/images/hub: \"https://x/y\": write registry and path without a scheme",
    ),
    (
        "images: {tag: 1.31}",
        "/spec/images/tag: 1.31: write a tag of images as a text",
    ),
    (
        "images: {pullPolicy: always}",
        "/spec/images/pullPolicy: \"always\": must be one of Always, IfNotPresent, Never",
    ),
    (
        "sidecar: {resources: {limits: {cpu: 2}}}",
        "/spec/sidecar/resources/limits/cpu: 2: write CPU as a text",
    ),
    (
        "sidecar: {resources: {limits: {memory: 128m}}}",
        "/spec/sidecar/resources/limits/memory: \"128m\": write memory as a text",
    ),
    (
        "sidecar: {logLevel: warn}",
        "/spec/sidecar/logLevel: \"warn\": must be one of trace, debug",
    ),
    (
        "sidecar: {lifecycle: {terminationDrainDuration: 15}}",
        "/spec/sidecar/lifecycle/terminationDrainDuration: 15: write a whole number with ms, s, m or h",
    ),
    ("sidecar: []", "/spec/sidecar: []: must be a set of fields"),
    (
        "sizes: {istiod: {replicas: {min: 0, max: 2}}}",
        "/spec/sizes/istiod/replicas/min: 0: must be 1 or more",
    ),
    (
        "traffic: {retries: {attempts: 101}}",
        "/spec/traffic/retries/attempts: 101: must be 100 or less",
    ),
    (
        "traffic: {retries: {attempts: 1.5}}",
        "/spec/traffic/retries/attempts: 1.5: must be a whole number",
    ),
    (
        "traffic: {retries: {attempts: 1, retryOn: [503]}}",
        "/spec/traffic/retries/retryOn/0: 503: must be one of 5xx, gateway-error",
    ),
    (
        "traffic: {retries: {}}",
        "/spec/traffic/retries/attempts: this field is missing. How many more times",
    ),
    (
        "traffic: {locality: {distribute: [{from: a//b, to: {a: 100}}]}}",
        "/spec/traffic/locality/distribute/0/from: \"a//b\": write REGION, REGION/ZONE",
    ),
    (
        "traffic: {locality: {distribute: [{from: a, to: {'*/b': 100}}]}}",
        "/spec/traffic/locality/distribute/0/to/*~1b: 100: write REGION",
    ),
    (
        "traffic: {locality: {distribute: [{from: a, to: {b: 0}}]}}",
        "/spec/traffic/locality/distribute/0/to/b: 0: must be 1 or more",
    ),
    (
        "traffic: {locality: {distribute: [{from: a, to: {}}]}}",
        "/spec/traffic/locality/distribute/0/to: {}: must not be empty",
    ),
    (
        "traffic: {locality: {failover: [{from: a, to: b/c}]}}",
        "/spec/traffic/locality/failover/0/to: \"b/c\": write a region alone",
    ),
    (
        "tracing: {sampling: 101}",
        "/spec/tracing/sampling: 101: must be 100 or less",
    ),
    (
        "tracing: {collector: {service: a, port: 70000}}",
        "/spec/tracing/collector/port: 70000: must be 65535 or less",
    ),
    (
        "values: {istio: {}}",
        "/spec/values/istio: there is no such field; the fields here are base, cni, gateway, istiod, ztunnel",
    ),
    (
        "values: {istiod: [a]}",
        "/spec/values/istiod: [\"a\"]: must be a set of fields",
    ),
];

#[test]
fn shapes() {
    for (spec, wanted) in SHAPES {
        let text = document(spec);
        let value = parse(text.as_bytes()).unwrap().value;
        assert_eq!(
            mistakes::<Mesh>(&value).len(),
            1,
            "by the schema, {spec}: {:?}",
            mistakes::<Mesh>(&value)
        );
        let found = judged(&text).expect_err(spec);
        assert!(
            found.len() == 1 && found[0].starts_with(wanted),
            "{spec}\n{found:#?}"
        );
    }
}

/// Documents that the schema allows and the reader refuses: fields that contradict each other.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "scale: S50P200\nsizes: {}",
        "/spec/sizes: contradicts scale",
    ),
    (
        "revision: default",
        "/spec/revision: \"default\": is how Istio calls a control plane without a revision",
    ),
    (
        "revision: a\ntags: [b, a]",
        "/spec/tags/1: \"a\": is the revision's own name",
    ),
    (
        "tags: [b, b]",
        "/spec/tags/1: \"b\": stands in this list before",
    ),
    (
        "engine: sail\ntags: [default]",
        "/spec/tags/0: \"default\": is how the Sail operator calls",
    ),
    (
        "engine: sail\nvalues: {base: {defaultRevision: blue}}",
        "/spec/values/base: has no effect with engine: sail",
    ),
    (
        "ambient: true\nopenshift: true",
        "/spec/ambient: true: is not yet offered on OpenShift",
    ),
    (
        "ambient: true\ncni: false",
        "/spec/cni: false: contradicts ambient: true",
    ),
    (
        "openshift: true\ncni: false",
        "/spec/cni: false: contradicts openshift: true",
    ),
    (
        "sizes: {istiod: {replicas: {min: 3, max: 2}}}",
        "/spec/sizes/istiod/replicas/max: 2: is less than min, 3",
    ),
    (
        "highAvailability: true\nsizes: {gateway: {replicas: {min: 1, max: 2}}}",
        "/spec/sizes/gateway/replicas/min: 1: contradicts highAvailability",
    ),
    (
        "sizes: {istiod: {resources: {requests: {cpu: '2'}, limits: {cpu: 1500m}}}}",
        "/spec/sizes/istiod/resources/requests/cpu: \"2\": is more than the limit, 1500m",
    ),
    (
        "sidecar: {resources: {requests: {memory: 1Gi}, limits: {memory: 1G}}}",
        "/spec/sidecar/resources/requests/memory: \"1Gi\": is more than the limit, 1G",
    ),
    (
        "sidecar: {resources: {unlimited: true, limits: {cpu: '1'}}}",
        "/spec/sidecar/resources/limits: contradicts unlimited",
    ),
    (
        "sidecar: {lifecycle: {exitOnZeroActiveConnections: true, terminationDrainDuration: 5s}}",
        "/spec/sidecar/lifecycle/terminationDrainDuration: \"5s\": has no effect beside",
    ),
    (
        "tracing: {enabled: false, sampling: 5}",
        "/spec/tracing/sampling: 5: has no effect beside enabled: false",
    ),
    (
        "images: {pullSecrets: [a, a]}",
        "/spec/images/pullSecrets/1: \"a\": stands in this list before",
    ),
    (
        "traffic: {locality: {distribute: [{from: a, to: {a: 100}}], failover: [{from: a, to: b}]}}",
        "/spec/traffic/locality/failover: [{\"from\":\"a\",\"to\":\"b\"}]: excludes distribute",
    ),
    (
        "traffic: {locality: {enabled: false, failover: [{from: a, to: b}]}}",
        "/spec/traffic/locality/failover: [{\"from\":\"a\",\"to\":\"b\"}]: has no effect beside enabled: false",
    ),
    (
        "traffic: {locality: {distribute: [{from: a, to: {a: 60, b: 30}}]}}",
        "/spec/traffic/locality/distribute/0/to: the shares are 90 percent together",
    ),
    (
        "traffic: {locality: {distribute: [{from: a/*, to: {a: 100}}, {from: a/b/c, to: {a: 100}}]}}",
        "/spec/traffic/locality/distribute/1/from: \"a/b/c\": overlaps with a/*",
    ),
    (
        "traffic: {locality: {distribute: [{from: a, to: {b: 50, b/c: 50}}]}}",
        "/spec/traffic/locality/distribute/0/to/b~1c: 50: overlaps with b",
    ),
    (
        "traffic: {locality: {failover: [{from: a, to: a}]}}",
        "/spec/traffic/locality/failover/0/to: \"a\": is the region that fails",
    ),
    (
        "traffic: {locality: {failover: [{from: a, to: b}, {from: a, to: c}]}}",
        "/spec/traffic/locality/failover/1/from: \"a\": stands in this list before",
    ),
    (
        "traffic: {retries: {attempts: 0, retryOn: [reset]}}",
        "/spec/traffic/retries/retryOn: [\"reset\"]: has no effect beside attempts: 0",
    ),
    (
        "traffic: {retries: {attempts: 1, perTryTimeout: 0s}}",
        "/spec/traffic/retries/perTryTimeout: \"0s\": must be 1ms or more",
    ),
    (
        "values: {cni: {a: 1}}",
        "/spec/values/cni: has no effect, since this chart is not installed",
    ),
    (
        "values: {istiod: {_internal_defaults_do_not_set: {}}}",
        "/spec/values/istiod/_internal_defaults_do_not_set: is reserved",
    ),
    (
        "sidecar: {logLevel: info}\nvalues: {istiod: {global: {proxy: {logLevel: debug}}}}",
        "/spec/values/istiod/global/proxy/logLevel: \"debug\": contradicts /spec/sidecar/logLevel, which means \"info\"",
    ),
];

#[test]
fn contradictions() {
    for (spec, wanted) in CONTRADICTIONS {
        let text = document(spec);
        let value = parse(text.as_bytes()).unwrap().value;
        assert_eq!(mistakes::<Mesh>(&value), [], "by the schema: {spec}");
        let found = judged(&text).expect_err(spec);
        assert!(
            found.len() == 1 && found[0].starts_with(wanted),
            "{spec}\n{found:#?}"
        );
    }
}

#[test]
fn good_ones() {
    for spec in [
        "",
        "mode: dedicated",
        "ambient: true\nvalues: {ztunnel: {logLevel: debug}, cni: {a: 1}}",
        "cni: true",
        "openshift: true",
        "scale: S5000P20000\nhighAvailability: true",
        "sizes: {istiod: {replicas: {min: 2, max: 2}}}\nhighAvailability: true",
        "sidecar: {resources: {requests: {memory: 1G}, limits: {memory: 1Gi}}}",
        "traffic: {locality: {distribute: [{from: a/b/*, to: {a/b/*: 80, a/c: 20}}, {from: a/c, to: {a/c: 100}}]}}",
        "traffic: {retries: {attempts: 0}}",
        "tracing: {}",
        "scale: S50P200\nvalues: {istiod: {resources: {limits: {cpu: '4'}}}}",
    ] {
        assert!(
            judged(&document(spec)).is_ok(),
            "{spec}: {:?}",
            judged(&document(spec))
        );
    }
    let external = "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: old}\nspec: {mode: external, revision: a, rootNamespace: b}";
    assert_eq!(judged(external).unwrap().root_namespace(), "b");
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "apiVersion: weft.dev/v2\nkind: Mesh\nspec:\n  version: 1.30\n  scale: S1\n  scale: S50P200\n  tags: [a, a]\n  traffic:\n    retries: {retryOn: [reset]}\n    locality: {failover: [{from: a, to: a}]}\n  sizes: {istiod: {replicas: {min: 3, max: 2}}}\n";
    let wanted = [
        "/spec/scale: \"S1\": this key stands here more than once: keep one of them",
        "/apiVersion: \"weft.dev/v2\": must be weft.dev/v1",
        "/metadata: this field is missing. The name of the mesh.",
        "/spec/scale: \"S1\": must be one of",
        "/spec/traffic/retries/attempts: this field is missing.",
        "/spec/version: 1.3: write a version of Istio as a text",
        "/spec/tags/1: \"a\": stands in this list before",
        "/spec/sizes/istiod/replicas/max: 2: is less than min",
        "/spec/traffic/locality/failover/0/to: \"a\": is the region that fails",
    ];
    let mut found = judged(text).unwrap_err();
    for wanted in wanted {
        let index = found.iter().position(|text| text.starts_with(wanted));
        found.remove(index.unwrap_or_else(|| panic!("{wanted} is not in {found:#?}")));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn an_external_mesh_is_not_configured() {
    let text = "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: old}\nspec: {mode: external, version: '1.31', ambient: true}";
    let found = judged(text).unwrap_err();
    assert_eq!(found.len(), 2);
    assert!(
        found[0].starts_with("/spec/ambient: true: has no effect in an external mesh"),
        "{found:?}"
    );
}

#[test]
fn a_mistake_names_the_flag_that_made_it() {
    let setting = |flag, pointer: &str, value: Value| Setting {
        flag,
        pointer: pointer.to_owned(),
        value,
    };
    let settings = [
        setting("NAME", "/metadata/name", json!("shop")),
        setting("--scale", "/spec/scale", json!("S1")),
        setting(
            "--distribute",
            "/spec/traffic/locality/distribute",
            json!([{"from": "a", "to": {"b": 1}}]),
        ),
    ];
    let found = read(empty(), &settings).unwrap_err();
    let words = found.to_string();
    for wanted in [
        "--scale (/spec/scale): \"S1\": must be one of",
        "--distribute (/spec/traffic/locality/distribute/0/to): the shares are 1 percent",
        "/spec/version: is missing",
    ] {
        assert!(words.contains(wanted), "{words}");
    }
    assert_eq!(Failure::from(found).exit(), crate::failure::Exit::BadInput);
    let by_flags = read(parse(document("").as_bytes()).unwrap(), &settings[1..2]).unwrap_err();
    assert_eq!(Failure::from(by_flags).exit(), crate::failure::Exit::Usage);
}

#[test]
fn the_canonical_form_says_nothing_twice() {
    let text = document(
        "ambient: false\ntags: []\nsidecar: {logLevel: info}\ntracing: {enabled: true, sampling: 5}",
    );
    let wanted = "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata:\n  name: shop\nspec:\n  mode: dedicated\n  version: \"1.31.0\"\n  sidecar:\n    logLevel: info\n  tracing:\n    sampling: 5.0\n";
    assert_eq!(judged(&text).unwrap().to_yaml().unwrap(), wanted);
}

/// Any value that a schema allows.
fn any(schema: &Value) -> BoxedStrategy<Value> {
    for keyword in ["const", "enum"] {
        match schema.get(keyword) {
            Some(Value::Array(options)) => return select(options.clone()).boxed(),
            Some(only) => return Just(only.clone()).boxed(),
            None => {}
        }
    }
    match schema["type"]
        .as_str()
        .unwrap_or_else(|| panic!("{schema}"))
    {
        "boolean" => proptest::bool::ANY.prop_map(Value::from).boxed(),
        "integer" => {
            let bound = |name: &str, default| schema[name].as_u64().unwrap_or(default);
            (bound("minimum", 0)..=bound("maximum", 100))
                .prop_map(Value::from)
                .boxed()
        }
        "number" => (0_u32..=1_000)
            .prop_map(|tenths| json!(f64::from(tenths) / 10.0))
            .boxed(),
        "string" => text(schema["pattern"].as_str().unwrap())
            .prop_map(Value::from)
            .boxed(),
        "array" => {
            let most = schema["maxItems"]
                .as_u64()
                .map_or(2, |most| usize::try_from(most).unwrap());
            vec(any(&schema["items"]), 0..=most)
                .prop_map(Value::from)
                .boxed()
        }
        "object" => object(schema),
        other => panic!("{other}"),
    }
}

fn text(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern.trim_matches(['^', '$'])).unwrap()
}

fn object(schema: &Value) -> BoxedStrategy<Value> {
    let Some(properties) = schema["properties"].as_object() else {
        let names = schema
            .pointer("/propertyNames/pattern")
            .and_then(Value::as_str)
            .unwrap_or("^[a-z.]{1,3}$");
        let rules = &schema["additionalProperties"];
        let values = if rules.is_object() {
            any(rules)
        } else {
            let raw = json!({"a": [true, 1.5, "1.0"]});
            select(vec![json!(1), json!("007"), raw, json!("no")]).boxed()
        };
        return vec((text(names), values), 1..3)
            .prop_map(|fields| Value::Object(fields.into_iter().collect()))
            .boxed();
    };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut fields = Just(Map::new()).boxed();
    for (name, rules) in properties {
        let value = if required.contains(&json!(name)) {
            any(rules).prop_map(Some).boxed()
        } else {
            proptest::option::weighted(0.4, any(rules)).boxed()
        };
        let name = name.clone();
        fields = (fields, value)
            .prop_map(move |(mut fields, value)| {
                fields.extend(value.map(|value| (name.clone(), value)));
                fields
            })
            .boxed();
    }
    fields.prop_map(Value::Object).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the schema allows is a mesh, and read(write(mesh)) is that mesh, or the same contradictions.
    #[test]
    fn schema_types_and_files_agree(written in any(&schema())) {
        prop_assert_eq!(mistakes::<Mesh>(&written), []);
        let mesh: Mesh = serde_json::from_value(written).unwrap();
        let file = parse(mesh.to_yaml().unwrap().as_bytes()).unwrap();
        prop_assert_eq!(&file.mistakes, &[]);
        prop_assert_eq!(mistakes::<Mesh>(&file.value), []);
        prop_assert_eq!(&serde_json::from_value::<Mesh>(file.value.clone()).unwrap(), &mesh);
        match read(file, &[]) {
            Ok(read) => prop_assert_eq!(read, mesh),
            Err(Mistakes(found)) => {
                let places = |mistakes: &[mistake::Mistake]| -> Vec<String> {
                    mistakes.iter().map(|mistake| mistake.pointer.clone()).collect()
                };
                prop_assert_eq!(places(&found), places(&contradiction::contradictions(&mesh)));
            }
        }
    }
}
