//! What templates see as their dot: one map that all templates of a render share, and may change.

use super::{Kubernetes, Release};
use crate::chart::{Chart, Metadata, TEXTS};
use crate::error::ChartError;
use crate::value::convert::{from_json, map_from_json};
use crate::value::{Map, Object, Record, Value};
use crate::version;
use serde_json::{Map as JsonMap, Value as Json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The Helm whose templates' results these are.
const HELM: &str = "v3.22.0";
/// What is no file for templates.
const NOT_FILES: [&str; 4] = [
    "Chart.yaml",
    "Chart.lock",
    "values.yaml",
    "values.schema.json",
];

/// The map.
#[derive(Debug)]
pub(super) struct Context {
    dot: Map,
    base: Rc<str>,
}

impl Context {
    pub(super) fn dot(&self) -> Value {
        Value::Map(self.dot.clone())
    }

    /// Says which template runs now.
    pub(super) fn enter(&self, template: &Rc<str>) {
        let entries = [
            (Rc::from("Name"), Value::Text(template.clone())),
            (Rc::from("BasePath"), Value::Text(self.base.clone())),
        ];
        self.dot
            .set("Template", Value::Map(entries.into_iter().collect()));
    }
}

pub(super) fn context(
    chart: &Chart,
    values: &JsonMap<String, Json>,
    release: &Release,
    kubernetes: &Kubernetes,
) -> Result<Context, ChartError> {
    let dot = Map::default();
    dot.set("Values", Value::Map(map_from_json(values)));
    dot.set("Release", Value::Map(release_map(release)));
    dot.set(
        "Chart",
        record("chart.Metadata", chart_fields(chart.metadata()), None),
    );
    dot.set("Capabilities", capabilities(kubernetes)?);
    dot.set("Files", Value::Object(Object::Files(Rc::new(files(chart)))));
    dot.set("Subcharts", Value::Map(Map::default()));
    Ok(Context {
        dot,
        base: Rc::from(format!("{}/templates", chart.name())),
    })
}

fn release_map(release: &Release) -> Map {
    let entries = [
        ("Name", Value::text(release.name.as_str())),
        ("Namespace", Value::text(release.namespace.as_str())),
        ("IsUpgrade", Value::Bool(release.is_upgrade)),
        ("IsInstall", Value::Bool(!release.is_upgrade)),
        ("Revision", Value::Int(i64::from(release.revision))),
        ("Service", Value::text(release.service.as_str())),
    ];
    entries
        .into_iter()
        .map(|(name, value)| (Rc::from(name), value))
        .collect()
}

fn record(kind: &'static str, fields: BTreeMap<&'static str, Value>, text: Option<&str>) -> Value {
    Value::Object(Object::Record(Rc::new(Record {
        kind,
        fields,
        text: text.map(Rc::from),
    })))
}

fn chart_fields(metadata: &Metadata) -> BTreeMap<&'static str, Value> {
    let texts = TEXTS.iter().map(|(field, _)| {
        (
            *field,
            Value::text(metadata.text(field).unwrap_or_default()),
        )
    });
    let mut fields: BTreeMap<&'static str, Value> = texts.collect();
    let others = [
        ("Sources", "sources"),
        ("Keywords", "keywords"),
        ("Maintainers", "maintainers"),
        ("Annotations", "annotations"),
        ("Deprecated", "deprecated"),
    ];
    for (field, key) in others {
        fields.insert(field, metadata.raw.get(key).map_or(Value::Null, from_json));
    }
    fields.insert("IsRoot", Value::Bool(true));
    fields
}

fn capabilities(kubernetes: &Kubernetes) -> Result<Value, ChartError> {
    let Some((text, major, minor)) = version::kubernetes(&kubernetes.version) else {
        return Err(ChartError::Kubernetes {
            version: kubernetes.version.clone(),
            problem: "it is no version".to_owned(),
        });
    };
    let version = BTreeMap::from([
        ("Version", Value::text(text.as_str())),
        ("GitVersion", Value::text(text.as_str())),
        ("String", Value::text(text.as_str())),
        ("Major", Value::text(major)),
        ("Minor", Value::text(minor)),
    ]);
    let helm = BTreeMap::from([
        ("Version", Value::text(HELM)),
        ("GitCommit", Value::text("")),
        ("GitTreeState", Value::text("")),
        ("GoVersion", Value::text("")),
    ]);
    let api_versions = kubernetes
        .api_versions
        .iter()
        .map(|version| Rc::from(version.as_str()));
    let fields = BTreeMap::from([
        (
            "KubeVersion",
            record("chartutil.KubeVersion", version, Some(&text)),
        ),
        (
            "APIVersions",
            Value::Object(Object::ApiVersions(api_versions.collect())),
        ),
        ("HelmVersion", record("version.BuildInfo", helm, None)),
    ]);
    Ok(record("*chartutil.Capabilities", fields, None))
}

fn files(chart: &Chart) -> BTreeMap<Rc<str>, Rc<str>> {
    let files = chart.files();
    let files =
        files.filter(|(path, _)| !path.starts_with("templates/") && !NOT_FILES.contains(path));
    files
        .map(|(path, bytes)| (Rc::from(path), Rc::from(String::from_utf8_lossy(bytes))))
        .collect()
}
