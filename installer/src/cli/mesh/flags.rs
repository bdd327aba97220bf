//! The flags that describe a mesh. They make the same document as a mesh file and are read by the same reader, so that a mistake
//! in a flag is told in the same words; a flag wins over the file.

pub(in crate::cli) mod notation;
pub(in crate::cli) mod settings;
mod sizes;
mod traffic;

use crate::cli::Context;
use crate::failure::{Exit, ExitWith as _, Failure};
use crate::input;
use crate::mesh::spec::Mesh;
use crate::mesh::spec::document::{Document, parse};
use crate::mesh::spec::mistake::{Mistake, Mistakes};
use crate::mesh::spec::read::{Setting, empty, read};
use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use settings::Settings;

/// A mesh, as the command line describes it.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub(in crate::cli) struct MeshFlags {
    /// Name of the mesh; needed unless a file says it
    name: Option<String>,
    /// The mesh file; - reads standard input. Flags win over it
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<String>,
    #[command(flatten)]
    install: InstallFlags,
    #[command(flatten)]
    sizes: sizes::SizeFlags,
    #[command(flatten)]
    traffic: traffic::TrafficFlags,
}

/// What is installed, and from where.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Mesh, instead of or over a file")]
struct InstallFlags {
    /// dedicated (weft runs Istio) or external (somebody else does: `weft mesh adopt` records it) [default: dedicated]
    #[arg(long)]
    mode: Option<String>,
    /// Version of Istio, such as 1.31.0; a dedicated mesh needs it
    #[arg(long, value_name = "VERSION")]
    istio_version: Option<String>,
    /// Revision of the control plane [default: none]
    #[arg(long)]
    revision: Option<String>,
    /// Revision tag; several are several flags
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Namespace of istiod [default: istio-system]
    #[arg(long, value_name = "NAMESPACE")]
    root_namespace: Option<String>,
    /// Name of the cluster in the mesh
    #[arg(long, value_name = "NAME")]
    cluster_name: Option<String>,
    /// Network of the cluster's pods
    #[arg(long, requires = "cluster_name")]
    network: Option<String>,
    /// What installs Istio: auto, charts or sail [default: auto]
    #[arg(long)]
    engine: Option<String>,
    /// Where Istio's charts are: oci://… (with --plain-http, or as oci+http://…, without TLS), https://…, a directory or a bundle [default: Istio's own releases]
    #[arg(long, value_name = "SOURCE")]
    charts: Option<String>,
    /// Registry and path of Istio's images [default: the charts' own]
    #[arg(long)]
    hub: Option<String>,
    /// Tag of Istio's images [default: the charts' own]
    #[arg(long, value_name = "TAG")]
    image_tag: Option<String>,
    /// When nodes fetch images, in Kubernetes' words
    #[arg(long, value_name = "POLICY")]
    pull_policy: Option<String>,
    /// Secret with credentials for the images; several are several flags
    #[arg(long = "pull-secret", value_name = "SECRET")]
    pull_secrets: Vec<String>,
    #[arg(
        long,
        help = "The cluster is OpenShift",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    openshift: Option<bool>,
    /// Workloads may join without a sidecar
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ambient: Option<bool>,
    /// Redirect traffic by an agent on each node [default: with --ambient and --openshift]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    cni: Option<bool>,
    /// A raw Helm value; VALUE is YAML, \. is a dot in a name; several are several flags
    #[arg(long = "set", value_name = "CHART.NAME.NAME=VALUE", value_parser = notation::raw_value)]
    raw: Vec<notation::RawValue>,
}

impl MeshFlags {
    /// What file and flags say together.
    ///
    /// # Errors
    /// The outer one when the file cannot be read, the inner one with every mistake.
    pub(in crate::cli) fn read(
        &self,
        context: &Context,
    ) -> Result<Result<Mesh, Mistakes>, Failure> {
        let document = match &self.file {
            None => Ok(empty()),
            Some(file) => parse(&bytes("mesh file", file, context)?),
        };
        Ok(document.and_then(|document| self.over(document)))
    }

    /// Whether they say more than where a mesh is.
    pub(in crate::cli) fn describe(&self) -> bool {
        let place = Self {
            install: InstallFlags {
                root_namespace: self.root_namespace().map(str::to_owned),
                ..InstallFlags::default()
            },
            ..Self::default()
        };
        *self != place
    }

    /// The root namespace, where a flag says it.
    pub(in crate::cli) fn root_namespace(&self) -> Option<&str> {
        self.install.root_namespace.as_deref()
    }

    /// The flags over a file's document.
    ///
    /// # Errors
    /// With every mistake.
    fn over(&self, mut document: Document) -> Result<Mesh, Mistakes> {
        let mut settings = Settings::default();
        let named = document
            .value
            .pointer("/metadata/name")
            .and_then(Value::as_str);
        match (&self.name, named) {
            (Some(name), Some(named)) if name != named => {
                let text = format!("NAME is {name:?}: leave it out, or change one of them");
                let mistake = Mistake::at("/metadata/name", text).with(&named.into());
                document.mistakes.push(mistake);
            }
            (name, _) => settings.set("NAME", "/metadata/name", name.clone()),
        }
        self.install.settings(&mut settings);
        self.sizes.settings(&mut settings);
        self.traffic.settings(&mut settings);
        let settings: Vec<Setting> = settings.0;
        read(document, &settings)
    }
}

impl InstallFlags {
    fn settings(&self, to: &mut Settings) {
        to.set("--mode", "/spec/mode", self.mode.clone());
        to.set(
            "--istio-version",
            "/spec/version",
            self.istio_version.clone(),
        );
        to.set("--revision", "/spec/revision", self.revision.clone());
        to.list("--tag", "/spec/tags", &self.tags);
        to.set(
            "--root-namespace",
            "/spec/rootNamespace",
            self.root_namespace.clone(),
        );
        if self.cluster_name.is_some() {
            to.set(
                "--cluster-name",
                "/spec/clusters",
                Some(Vec::<Value>::new()),
            );
        }
        to.set(
            "--cluster-name",
            "/spec/clusters/0",
            self.cluster_name
                .as_ref()
                .map(|name| serde_json::json!({"name": name})),
        );
        to.set(
            "--network",
            "/spec/clusters/0/network",
            self.network.clone(),
        );
        to.set("--engine", "/spec/engine", self.engine.clone());
        to.set("--charts", "/spec/charts", self.charts.clone());
        to.set("--hub", "/spec/images/hub", self.hub.clone());
        to.set("--image-tag", "/spec/images/tag", self.image_tag.clone());
        to.set(
            "--pull-policy",
            "/spec/images/pullPolicy",
            self.pull_policy.clone(),
        );
        to.list(
            "--pull-secret",
            "/spec/images/pullSecrets",
            &self.pull_secrets,
        );
        to.set("--openshift", "/spec/openshift", self.openshift);
        to.set("--ambient", "/spec/ambient", self.ambient);
        to.set("--cni", "/spec/cni", self.cni);
        for raw in &self.raw {
            to.set(
                "--set",
                &format!("/spec/values{}", raw.pointer),
                Some(raw.value.clone()),
            );
        }
    }
}

/// The mesh that a file alone describes; `-` is standard input.
pub(in crate::cli) fn mesh_of(file: &str, context: &Context) -> Result<Mesh, Failure> {
    let document = parse(&bytes("mesh file", file, context)?)?;
    Ok(read(document, &[])?)
}

/// The bytes of a file, which is `what`; `-` is standard input.
pub(in crate::cli) fn bytes(what: &str, file: &str, context: &Context) -> Result<Vec<u8>, Failure> {
    input::read(context.environment.directory(), file)
        .with_context(|| format!("cannot read the {what} {file}"))
        .exit_with(Exit::BadInput)
}

#[cfg(test)]
pub(in crate::cli) mod tests;
