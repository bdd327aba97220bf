//! One chart with one set of values, by both.

use super::cases::{Case, Flag};
use chart::{Chart, ChartError, Kubernetes, Release, Values, render};
use lab::{Cache, Tool, tools};
use serde_json::Value as Json;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const KUBERNETES: &str = "v1.34.4";
const API_VERSIONS: [&str; 3] = ["v1", "apps/v1", "policy/v1"];

/// Helm, its reader, and the charts.
pub(crate) struct Tools {
    helm: PathBuf,
    reader: PathBuf,
    charts: PathBuf,
    values: tempfile::TempDir,
}

/// How both renders compare.
pub(crate) enum Comparison {
    /// So many objects are the same.
    Same(usize),
    BothRefuse,
    Differs(String),
}

/// An object and the template it comes from.
type Object = (String, Json);

impl Tools {
    pub(crate) fn ensure() -> Self {
        let cache = Cache::from_env().unwrap();
        let helm = tools::ensure(&cache, Tool::Helm).unwrap();
        Self {
            helm: helm.join("helm"),
            reader: helm.join("helm-objects"),
            charts: tools::ensure(&cache, Tool::Charts).unwrap(),
            values: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn compare(&self, version: &str, chart: &str, case: &Case) -> Comparison {
        let dir = self.charts.join(version).join(chart);
        match (self.theirs(&dir, case), ours(&dir, case)) {
            (Ok(theirs), Ok(ours)) => match difference(&theirs, &ours) {
                None => Comparison::Same(theirs.len()),
                Some(what) => Comparison::Differs(what),
            },
            (Err(theirs), Err(ours)) => same_refusal(&theirs, &ours),
            (Ok(_), Err(ours)) => Comparison::Differs(format!("only we refuse: {ours}")),
            (Err(theirs), Ok(_)) => Comparison::Differs(format!("only Helm refuses: {theirs}")),
        }
    }

    fn theirs(&self, dir: &Path, case: &Case) -> Result<Vec<Object>, String> {
        let mut command = Command::new(&self.helm);
        command.args([
            "template",
            case.release,
            "--namespace",
            case.namespace,
            "--include-crds",
        ]);
        command.arg(dir).args(["--kube-version", KUBERNETES]);
        command.args(["--api-versions", &API_VERSIONS.join(",")]);
        if case.is_upgrade {
            command.arg("--is-upgrade");
        }
        for (index, flag) in case.flags.iter().enumerate() {
            match flag {
                Flag::File(text) => {
                    let thread = std::thread::current().id();
                    let file = self.values.path().join(format!("{thread:?}-{index}.yaml"));
                    fs::write(&file, text).unwrap();
                    command.arg("--values").arg(file)
                }
                Flag::Set(text) => command.args(["--set", text]),
                Flag::SetString(text) => command.args(["--set-string", text]),
                Flag::SetJson(text) => command.args(["--set-json", text]),
            };
        }
        let output = command.output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8(output.stderr).unwrap());
        }
        Ok(self.read(&output.stdout))
    }

    fn read(&self, manifests: &[u8]) -> Vec<Object> {
        let mut reader = Command::new(&self.reader);
        let mut child = reader
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || input.write_all(manifests).unwrap());
            child.wait_with_output().unwrap()
        });
        assert!(
            output.status.success(),
            "Helm printed what Helm cannot read"
        );
        let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
        let objects = lines.map(|line| {
            let line: Json = serde_json::from_str(line).unwrap();
            (
                line["source"].as_str().unwrap().to_owned(),
                line["object"].clone(),
            )
        });
        objects.collect()
    }
}

fn ours(dir: &Path, case: &Case) -> Result<Vec<Object>, ChartError> {
    let mut files = Vec::new();
    collect(dir, "", &mut files);
    let chart = Chart::from_files(files).unwrap();
    let release = Release {
        name: case.release.to_owned(),
        namespace: case.namespace.to_owned(),
        is_upgrade: case.is_upgrade,
        revision: 1,
        service: "Helm".to_owned(),
    };
    let kubernetes = Kubernetes {
        version: KUBERNETES.to_owned(),
        api_versions: API_VERSIONS.map(str::to_owned).to_vec(),
    };
    let rendered = render(&chart, &values(case), &release, &kubernetes)?;
    Ok(rendered
        .into_iter()
        .map(|rendered| (rendered.source, rendered.object))
        .collect())
}

/// Files, then JSON, then the others, as Helm takes its flags.
fn values(case: &Case) -> Values {
    let mut values = Values::new();
    let flags = || case.flags.iter();
    flags().for_each(|flag| {
        if let Flag::File(text) = flag {
            values.merge(Values::from_yaml(text).unwrap());
        }
    });
    flags().for_each(|flag| {
        if let Flag::SetJson(text) = flag {
            values.set_json(text).unwrap();
        }
    });
    flags().for_each(|flag| {
        if let Flag::Set(text) = flag {
            values.set(text).unwrap();
        }
    });
    flags().for_each(|flag| {
        if let Flag::SetString(text) = flag {
            values.set_string(text).unwrap();
        }
    });
    values
}

fn collect(dir: &Path, below: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.push((name, fs::read(&path).unwrap()));
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is no refusal of values is a difference"
)]
/// The words are the same; those of a schema and of a YAML reader are each library's, so there only the place counts.
fn same_refusal(theirs: &str, ours: &ChartError) -> Comparison {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = match ours {
        ChartError::Template(error) => vec![words(&error.message)],
        ChartError::Schema { problems, .. } => {
            let places = problems
                .iter()
                .map(|problem| format!("at '{}'", problem.at));
            places.collect()
        }
        ChartError::Document { template, .. } => vec![format!("YAML parse error on {template}")],
        _ => return Comparison::Differs(format!("we fail with {ours}; Helm: {theirs}")),
    };
    let said = words(theirs);
    if wanted.iter().all(|wanted| said.contains(wanted.as_str())) {
        Comparison::BothRefuse
    } else {
        Comparison::Differs(format!("we refuse with {ours}; Helm: {theirs}"))
    }
}

fn difference(theirs: &[Object], ours: &[Object]) -> Option<String> {
    let names = |objects: &[Object]| -> Vec<String> { objects.iter().map(name).collect() };
    if names(theirs) != names(ours) {
        return Some(format!(
            "Helm renders {:?}, we {:?}",
            names(theirs),
            names(ours)
        ));
    }
    let differences = theirs.iter().zip(ours).filter_map(|(theirs, ours)| {
        let what = field_difference(&theirs.1, &ours.1, "")?;
        Some(format!("{}: {what}", name(theirs)))
    });
    let differences: Vec<String> = differences.collect();
    (!differences.is_empty()).then(|| differences.join("; "))
}

fn name((source, object): &Object) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    format!(
        "{source} {} {}/{}",
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name")
    )
}

/// The first field that differs.
fn field_difference(theirs: &Json, ours: &Json, at: &str) -> Option<String> {
    match (theirs, ours) {
        (Json::Object(one), Json::Object(other)) => {
            let keys = one
                .keys()
                .chain(other.keys().filter(|key| !one.contains_key(*key)));
            keys.into_iter()
                .find_map(|key| match (one.get(key), other.get(key)) {
                    (Some(theirs), Some(ours)) => {
                        field_difference(theirs, ours, &format!("{at}/{key}"))
                    }
                    (Some(theirs), None) => Some(format!("{at}/{key} is missing: {theirs}")),
                    (None, ours) => Some(format!("{at}/{key} is ours only: {ours:?}")),
                })
        }
        (Json::Array(one), Json::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.into_iter().find_map(|(index, (theirs, ours))| {
                field_difference(theirs, ours, &format!("{at}/{index}"))
            })
        }
        (Json::String(one), Json::String(other)) if one != other => {
            let line = one
                .lines()
                .zip(other.lines())
                .find(|(one, other)| one != other);
            Some(format!(
                "{at}: Helm {:?}, we {:?}",
                line.map_or(one.as_str(), |it| it.0),
                line.map_or(other.as_str(), |it| it.1)
            ))
        }
        _ if theirs == ours => None,
        _ => Some(format!("{at}: Helm {theirs}, we {ours}")),
    }
}
