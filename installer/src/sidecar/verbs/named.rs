//! What may not be named.

use super::super::gateway;
use super::super::state::{NamespaceStatus, WorkloadStatus};
use super::super::target::Target;
use super::all_or;
use crate::failure::Failure;

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
