//! Between looking and holding the Lease somebody else may have been here: what a plan was made from is read once more.

use super::super::record as gateways;
use super::Gateways;
use super::write::Prepared;
use crate::failure::Failure;
use crate::mesh::record::{self, of_root, parted};

impl Gateways {
    /// Refuses where the gateway or its mesh is not as it was when the plan was made.
    pub(super) async fn unchanged(&self, prepared: &Prepared) -> Result<(), Failure> {
        let after = &prepared.after;
        let now = gateways::one(&self.cluster, &after.namespace, after.name()).await?;
        let name = format!("gateway {}/{}", after.namespace, after.name());
        still(&name, prepared.before.as_ref(), now.as_ref())?;
        let root = &after.state.root_namespace;
        let (records, _) = parted(of_root(&self.cluster, root).await?);
        let mesh = after.mesh.as_ref();
        let mut here = records.iter();
        let now = here.find(|one| mesh.is_none_or(|name| *name == one.name));
        let name = mesh.map_or_else(
            || format!("the Istio in {root}"),
            |name| format!("mesh {name}"),
        );
        still(&name, prepared.mesh.as_ref(), now)
    }
}

/// Whether a record is the one that was read before; nothing is one that nobody had written.
fn still<T: PartialEq>(name: &str, then: Option<&T>, now: Option<&T>) -> Result<(), Failure> {
    let words = [
        "somebody else recorded it",
        "somebody else deleted its record",
    ];
    record::still::still(name, then, now, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_for_what_it_was_made_from() {
        let cases = [
            (None, None, None),
            (Some(1), Some(1), None),
            (None, Some(1), Some("recorded it")),
            (Some(1), Some(2), Some("changed it")),
            (Some(1), None, Some("deleted its record")),
        ];
        for (then, now, wanted) in cases {
            let told = still("gateway edge/front", then.as_ref(), now.as_ref());
            let told = told.map_err(|failure| failure.to_string());
            match (told, wanted) {
                (Ok(()), None) => {}
                (Err(text), Some(wanted)) => assert!(
                    text.contains(wanted) && text.contains("gateway edge/front"),
                    "{text}"
                ),
                (told, _) => panic!("{wanted:?}: {told:?}"),
            }
        }
    }
}
