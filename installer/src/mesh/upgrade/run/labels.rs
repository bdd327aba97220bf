//! The labels of namespaces, and others who own them.

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::super::facts::Facts;
use super::super::state::{Said, Stage, Strategy, Upgrade};
use super::super::steps::{Step, Verb};
use super::Upgrader;
use crate::cluster::engine::EngineError;
use crate::cluster::mode::Mode;
use crate::cluster::object::ObjectId;
use crate::cluster::ownership::OwnedField;
use crate::failure::Failure;
use crate::sidecar::decision::INJECTION;
use crate::sidecar::edit::{Edit, Site, Want};
use crate::sidecar::editing::Editing;
use crate::sidecar::injector::REVISION;
use crate::sidecar::read::{Reader, collection};

/// How many namespaces are read at a time.
const AT_ONCE: usize = 8;

/// Both labels exactly so.
fn edit(said: &Said) -> Edit {
    let want = |value: &Option<String>| value.clone().map_or(Want::Gone, Want::Value);
    Edit::default()
        .label(INJECTION, want(&said.injection))
        .label(REVISION, want(&said.revision))
}

/// Where a namespace is on the API server.
pub(super) fn path(namespace: &str) -> String {
    format!("{}/{namespace}", collection("v1", None, "namespaces"))
}

/// The same as an object.
pub(super) fn id(namespace: &str) -> ObjectId {
    ObjectId {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        namespace: None,
        name: namespace.to_owned(),
    }
}

impl Upgrader<'_> {
    /// The labels of a namespace, as they would be written.
    pub(super) async fn editing(&self, namespace: &str, said: &Said) -> Result<Editing, Failure> {
        let reader = Reader::new(self.installer.cluster.clone());
        let what = format!("Namespace {namespace}");
        let object = reader.object(&what, &path(namespace)).await?;
        Ok(Editing::new(&object, Site::Object, edit(said)))
    }

    /// Labels that somebody else keeps as they are, all of them before anything is written. A diff shows them in its rows.
    pub(super) async fn check_labels(&self, steps: &[Step]) -> Result<(), Failure> {
        if self.force || self.mode == Mode::Diff {
            return Ok(());
        }
        let contested = self.contested(steps).await?;
        if contested.is_empty() {
            return Ok(());
        }
        Err(EngineError::Conflicts(contested).into())
    }

    /// Says which namespaces will not move as they are, before there is a second control plane for them to move to.
    pub(super) async fn forewarn(&self, upgrade: &Upgrade, facts: &Facts) -> Result<(), Failure> {
        if upgrade.strategy != Strategy::Canary {
            return Ok(());
        }
        let mut ready = upgrade.clone();
        ready.stage = Stage::Ready;
        let steps = ready.steps(&Verb::Move(None), &facts.shown(&ready))?;
        let contested = self.contested(&steps).await?;
        if let Some(text) = forewarning(&self.name, &contested) {
            self.installer.output.warn(text);
        }
        Ok(())
    }

    async fn contested(&self, steps: &[Step]) -> Result<Vec<(ObjectId, Vec<OwnedField>)>, Failure> {
        let says = steps.iter().filter_map(|step| match step {
            Step::Say(namespace, said) => Some((namespace, said)),
            Step::Note(_)
            | Step::Planes
            | Step::Keep(..)
            | Step::Restart(_)
            | Step::Unused(_)
            | Step::Done(_) => None,
        });
        let read = says.map(|(namespace, said)| async move {
            let prepared = self.editing(namespace, said).await?.prepared;
            Ok::<_, Failure>((id(namespace), prepared.foreign))
        });
        let read: Vec<_> = read.collect();
        let found: Vec<_> = futures_util::stream::iter(read)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let contested = found.into_iter().filter(|(_, fields)| !fields.is_empty());
        Ok(contested.collect())
    }

    /// Who else owns what a step would write, for the end of its row.
    pub(super) async fn owners(&self, namespace: &str, said: &Said) -> Result<String, Failure> {
        let prepared = self.editing(namespace, said).await?.prepared;
        let mut told = prepared.takings(self.force);
        if !self.force {
            let kept = prepared.foreign.iter();
            told.extend(kept.map(|one| {
                format!(
                    "{} belongs to {}: conflict without --force-conflicts",
                    one.field, one.manager
                )
            }));
        }
        let told: Vec<_> = told.iter().map(|text| format!("; {text}")).collect();
        Ok(told.concat())
    }
}

/// In words; nothing where nothing is in the way.
fn forewarning(mesh: &str, contested: &[(ObjectId, Vec<OwnedField>)]) -> Option<String> {
    if contested.is_empty() {
        return None;
    }
    let lines = contested.iter().flat_map(|(id, fields)| {
        let line =
            move |one: &OwnedField| format!("  {id}: {} belongs to {}", one.field, one.manager);
        fields.iter().map(line)
    });
    let lines: Vec<_> = lines.collect();
    Some(format!(
        "these namespaces will not move as they are, because somebody else keeps their labels:\n{}\n\
         have their owners say the new revision, or take them over with `weft mesh upgrade move {mesh} --all --force-conflicts`",
        lines.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_will_be_in_the_way_is_named_at_once() {
        let owned = |manager: &str| OwnedField {
            field: ".metadata.labels.istio-injection".to_owned(),
            manager: manager.to_owned(),
        };
        let contested = [
            (id("cart"), vec![owned("argocd-controller")]),
            (
                id("shop"),
                vec![owned("helm"), owned("kustomize-controller")],
            ),
        ];
        let text = forewarning("mesh", &contested).unwrap();
        for wanted in [
            "Namespace cart: .metadata.labels.istio-injection belongs to argocd-controller",
            "Namespace shop: .metadata.labels.istio-injection belongs to helm",
            "belongs to kustomize-controller",
            "`weft mesh upgrade move mesh --all --force-conflicts`",
        ] {
            assert!(text.contains(wanted), "{text}");
        }
        assert_eq!(forewarning("mesh", &[]), None);
    }
}
