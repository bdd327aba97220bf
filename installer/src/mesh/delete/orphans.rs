//! What a forced deletion leaves without a mesh, by name and with counts: whoever forces it has to look after that.

use std::fmt;

use serde::Serialize;

use super::guards::{Condition, Gateways, counts};
use crate::mesh::record::MeshRecord;
use crate::mesh::upgrade::usage::Usage;
use crate::output::{Report, Table};

/// Something that is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Orphan {
    /// Which condition on deletion was not met for it; nothing for what goes besides.
    #[serde(rename = "type")]
    kind: &'static str,
    /// How many there are.
    remaining_resources_count: usize,
    /// Where.
    namespace: String,
    /// Which, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What becomes of it.
    message: &'static str,
}

/// Each namespace whose pods have sidecars, each gateway, and the authority that their certificates are of.
pub(super) fn orphans(record: &MeshRecord, used: &[Usage], gateways: &Gateways) -> Vec<Orphan> {
    let root = &record.root_namespace;
    let pods = used.iter().flat_map(|usage| &usage.pods);
    let pods = pods.filter(|(namespace, _)| counts(record, namespace));
    let mut all: Vec<_> = pods
        .map(|(namespace, count)| Orphan {
            kind: Condition::IstioSidecars.word(),
            remaining_resources_count: *count,
            namespace: namespace.clone(),
            name: None,
            message: "pods keep sidecars that nothing configures any more: restart them",
        })
        .collect();
    all.extend(gateways.keys().map(|(namespace, name)| Orphan {
        kind: Condition::IstioGateways.word(),
        remaining_resources_count: 1,
        namespace: namespace.clone(),
        name: Some(name.clone()),
        message: "it runs on, and nothing configures it any more: delete it",
    }));
    if !all.is_empty() {
        all.push(Orphan {
            kind: "ROOT_CA",
            remaining_resources_count: 1,
            namespace: root.clone(),
            name: Some("istio-ca-secret".to_owned()),
            message: "goes if its namespace does: the certificates of what is left are not renewed",
        });
    }
    all
}

/// As it is said of a deletion that is only tried.
impl fmt::Display for Orphan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.name {
            Some(name) => format!("{}/{name}", self.namespace),
            None => self.namespace.clone(),
        };
        let count = self.remaining_resources_count;
        write!(out, "{} {place} ({count}): {}", self.kind, self.message)
    }
}

/// All of it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct OrphansReport<'a>(pub(super) &'a [Orphan]);

impl Report for OrphansReport<'_> {
    fn table(&self) -> Table {
        let mut table = Table::new(&["LEFT", "REMAINING", "NAMESPACE", "NAME", "WHAT"]);
        for one in self.0 {
            table.row([
                one.kind.into(),
                one.remaining_resources_count.to_string().into(),
                one.namespace.clone().into(),
                one.name.clone().unwrap_or_else(|| "-".to_owned()).into(),
                one.message.into(),
            ]);
        }
        table
    }

    fn names(&self) -> Vec<String> {
        let named = |one: &Orphan| {
            let name = one.name.iter().map(|name| format!("/{name}"));
            format!("{}/{}{}", one.kind, one.namespace, name.collect::<String>())
        };
        self.0.iter().map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::guards::Maker;
    use super::*;
    use crate::mesh::record::{MeshState, Mode, Phase};

    #[test]
    fn what_is_left_is_named_with_its_count() {
        let record = MeshRecord {
            name: "shop".to_owned(),
            root_namespace: "istio-system".to_owned(),
            spec: None,
            state: MeshState::new(Mode::Dedicated, Phase::Succeeded),
            resource_version: None,
        };
        let places = [
            ("shop", 3),
            ("cart", 1),
            ("istio-system", 1),
            ("kube-system", 2),
        ];
        let used = Usage {
            pods: places
                .map(|(place, count)| (place.to_owned(), count))
                .into(),
            ..Usage::default()
        };
        let public = (("edge".to_owned(), "public".to_owned()), Maker::Weft);
        let gateways = BTreeMap::from([public]);
        let names = |used: &[Usage], gateways: &Gateways| {
            let all = orphans(&record, used, gateways);
            let counts: Vec<_> = all
                .iter()
                .map(|one| one.remaining_resources_count)
                .collect();
            (OrphansReport(&all).names(), counts)
        };
        let all = names(&[used], &gateways);
        let wanted = [
            "ISTIO_SIDECARS/cart",
            "ISTIO_SIDECARS/shop",
            "ISTIO_GATEWAYS/edge/public",
            "ROOT_CA/istio-system/istio-ca-secret",
        ];
        assert_eq!(all.0, wanted);
        assert_eq!(all.1, [1, 3, 1, 1]);
        assert_eq!(names(&[], &Gateways::new()).0, Vec::<String>::new());
    }
}
