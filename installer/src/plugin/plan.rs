//! What to do: a snapshot and a wish in, a plan as a value out. Nothing here acts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::desired::Desired;
use super::record::{self, Record};
use super::selection::{self, Scope, Selection};
use super::snapshot::{SecretView, Snapshot};
use super::wasmplugin::{WasmPlugin, WasmPluginSpec};
use crate::cluster::diff::{self, Change};
use crate::cluster::ownership;

/// kubectl's own copy of an object, which says nothing new.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What will happen to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// It does not exist yet.
    Create,
    /// It exists and differs.
    Update,
    /// It is as wished, but nobody has seen yet that every proxy runs it: an earlier run was cut off.
    Resume,
    /// It is as wished.
    Unchanged,
}

/// What to write, and what to go back to.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// What will happen.
    pub(crate) action: Action,
    /// The object to write, still marked as pending.
    pub(crate) object: WasmPlugin,
    /// The same object when every proxy runs it.
    pub(crate) settled: WasmPlugin,
    /// The object to go back to when it fails; none on a first deployment.
    pub(crate) previous: Option<WasmPlugin>,
    /// What differs, field by field.
    pub(crate) changes: Vec<Change>,
    /// Who will run it.
    pub(crate) selection: Selection,
    /// What the operator should know.
    pub(crate) notes: Vec<String>,
}

/// Circumstances of a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// Where the plugin goes.
    pub(crate) scope: Scope<'a>,
    /// `oci://REPOSITORY@sha256:…`.
    pub(crate) url: &'a str,
    /// The registry's host, as Istio's agent looks it up in the Secret.
    pub(crate) registry: &'a str,
    /// RFC 3339.
    pub(crate) now: &'a str,
    /// Whether it may concern no proxy at all.
    pub(crate) allow_empty: bool,
}

/// A reason not to write anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// No proxy would run it.
    #[error("{0}; to write it all the same, add --allow-empty")]
    NothingSelected(String),
    /// The pull would fail.
    #[error(
        "Secret {0} does not exist in namespace {1}: Istio reads imagePullSecret there; every proxy would deny every request for want of it"
    )]
    SecretMissing(String, String),
    /// The pull would fail.
    #[error(
        "Secret {0} has type {1}: Istio reads only kubernetes.io/dockerconfigjson (`kubectl create secret docker-registry`)"
    )]
    SecretType(String, String),
    /// The pull would be anonymous.
    #[error(
        "Secret {name} has no credentials for {registry}, only for {hosts}: the proxies would ask the registry without any"
    )]
    SecretHost {
        /// The Secret.
        name: String,
        /// The image's registry.
        registry: String,
        /// The registries that it has.
        hosts: String,
    },
}

/// Plans a deployment.
pub(crate) fn plan(
    snapshot: &Snapshot,
    desired: &Desired,
    terms: Terms<'_>,
) -> Result<Plan, Refusal> {
    let spec = WasmPluginSpec {
        url: terms.url.to_owned(),
        ..desired.spec.clone()
    };
    let selection = selection::select(&spec, terms.scope, &snapshot.pods);
    if selection.is_empty() && !terms.allow_empty {
        return Err(Refusal::NothingSelected(
            selection.why_empty(&spec, terms.scope.namespace),
        ));
    }
    check_secret(snapshot, &spec, terms)?;
    let current = snapshot.current.as_ref();
    let kept = current.map(Record::read);
    let record = match (&kept, current) {
        (Some(kept), Some(current)) => kept.next(&current.spec, desired.image.clone(), terms.now),
        _ => Record::first(desired.image.clone(), terms.now),
    };
    let draft = assemble(desired, terms.scope.namespace, &spec, &record);
    let changes = current
        .map(|current| changes(current, &draft))
        .unwrap_or_default();
    let action = match &kept {
        None => Action::Create,
        Some(_) if !changes.is_empty() => Action::Update,
        Some(kept) if kept.pending => Action::Resume,
        Some(_) => Action::Unchanged,
    };
    // What is there already keeps its notes; only a new version gets new ones.
    let record = match (action, &kept) {
        (Action::Resume | Action::Unchanged, Some(kept)) => kept.clone(),
        _ => record,
    };
    Ok(Plan {
        action,
        object: assemble(desired, terms.scope.namespace, &spec, &record),
        settled: assemble(
            desired,
            terms.scope.namespace,
            &spec,
            &Record {
                pending: false,
                ..record
            },
        ),
        previous: current.and_then(|current| previous(current, action)),
        notes: notes(&spec, kept.as_ref(), snapshot, terms),
        changes,
        selection,
    })
}

/// The wish to go back to an earlier version of what is there.
pub(crate) fn back(current: &WasmPlugin, to: Option<u64>) -> Result<Desired, NoSuchVersion> {
    let record = Record::read(current);
    let name = current.metadata.name.clone().unwrap_or_default();
    let past = record.past(to).ok_or_else(|| NoSuchVersion {
        name: name.clone(),
        wanted: to.map_or_else(
            || "an earlier version".to_owned(),
            |revision| format!("version {revision}"),
        ),
        kept: match record.history.as_slice() {
            [] => "none".to_owned(),
            history => history
                .iter()
                .map(|past| past.revision.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        },
    })?;
    Ok(Desired {
        name,
        namespace: current.metadata.namespace.clone(),
        image: past.image.clone(),
        metadata: visible_metadata(&current.metadata),
        spec: past.spec.clone(),
    })
}

/// There is nothing to go back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("WasmPlugin {name} does not keep {wanted}; it keeps: {kept}")]
pub(crate) struct NoSuchVersion {
    name: String,
    wanted: String,
    kept: String,
}

/// The whole object, as it is applied.
pub(crate) fn assemble(
    desired: &Desired,
    namespace: &str,
    spec: &WasmPluginSpec,
    record: &Record,
) -> WasmPlugin {
    let mut object = WasmPlugin::new(&desired.name, spec.clone());
    object.metadata.namespace = Some(namespace.to_owned());
    object.metadata.labels.clone_from(&desired.metadata.labels);
    object
        .metadata
        .annotations
        .clone_from(&desired.metadata.annotations);
    record.write(spec, &mut object.metadata);
    object
}

/// What to go back to when this version fails.
fn previous(current: &WasmPlugin, action: Action) -> Option<WasmPlugin> {
    let record = Record::read(current);
    let (spec, record) = match (action, record.pending) {
        // What is there has run before.
        (Action::Update, false) => (current.spec.clone(), record),
        // What is there never ran everywhere: the version before it did.
        (Action::Update | Action::Resume, true) => {
            let (past, older) = record.history.split_first()?;
            let older = Record {
                image: past.image.clone(),
                revision: past.revision,
                deployed_at: past.deployed_at.clone(),
                history: older.to_vec(),
                ..Record::default()
            };
            (past.spec.clone(), older)
        }
        (Action::Create | Action::Unchanged | Action::Resume, _) => return None,
    };
    let wish = Desired {
        name: current.metadata.name.clone()?,
        namespace: None,
        image: record.image.clone(),
        metadata: visible_metadata(&current.metadata),
        spec: spec.clone(),
    };
    Some(assemble(
        &wish,
        current.metadata.namespace.as_deref()?,
        &spec,
        &record,
    ))
}

/// Labels and annotations without our notes and those of the server.
fn visible_metadata(metadata: &ObjectMeta) -> ObjectMeta {
    let annotations = metadata.annotations.clone().map(|mut annotations| {
        annotations.retain(|key, _| key != LAST_APPLIED && !record::NOTES.contains(&key.as_str()));
        annotations
    });
    ObjectMeta {
        labels: metadata.labels.clone(),
        annotations,
        ..ObjectMeta::default()
    }
}

/// What differs for the operator between what is there and what would be.
fn changes(current: &WasmPlugin, wanted: &WasmPlugin) -> Vec<Change> {
    let (mut before, after) = (visible(current), visible(wanted));
    let managed = current
        .metadata
        .managed_fields
        .as_deref()
        .unwrap_or_default();
    let mut ours = ownership::ours(managed);
    // Our notes are compared through `image`, which is no field of the object.
    if let Some(ours) = ours.as_object_mut() {
        ours.insert("f:image".to_owned(), json!({}));
    }
    ownership::forget_foreign(&mut before, &after, &ours);
    diff::changes(&Value::Object(before), &Value::Object(after))
}

fn visible(object: &WasmPlugin) -> Map<String, Value> {
    let metadata = visible_metadata(&object.metadata);
    let fields = json!({
        "image": Record::read(object).image,
        "metadata": {
            "labels": metadata.labels.unwrap_or_default(),
            "annotations": metadata.annotations.unwrap_or_default(),
        },
        "spec": object.spec,
    });
    fields.as_object().cloned().unwrap_or_default()
}

fn check_secret(
    snapshot: &Snapshot,
    spec: &WasmPluginSpec,
    terms: Terms<'_>,
) -> Result<(), Refusal> {
    let name = spec.image_pull_secret.clone().unwrap_or_default();
    match &snapshot.secret {
        SecretView::NotAsked | SecretView::Unreadable => Ok(()),
        SecretView::Missing => Err(Refusal::SecretMissing(
            name,
            terms.scope.namespace.to_owned(),
        )),
        SecretView::WrongType(kind) => Err(Refusal::SecretType(name, kind.clone())),
        SecretView::For(hosts) if hosts.iter().any(|host| host == terms.registry) => Ok(()),
        SecretView::For(hosts) => Err(Refusal::SecretHost {
            name,
            registry: terms.registry.to_owned(),
            hosts: hosts.join(", "),
        }),
    }
}

fn notes(
    spec: &WasmPluginSpec,
    kept: Option<&Record>,
    snapshot: &Snapshot,
    terms: Terms<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if terms.scope.is_mesh() && spec.selector.is_none() && spec.target_refs.is_empty() {
        notes.push(format!(
            "{} is the mesh's root namespace: this concerns every proxy of the mesh",
            terms.scope.root
        ));
    }
    if snapshot.secret == SecretView::Unreadable {
        let name = spec.image_pull_secret.as_deref().unwrap_or_default();
        notes.push(format!("Secret {name} may not be read with these credentials, so nobody has checked that it fits the registry"));
    }
    match kept {
        Some(kept) if kept.revision == 0 => {
            notes.push("it was not written by weft until now".to_owned())
        }
        Some(kept) if kept.history_lost => {
            notes.push(
                "the annotation weft.dev/history cannot be read: earlier versions are lost"
                    .to_owned(),
            );
        }
        _ => {}
    }
    notes
}

#[cfg(test)]
mod tests;
