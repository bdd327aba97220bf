//! What is told of an upgrade: how far it is, or the steps that would be done.

use serde::Serialize;

use super::facts::Facts;
use super::namespaces::Way;
use super::next::{Act, Left, next};
use super::state::{Said, Stage, Strategy, Upgrade, revision};
use super::usage::Usage;
use crate::mesh::record::MeshRecord;
use crate::mesh::spec::Mesh;
use crate::output::{Output, Report, Table};

/// How an upgrade is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    mesh: String,
    stage: Option<&'static str>,
    strategy: Option<Strategy>,
    from: Option<End>,
    to: Option<End>,
    tags: Vec<String>,
    namespaces: Vec<NamespaceRow>,
    uses_old: Option<Usage>,
    next: Option<String>,
}

/// One of the two control planes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct End {
    version: String,
    revision: String,
}

/// A namespace that has proxies, or has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceRow {
    namespace: String,
    labels: Said,
    moved: Moved,
    proxies: Vec<Proxies>,
    need_restart: usize,
}

/// How far a namespace has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Moved {
    /// The old control plane serves it.
    No,
    /// The new one does, and pods of before run still.
    Partly,
    /// Its pods are new as well.
    Yes,
}

/// So many proxies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Proxies {
    revision: String,
    version: String,
    count: usize,
}

impl Said {
    /// As labels are written.
    pub(crate) fn words(&self) -> String {
        let injection = self
            .injection
            .iter()
            .map(|value| format!("istio-injection={value}"));
        let revision = self
            .revision
            .iter()
            .map(|value| format!("istio.io/rev={value}"));
        let all: Vec<_> = injection.chain(revision).collect();
        if all.is_empty() {
            "-".to_owned()
        } else {
            all.join(",")
        }
    }
}

impl Moved {
    fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Partly => "partly",
            Self::Yes => "yes",
        }
    }
}

impl Upgrade {
    /// How far a namespace has come that says this, by who serves it and whether pods of before run still. That it is to move
    /// is no move.
    fn come(&self, namespace: &str, said: &Said, behind: bool) -> Moved {
        let is_served = match self.way(said) {
            Way::Already => true,
            Way::Tag(tag) => self.is_promoted() || self.tags.contains(&tag),
            // What moved may say again what it said before, once the new control plane serves that.
            Way::Relabel => self.stage == Stage::Finishing && self.moved.contains_key(namespace),
            Way::Other(_) | Way::Nothing => false,
        };
        match (self.strategy, is_served, behind) {
            (Strategy::InPlace, _, _) | (Strategy::Canary, false, _) => Moved::No,
            (Strategy::Canary, true, true) => Moved::Partly,
            (Strategy::Canary, true, false) => Moved::Yes,
        }
    }
}

impl End {
    fn of(mesh: &Mesh) -> Self {
        let version = mesh.spec.version.as_ref();
        Self {
            version: version.map(ToString::to_string).unwrap_or_default(),
            revision: revision(mesh).to_owned(),
        }
    }
}

impl Status {
    /// By the record and what is there.
    pub(crate) fn of(record: &MeshRecord, facts: &Facts) -> Self {
        let upgrade = record.state.upgrade.as_deref();
        let namespaces = rows(upgrade, facts);
        let goes = upgrade.map_or("", Upgrade::old);
        let left = Left::of(facts, upgrade, goes);
        let canary = upgrade.is_some_and(|upgrade| upgrade.strategy == Strategy::Canary);
        Self {
            mesh: record.name.clone(),
            stage: upgrade.map(|upgrade| upgrade.stage.word()),
            strategy: upgrade.map(|upgrade| upgrade.strategy),
            from: upgrade.map(|upgrade| End::of(&upgrade.from)),
            to: upgrade.map(|upgrade| End::of(&upgrade.to)),
            tags: upgrade
                .map(|upgrade| upgrade.tags.iter().cloned().collect())
                .unwrap_or_default(),
            next: next(&record.name, upgrade, &left).map(Act::bare),
            namespaces,
            uses_old: canary.then_some(left.uses),
        }
    }

    /// In a line or two, for people.
    pub(crate) fn say(&self, output: &Output) {
        let mesh = &self.mesh;
        let text = match (&self.stage, &self.from, &self.to) {
            (Some(stage), Some(from), Some(to)) => format!(
                "mesh {mesh}: the upgrade from {} (revision {}) to {} (revision {}) is {stage}",
                from.version, from.revision, to.version, to.revision
            ),
            _ => format!("mesh {mesh}: no upgrade is under way"),
        };
        output.say(text);
        if let Some(next) = &self.next {
            output.say(format!("next: {next}"));
        }
    }
}

fn rows(upgrade: Option<&Upgrade>, facts: &Facts) -> Vec<NamespaceRow> {
    let mut proxies = facts.proxies();
    let said = facts.said();
    let mut found = Vec::new();
    for row in facts.survey() {
        let chosen = upgrade.is_some_and(|upgrade| upgrade.moved.contains_key(&row.namespace));
        let sorts = proxies.remove(&row.namespace).unwrap_or_default();
        if sorts.is_empty() && !chosen {
            continue;
        }
        let labels = said.get(&row.namespace).cloned().unwrap_or_default();
        let moved = upgrade.map_or(Moved::No, |upgrade| {
            let old = sorts.keys().any(|sort| sort.revision == upgrade.old());
            upgrade.come(&row.namespace, &labels, old || row.behind() > 0)
        });
        let of = |(sort, count): (super::facts::Sort, usize)| Proxies {
            revision: sort.revision,
            version: sort.version,
            count,
        };
        found.push(NamespaceRow {
            labels,
            moved,
            proxies: sorts.into_iter().map(of).collect(),
            need_restart: row.behind(),
            namespace: row.namespace,
        });
    }
    found
}

impl Report for Status {
    fn table(&self) -> Table {
        let mut table = Table::new(&["NAMESPACE", "LABELS", "MOVED", "PROXIES", "NEED RESTART"]);
        for row in &self.namespaces {
            let proxies: Vec<_> = row
                .proxies
                .iter()
                .map(|sort| format!("{} {} ({})", sort.count, sort.version, sort.revision))
                .collect();
            let proxies = if proxies.is_empty() {
                "-".to_owned()
            } else {
                proxies.join(", ")
            };
            table.row([
                row.namespace.clone().into(),
                row.labels.words().into(),
                row.moved.word().into(),
                proxies.into(),
                row.need_restart.to_string().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.namespaces
            .iter()
            .map(|row| row.namespace.clone())
            .collect()
    }
}

/// A step that would be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StepRow {
    step: &'static str,
    object: String,
    text: String,
    /// Whether anything is different afterwards.
    pub(crate) changes: bool,
}

impl StepRow {
    /// One.
    pub(crate) fn new(step: &'static str, object: &str, text: String, changes: bool) -> Self {
        Self {
            step,
            object: object.to_owned(),
            text,
            changes,
        }
    }
}

/// The steps that would be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct StepsReport(pub(crate) Vec<StepRow>);

impl Report for StepsReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["STEP", "OBJECT", "WHAT", "CHANGES"]);
        for row in &self.0 {
            let changes = if row.changes { "yes" } else { "no" };
            table.row([
                row.step.into(),
                row.object.clone().into(),
                row.text.clone().into(),
                changes.into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|row| format!("{}/{}", row.step, row.object))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::tests::upgrade;
    use super::*;

    #[test]
    fn moved_is_what_is_served_and_restarted() {
        use Moved::{No, Partly, Yes};
        let said = |injection: Option<&str>, revision: Option<&str>| Said {
            injection: injection.map(str::to_owned),
            revision: revision.map(str::to_owned),
        };
        let enabled = || said(Some("enabled"), None);
        let new = || said(None, Some("1-31-0"));
        let tag = || said(None, Some("prod"));
        let ready = Stage::Ready;
        let cases = [
            ("noted, not begun", ready, enabled(), true, false, No),
            ("noted, no pods", ready, enabled(), false, false, No),
            ("its pods are old", ready, new(), true, false, Partly),
            ("all is done", ready, new(), false, false, Yes),
            ("its tag did not move", ready, tag(), true, false, No),
            ("its tag moved", ready, tag(), true, true, Partly),
            ("with its tag", ready, tag(), false, true, Yes),
            (
                "tags are promoted",
                Stage::Promoted,
                tag(),
                true,
                false,
                Partly,
            ),
            (
                "back already",
                Stage::RollingBack,
                enabled(),
                true,
                false,
                No,
            ),
            (
                "says it again",
                Stage::Finishing,
                enabled(),
                false,
                false,
                Yes,
            ),
            (
                "another's",
                ready,
                said(None, Some("else")),
                false,
                false,
                No,
            ),
        ];
        for (what, stage, said, behind, tagged, wanted) in cases {
            let mut upgrade = upgrade("{version: 1.30.0, tags: [prod]}");
            upgrade.stage = stage;
            upgrade.moved.insert("shop".to_owned(), said.clone());
            upgrade.tags.extend(tagged.then(|| "prod".to_owned()));
            assert_eq!(upgrade.come("shop", &said, behind), wanted, "{what}");
            upgrade.strategy = Strategy::InPlace;
            assert_eq!(upgrade.come("shop", &said, behind), No, "{what}");
        }
        assert_eq!(serde_json::to_value(Partly).unwrap(), Partly.word());
    }
}
