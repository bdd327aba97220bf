//! What `weft mesh list` and `weft mesh adopt` show.

use serde::Serialize;

use super::super::record::error::RecordError;
use super::super::record::{MeshRecord, Mode, PREFIX, Phase};
use super::Found;
use crate::mesh::serving::Serving;
use crate::output::{Cell, Report, Style, Table};

/// `weft mesh list`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct MeshesReport(Vec<Row>);

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// Nothing for an Istio that nobody recorded.
    name: Option<String>,
    mode: Option<Mode>,
    phase: Option<Phase>,
    root_namespace: String,
    revisions: Vec<String>,
    versions: Vec<String>,
    installed_by: Vec<String>,
    gateways: usize,
    protected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl MeshesReport {
    /// What is recorded, and what is there and is not.
    pub(crate) fn of(records: &[MeshRecord], found: &[Found]) -> Self {
        let here = |root: &str| found.iter().find(|mesh| mesh.root_namespace == root);
        let recorded = records
            .iter()
            .map(|record| row(Some(record), here(&record.root_namespace)));
        let others = found.iter().filter(|mesh| {
            !records
                .iter()
                .any(|record| record.root_namespace == mesh.root_namespace)
        });
        Self(
            recorded
                .chain(others.map(|mesh| row(None, Some(mesh))))
                .collect(),
        )
    }
}

impl MeshesReport {
    /// With the records that cannot be read: each in the row of its Istio, or in one of its own.
    pub(crate) fn with_broken(mut self, broken: &[RecordError]) -> Self {
        for error in broken {
            let RecordError::Broken {
                namespace,
                name,
                key,
                why,
            } = error
            else {
                continue;
            };
            let note = Some(format!("its record is broken: {key}: {why}"));
            let mesh = Some(name.strip_prefix(PREFIX).unwrap_or(name).to_owned());
            let is_its = |row: &&mut Row| row.name.is_none() && row.root_namespace == *namespace;
            if let Some(row) = self.0.iter_mut().find(is_its) {
                (row.name, row.note) = (mesh, note);
                continue;
            }
            let mut own = row(None, None);
            (own.name, own.note) = (mesh, note);
            own.root_namespace.clone_from(namespace);
            self.0.push(own);
        }
        self
    }
}

impl MeshesReport {
    /// With what a look at their istiods says, in the order of the records: what does not serve has failed, whatever its last change
    /// did.
    pub(crate) fn with_serving(mut self, serving: &[Serving]) -> Self {
        for (row, serving) in self.0.iter_mut().zip(serving) {
            let what = match serving {
                Serving::Well => continue,
                Serving::NotYet(what) => what,
                Serving::Not(what) => {
                    let fails = |phase: &mut Phase| {
                        if *phase != Phase::Terminating {
                            *phase = Phase::Failed;
                        }
                    };
                    row.phase.iter_mut().for_each(fails);
                    what
                }
            };
            let notes = [Some(what.clone()), row.note.take()];
            row.note = Some(notes.into_iter().flatten().collect::<Vec<_>>().join("; "));
        }
        self
    }
}

fn row(record: Option<&MeshRecord>, found: Option<&Found>) -> Row {
    let planes = || found.iter().flat_map(|mesh| &mesh.control_planes);
    let mut revisions: Vec<_> = planes().map(|plane| plane.revision.clone()).collect();
    let mut versions: Vec<_> = planes()
        .map(|plane| {
            plane
                .part
                .version
                .clone()
                .unwrap_or_else(|| "unknown".to_owned())
        })
        .collect();
    if found.is_none() {
        revisions.extend(record.and_then(|record| record.state.revision.clone()));
        versions.extend(record.and_then(|record| record.state.version.clone()));
    }
    let mut installed_by: Vec<_> = planes()
        .map(|plane| plane.part.installed_by.to_string())
        .collect();
    installed_by.dedup();
    versions.dedup();
    let note = match (record, found) {
        (None, _) => Some("not recorded: weft mesh adopt".to_owned()),
        (Some(_), None) => Some("its istiod is not there".to_owned()),
        (Some(record), Some(_)) => record.upgrading(),
    };
    let root = record.map(|record| &record.root_namespace);
    Row {
        name: record.map(|record| record.name.clone()),
        mode: record.map(|record| record.state.mode),
        phase: record.map(MeshRecord::phase),
        root_namespace: root
            .or(found.map(|mesh| &mesh.root_namespace))
            .cloned()
            .unwrap_or_default(),
        revisions,
        versions,
        installed_by,
        gateways: found.map_or(0, |mesh| mesh.gateways.len()),
        protected: record.is_some_and(|record| record.state.protected),
        note,
    }
}

impl Report for MeshesReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&[
            "NAME",
            "MODE",
            "PHASE",
            "ROOT-NAMESPACE",
            "VERSION",
            "REVISION",
            "NOTE",
        ])
        .wide(&["INSTALLED-BY", "GATEWAYS", "PROTECTED"]);
        for row in &self.0 {
            let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
            let phase = match row.phase {
                Some(phase @ Phase::Succeeded) => Cell::styled(Style::Good, phase.word()),
                Some(phase @ Phase::Failed) => Cell::styled(Style::Bad, phase.word()),
                Some(phase @ (Phase::Creating | Phase::Updating | Phase::Terminating)) => {
                    Cell::styled(Style::Warn, phase.word())
                }
                None => "-".into(),
            };
            table.row([
                or_dash(row.name.as_deref()).into(),
                or_dash(row.mode.map(Mode::word)).into(),
                phase,
                row.root_namespace.clone().into(),
                row.versions.join(",").into(),
                row.revisions.join(",").into(),
                Cell::styled(Style::Warn, row.note.clone().unwrap_or_default()),
                row.installed_by.join(", ").into(),
                row.gateways.to_string().into(),
                if row.protected { "yes" } else { "no" }.into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().filter_map(|row| row.name.clone()).collect()
    }
}
