//! What may be named, and what not.

use std::collections::BTreeSet;

use super::super::gateway;
use super::super::state::{NamespaceStatus, WorkloadStatus};
use super::super::target::Target;
use super::super::view::WorkloadName;
use super::all_or;
use crate::failure::{Exit, Failure};

/// A gateway that is named is refused; one that is met on the way is passed over.
pub(super) fn refuse_gateways(
    rows: &[NamespaceStatus],
    targets: &[Target],
    here: &str,
) -> Result<(), Failure> {
    let named = |one: &&WorkloadStatus| {
        targets.iter().any(|target| match target {
            Target::Workload(kind, name) => one.is_called(kind.word(), name),
            Target::Namespace(_) | Target::Pod(_) => false,
        })
    };
    let rows = rows.iter().filter(|row| row.namespace == here);
    let workloads = rows.flat_map(|row| &row.workloads);
    let gateways = workloads.filter(|one| one.is_gateway).filter(named);
    let refused: Vec<_> = gateways
        .map(|one| {
            let word = gateway::renewed_by(&one.namespace, &one.name);
            format!("{} {}/{} is {word}", one.kind, one.namespace, one.name)
        })
        .collect();
    all_or(&refused)
}

/// The targets that are workloads, in a namespace; anything else is a mistake.
pub(super) fn workloads(targets: &[Target], namespace: &str) -> Result<Vec<WorkloadName>, Failure> {
    let of = |target: &Target| match target {
        Target::Workload(kind, name) => Ok(WorkloadName {
            namespace: namespace.to_owned(),
            kind: *kind,
            name: name.clone(),
        }),
        Target::Namespace(name) | Target::Pod(name) => Err(Failure::text(
            Exit::Usage,
            format!("{name}: this is set on workloads: write deploy/NAME, sts/NAME or ds/NAME"),
        )),
    };
    // Named twice, it is one.
    let named: BTreeSet<_> = targets.iter().map(of).collect::<Result<_, _>>()?;
    Ok(named.into_iter().collect())
}
