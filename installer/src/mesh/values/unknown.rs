//! Raw values that a chart does not know. Helm takes any value and templates look at those that they know, so a mistyped one does nothing,
//! without a word.
//!
//! A chart says what it knows in three places: its values.yaml, its values.schema.json, and its templates, which read some values that the
//! other two do not have. A name that is in none of them is unknown. What is below a name that a template hands on whole (labels,
//! annotations, variables, parts of a pod, the mesh configuration) is not judged: a false alarm would be worse than none.

use std::collections::BTreeSet;

use chart::Chart;
use serde_json::{Map, Value};

use super::super::fetch::Release;
use super::super::spec::Mesh;
use super::{Component, levelled};

/// Below this, Istio's charts keep their defaults.
const DEFAULTS: &str = "_internal_defaults_do_not_set";
/// Names with defaults below them that a template hands on whole all the same.
const WHOLE: [&str; 12] = [
    "annotations",
    "defaultResources",
    "enablementSelectors",
    "labels",
    "limits",
    "meshConfig",
    "networkGatewayPorts",
    "podAnnotations",
    "podLabels",
    "requests",
    "rollingUpdate",
    "updateStrategy",
];
/// How alike a name has to be to be offered, from 0 to 1.
const ALIKE: f32 = 0.6;

/// The raw values of a mesh that its charts do not know, in words. Charts that were not fetched are not asked.
pub(crate) fn unknown(mesh: &Mesh, release: &Release) -> Vec<String> {
    let charts = Component::ALL.into_iter().filter_map(|component| {
        let chart = release.chart(component).ok()?;
        Some(unknown_to(chart, mesh, component))
    });
    charts.flatten().collect()
}

/// Those that one chart does not know.
pub(crate) fn unknown_to(chart: &Chart, mesh: &Mesh, component: Component) -> Vec<String> {
    let Some(raw) = &mesh.spec.values else {
        return Vec::new();
    };
    let values = levelled(component.raw(raw), component);
    let Value::Object(values) = values else {
        return Vec::new();
    };
    let found = of_chart(chart, &values).into_iter();
    let place = format!("spec.values.{}", component.name());
    found.map(|words| format!("{place}.{words}")).collect()
}

/// What one chart does not know of these values.
fn of_chart(chart: &Chart, values: &Map<String, Value>) -> Vec<String> {
    let defaults = chart.defaults();
    let schema = schema(chart);
    let known = Known {
        chart,
        read: read(chart),
    };
    let mut found = Vec::new();
    let place = Place {
        defaults: defaults.get(DEFAULTS).unwrap_or(&defaults),
        schema: schema.as_ref(),
    };
    known.look(values, place, "", &mut found);
    found
}

/// A chart, and the names that its templates read.
struct Known<'a> {
    chart: &'a Chart,
    read: BTreeSet<&'a str>,
}

/// What is said of values at some place.
#[derive(Clone, Copy)]
struct Place<'a> {
    defaults: &'a Value,
    schema: Option<&'a Value>,
}

impl Place<'_> {
    fn names(&self) -> BTreeSet<&str> {
        let properties = self.schema.and_then(|schema| schema.get("properties"));
        let fields = [Some(self.defaults), properties].into_iter().flatten();
        let fields = fields.filter_map(Value::as_object);
        fields
            .flat_map(|fields| fields.keys().map(String::as_str))
            .collect()
    }
}

impl Known<'_> {
    fn look(
        &self,
        values: &Map<String, Value>,
        place: Place<'_>,
        at: &str,
        found: &mut Vec<String>,
    ) {
        let names = place.names();
        for (name, value) in values {
            let path = format!("{at}{name}");
            if !names.contains(name.as_str()) {
                if !self.read.contains(name.as_str()) {
                    found.push(self.words(&path, name, &names));
                }
                continue;
            }
            let inner = Place {
                defaults: place.defaults.get(name).unwrap_or(&Value::Null),
                schema: place
                    .schema
                    .and_then(|schema| schema.get("properties")?.get(name)),
            };
            let has_more = inner
                .defaults
                .as_object()
                .is_some_and(|fields| !fields.is_empty());
            if let (Value::Object(values), true) =
                (value, has_more && !WHOLE.contains(&name.as_str()))
            {
                self.look(values, inner, &format!("{path}."), found);
            }
        }
    }

    fn words(&self, path: &str, name: &str, names: &BTreeSet<&str>) -> String {
        let (chart, version) = (self.chart.name(), self.chart.version());
        let names: Vec<_> = names
            .iter()
            .copied()
            .chain(self.read.iter().copied())
            .collect();
        let near = similar::get_close_matches(name, &names, 1, ALIKE);
        let remedy = near.first().map_or_else(
            || "correct it, or leave it out".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        format!(
            "{path}: the chart {chart} {version} has no such value, and it does nothing: {remedy}"
        )
    }
}

/// Where the schema says something about values.
fn schema(chart: &Chart) -> Option<Value> {
    let mut files = chart.files();
    let (_, bytes) = files.find(|(path, _)| *path == "values.schema.json")?;
    let schema: Value = serde_json::from_slice(bytes).ok()?;
    let named = schema.get("$ref").and_then(Value::as_str);
    let pointer = named.and_then(|name| name.strip_prefix('#'));
    match pointer.and_then(|pointer| schema.pointer(pointer)) {
        Some(inner) => Some(inner.clone()),
        None => Some(schema),
    }
}

/// Every name that a template reads: `.name` and `"name"`.
fn read(chart: &Chart) -> BTreeSet<&str> {
    let templates = chart
        .files()
        .filter(|(path, _)| path.starts_with("templates/") || path.starts_with("files/"))
        .filter(|(path, _)| !path.contains("crd-all") && !path.contains("profile-"));
    let texts = templates.filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    let pieces = texts.flat_map(|text| text.split(['.', '"']).skip(1));
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let names = pieces.filter_map(|piece| piece.split(|letter| !is_part(letter)).next());
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A chart as Istio's are.
    fn chart() -> Chart {
        let values = "_internal_defaults_do_not_set: {image: pilot, env: {}, podLabels: {a: b}, cni: {enabled: false}, global: {proxy: {logLevel: warning}}}";
        let template = "a: {{ .Values.trafficDistribution }}\nb: {{ index .Values \"quoted\" }}\n";
        let schema =
            json!({"$ref": "#/$defs/values", "$defs": {"values": {"properties": {"kind": {}}}}});
        let files = [
            (
                "Chart.yaml",
                "apiVersion: v2\nname: istiod\nversion: 1.31.0\n".to_owned(),
            ),
            ("values.yaml", values.to_owned()),
            ("values.schema.json", schema.to_string()),
            ("templates/a.yaml", template.to_owned()),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.into_bytes()));
        Chart::from_files(files).unwrap()
    }

    #[test]
    fn what_a_chart_does_not_know_is_told_with_the_nearest_name() {
        let words = |path: &str, remedy: &str| {
            format!(
                "{path}: the chart istiod 1.31.0 has no such value, and it does nothing: {remedy}"
            )
        };
        let cases = [
            (
                json!({"image": "x", "kind": "y", "trafficDistribution": "z", "quoted": 1}),
                vec![],
            ),
            (
                json!({"env": {"ANY": "thing"}, "podLabels": {"own": "label"}}),
                vec![],
            ),
            (
                json!({"imgae": "x"}),
                vec![words("imgae", "did you mean image?")],
            ),
            (
                json!({"zzz": 1}),
                vec![words("zzz", "correct it, or leave it out")],
            ),
            (
                json!({"cni": {"enable": true}, "global": {"proxy": {"loglevel": "debug"}}}),
                vec![
                    words("cni.enable", "did you mean enabled?"),
                    words("global.proxy.loglevel", "did you mean logLevel?"),
                ],
            ),
            (
                json!({"trafficDistributoin": "z"}),
                vec![words(
                    "trafficDistributoin",
                    "did you mean trafficDistribution?",
                )],
            ),
        ];
        for (values, wanted) in cases {
            assert_eq!(
                of_chart(&chart(), values.as_object().unwrap()),
                wanted,
                "{values}"
            );
        }
    }
}
