//! What to do: a snapshot and a wish in, a plan as a value out. Nothing here acts.

mod earlier;
mod visible;

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::deliver::PULL;
use super::desired::Desired;
use super::record::{Record, Rollout};
use super::refusal::Refusal;
use super::secret::{self, SecretView};
use super::selection::{self, Scope, Selection};
use super::snapshot::Snapshot;
use super::stamp::Stamp;
use super::wasmplugin::{WasmPlugin, WasmPluginSpec};
use crate::cluster::diff::Change;
use crate::cluster::ownership::OwnedField;
pub(crate) use earlier::back;
pub(crate) use visible::changes;

/// Istio's word for failing closed.
pub(crate) const CLOSED: &str = "FAIL_CLOSE";

/// The field with which a version is sent again, and its value; with a digest in the URL it is without effect.
pub(crate) const PULL_POLICY: &str = "imagePullPolicy";
/// See `PULL_POLICY`.
pub(crate) const IF_NOT_PRESENT: &str = "IfNotPresent";

/// Istio applies a plugin without `match` to inbound and outbound listeners alike.
const BOTH_WAYS: &str = "without --match it concerns the calls that the selected workloads make, too, and not only those that they receive: \
     --match mode=server is for received ones, --match mode=both says that both are meant";

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
    /// What is there now, and is to be replaced; none when nothing is there.
    pub(crate) replaces: Option<Stamp>,
    /// What differs, field by field.
    pub(crate) changes: Vec<Change>,
    /// Who will run it.
    pub(crate) selection: Selection,
    /// What the operator should know.
    pub(crate) notes: Vec<String>,
    /// Fields of others that would stay in the plugin's configuration or selector.
    pub(crate) leftovers: Vec<OwnedField>,
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
    let selection = selected(snapshot, &spec, terms)?;
    let current = snapshot.current.as_ref();
    let kept = current.map(Record::read);
    let record = next_record(kept.as_ref().zip(current), desired, terms.now);
    let draft = assemble(desired, terms.scope.namespace, &spec, &record);
    let changes = current
        .map(|current| changes(current, &draft))
        .unwrap_or_default();
    let action = action(kept.as_ref(), &changes);
    // What is there already keeps its notes; only a new version gets new ones.
    let record = match (action, &kept) {
        (Action::Resume | Action::Unchanged, Some(kept)) => kept.clone(),
        _ => record,
    };
    let previous = current.and_then(|current| earlier::previous(current, &draft, action));
    let assembled = |record: &Record| assemble(desired, terms.scope.namespace, &spec, record);
    let settled = assembled(&Record {
        rollout: Rollout::Settled,
        ..record.clone()
    });
    let is_first = previous.is_none() && action != Action::Unchanged;
    let mut object = if is_first {
        opened(&settled, record)
    } else {
        assembled(&record)
    };
    if matches!(action, Action::Resume | Action::Unchanged) {
        keep_nudge(current, &mut object);
    }
    Ok(Plan {
        action,
        object,
        settled,
        previous,
        replaces: current.map(Stamp::of),
        notes: notes(&spec, kept.as_ref(), &selection, snapshot, terms),
        older_pull: kept
            .as_ref()
            .map(|kept| older_pull(kept, terms.now))
            .unwrap_or_default(),
        leftovers: current
            .map(|current| visible::leftovers(current, &draft))
            .unwrap_or_default(),
        changes,
        selection,
    })
}

/// The proxies that it concerns, which have to be able to pull it.
fn selected(
    snapshot: &Snapshot,
    spec: &WasmPluginSpec,
    terms: Terms<'_>,
) -> Result<Selection, Refusal> {
    let selection = selection::select(spec, terms.scope, &snapshot.pods);
    if selection.is_empty() && !terms.allow_empty {
        return Err(Refusal::NothingSelected(
            selection.why_empty(spec, terms.scope.namespace),
        ));
    }
    secret::check_secret(
        &snapshot.secret,
        spec,
        terms.scope.namespace,
        terms.registry,
    )?;
    Ok(selection)
}

fn next_record(current: Option<(&Record, &WasmPlugin)>, desired: &Desired, now: &str) -> Record {
    match current {
        Some((kept, current)) => kept.next(&current.spec, desired.image.clone(), now),
        None => Record::first(desired.image.clone(), now),
    }
}

fn action(kept: Option<&Record>, changes: &[Change]) -> Action {
    match kept {
        None => Action::Create,
        Some(_) if !changes.is_empty() => Action::Update,
        Some(kept) if kept.rollout.is_pending() => Action::Resume,
        Some(_) => Action::Unchanged,
    }
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

fn notes(
    spec: &WasmPluginSpec,
    kept: Option<&Record>,
    selection: &Selection,
    snapshot: &Snapshot,
    terms: Terms<'_>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if selection.sidecars && spec.matches.is_empty() {
        notes.push(BOTH_WAYS.to_owned());
    }
    if terms.scope.is_mesh() && spec.selector.is_none() && spec.targets().is_empty() {
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
            notes.push("it was not written by weft until now".to_owned());
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
