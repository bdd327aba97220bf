//! A gateway held against a cluster before anything is written.

use serde_json::Value;

use super::super::check::{self, Finding, Grade};
use super::super::guard::is_deployed;
use super::super::home::Home;
use super::super::look;
use super::super::render;
use super::super::selector;
use super::super::spec::MeshGateway;
use super::super::state;
use super::{Gateways, place};
use crate::cluster::discovery::{Kinds, discover};
use crate::cluster::engine::EngineError;
use crate::cluster::inventory::PART_OF;
use crate::cluster::object::ObjectId;
use crate::cluster::wanted::{Item, Wanted};
use crate::failure::{Exit, Failure};
use crate::mesh::read;
use crate::mesh::render::capabilities;
use crate::mesh::scaling;
use crate::mesh::values::{Component, unknown_to};
use crate::sidecar::decision::{Place, Template, decide};
use crate::sidecar::read::Reader;

/// What was found.
#[derive(Debug)]
pub(super) struct Inspected {
    /// What the gateway is to be.
    pub(super) wanted: Wanted,
    /// Whatever is good or bad about it.
    pub(super) findings: Vec<Finding>,
    /// The version of the proxy that its pods would get, where that is known.
    pub(super) proxy: Option<String>,
}

impl Gateways {
    /// Renders it, and looks whether it can be.
    pub(super) async fn inspect(
        &self,
        home: &Home,
        wish: &MeshGateway,
    ) -> Result<Inspected, Failure> {
        let chart = home.chart(&self.charts).await?;
        let asked = self.cluster.client.apiserver_version();
        let version = self
            .cluster
            .call("ask the API server for its version", asked)
            .await?
            .git_version;
        let kinds = discover(&self.cluster).await?;
        let capabilities = capabilities(&version, &kinds);
        let wanted = render::wanted(home, &chart, wish, place(wish), &capabilities)?;
        let (injection, proxy) = self.injection(home, wish, &wanted).await?;
        let mut findings = Box::pin(self.findings(home, wish, &wanted, &kinds)).await?;
        findings.push(injection);
        let unknown = unknown_to(&chart, &home.mesh, Component::Gateway).into_iter();
        findings.extend(unknown.map(|text| Finding::new("VALUES", Grade::Warn, text)));
        Ok(Inspected {
            wanted,
            findings,
            proxy,
        })
    }

    async fn findings(
        &self,
        home: &Home,
        wish: &MeshGateway,
        wanted: &Wanted,
        kinds: &Kinds,
    ) -> Result<Vec<Finding>, Failure> {
        let items = wanted.items(kinds).map_err(EngineError::Mistakes)?;
        let served = scaling::are_measured(&kinds.api_versions());
        let live = self.live(&items).await?;
        let mut findings = check::names(&live, &wanted.parent.set());
        let workload = items.iter().find(|item| is_deployed(&item.id));
        if let Some(item) = workload {
            let selector = selector::selector(&item.object);
            let others = look::others(&self.cluster, &home.root, home.name.as_deref());
            let (others, unknown) = others.await?;
            findings.extend(unknown.into_iter().map(|why| {
                let text = format!("other gateways may have its labels: {why}");
                Finding::new(check::UNIQUE_LABELS, Grade::Warn, text)
            }));
            findings.extend(check::pods(&item.id, &selector, &others));
            // One of somebody else's is told as such; its selector is no concern.
            let set = wanted.parent.set();
            let before = live.iter().find(|(id, object)| {
                *id == item.id && read::label(object, PART_OF) == Some(set.as_str())
            });
            let change = before.and_then(|(id, live)| selector::change(id, live, &item.object));
            let change = change.map(|change| change.to_string());
            findings.extend(change.map(|text| Finding::new("SELECTOR", Grade::Fail, text)));
        }
        let services = read::all(&self.cluster, look::SERVICES, None, "").await?;
        findings.extend(check::ports(wish, place(wish), &services));
        findings.extend(check::load_balancer(wish, &services));
        findings.extend(check::scaling(items.iter().map(|item| &item.id), served));
        Ok(findings)
    }

    /// What is there already of what is wanted.
    async fn live(&self, items: &[Item]) -> Result<Vec<(ObjectId, Value)>, Failure> {
        let mut live = Vec::new();
        for item in items {
            if let Some(object) = self.cluster.read(&item.resource, &item.id).await? {
                live.push((item.id.clone(), object));
            }
        }
        Ok(live)
    }

    /// Whether its pods would be injected, and with which proxy.
    async fn injection(
        &self,
        home: &Home,
        wish: &MeshGateway,
        wanted: &Wanted,
    ) -> Result<(Finding, Option<String>), Failure> {
        let name = place(wish);
        let reader = Reader::new(self.cluster.clone());
        let outline = reader.outline(Some(name), &home.root).await?;
        let labels = outline.namespaces.get(name).cloned().unwrap_or_default();
        let objects = wanted.stages.iter().flat_map(|stage| &stage.objects);
        let template = objects
            .filter(|object| ObjectId::of(object).is_some_and(|id| is_deployed(&id)))
            .map(|object| Template {
                labels: state::pod_labels(object),
                annotations: selector::labels(
                    object.pointer("/spec/template/metadata/annotations"),
                ),
                host_network: false,
            })
            .next()
            .unwrap_or_default();
        let place = Place {
            name,
            labels: &labels,
        };
        let decision = decide(&outline.injectors, place, &template);
        let settings = decision
            .revision
            .as_ref()
            .and_then(|revision| outline.injectors.settings.get(revision));
        let proxy = settings.and_then(|settings| settings.version.clone());
        let finding = check::injection(&decision, &outline.injectors, &home.root);
        Ok((finding, proxy))
    }

    /// Stops at what cannot work, all of it at once, and tells what may be a mistake.
    pub(super) fn judge(&self, wish: &MeshGateway, findings: &[Finding]) -> Result<(), Failure> {
        for finding in findings.iter().filter(|one| one.grade == Grade::Warn) {
            self.output.warn(finding);
        }
        let bad: Vec<_> = findings
            .iter()
            .filter(|one| one.grade == Grade::Fail)
            .map(ToString::to_string)
            .collect();
        if bad.is_empty() {
            return Ok(());
        }
        let text = format!(
            "nothing was written: gateway {}/{} cannot be like this:\n  {}",
            place(wish),
            wish.metadata.name,
            bad.join("\n  ")
        );
        Err(Failure::text(Exit::Failure, text))
    }
}
