//! A mesh, written down for other tools: the objects themselves, values for Helm, a file for istioctl, resources of the Sail
//! operator. A mesh goes in and texts come out; nothing is asked of a cluster here. What a form has no words for is told with it.

pub(crate) mod gather;
mod helm;
mod manifests;
mod operator;
mod sail;
mod tree;

use std::fmt;

use clap::ValueEnum;
use serde_json::Value;

use super::record::MESH_LABEL;
use super::spec::{Engine, Mesh};
use super::version::IstioVersion;
use crate::charts::Source;
use crate::cluster::wanted::Stage;
use crate::failure::{Exit, Failure};

/// For which tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Every object, in the order in which Istio is installed
    Yaml,
    /// Values for each release, and the commands that install them
    Helm,
    /// An `IstioOperator`
    Istioctl,
    /// Resources of the Sail operator
    Sail,
}

impl Form {
    /// The mesh as if the tool had always installed it: what weft writes for an operator is nothing for Helm, and the reverse. The
    /// objects themselves are what weft writes.
    fn fitted(self, mut mesh: Mesh) -> Mesh {
        match self {
            Self::Yaml => {}
            Self::Helm | Self::Istioctl => mesh.spec.engine = Some(Engine::Charts),
            Self::Sail => mesh.spec.engine = Some(Engine::Sail),
        }
        mesh
    }
}

/// What is to be written down.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    /// The mesh.
    pub(crate) mesh: &'a Mesh,
    /// Its exact version.
    pub(crate) version: &'a IstioVersion,
    /// Where its charts are.
    pub(crate) source: &'a Source,
    /// Its objects, without the gateways'.
    pub(crate) stages: Vec<Stage>,
    /// Its gateways; nothing when only a file is known, which has none.
    pub(crate) gateways: Option<Vec<Gateway>>,
    /// Whether it may not be deleted.
    pub(crate) is_protected: bool,
}

/// A gateway of the mesh.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// Its name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) namespace: String,
    /// The version of its chart.
    pub(crate) version: String,
    /// The chart's values.
    pub(crate) values: Value,
    /// What it is made of.
    pub(crate) objects: Vec<Value>,
}

/// A chart that has to lie beside what is written, since no tool finds it where weft does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChartFile {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
}

impl fmt::Display for ChartFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}.tgz", self.name, self.version)
    }
}

/// A mesh for another tool.
#[derive(Debug, Default)]
pub(crate) struct Export {
    /// Files, in the order in which they are used.
    pub(crate) files: Vec<File>,
    /// Charts that are used as files.
    pub(crate) charts: Vec<ChartFile>,
    /// The commands that use them.
    steps: Vec<String>,
    /// What is said about the form itself.
    pub(crate) notes: Vec<String>,
    /// What the form cannot say.
    pub(crate) losses: Vec<String>,
}

/// A file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its name.
    pub(crate) name: String,
    /// YAML.
    pub(crate) text: String,
    /// Whether it is for another program than the rest, and must not be in one stream with it.
    is_aside: bool,
}

/// Writes a mesh down.
pub(crate) fn export(given: &Given<'_>, form: Form) -> Result<Export, Failure> {
    let mut export = match form {
        Form::Yaml => manifests::export(given)?,
        Form::Helm => helm::export(given)?,
        Form::Istioctl => operator::export(given)?,
        Form::Sail => sail::export(given)?,
    };
    export.losses.extend(own(given));
    Ok(export)
}

/// What only weft knows, in no form.
fn own(given: &Given<'_>) -> Vec<String> {
    let (name, root) = (&given.mesh.metadata.name, given.mesh.root_namespace());
    let mut losses = vec![format!(
        "weft's record of the mesh (ConfigMap {root}/weft-mesh-{name}), its history, and the marks on its objects (labels {MESH_LABEL}, weft.dev/component, applyset.kubernetes.io/part-of) are weft's own. Where weft installed the mesh, delete that ConfigMap once the other tool runs it: `weft mesh delete` would take away all of it"
    )];
    let guards = "that a mesh in use is not deleted, and that versions fit before anything is written, is looked after by weft alone";
    losses.push(guards.to_owned());
    if given.is_protected {
        losses.push("the mesh is protected: no other tool keeps it from being deleted".to_owned());
    }
    if given.gateways.is_none() {
        losses.push("a mesh file has no gateways: export the mesh by its name, from the cluster that it runs in, to have them too".to_owned());
    }
    losses
}

impl Export {
    /// All of it as one text of YAML. Of a file that is for another program, only comments.
    pub(crate) fn stream(&self) -> String {
        let mut text = self.preface(&self.steps);
        for file in &self.files {
            let name = &file.name;
            if file.is_aside {
                text.extend(["#\n# ", name, ":\n", &commented(&file.text)]);
            } else {
                let own = file.text.trim_start_matches("---\n");
                text.extend(["---\n# ", name, "\n", own]);
            }
        }
        text
    }

    /// A script for what lies beside it.
    pub(crate) fn script(&self) -> String {
        format!(
            "#!/bin/sh\n{}set -eux\ncd \"$(dirname \"$0\")\"\n{}\n",
            self.preface(&[]),
            self.steps.join("\n")
        )
    }

    fn preface(&self, steps: &[String]) -> String {
        let mut text = "# Written by `weft mesh export`.\n".to_owned();
        let losses = self
            .losses
            .iter()
            .map(|loss| format!("Not in here: {loss}"));
        for line in self.notes.iter().cloned().chain(losses) {
            text.extend(["#\n", &commented(&line)]);
        }
        if !steps.is_empty() {
            text.extend(["#\n# To use it:\n", &commented(&steps.join("\n"))]);
        }
        text
    }

    fn file(&mut self, name: &str, text: String) {
        self.files.push(File {
            name: name.to_owned(),
            text,
            is_aside: false,
        });
    }

    fn aside(&mut self, name: &str, text: String) {
        self.files.push(File {
            name: name.to_owned(),
            text,
            is_aside: true,
        });
    }

    fn step(&mut self, command: impl Into<String>) {
        self.steps.push(command.into());
    }
}

fn commented(text: &str) -> String {
    let lines = text.lines().flat_map(|line| ["# ", line, "\n"]);
    lines.collect()
}

/// Documents of YAML.
fn documents<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Result<String, Failure> {
    let mut text = String::new();
    for object in objects {
        text.extend(["---\n", &yaml(object)?]);
    }
    Ok(text)
}

fn yaml(value: &Value) -> Result<String, Failure> {
    serde_saphyr::to_string(value)
        .map_err(|error| Failure::text(Exit::Failure, format!("cannot write YAML: {error}")))
}

/// The root namespace, as anybody would make it.
fn namespace(stages: &[Stage]) -> Option<Value> {
    let stage = stages.iter().find(|stage| stage.component == "namespace")?;
    let mut object = stage.objects.first()?.clone();
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut)?;
    if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
        labels.remove(MESH_LABEL);
        if labels.is_empty() {
            metadata.remove("labels");
        }
    }
    Some(object)
}

/// What no chart has.
fn discovery(stages: &[Stage]) -> Option<&Stage> {
    stages.iter().find(|stage| stage.component == "discovery")
}

#[cfg(test)]
mod tests;
