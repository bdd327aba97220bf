//! Carries an undo out, object by object, each only if it is still as it was looked at.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::core::GroupVersionKind;
use kube::{Api, discovery};
use serde_json::{Value, json};

use super::super::{Change, fields};
use super::Action;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;

/// How often an object is written that changes meanwhile.
const TRIES: usize = 5;

/// The object as it is; nothing where it is not there.
pub(crate) async fn look(cluster: &Cluster, id: &ObjectId) -> Result<Option<Value>, ClusterError> {
    let api = match api(cluster, id).await {
        Ok(api) => api,
        // Its kind went with it.
        Err(error) if error.is_not_found() => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let found = cluster
        .call(&format!("read {id}"), api.get_opt(&id.name))
        .await?;
    Ok(found.map(|object| value(&object)))
}

impl Action {
    /// Which object it is about.
    pub(crate) fn object(&self) -> &ObjectId {
        match self {
            Self::Delete { object, .. } | Self::Apply { object, .. } => object,
        }
    }

    /// What it does, as changes; before anything is written, what is wanted stands for what will be.
    pub(crate) fn changes(&self) -> Vec<Change> {
        match self {
            // All that we wrote goes with it, under whichever name.
            Self::Delete {
                object,
                current,
                manager,
            } => fields::MANAGERS
                .into_iter()
                .filter(|one| one == manager || fields::is_owned(current, one, ""))
                .map(|manager| Change {
                    object: object.clone(),
                    manager,
                    before: Some(fields::ours(current, manager)),
                    after: None,
                })
                .collect(),
            Self::Apply {
                object,
                current,
                wanted,
                manager,
            } => vec![Change {
                object: object.clone(),
                manager,
                before: current
                    .as_ref()
                    .map(|current| overwritten(current, wanted, manager)),
                after: Some(wanted.clone()),
            }],
        }
    }

    /// Does it, or with `rehearse` has the API server check it. `latest` is the object as an action before this one left
    /// it. Gives what became of it: changes, and the object as it is.
    pub(crate) async fn carry_out(
        &self,
        cluster: &Cluster,
        rehearse: bool,
        latest: Option<&Value>,
    ) -> Result<(Vec<Change>, Option<Value>), ClusterError> {
        let (Self::Delete { manager, .. } | Self::Apply { manager, .. }) = self;
        let current = match self {
            Self::Delete { current, .. } => Some(current),
            Self::Apply { current, .. } => current.as_ref(),
        };
        let mut seen = latest.or(current).cloned();
        for _ in 1..TRIES {
            match self.attempt(cluster, rehearse, seen.as_ref()).await {
                Err(error) if error.is_status(409) => {
                    let fresh = look(cluster, self.object()).await?;
                    let (Some(before), Some(now)) = (&seen, &fresh) else {
                        return Err(error);
                    };
                    if !is_untouched(before, now, manager) {
                        return Err(error);
                    }
                    seen = fresh;
                }
                done => return done,
            }
        }
        self.attempt(cluster, rehearse, seen.as_ref()).await
    }

    async fn attempt(
        &self,
        cluster: &Cluster,
        rehearse: bool,
        seen: Option<&Value>,
    ) -> Result<(Vec<Change>, Option<Value>), ClusterError> {
        let id = self.object();
        let api = api(cluster, id).await?;
        let mut changes = self.changes();
        let mut written = None;
        match self {
            Self::Delete { current, .. } => {
                let text = |at| {
                    seen.unwrap_or(current)
                        .pointer(at)
                        .and_then(Value::as_str)
                        .map(str::to_owned)
                };
                let mut params = DeleteParams::background().preconditions(Preconditions {
                    uid: text("/metadata/uid"),
                    resource_version: text("/metadata/resourceVersion"),
                });
                params.dry_run = rehearse;
                cluster
                    .call(&format!("delete {id}"), api.delete(&id.name, &params))
                    .await?;
            }
            Self::Apply {
                wanted, manager, ..
            } => {
                let mut wanted = wanted.clone();
                let version = seen.and_then(|current| current.pointer("/metadata/resourceVersion"));
                if let Some(version) = version {
                    fields::put(
                        &mut wanted,
                        "/metadata/resourceVersion",
                        Some(json!(version)),
                    );
                }
                let mut params = PatchParams::apply(manager);
                params.dry_run = rehearse;
                let patch = Patch::Apply(&wanted);
                let answer = cluster
                    .call(&format!("write {id}"), api.patch(&id.name, &params, &patch))
                    .await?;
                let answer = value(&answer);
                for change in &mut changes {
                    change.after = Some(fields::ours(&answer, manager));
                }
                written = Some(answer);
            }
        }
        Ok((changes, written))
    }
}

/// What is ours of an object, and what of others would be written over.
fn overwritten(current: &Value, wanted: &Value, manager: &str) -> Value {
    let mut found = fields::ours(current, manager);
    for at in fields::leaves(wanted) {
        let parts = |value: &Value| value.is_object() || value.is_array();
        let theirs = current.pointer(&at).filter(|value| !parts(value));
        if let (None, Some(value)) = (found.pointer(&at), theirs) {
            fields::put(&mut found, &at, Some(value.clone()));
        }
    }
    found
}

/// Whether it is the same object, and what is ours of it as it was: a controller that notes how far it is takes nothing
/// from anybody.
fn is_untouched(before: &Value, now: &Value, manager: &str) -> bool {
    before.pointer("/metadata/uid") == now.pointer("/metadata/uid")
        && fields::ours(before, manager) == fields::ours(now, manager)
}

async fn api(cluster: &Cluster, id: &ObjectId) -> Result<Api<DynamicObject>, ClusterError> {
    let kind = GroupVersionKind::gvk(&id.group, &id.version, &id.kind);
    let (resource, _) = cluster
        .call(
            &format!("ask for the kind {} {}", id.api_version(), id.kind),
            discovery::pinned_kind(&cluster.client, &kind),
        )
        .await?;
    let client = cluster.client.clone();
    Ok(match &id.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    })
}

fn value(object: &DynamicObject) -> Value {
    // An object that came as JSON can be written as JSON.
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_ours_counts() {
        let object = |uid: &str, ours: u8, theirs: &str| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": ours}, "status": {"b": theirs},
                "metadata": {"name": "x", "uid": uid, "resourceVersion": theirs, "managedFields": [
                    {"manager": "weft", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}}]}})
        };
        let before = object("1", 1, "1");
        for (now, wanted) in [
            (object("1", 1, "2"), true),
            (object("1", 2, "1"), false),
            (object("2", 1, "1"), false),
        ] {
            assert_eq!(is_untouched(&before, &now, "weft"), wanted, "{now}");
        }
    }

    #[test]
    fn what_of_others_is_written_over_is_told_and_nothing_else() {
        let current = json!({"metadata": {"name": "x", "annotations": {"theirs": "1"}, "managedFields": [
                {"manager": "weft", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}},
                {"manager": "else", "operation": "Update", "fieldsV1": {"f:data": {"f:b": {}, "f:c": {}}}}]},
            "data": {"a": "1", "b": "2", "c": "3"}});
        let wanted =
            json!({"metadata": {"name": "x", "annotations": {}}, "data": {"a": "1", "b": "9"}});
        assert_eq!(
            overwritten(&current, &wanted, "weft"),
            json!({"metadata": {"name": "x"}, "data": {"a": "1", "b": "2"}})
        );
    }
}
