//! What is told of an upgrade: how far it is, or the steps that would be done.

use serde::Serialize;

use super::facts::Facts;
use super::next::{Act, Left, next};
use super::state::{Said, Strategy, Upgrade, revision};
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
    moved: bool,
    proxies: Vec<Proxies>,
    need_restart: usize,
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
        let moved = upgrade.is_some_and(|upgrade| upgrade.moved.contains_key(&row.namespace));
        let sorts = proxies.remove(&row.namespace).unwrap_or_default();
        if sorts.is_empty() && !moved {
            continue;
        }
        let of = |(sort, count): (super::facts::Sort, usize)| Proxies {
            revision: sort.revision,
            version: sort.version,
            count,
        };
        found.push(NamespaceRow {
            labels: said.get(&row.namespace).cloned().unwrap_or_default(),
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
            let moved = if row.moved { "yes" } else { "no" };
            let proxies = if proxies.is_empty() {
                "-".to_owned()
            } else {
                proxies.join(", ")
            };
            table.row([
                row.namespace.clone().into(),
                row.labels.words().into(),
                moved.into(),
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
