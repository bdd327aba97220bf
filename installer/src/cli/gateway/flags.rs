//! The flags that describe a gateway. They make the same document as a file and are read by the same reader; a flag wins over it.

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use crate::cli::Context;
use crate::cli::mesh::flags::settings::Settings;
use crate::cli::mesh::flags::{bytes, notation};
use crate::failure::{Exit, ExitWith as _, Failure};
use crate::gateway::spec::MeshGateway;
use crate::mesh::spec::document::{Document, parse};
use crate::mesh::spec::mistake::{Mistake, Mistakes, escaped};
use crate::mesh::spec::read::{Setting, described, empty_of};

/// A gateway, as the command line describes it.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Gateway, instead of or over a file")]
pub(super) struct WishFlags {
    /// ingress or egress [default: ingress]
    #[arg(long = "type", value_name = "TYPE")]
    direction: Option<String>,
    /// A fixed number of instances
    #[arg(long, value_name = "NUMBER", conflicts_with = "autoscale")]
    replicas: Option<u32>,
    /// As many instances as the load needs, by CPU [default: that of the mesh, else 1-5 at 80 percent]
    #[arg(long, value_name = "MIN-MAX[:PERCENT]", value_parser = autoscale)]
    autoscale: Option<Value>,
    #[arg(
        long,
        value_name = "TYPE",
        help = "Type of its Service: ClusterIP, NodePort or LoadBalancer [default: LoadBalancer for ingress, ClusterIP for egress]"
    )]
    service_type: Option<String>,
    /// A port, in place of the file's; several are several flags [default: status-port 15021, http2 80, https 443]
    #[arg(long = "port", value_name = "NAME:PORT[:TARGET[:NODEPORT]]", value_parser = port)]
    ports: Vec<Value>,
    /// An annotation of its Service; several are several flags
    #[arg(long = "service-annotation", value_name = "KEY=VALUE", value_parser = pair)]
    annotations: Vec<(String, String)>,
    /// The address that the load balancer is to give
    #[arg(long, value_name = "ADDRESS")]
    load_balancer_ip: Option<String>,
    /// An address that is routed to the nodes; several are several flags
    #[arg(long = "external-ip", value_name = "ADDRESS")]
    external_ips: Vec<String>,
    /// What each instance is sure to get
    #[arg(long, value_name = "cpu=AMOUNT,memory=AMOUNT", value_parser = notation::amounts)]
    requests: Option<Value>,
    /// What each instance may take at most
    #[arg(long, value_name = "cpu=AMOUNT,memory=AMOUNT", value_parser = notation::amounts)]
    limits: Option<Value>,
    /// A label of all that belongs to it; app and istio are what Istio's Gateways select; several are several flags
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,
    /// Revision or tag of the control plane that it obeys [default: that of the mesh]
    #[arg(long)]
    revision: Option<String>,
    /// Keep instances away from each other's nodes: preferred or required
    #[arg(long, value_name = "HOW")]
    spread: Option<String>,
    /// A label that its nodes must have; several are several flags
    #[arg(long = "node-selector", value_name = "KEY=VALUE", value_parser = pair)]
    nodes: Vec<(String, String)>,
    /// A YAML file with nodeAffinity, podAffinity and podAntiAffinity
    #[arg(long, value_name = "FILE")]
    affinity: Option<String>,
}

/// A file or nothing, as a document.
pub(super) fn document(
    file: Option<&str>,
    context: &Context,
) -> Result<Result<Document, Mistakes>, Failure> {
    Ok(match file {
        None => Ok(empty_of::<MeshGateway>()),
        Some(file) => parse(&bytes("gateway file", file, context)?),
    })
}

/// Reads what a document, the command's own words and flags say together. The namespace is that of the command line, where
/// nobody else says one.
pub(super) fn read(
    mut document: Document,
    name: Option<&str>,
    namespace: Option<&str>,
    flags: Vec<Setting>,
) -> Result<MeshGateway, Mistakes> {
    let mut settings = Settings(flags);
    for (what, place, said) in [
        ("NAME", "/metadata/name", name),
        ("--namespace", "/metadata/namespace", namespace),
    ] {
        let there = document.value.pointer(place).and_then(Value::as_str);
        match (said, there) {
            (Some(said), Some(there)) if said != there => {
                let text = format!("{what} is {said:?}: leave it out, or change one of them");
                let mistake = Mistake::at(place, text).with(&there.into());
                document.mistakes.push(mistake);
            }
            (said, _) => settings.set(what, place, said.map(str::to_owned)),
        }
    }
    described(document, &settings.0)
}

impl WishFlags {
    /// What they put into a document.
    pub(super) fn settings(&self, context: &Context) -> Result<Vec<Setting>, Failure> {
        let mut to = Settings::default();
        to.set("--type", "/spec/type", self.direction.clone());
        to.set("--replicas", "/spec/replicas", self.replicas);
        to.set("--autoscale", "/spec/autoscaling", self.autoscale.clone());
        self.service(&mut to);
        to.set(
            "--requests",
            "/spec/resources/requests",
            self.requests.clone(),
        );
        to.set("--limits", "/spec/resources/limits", self.limits.clone());
        pairs(&mut to, "--label", "/spec/labels", &self.labels);
        to.set("--revision", "/spec/revision", self.revision.clone());
        to.set("--spread", "/spec/spread", self.spread.clone());
        pairs(
            &mut to,
            "--node-selector",
            "/spec/nodeSelector",
            &self.nodes,
        );
        if let Some(file) = &self.affinity {
            let affinity = parse(&bytes("affinity file", file, context)?)
                .map_err(|mistakes| Failure::from(mistakes).context(file))?;
            to.set("--affinity", "/spec/affinity", Some(affinity.value));
        }
        Ok(to.0)
    }

    fn service(&self, to: &mut Settings) {
        to.set(
            "--service-type",
            "/spec/service/type",
            self.service_type.clone(),
        );
        to.list("--port", "/spec/service/ports", &self.ports);
        pairs(
            to,
            "--service-annotation",
            "/spec/service/annotations",
            &self.annotations,
        );
        to.set(
            "--load-balancer-ip",
            "/spec/service/loadBalancerIP",
            self.load_balancer_ip.clone(),
        );
        to.list(
            "--external-ip",
            "/spec/service/externalIPs",
            &self.external_ips,
        );
    }

    /// Whether labels are among them.
    pub(super) fn has_labels(&self) -> bool {
        !self.labels.is_empty()
    }
}

fn pairs(to: &mut Settings, flag: &'static str, place: &str, pairs: &[(String, String)]) {
    for (key, value) in pairs {
        to.set(
            flag,
            &format!("{place}/{}", escaped(key)),
            Some(value.clone()),
        );
    }
}

/// A document that a wish is, to change it.
pub(super) fn as_document(wish: &MeshGateway) -> Result<Document, Failure> {
    let value = serde_json::to_value(wish)
        .context("cannot write the gateway as JSON")
        .exit_with(Exit::Failure)?;
    Ok(value.into())
}

/// `http2:80`, `http2:80:8080`, `http2:80:8080:30080`.
fn port(text: &str) -> Result<Value, String> {
    let help = "write NAME:PORT, NAME:PORT:TARGETPORT or NAME:PORT:TARGETPORT:NODEPORT, for example http2:80:8080";
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| !name.is_empty()).ok_or(help)?;
    let numbers: Vec<u32> = parts
        .map(|part| part.parse().map_err(|_| help))
        .collect::<Result<_, _>>()?;
    let keys = ["port", "targetPort", "nodePort"];
    if numbers.is_empty() || numbers.len() > keys.len() {
        return Err(help.to_owned());
    }
    let mut port = json!({ "name": name });
    for (key, number) in keys.into_iter().zip(numbers) {
        if let Some(fields) = port.as_object_mut() {
            fields.insert(key.to_owned(), number.into());
        }
    }
    Ok(port)
}

/// `2-5`, `2-5:70`.
fn autoscale(text: &str) -> Result<Value, String> {
    let help = "write MIN-MAX or MIN-MAX:PERCENT, for example 2-5:70";
    let number = |text: &str| text.parse::<u32>().map_err(|_| help.to_owned());
    let (range, percent) = match text.split_once(':') {
        Some((range, percent)) => (range, Some(number(percent)?)),
        None => (text, None),
    };
    let (min, max) = range.split_once('-').ok_or(help)?;
    let mut scale = json!({ "min": number(min)?, "max": number(max)? });
    if let (Some(percent), Some(fields)) = (percent, scale.as_object_mut()) {
        fields.insert("cpu".to_owned(), percent.into());
    }
    Ok(scale)
}

/// `KEY=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?}: write KEY=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_notations() {
        let cases = [
            (port("http2:80"), json!({"name": "http2", "port": 80})),
            (
                port("a:80:8080:30080"),
                json!({"name": "a", "port": 80, "targetPort": 8080, "nodePort": 30080}),
            ),
            (autoscale("2-5"), json!({"min": 2, "max": 5})),
            (autoscale("2-5:70"), json!({"min": 2, "max": 5, "cpu": 70})),
        ];
        for (read, wanted) in cases {
            assert_eq!(read, Ok(wanted));
        }
        for wrong in ["", "http2", ":80", "a:b", "a:1:2:3:4", "a:"] {
            assert!(port(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "2", "2-", "2-5:", "a-b"] {
            assert!(autoscale(wrong).is_err(), "{wrong}");
        }
    }
}
