//! Releases of Helm: the values of each chart, and the commands in their order.

use serde_json::Value;

use super::super::render;
use super::super::values::{Component, values};
use super::{ChartFile, Export, Given, documents, namespace, yaml};
use crate::charts::Source;
use crate::failure::Failure;

const TAKING: &str = "Helm refuses objects that somebody else made, weft among them, unless --take-ownership (Helm 3.17 and newer) says that it may take them over: it then writes its label app.kubernetes.io/managed-by and its annotations meta.helm.sh/release-name and release-namespace. Where there is nothing yet, the flag changes nothing.";
const WEBHOOKS: &str = "On a first installation Istio's charts let webhooks ignore what they cannot reach, until istiod says otherwise; weft closes them from the start.";

/// A release that is to be.
struct Release<'a> {
    name: &'a str,
    chart: &'static str,
    version: &'a str,
    namespace: &'a str,
    values: Value,
}

pub(super) fn export(given: &Given<'_>) -> Result<Export, Failure> {
    let mut export = Export {
        notes: vec![TAKING.to_owned(), WEBHOOKS.to_owned()],
        ..Export::default()
    };
    let (mesh, version) = (given.mesh, given.version.to_string());
    for stage in &given.stages {
        let name = stage.component.as_str();
        let Some(component) = component(name, &render::release_name(mesh)) else {
            let file = format!("{name}.yaml");
            let text = match namespace(&given.stages).filter(|_| name == "namespace") {
                Some(home) => documents([&home])?,
                None => documents(&stage.objects)?,
            };
            export.step(format!("kubectl apply --server-side --filename {file}"));
            export.aside(&file, text);
            continue;
        };
        let release = Release {
            name,
            chart: component.name(),
            version: &version,
            namespace: mesh.root_namespace(),
            values: values(mesh, component),
        };
        add(&mut export, given.source, release)?;
    }
    for gateway in given.gateways.iter().flatten() {
        let release = Release {
            name: &gateway.name,
            chart: Component::Gateway.name(),
            version: &gateway.version,
            namespace: &gateway.namespace,
            values: gateway.values.clone(),
        };
        add(&mut export, given.source, release)?;
    }
    Ok(export)
}

/// Which chart a stage is made from; what is made from none is applied as it is.
fn component(stage: &str, istiod: &str) -> Option<Component> {
    match stage {
        "istio-base" => Some(Component::Base),
        "cni" => Some(Component::Cni),
        "ztunnel" => Some(Component::Ztunnel),
        _ => (stage == istiod).then_some(Component::Istiod),
    }
}

fn add(export: &mut Export, source: &Source, release: Release<'_>) -> Result<(), Failure> {
    let Release {
        name,
        chart,
        version,
        namespace,
        values,
    } = release;
    let from = match source {
        Source::Oci(place) => format!(
            "{} --version {version}{}",
            quoted(&format!("oci://{}/{chart}", place.name)),
            if place.plain_http {
                " --plain-http"
            } else {
                ""
            }
        ),
        Source::Http(_) => format!(
            "{chart} --repo {} --version {version}",
            quoted(&source.to_string())
        ),
        Source::Local(_) => {
            let file = ChartFile {
                name: chart.to_owned(),
                version: version.to_owned(),
            };
            let path = file.to_string();
            if !export.charts.contains(&file) {
                export.charts.push(file);
            }
            path
        }
    };
    let file = format!("values-{namespace}-{name}.yaml");
    export.step(format!(
        "helm upgrade --install {name} {from} --namespace {namespace} --values {file} --take-ownership --wait"
    ));
    export.file(&file, yaml(&values)?);
    Ok(())
}

/// A word for a shell. An address may have characters in it that mean something there.
fn quoted(word: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "-_./:@".contains(one);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
