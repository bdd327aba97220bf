//! What has to be done so that a cluster is as it is wanted: a value, computed from what is wanted, what is there, and what
//! the API server says would come of it.
//!
//! What changes is the difference between the object that is there and the one that the server answers in a rehearsal.
//! Defaults, merge keys, normalised quantities and fields of others are right by construction; comparing with what we
//! wrote would have to imitate all of them.

mod judge;
mod settle;
mod stranger;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::diff::Change;
use super::inventory::{Inventory, PART_OF, Parent};
use super::object::ObjectId;
use super::order::{is_prunable, rank};
use super::ownership::OwnedField;
use super::peek::label;
use super::rehearse::{Outcome, Rehearsal};
use super::snapshot::{Found, Snapshot};
use super::wanted::{Item, Mistake};
use judge::judge;
pub(crate) use work::Work;
use work::prune;

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// It does not exist yet.
    Create,
    /// It changes; without changes in its fields, only who owns them does.
    Update,
    /// It is as wanted.
    Unchanged,
    /// It is not wanted any more.
    Prune,
    /// Others own fields that would change.
    Conflict,
}

/// What happens to one object.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    /// Which.
    #[serde(flatten)]
    pub(crate) id: ObjectId,
    /// What it is a part of.
    pub(crate) component: String,
    /// What happens.
    pub(crate) action: Action,
    /// Which fields change.
    pub(crate) changes: Vec<Change>,
    /// Which of those others own: the conflict, or with force what is taken over.
    pub(crate) conflicts: Vec<OwnedField>,
    /// Why the server could not say what would change, where it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unsure: Option<String>,
    /// What carrying it out needs.
    #[serde(skip)]
    pub(crate) work: Work,
}

/// Everything that happens, in order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plan {
    /// Object by object: first what is written, then what is pruned.
    pub(crate) steps: Vec<Step>,
    /// The parent of the set.
    #[serde(skip)]
    pub(crate) parent: Parent,
    /// What the parent says now; nothing when there is none.
    #[serde(skip)]
    pub(crate) before: Option<Inventory>,
    /// Whether the parent goes with its namespace, and has to be made anew.
    #[serde(skip)]
    pub(crate) is_lost: bool,
    /// What it says in the end.
    #[serde(skip)]
    pub(crate) after: Inventory,
}

impl Plan {
    /// Whether no object is to be touched.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.steps
            .iter()
            .all(|step| step.action == Action::Unchanged)
    }

    /// Every field that is in the way, object by object.
    pub(crate) fn conflicts(&self) -> Vec<(ObjectId, Vec<OwnedField>)> {
        let contested = self
            .steps
            .iter()
            .filter(|step| step.action == Action::Conflict);
        contested
            .map(|step| (step.id.clone(), step.conflicts.clone()))
            .collect()
    }

    /// What the parent has to promise while members come and go.
    pub(crate) fn widest(&self) -> Inventory {
        self.before.clone().unwrap_or_default().around(&self.after)
    }
}

/// What a plan is made of.
#[derive(Debug)]
pub(crate) struct Basis<'a> {
    /// The parent of the set.
    pub(crate) parent: &'a Parent,
    /// What is wanted, in the order of writing.
    pub(crate) items: &'a [Item],
    /// What is there.
    pub(crate) snapshot: &'a Snapshot,
    /// What would come of it.
    pub(crate) rehearsals: &'a BTreeMap<ObjectId, Rehearsal>,
    /// Whether members that are not wanted go.
    pub(crate) prune: bool,
    /// Whether objects of others become members.
    pub(crate) adopt: bool,
}

impl Basis<'_> {
    /// The plan; or everything that is in its way, but conflicts, which are a part of it.
    pub(crate) fn plan(&self) -> Result<Plan, Vec<Mistake>> {
        let mut mistakes = self.impossible();
        let mut steps = Vec::new();
        for item in self.items {
            match self.step(item) {
                Ok(step) => steps.push(step),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let unwanted = self.unwanted();
        let after = self.after(&unwanted);
        if self.prune {
            steps.extend(unwanted.into_iter().map(|(id, found)| prune(id, found)));
        }
        Ok(Plan {
            steps,
            parent: self.parent.clone(),
            before: self.snapshot.inventory.clone(),
            is_lost: !self.snapshot.namespaces.contains(&self.parent.namespace),
            after,
        })
    }

    /// What no apply could do: write into a namespace that nobody makes, or take an object of another set.
    fn impossible(&self) -> Vec<Mistake> {
        let made: BTreeSet<&str> = self
            .items
            .iter()
            .filter(|item| super::order::is_namespace(&item.id))
            .map(|item| item.id.name.as_str())
            .collect();
        let parent = Some(self.parent.namespace.as_str());
        let needed = self
            .items
            .iter()
            .filter_map(|item| item.id.namespace.as_deref());
        let missing: BTreeSet<&str> = needed
            .chain(parent)
            .filter(|name| !made.contains(name) && !self.snapshot.namespaces.contains(*name))
            .collect();
        let mut mistakes: Vec<_> = missing
            .into_iter()
            .map(|name| {
                let text = "it does not exist, or is being deleted, and is not wanted: create it first, or add it to what is wanted";
                Mistake::new(format!("Namespace {name}"), text)
            })
            .collect();
        mistakes.extend(self.items.iter().filter_map(|item| {
            let found = self.snapshot.objects.get(&item.id)?;
            stranger::of_another_set(item, &found.object, self.parent)
        }));
        mistakes
    }

    fn step(&self, item: &Item) -> Result<Step, Mistake> {
        let found = self.snapshot.objects.get(&item.id);
        let going = found.is_some_and(|found| self.snapshot.is_going(&item.id, found));
        let rehearsal = self.rehearsals.get(&item.id);
        let newer = rehearsal.and_then(|rehearsal| rehearsal.newer.as_ref());
        let read = found.filter(|_| !going).map(|found| &found.object);
        let current = newer.or(read);
        let judged = judge(&item.id, current, &item.object, rehearsal)?;
        // A conflict says more: which fields, and whose.
        if let Some(object) = current.filter(|_| !self.adopt && judged.action != Action::Conflict) {
            stranger::refused(&item.id, object)?;
        }
        Ok(Step {
            id: item.id.clone(),
            component: item.component.clone(),
            action: judged.action,
            changes: judged.changes,
            conflicts: judged.conflicts,
            unsure: judged.unsure.filter(|_| current.is_some()),
            work: Work {
                stage: item.stage,
                resource: item.resource.clone(),
                object: rehearsal
                    .map_or_else(|| item.object.clone(), |rehearsal| rehearsal.object.clone()),
                force: rehearsal.is_some_and(|rehearsal| rehearsal.force),
                current: current.cloned(),
                takes: self.adopt
                    && rehearsal.is_some_and(|one| matches!(one.outcome, Outcome::Blind(_))),
                uid: found
                    .map(|found| found.uid().to_owned())
                    .unwrap_or_default(),
                going,
            },
        })
    }

    /// The members that are not wanted, in the order of pruning.
    fn unwanted(&self) -> Vec<(&ObjectId, &Found)> {
        let wanted: BTreeSet<&ObjectId> = self.items.iter().map(|item| &item.id).collect();
        let set = self.parent.set();
        let mut unwanted: Vec<_> = self
            .snapshot
            .objects
            .iter()
            .filter(|(id, found)| {
                label(&found.object, PART_OF) == Some(&set)
                    && is_prunable(id)
                    && !wanted.contains(id)
                    && **id != self.parent.id()
                    && !found.is_made()
            })
            .collect();
        unwanted.sort_by_key(|(id, _)| std::cmp::Reverse(rank(id)));
        unwanted
    }

    fn after(&self, unwanted: &[(&ObjectId, &Found)]) -> Inventory {
        let wanted = self.items.iter().map(|item| &item.id);
        let kept = unwanted.iter().filter(|_| !self.prune).map(|(id, _)| *id);
        let members = wanted.filter(|id| is_prunable(id)).chain(kept);
        Inventory::of(self.parent, members)
    }
}

#[cfg(test)]
mod tests;
