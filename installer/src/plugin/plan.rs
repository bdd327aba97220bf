//! What to do: a snapshot and a wish in, a plan as a value out. Nothing here acts.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::deliver::PULL;
use super::desired::Desired;
use super::record::{self, Record, Rollout};
use super::refusal::{self, Refusal};
use super::selection::{self, Scope, Selection};
use super::snapshot::{SecretView, Snapshot};
use super::wasmplugin::{WasmPlugin, WasmPluginSpec};
use crate::cluster::diff::{self, Change};
use crate::cluster::ownership;
use crate::failure::{Exit, Failure};

/// kubectl's own copy of an object, which says nothing new.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Istio's word for failing closed.
const CLOSED: &str = "FAIL_CLOSE";

/// The field with which a version is sent again, and its value; with a digest in the URL it is without effect.
pub(crate) const PULL_POLICY: &str = "imagePullPolicy";
/// See `PULL_POLICY`.
pub(crate) const IF_NOT_PRESENT: &str = "IfNotPresent";

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
    /// The object to write, still marked as pending. A first version that is to fail closed fails open until every proxy
    /// has its module: an agent that cannot pull then lets traffic pass, as it passed before there was a plugin, instead
    /// of denying all of it.
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
    /// For how long from now a pull of an interrupted deployment may still end, and replace what we write.
    pub(crate) older_pull: Duration,
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
    refusal::check_secret(
        &snapshot.secret,
        &spec,
        terms.scope.namespace,
        terms.registry,
    )?;
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
        Some(kept) if kept.rollout.is_pending() => Action::Resume,
        Some(_) => Action::Unchanged,
    };
    // What is there already keeps its notes; only a new version gets new ones.
    let record = match (action, &kept) {
        (Action::Resume | Action::Unchanged, Some(kept)) => kept.clone(),
        _ => record,
    };
    let previous = current.and_then(|current| previous(current, action));
    let settled = Record {
        rollout: Rollout::Settled,
        ..record.clone()
    };
    let settled = assemble(desired, terms.scope.namespace, &spec, &settled);
    let is_first = action != Action::Unchanged && previous.is_none();
    let mut object = if is_first {
        opened(&settled, record)
    } else {
        assemble(desired, terms.scope.namespace, &spec, &record)
    };
    if action != Action::Create && action != Action::Update {
        keep_nudge(current, &mut object);
    }
    Ok(Plan {
        action,
        object,
        settled,
        previous,
        notes: notes(&spec, kept.as_ref(), snapshot, terms),
        older_pull: kept
            .as_ref()
            .map(|kept| older_pull(kept, terms.now))
            .unwrap_or_default(),
        changes,
        selection,
    })
}

/// A first version on its way: it fails open if it is to fail closed.
fn opened(settled: &WasmPlugin, record: Record) -> WasmPlugin {
    let mut object = settled.clone();
    let closes = settled.spec.fail_strategy.as_deref() == Some(CLOSED);
    if closes {
        object.spec.fail_strategy = Some("FAIL_OPEN".to_owned());
    }
    let rollout = if closes {
        Rollout::Opening
    } else {
        Rollout::Pending
    };
    Record { rollout, ..record }.write(&settled.spec, &mut object.metadata);
    object
}

/// An object that is not to be changed keeps the mark of having been sent again, so that sending it again differs.
fn keep_nudge(current: Option<&WasmPlugin>, object: &mut WasmPlugin) {
    let policy = current.and_then(|current| current.spec.rest.get(PULL_POLICY));
    if let Some(policy) = policy.filter(|policy| policy.as_str() == Some(IF_NOT_PRESENT)) {
        object
            .spec
            .rest
            .insert(PULL_POLICY.to_owned(), policy.clone());
    }
}

/// For how long a pull of a deployment that was cut off may still go on.
fn older_pull(kept: &Record, now: &str) -> Duration {
    let moment = |text: &str| text.parse::<Timestamp>().ok();
    match (
        kept.rollout.is_pending(),
        kept.deployed_at.as_deref().and_then(moment),
        moment(now),
    ) {
        (true, Some(then), Some(now)) => {
            let age = Duration::try_from(now.duration_since(then)).unwrap_or_default();
            PULL.saturating_sub(age)
        }
        _ => Duration::ZERO,
    }
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

impl From<NoSuchVersion> for Failure {
    fn from(error: NoSuchVersion) -> Self {
        Self::new(Exit::Failure, error)
    }
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
    let (spec, record) = match (action, record.rollout.is_pending()) {
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
    let mut spec = object.spec.clone();
    // Neither is what the operator asked for: see `Plan::object` and `deliver::watch`.
    if Record::read(object).rollout == Rollout::Opening {
        spec.fail_strategy = Some(CLOSED.to_owned());
    }
    if spec.rest.get(PULL_POLICY).and_then(Value::as_str) == Some(IF_NOT_PRESENT) {
        spec.rest.remove(PULL_POLICY);
    }
    let fields = json!({
        "image": Record::read(object).image,
        "metadata": {
            "labels": metadata.labels.unwrap_or_default(),
            "annotations": metadata.annotations.unwrap_or_default(),
        },
        "spec": spec,
    });
    fields.as_object().cloned().unwrap_or_default()
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
