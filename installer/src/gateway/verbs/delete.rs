//! `weft gateway delete`.

use super::super::home::Home;
use super::super::record::{GatewayRecord, Phase};
use super::super::selector::Labels;
use super::super::{guard, look};
use super::super::{render, state};
use super::{Gateways, Manner, manner};
use crate::cluster::engine;
use crate::cluster::mode::Mode;
use crate::cluster::plan::Plan;
use crate::cluster::snapshot;
use crate::cluster::told::Told;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::{Change, accounted};
use crate::mesh::install::changes;
use crate::mesh::read::name;
use crate::mesh::record::MANAGER;
use crate::mesh::record::lock::while_held;

/// What is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deletion {
    /// Go ahead although something refers to it.
    pub(crate) force: bool,
    /// Do not ask.
    pub(crate) yes: bool,
    /// How to write.
    pub(crate) manner: Manner,
}

impl Gateways {
    /// Takes gateways away, unless something refers to one of them.
    pub(crate) async fn delete(
        &self,
        home: &Home,
        place: &str,
        names: &[String],
        asked: Deletion,
    ) -> Outcome {
        let (_, plans) = self.looked(home, place, names, asked).await?;
        if asked.manner.mode != Mode::Act {
            let mut exit = Exit::Ok;
            for plan in &plans {
                exit = self.shown(plan, asked.manner.mode)?.unwrap_or(exit);
            }
            return Ok(exit);
        }
        let question = format!("Delete the gateway {} in {place}?", names.join(", "));
        if !self.output.confirm(&question, asked.yes).await? {
            return Err(Failure::text(Exit::Failure, "nothing was deleted"));
        }
        let verb = format!("gateway delete {}", names.join(" "));
        let act = async {
            // Whoever was asked may have taken long to answer, and others may have worked since.
            let (records, plans) = self.looked(home, place, names, asked).await?;
            self.remove_all(home, &verb, records, &plans, asked).await
        };
        if self.keeps_account(home).await? {
            while_held(&self.cluster, &home.root, &verb, act).await?;
        } else {
            self.output.say(format!(
                "namespace {} is gone with its mesh: there is no history any more that could tell of this",
                home.root
            ));
            act.await?;
        }
        Ok(Exit::Ok)
    }

    /// Whether there is a place for the Lease and the history; without its mesh nobody else works on a gateway.
    async fn keeps_account(&self, home: &Home) -> Result<bool, Failure> {
        let (id, resource) = snapshot::namespace(&home.root);
        Ok(self.cluster.read(&resource, &id).await?.is_some())
    }

    /// The gateways as they are, if they may go, and what their going means.
    async fn looked(
        &self,
        home: &Home,
        place: &str,
        names: &[String],
        asked: Deletion,
    ) -> Result<(Vec<GatewayRecord>, Vec<Plan>), Failure> {
        let mut records = Vec::new();
        for name in names {
            records.push(self.known(home, place, name).await?);
        }
        self.guard(place, &records, asked.force).await?;
        let mut plans = Vec::new();
        for record in &records {
            let wanted = render::nothing(home, &record.namespace, record.name());
            plans.push(engine::plan(&self.cluster, &wanted, manner(asked.manner)).await?);
        }
        Ok((records, plans))
    }

    /// Whatever refers to one of them, of all of them at once.
    async fn guard(
        &self,
        place: &str,
        records: &[GatewayRecord],
        force: bool,
    ) -> Result<(), Failure> {
        let workloads = look::workloads(&self.cluster, Some(place)).await?;
        let seen = |record: &GatewayRecord| {
            let mut workloads = workloads.iter();
            let workload = workloads.find(|one| name(one) == record.name());
            let labels = workload.map_or_else(|| own_labels(record), state::pod_labels);
            guard::with_labels(&record.namespace, record.name(), labels)
        };
        let gateways: Vec<_> = records.iter().map(seen).collect();
        let refused = guard::referring(&self.cluster, &gateways).await?;
        if refused.is_empty() {
            return Ok(());
        }
        let list = refused.join("\n  ");
        if force {
            self.output
                .warn(format!("these serve nothing any more:\n  {list}"));
            return Ok(());
        }
        let text = format!(
            "nothing was deleted: something refers to what would go:\n  {list}\nlet these refer to another gateway or delete them, or go ahead with --force"
        );
        Err(Failure::text(Exit::Failure, text))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a thing of its own, and there is one caller"
    )]
    async fn remove_all(
        &self,
        home: &Home,
        verb: &str,
        records: Vec<GatewayRecord>,
        plans: &[Plan],
        asked: Deletion,
    ) -> Result<(), Failure> {
        let keeps = self.keeps_account(home).await?;
        let root = keeps.then_some(home.root.as_str());
        accounted(&self.cluster, root, verb, async |written| {
            for (record, plan) in records.into_iter().zip(plans) {
                self.remove(record, plan, asked, written).await?;
            }
            Ok(())
        })
        .await
    }

    /// The record goes last: as long as anything is left, the same command finds it. What really was written goes into
    /// `written`.
    async fn remove(
        &self,
        mut record: GatewayRecord,
        plan: &Plan,
        asked: Deletion,
        written: &mut Vec<Change>,
    ) -> Result<(), Failure> {
        let gone = Change {
            object: record.id(),
            manager: MANAGER,
            before: Some(record.object()?),
            after: None,
        };
        if record.state.phase != Phase::Deleting {
            record.state.phase = Phase::Deleting;
            record.write(&self.cluster).await?;
            written.push(Change {
                after: Some(record.object()?),
                ..gone.clone()
            });
        }
        let told = Told::new(&self.output, self.progress);
        let carried = engine::carry_out(&self.cluster, &told, plan, asked.manner.timeout).await;
        written.extend(changes(&carried.deeds));
        carried.end?;
        record.delete(&self.cluster).await?;
        // The marks of the set went with it.
        let marks = written.iter_mut().filter(|one| one.object == gone.object);
        marks.for_each(|one| one.after = None);
        written.push(gone);
        self.output.say(format!(
            "gateway {}/{} is gone",
            record.namespace,
            record.name()
        ));
        Ok(())
    }
}

/// The labels that the chart gives its pods, as far as others select by them.
fn own_labels(record: &GatewayRecord) -> Labels {
    let mut labels = record.wish.spec.labels.clone();
    let name = record.name();
    let istio = name.strip_prefix("istio-").unwrap_or(name);
    for (key, value) in [("app", name), ("istio", istio)] {
        labels
            .entry(key.to_owned())
            .or_insert_with(|| value.to_owned());
    }
    labels
}
