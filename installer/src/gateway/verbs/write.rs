//! `weft gateway create | update`.

use serde_json::json;

use super::super::home::Home;
use super::super::record::{self, GatewayRecord, Phase, State};
use super::super::spec::MeshGateway;
use super::scale::take_number_back;
use super::{Gateways, Manner, manner, place};
use crate::cluster::diff;
use crate::cluster::engine::{self, EngineError};
use crate::cluster::plan::Plan;
use crate::cluster::report;
use crate::cluster::told::Told;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::{Change, accounted};
use crate::mesh::install::changes;
use crate::mesh::record::lock::while_held;
use crate::mesh::record::{MANAGER, MeshRecord};

/// What is to be done with one gateway.
#[derive(Debug)]
pub(super) struct Prepared {
    /// As it was recorded.
    pub(super) before: Option<GatewayRecord>,
    /// As it is to be.
    pub(super) after: GatewayRecord,
    /// Object by object.
    pub(super) plan: Plan,
    /// The version of the proxy that its pods get, where that is known.
    pub(super) proxy: Option<String>,
    /// The record of its mesh, as it was.
    pub(super) mesh: Option<MeshRecord>,
}

impl Gateways {
    /// Makes a gateway. The same wish once more goes on where the last command stopped.
    pub(crate) async fn create(&self, home: &Home, wish: MeshGateway, manner: Manner) -> Outcome {
        let before = record::one(&self.cluster, place(&wish), &wish.metadata.name).await?;
        let before = before.map(|before| before.of(&home.root)).transpose()?;
        if let Some(before) = &before {
            let name = format!("{}/{}", before.namespace, before.name());
            let text = match before.state.phase {
                Phase::Deleting => Some(format!(
                    "gateway {name} is being deleted: finish that with `weft gateway delete {}`, then create it anew",
                    before.name()
                )),
                Phase::Creating | Phase::Updating | Phase::Running if before.wish != wish => {
                    self.output.report(&differing(before, &wish))?;
                    Some(format!(
                        "UNIQUE_MESH_GATEWAY: there is a gateway {name} already, and it is described otherwise, as shown: `weft gateway update` with the same words changes it"
                    ))
                }
                Phase::Creating | Phase::Updating | Phase::Running => None,
            };
            if let Some(text) = text {
                return Err(Failure::text(Exit::Failure, text));
            }
        }
        let verb = format!("gateway create {}", wish.metadata.name);
        self.bring(home, wish, before, &verb, manner).await
    }

    /// Changes a gateway to another wish.
    pub(crate) async fn update(
        &self,
        home: &Home,
        wish: MeshGateway,
        before: GatewayRecord,
        manner: Manner,
    ) -> Outcome {
        if before.state.phase == Phase::Deleting {
            let text = format!(
                "gateway {} is being deleted: finish that with `weft gateway delete`",
                before.name()
            );
            return Err(Failure::text(Exit::Failure, text));
        }
        let verb = format!("gateway update {}", wish.metadata.name);
        self.bring(home, wish, Some(before), &verb, manner).await
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a thing of its own, and there is one caller"
    )]
    async fn bring(
        &self,
        home: &Home,
        wish: MeshGateway,
        before: Option<GatewayRecord>,
        verb: &str,
        manner: Manner,
    ) -> Outcome {
        let prepared = Box::pin(self.prepare(home, wish, before, manner)).await?;
        if let Some(exit) = self.shown(&prepared.plan, manner.mode)? {
            return Ok(exit);
        }
        let act = self.act(&prepared, verb, manner);
        while_held(&self.cluster, &home.root, verb, act).await?;
        self.show(&prepared.after).await
    }

    /// Renders, looks and compares. Nothing is written.
    pub(super) async fn prepare(
        &self,
        home: &Home,
        wish: MeshGateway,
        before: Option<GatewayRecord>,
        how: Manner,
    ) -> Result<Prepared, Failure> {
        let inspected = self.inspect(home, &wish).await?;
        self.judge(&wish, &inspected.findings)?;
        let mut plan = engine::plan(&self.cluster, &inspected.wanted, manner(how)).await?;
        take_number_back(&mut plan);
        let phase = match &before {
            None => Phase::Creating,
            Some(before) if before.state.phase == Phase::Creating => Phase::Creating,
            Some(_) => Phase::Updating,
        };
        let after = GatewayRecord {
            namespace: place(&wish).to_owned(),
            mesh: home.name.clone(),
            wish,
            state: State {
                phase,
                root_namespace: home.root.clone(),
                version: home.version()?.to_string(),
            },
            resource_version: before
                .as_ref()
                .and_then(|before| before.resource_version.clone()),
        };
        Ok(Prepared {
            before,
            after,
            plan,
            proxy: inspected.proxy,
            mesh: home.record.clone(),
        })
    }

    /// Does it, and keeps account of it. The record is written first: whoever is killed afterwards finds it, and what belongs to it.
    pub(super) async fn act(
        &self,
        prepared: &Prepared,
        verb: &str,
        manner: Manner,
    ) -> Result<(), Failure> {
        let conflicts = prepared.plan.conflicts();
        if !conflicts.is_empty() {
            return Err(EngineError::Conflicts(conflicts).into());
        }
        self.unchanged(prepared).await?;
        if prepared.changes_nothing() {
            self.output.say(format!(
                "gateway {} is as described; nothing was written",
                prepared.after.name()
            ));
            return Ok(());
        }
        let root = &prepared.after.state.root_namespace;
        accounted(&self.cluster, Some(root), verb, async |written| {
            self.write(prepared, manner, written).await
        })
        .await
    }

    /// Writes all of it, and into `written` what really was.
    async fn write(
        &self,
        prepared: &Prepared,
        manner: Manner,
        written: &mut Vec<Change>,
    ) -> Result<(), Failure> {
        let mut record = prepared.after.clone();
        let change = prepared.change()?;
        record.write(&self.cluster).await?;
        written.push(change.clone());
        self.hold_number(prepared).await?;
        let told = Told::new(&self.output, self.progress);
        let carried = engine::carry_out(&self.cluster, &told, &prepared.plan, manner.timeout).await;
        written.extend(changes(&carried.deeds));
        carried.end?;
        if manner.timeout.is_some() {
            record.settle(&self.cluster, Phase::Running).await?;
            record.state.phase = Phase::Running;
            written.push(Change {
                after: Some(record.object()?),
                ..change
            });
        }
        Ok(())
    }
}

/// What of a gateway that is there would be another one.
fn differing(before: &GatewayRecord, wish: &MeshGateway) -> report::ChangesReport {
    let words = |wish: &MeshGateway| json!(wish);
    let changes = diff::changes(&words(&before.wish), &words(wish));
    report::update(
        format!("MeshGateway {}/{}", before.namespace, before.name()),
        changes,
    )
}

impl Prepared {
    /// Whether all is as it should be already.
    fn changes_nothing(&self) -> bool {
        let same = self.before.as_ref().is_some_and(|before| {
            before.wish == self.after.wish
                && before.state.version == self.after.state.version
                && before.state.phase == Phase::Running
        });
        same && self.plan.changes_nothing()
    }

    /// The change of the record, for the history.
    fn change(&self) -> Result<Change, Failure> {
        let before = self.before.as_ref().map(GatewayRecord::object);
        Ok(Change {
            object: self.after.id(),
            manager: MANAGER,
            before: before.transpose()?,
            after: Some(self.after.object()?),
        })
    }
}
