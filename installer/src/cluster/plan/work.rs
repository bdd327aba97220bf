//! What carrying out a step needs, and what it leaves behind.

use serde_json::Value;

use super::{Action, Step};
use crate::cluster::discovery::Resource;
use crate::cluster::object::ObjectId;
use crate::cluster::peek::label;
use crate::cluster::snapshot::Found;
use crate::cluster::wanted::COMPONENT;

/// What carrying out a step needs.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// Which stage it belongs to.
    pub(crate) stage: usize,
    /// Where such objects are.
    pub(crate) resource: Resource,
    /// What is sent.
    pub(crate) object: Value,
    /// Whether that takes over fields of others.
    pub(crate) force: bool,
    /// Whether it may, where the server could not say before which those are.
    pub(crate) takes: bool,
    /// The one that is there and stays, as it is.
    pub(crate) current: Option<Value>,
    /// The uid of the one that is there.
    pub(crate) uid: String,
    /// The one that is there has been deleted and must be gone first.
    pub(crate) going: bool,
}

/// The step that takes a member away.
pub(super) fn prune(id: &ObjectId, found: &Found) -> Step {
    Step {
        id: id.clone(),
        component: label(&found.object, COMPONENT)
            .unwrap_or_default()
            .to_owned(),
        action: Action::Prune,
        changes: Vec::new(),
        conflicts: Vec::new(),
        unsure: None,
        work: Work {
            stage: 0,
            resource: found.resource.clone(),
            object: found.object.clone(),
            force: false,
            takes: false,
            current: Some(found.object.clone()),
            uid: found.uid().to_owned(),
            going: found.is_going(),
        },
    }
}
