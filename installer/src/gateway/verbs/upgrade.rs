//! `weft gateway upgrade`: made anew from the chart of the mesh's version, and restarted where its proxies are of another one.

use std::time::Duration;

use serde_json::Value;

use super::super::home::Home;
use super::super::record::{self, GatewayRecord};
use super::super::{look, state};
use super::write::Prepared;
use super::{Gateways, Manner};
use crate::cluster::mode::Mode;
use crate::cluster::plan::{Action, Plan};
use crate::cluster::told::Told;
use crate::cluster::watch::Watch;
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::read::{name, namespace, text};
use crate::mesh::record::lock::while_held;
use crate::sidecar::read::collection;
use crate::sidecar::view::Kind;
use crate::sidecar::write::Writer;

/// What the tag of a proxy's image may end with besides its version.
const VARIANTS: [&str; 2] = ["-distroless", "-debug"];

impl Gateways {
    /// Upgrades these gateways of a namespace, or with no names all of the mesh. What cannot be is found before the first one is
    /// written.
    pub(crate) async fn upgrade(
        &self,
        home: &Home,
        place: &str,
        names: &[String],
        manner: Manner,
    ) -> Outcome {
        let records = self.meant(home, place, names).await?;
        if records.is_empty() {
            self.output.say("weft made no gateway of this mesh");
            return Ok(Exit::Ok);
        }
        let mut all = Vec::new();
        let mut refused = Vec::new();
        for record in records {
            let wish = record.wish.clone();
            match self.prepare(home, wish, Some(record), manner).await {
                Ok(prepared) => all.push(prepared),
                Err(failure) if failure.exit() == Exit::Failure => {
                    refused.push(failure.to_string());
                }
                Err(failure) => return Err(failure),
            }
        }
        if !refused.is_empty() {
            return Err(Failure::text(Exit::Failure, refused.join("\n")));
        }
        if manner.mode != Mode::Act {
            let mut exit = Exit::Ok;
            for prepared in &all {
                let shown = self.shown(&prepared.plan, manner.mode)?;
                exit = if exit == Exit::Drift {
                    exit
                } else {
                    shown.unwrap_or(exit)
                };
            }
            return Ok(exit);
        }
        for prepared in &all {
            self.upgrade_one(home, prepared, manner).await?;
        }
        Ok(Exit::Ok)
    }

    async fn meant(
        &self,
        home: &Home,
        place: &str,
        names: &[String],
    ) -> Result<Vec<GatewayRecord>, Failure> {
        if names.is_empty() {
            let records = record::all(&self.cluster, None).await?;
            return records.all_of(&home.root, home.name.as_deref());
        }
        let mut records = Vec::new();
        for name in names {
            records.push(self.known(home, place, name).await?);
        }
        Ok(records)
    }

    async fn upgrade_one(
        &self,
        home: &Home,
        prepared: &Prepared,
        manner: Manner,
    ) -> Result<(), Failure> {
        let verb = format!("gateway upgrade {}", prepared.after.name());
        let act = async {
            self.act(prepared, &verb, manner).await?;
            if rolls_anyway(&prepared.plan) {
                return Ok(());
            }
            self.restart_if_old(prepared, manner.timeout).await
        };
        while_held(&self.cluster, &home.root, &verb, act).await?;
        self.show(&prepared.after).await.map(drop)
    }

    /// A chart that did not change leaves the pods as they are, and with them the proxies of the old version.
    async fn restart_if_old(
        &self,
        prepared: &Prepared,
        timeout: Option<Duration>,
    ) -> Result<(), Failure> {
        let Some(proxy) = &prepared.proxy else {
            self.output.warn(
                "which proxy its pods would get is not known: restart it if it is another one",
            );
            return Ok(());
        };
        let record = &prepared.after;
        let workloads = look::workloads(&self.cluster, Some(&record.namespace)).await?;
        let workload = workloads.iter().find(|one| name(one) == record.name());
        let Some(workload) = workload else {
            return Ok(());
        };
        let pods = look::pods(&self.cluster, workload).await?;
        if state::versions(&pods).iter().all(|tag| is_of(tag, proxy)) {
            return Ok(());
        }
        let plural = format!(
            "{}s",
            text(workload, "/kind").unwrap_or_default().to_lowercase()
        );
        let place = collection("apps/v1", Some(namespace(workload)), &plural);
        let path = format!("{place}/{}", record.name());
        let writer = Writer::new(self.cluster.clone(), false, false);
        writer
            .restart(record.name(), &path, Kind::Deployment)
            .await?;
        match timeout {
            Some(timeout) => self.watch(workload, timeout).await,
            None => Ok(()),
        }
    }

    async fn watch(&self, workload: &Value, timeout: Duration) -> Result<(), Failure> {
        let told = Told::new(&self.output, self.progress);
        let watch = Watch::within(&self.cluster, &told, timeout);
        let targets = look::target(workload).into_iter().collect();
        let waited = watch.until_ready(targets).await?;
        waited.in_vain().map_or(Ok(()), |(exit, lines)| {
            let text = format!("the restart did not come to an end:\n  {lines}");
            Err(Failure::text(exit, text))
        })
    }
}

/// Whether the plan replaces the pods.
fn rolls_anyway(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| {
        let changed = step.changes.iter();
        step.id.group == "apps"
            && step.action == Action::Update
            && changed
                .map(|change| &change.path)
                .any(|path| path.starts_with("spec.template"))
    })
}

/// Whether the tag of an image is of a version.
fn is_of(tag: &str, version: &str) -> bool {
    let rest = tag.strip_prefix(version);
    rest.is_some_and(|rest| rest.is_empty() || VARIANTS.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_images() {
        for (tag, version, wanted) in [
            ("1.31.0", "1.31.0", true),
            ("1.31.0-distroless", "1.31.0", true),
            ("1.31.0-rc.1", "1.31.0", false),
            ("1.30.4", "1.31.0", false),
        ] {
            assert_eq!(is_of(tag, version), wanted, "{tag}");
        }
    }
}
