//! Objects that are there already and are somebody else's: members of other sets, and those that weft has never written. With the
//! same values nothing contests the latter, and yet they would become members of a set, and go with it.

use serde_json::Value;

use super::Mistake;
use crate::cluster::inventory::{PART_OF, Parent};
use crate::cluster::object::ObjectId;
use crate::cluster::order::is_prunable;
use crate::cluster::ownership::ours;
use crate::cluster::peek::{annotation, label, list, text};
use crate::cluster::wanted::{Item, MESH};
use crate::failure::Exit;

/// Why an object cannot be had, if it is a member of another set.
pub(super) fn of_another_set(item: &Item, current: &Value, parent: &Parent) -> Option<Mistake> {
    if !is_prunable(&item.id) {
        return None;
    }
    let set = label(current, PART_OF).filter(|set| *set != parent.set());
    let mesh = label(current, MESH).filter(|mesh| label(&item.object, MESH) != Some(*mesh));
    let text = match (set, mesh) {
        (_, Some(mesh)) => format!(
            "it belongs to the mesh {mesh}: give this one another name or revision, leave the object out with raw values, or delete that mesh first"
        ),
        (Some(set), None) => format!(
            "it belongs to another set, {set}: leave it out, or remove its label {PART_OF} to hand it over"
        ),
        (None, None) => return None,
    };
    Some(Mistake::new(&item.id, text).exiting(Exit::Failure))
}

/// Refuses one that somebody else made. What is in no set stays when the set goes, so it may be wanted by many.
pub(super) fn refused(id: &ObjectId, object: &Value) -> Result<(), Mistake> {
    if !is_prunable(id) || label(object, PART_OF).is_some() || ours(object).is_some() {
        return Ok(());
    }
    let text = format!(
        "it is there already, and {} made it: it would become a part of this and go with it; leave it out, delete it first if nobody \
         needs it, or take it over with --force-conflicts",
        maker(object)
    );
    Err(Mistake::new(id, text).exiting(Exit::Failure))
}

/// Who made it, as far as it says: a release of Helm, or those who wrote its fields.
fn maker(object: &Value) -> String {
    let noted = |key| annotation(object, key).unwrap_or_default();
    let release = noted("meta.helm.sh/release-name");
    if !release.is_empty() {
        let place = noted("meta.helm.sh/release-namespace");
        return format!("the Helm release {release} in {place}");
    }
    let mut managers: Vec<&str> = list(object, "/metadata/managedFields")
        .iter()
        .filter(|entry| text(entry, "/subresource").is_empty())
        .map(|entry| text(entry, "/manager"))
        .filter(|manager| !manager.is_empty())
        .collect();
    managers.dedup();
    if managers.is_empty() {
        "somebody else".to_owned()
    } else {
        managers.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table, row by row")]
    fn whoever_made_it_is_named_and_what_is_ours_is_let_through() {
        let of = |kind: &str, metadata: Value| {
            let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
            object["metadata"]["name"] = json!("a");
            let id = ObjectId::of(&object).unwrap();
            refused(&id, &object).map_err(|mistake| mistake.to_string())
        };
        let managed = |manager: &str| {
            json!([
                {"manager": manager, "operation": "Apply", "fieldsV1": {}},
                {"manager": "status", "operation": "Update", "subresource": "status"},
            ])
        };
        let helm = json!({"meta.helm.sh/release-name": "istiod", "meta.helm.sh/release-namespace": "mesh"});
        let cases = [
            (
                "of Helm",
                "ConfigMap",
                json!({"annotations": helm, "managedFields": managed("helm")}),
                Some("the Helm release istiod in mesh made it"),
            ),
            (
                "of GitOps",
                "ConfigMap",
                json!({"managedFields": managed("argocd-controller")}),
                Some("argocd-controller made it"),
            ),
            (
                "of nobody",
                "ConfigMap",
                json!({}),
                Some("somebody else made it"),
            ),
            (
                "ours, handed over from another set",
                "ConfigMap",
                json!({"managedFields": managed("weft")}),
                None,
            ),
            (
                "a member already",
                "ConfigMap",
                json!({"labels": {PART_OF: "applyset-x-v1"}}),
                None,
            ),
            (
                "a namespace",
                "Namespace",
                json!({"managedFields": managed("kubectl")}),
                None,
            ),
        ];
        for (what, kind, metadata, wanted) in cases {
            match (of(kind, metadata), wanted) {
                (Ok(()), None) => {}
                (Err(text), Some(wanted)) => {
                    assert!(
                        text.contains(wanted) && text.contains("--force-conflicts"),
                        "{what}: {text}"
                    );
                }
                (told, _) => panic!("{what}: {told:?}"),
            }
        }
    }
}
