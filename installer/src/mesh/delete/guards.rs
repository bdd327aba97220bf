//! The conditions on deleting a mesh, each with how many are in the way.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::mesh::record::MeshRecord;
use crate::mesh::upgrade::usage::Usage;
use crate::output::{Cell, Report, Style, Table};
use crate::sidecar::wish::guard;

/// Gateways of a mesh by namespace and name, each with who made it.
pub(crate) type Gateways = BTreeMap<(String, String), Maker>;

/// Who made a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// Weft.
    Weft,
    /// Weft, but its record cannot be read, and why.
    Broken(String),
    /// Somebody else.
    Else,
}

/// A condition on deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Condition {
    /// It is protected.
    MeshProtected,
    /// Pods have sidecars of it.
    IstioSidecars,
    /// It has gateways, whatever their pods do.
    IstioGateways,
}

impl Condition {
    /// As people read it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::MeshProtected => "MESH_PROTECTED",
            Self::IstioSidecars => "ISTIO_SIDECARS",
            Self::IstioGateways => "ISTIO_GATEWAYS",
        }
    }
}

/// Whether what is in a namespace keeps a mesh: system namespaces do not count.
pub(super) fn counts(record: &MeshRecord, namespace: &str) -> bool {
    guard(namespace, &record.root_namespace).is_ok()
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

/// Every condition on deleting a mesh.
pub(crate) fn guards(record: &MeshRecord, used: &[Usage], gateways: &Gateways) -> Vec<Guard> {
    let pods = used
        .iter()
        .flat_map(|usage| &usage.pods)
        .filter(|(namespace, _)| counts(record, namespace));
    let places: Vec<_> = pods
        .clone()
        .map(|(namespace, count)| format!("{count} in {namespace}"))
        .collect();
    let namespaces: BTreeSet<_> = pods
        .clone()
        .map(|(namespace, _)| namespace.as_str())
        .collect();
    let sidecars = pods.map(|(_, count)| *count).sum();
    vec![
        protection(record),
        Guard {
            condition: Condition::IstioSidecars,
            met: sidecars == 0,
            remaining_resources_count: sidecars,
            message: if sidecars == 0 {
                "no pod has a sidecar of it".to_owned()
            } else {
                let namespaces: Vec<_> = namespaces.into_iter().collect();
                format!(
                    "pods have sidecars of it ({}): `weft sidecar disable {} --restart` takes them away",
                    places.join(", "),
                    namespaces.join(" ")
                )
            },
        },
        Guard {
            condition: Condition::IstioGateways,
            met: gateways.is_empty(),
            remaining_resources_count: gateways.len(),
            message: if gateways.is_empty() {
                "it has no gateway".to_owned()
            } else {
                in_the_way(gateways)
            },
        },
    ]
}

/// The one that holds for every mesh, whoever runs it.
pub(crate) fn protection(record: &MeshRecord) -> Guard {
    let (name, protected) = (&record.name, record.state.protected);
    Guard {
        condition: Condition::MeshProtected,
        met: !protected,
        remaining_resources_count: usize::from(protected),
        message: if protected {
            format!("mesh {name} is protected: `weft mesh protect {name} --off` lets it go")
        } else {
            "it is not protected".to_owned()
        },
    }
}

/// Which, and what takes them away.
fn in_the_way(gateways: &Gateways) -> String {
    let names: Vec<_> = gateways
        .keys()
        .map(|(namespace, name)| format!("{namespace}/{name}"))
        .collect();
    let made = gateways.iter().filter(|(_, maker)| **maker == Maker::Weft);
    let made: Vec<_> = made
        .map(|((namespace, name), _)| format!("weft gateway delete {name} -n {namespace}"))
        .collect();
    let mut says = Vec::new();
    if !made.is_empty() {
        says.push(format!("{} takes them away", commands(made.into_iter())));
    }
    says.extend(gateways.values().filter_map(|maker| match maker {
        Maker::Broken(why) => Some(why.clone()),
        Maker::Weft | Maker::Else => None,
    }));
    if gateways.values().any(|maker| *maker == Maker::Else) {
        says.push("whoever made the ones that weft did not make takes those away".to_owned());
    }
    format!(
        "it has gateways ({}): {}",
        names.join(", "),
        says.join("; ")
    )
}

/// As they are pasted.
fn commands(all: impl Iterator<Item = String>) -> String {
    let all: Vec<_> = all.collect();
    format!("`{}`", all.join(" && "))
}

/// What is in the way.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct GuardsReport(pub(crate) Vec<Guard>);

impl Report for GuardsReport {
    fn table(&self) -> Table {
        let mut table = Table::new(&["CONDITION", "MET", "REMAINING", "WHAT"]);
        for guard in &self.0 {
            let met = if guard.met {
                Cell::styled(Style::Good, "yes")
            } else {
                Cell::styled(Style::Bad, "no")
            };
            table.row([
                guard.condition.word().into(),
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
    fn each_condition_counts_what_remains_and_names_what_to_do() {
        let used = Usage {
            pods: BTreeMap::from([
                ("shop".to_owned(), 3),
                ("istio-system".to_owned(), 1),
                ("kube-system".to_owned(), 2),
            ]),
            ..Usage::default()
        };
        let gateway = |name: &str, made| (("edge".to_owned(), name.to_owned()), made);
        let none = Gateways::new();
        let own = Gateways::from([gateway("public", Maker::Weft)]);
        let both = Gateways::from([
            gateway("public", Maker::Weft),
            gateway("theirs", Maker::Else),
        ]);
        let foreign = Gateways::from([gateway("theirs", Maker::Else)]);
        let why = "ConfigMap edge/weft-gateway-odd is no record of a gateway";
        let broken = Gateways::from([
            gateway("odd", Maker::Broken(why.to_owned())),
            gateway("public", Maker::Weft),
        ]);
        let disable = "`weft sidecar disable shop --restart`";
        let delete = "`weft gateway delete public -n edge`";
        let one = std::slice::from_ref(&used);
        let two = [used.clone(), used.clone()];
        let nothing: [(usize, &str); 3] = [(0, ""), (0, ""), (0, "")];
        let cases = [
            (false, &[][..], &none, nothing),
            (true, one, &own, [(1, "--off"), (3, disable), (1, delete)]),
            (false, &two, &both, [(0, ""), (6, disable), (2, delete)]),
            (false, &[], &both, [(0, ""), (0, ""), (2, "whoever made")]),
            (
                false,
                &[],
                &foreign,
                [(0, ""), (0, ""), (1, "(edge/theirs): whoever")],
            ),
            (false, &[], &broken, [(0, ""), (0, ""), (2, why)]),
            (false, &[], &broken, [(0, ""), (0, ""), (2, delete)]),
        ];
        for (protected, used, gateways, wanted) in cases {
            for (guard, (count, words)) in guards(&record(protected), used, gateways)
                .iter()
                .zip(wanted)
            {
                assert_eq!(guard.remaining_resources_count, count, "{guard:?}");
                assert_eq!(guard.met, count == 0, "{guard:?}");
                assert!(guard.message.contains(words), "{guard:?}");
            }
        }
    }
}
