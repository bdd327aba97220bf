//! Earlier versions: the one to go back to when a version fails, and the one that an operator asks for.

use super::super::desired::Desired;
use super::super::record::Record;
use super::super::wasmplugin::WasmPlugin;
use super::visible::our_metadata;
use super::{Action, assemble};
use crate::failure::{Exit, Failure};

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
        metadata: our_metadata(current, None),
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

/// What to go back to when this version fails.
pub(super) fn previous(
    current: &WasmPlugin,
    draft: &WasmPlugin,
    action: Action,
) -> Option<WasmPlugin> {
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
        metadata: our_metadata(current, Some(draft)),
        spec: spec.clone(),
    };
    Some(assemble(
        &wish,
        current.metadata.namespace.as_deref()?,
        &spec,
        &record,
    ))
}
