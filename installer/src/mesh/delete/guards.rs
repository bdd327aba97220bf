//! The conditions on deleting a mesh, each with how many are in the way.

use serde::Serialize;

use crate::mesh::record::MeshRecord;
use crate::mesh::upgrade::usage::Usage;
use crate::output::{Cell, Report, Style, Table};
use crate::sidecar::decision::IGNORED;

/// A condition on deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Condition {
    /// It is protected.
    MeshProtected,
    /// Pods have sidecars of it.
    IstioSidecars,
    /// Gateways of it run.
    IstioGateways,
}

/// A condition and whether it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Guard {
    /// Which.
    #[serde(rename = "type")]
    pub(crate) condition: Condition,
    /// Whether it lets the mesh go.
    pub(crate) met: bool,
    /// How many are in the way.
    pub(crate) remaining_resources_count: usize,
    /// What to do.
    pub(crate) message: String,
}

/// Every condition on deleting a mesh. System namespaces do not count.
pub(crate) fn guards(record: &MeshRecord, used: &[Usage]) -> Vec<Guard> {
    let name = &record.name;
    let counts =
        |namespace: &str| namespace != record.root_namespace && !IGNORED.contains(&namespace);
    let pods = used
        .iter()
        .flat_map(|usage| &usage.pods)
        .filter(|(namespace, _)| counts(namespace));
    let places: Vec<_> = pods
        .clone()
        .map(|(namespace, count)| format!("{count} in {namespace}"))
        .collect();
    let homes: std::collections::BTreeSet<_> =
        pods.clone().map(|(place, _)| place.as_str()).collect();
    let homes: Vec<_> = homes.into_iter().collect();
    let gateways: Vec<_> = used
        .iter()
        .flat_map(|usage| &usage.gateways)
        .cloned()
        .collect();
    let sidecars = pods.map(|(_, count)| *count).sum();
    vec![
        Guard {
            condition: Condition::MeshProtected,
            met: !record.state.protected,
            remaining_resources_count: usize::from(record.state.protected),
            message: if record.state.protected {
                format!("mesh {name} is protected: `weft mesh protect {name} --off` lets it go")
            } else {
                "it is not protected".to_owned()
            },
        },
        Guard {
            condition: Condition::IstioSidecars,
            met: sidecars == 0,
            remaining_resources_count: sidecars,
            message: if sidecars == 0 {
                "no pod has a sidecar of it".to_owned()
            } else {
                format!(
                    "pods have sidecars of it ({}): `weft sidecar disable {} --restart` takes them away",
                    places.join(", "),
                    homes.join(" ")
                )
            },
        },
        Guard {
            condition: Condition::IstioGateways,
            met: gateways.is_empty(),
            remaining_resources_count: gateways.len(),
            message: if gateways.is_empty() {
                "no gateway of it runs".to_owned()
            } else {
                format!(
                    "gateways of it run ({}): {} takes away those that weft made",
                    gateways.join(", "),
                    deletions(&gateways)
                )
            },
        },
    ]
}

/// The command for each of these gateways, `NAMESPACE/NAME`, to be pasted.
fn deletions(gateways: &[String]) -> String {
    let commands = gateways.iter().filter_map(|one| {
        let (namespace, name) = one.split_once('/')?;
        Some(format!("`weft gateway delete {name} -n {namespace}`"))
    });
    commands.collect::<Vec<_>>().join(", ")
}

/// What is in the way.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct GuardsReport(pub(crate) Vec<Guard>);

impl Report for GuardsReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["CONDITION", "MET", "REMAINING", "WHAT"]);
        for guard in &self.0 {
            let word = match guard.condition {
                Condition::MeshProtected => "MESH_PROTECTED",
                Condition::IstioSidecars => "ISTIO_SIDECARS",
                Condition::IstioGateways => "ISTIO_GATEWAYS",
            };
            let met = if guard.met {
                Cell::styled(Style::Good, "yes")
            } else {
                Cell::styled(Style::Bad, "no")
            };
            table.row([
                word.into(),
                met,
                guard.remaining_resources_count.to_string().into(),
                guard.message.clone().into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let open = self.0.iter().filter(|guard| !guard.met);
        open.map(|guard| format!("{:?}", guard.condition)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn record(protected: bool) -> MeshRecord {
        let state =
            format!(r#"{{"mode": "DEDICATED", "phase": "SUCCEEDED", "protected": {protected}}}"#);
        MeshRecord {
            name: "shop".to_owned(),
            root_namespace: "istio-system".to_owned(),
            spec: None,
            state: serde_json::from_str(&state).unwrap(),
            resource_version: None,
        }
    }

    #[test]
    fn each_condition_counts_what_remains() {
        let used = Usage {
            pods: BTreeMap::from([
                ("shop".to_owned(), 3),
                ("istio-system".to_owned(), 1),
                ("kube-system".to_owned(), 2),
            ]),
            gateways: BTreeSet::from(["edge/public".to_owned()]),
            ..Usage::default()
        };
        let counted = |record: &MeshRecord, used: &[Usage]| {
            let guards = guards(record, used);
            guards
                .iter()
                .map(|guard| (guard.met, guard.remaining_resources_count))
                .collect::<Vec<_>>()
        };

        let told: Vec<_> = guards(&record(false), std::slice::from_ref(&used))
            .into_iter()
            .map(|guard| guard.message)
            .collect();
        assert!(
            told[1].contains("`weft sidecar disable shop --restart`"),
            "{told:?}"
        );
        assert!(
            told[2].contains("`weft gateway delete public -n edge`"),
            "{told:?}"
        );
        assert_eq!(
            counted(&record(false), &[]),
            [(true, 0), (true, 0), (true, 0)]
        );
        assert_eq!(
            counted(&record(true), std::slice::from_ref(&used)),
            [(false, 1), (false, 3), (false, 1)]
        );
        assert_eq!(
            counted(&record(false), &[used.clone(), used]),
            [(true, 0), (false, 6), (false, 2)]
        );
    }
}
