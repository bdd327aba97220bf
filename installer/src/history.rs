//! What weft changed: who, when, what, before and after, kept in the mesh itself.
//!
//! The history belongs to a root namespace, and not to a record of a mesh: an Istio that nobody recorded has one too, and
//! it goes on when the mesh is adopted. It is a row of `ConfigMap`s to which entries are only added, within bounds.
//! Values of Secrets are never in it, only their hashes.

mod begun;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod fields;
pub(crate) mod journal;
pub(crate) mod keep;
mod kept;
pub(crate) mod report;
pub(crate) mod store;
pub(crate) mod stored;
pub(crate) mod turns;
pub(crate) mod undo;
pub(crate) mod verbs;

use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::PostParams;
use serde_json::Value;

use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::failure::{Failure, both};
pub(crate) use begun::begin;

/// One command that wrote something.
#[derive(Clone, Debug, PartialEq)]
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
///
/// Both values are best taken from what the API server answered, with [`fields::ours`]: what was sent may come back in
/// another notation (`1000m` as `1`), and an undo would take that for somebody else's change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// Which.
    pub(crate) object: ObjectId,
    /// Under which of our names: whoever undoes it writes under the same.
    pub(crate) manager: &'static str,
    /// What weft's fields were; nothing for an object that was not there.
    pub(crate) before: Option<Value>,
    /// What they are; nothing for an object that is gone.
    pub(crate) after: Option<Value>,
}

/// Adds an entry to the history that is kept in `namespace`, the root namespace of the mesh.
pub(crate) async fn record(
    cluster: &Cluster,
    namespace: &str,
    entry: &Entry,
) -> Result<(), ClusterError> {
    keep::append(cluster, namespace, entry, Timestamp::now()).await
}

/// The same for a verb that has just done this, as the caller that the cluster knows.
pub(crate) async fn note(
    cluster: &Cluster,
    namespace: &str,
    verb: &str,
    changes: Vec<Change>,
) -> Result<(), ClusterError> {
    record(cluster, namespace, &entry(cluster, verb, changes).await?).await
}

async fn entry(cluster: &Cluster, verb: &str, changes: Vec<Change>) -> Result<Entry, ClusterError> {
    Ok(Entry {
        at: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        who: who(cluster).await?,
        verb: verb.to_owned(),
        changes,
    })
}

/// Keeps account of a verb that writes a while: word of it is there before, and afterwards what it says that it really wrote,
/// whatever came of it. Without a namespace there is nowhere to keep it.
///
/// # Errors
/// What the verb failed with, and whatever kept the account from being written.
pub(crate) async fn accounted(
    cluster: &Cluster,
    namespace: Option<&str>,
    verb: &str,
    act: impl AsyncFnOnce(&mut Vec<Change>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let begun = match namespace {
        Some(namespace) => Some(begin(cluster, namespace, verb).await?),
        None => None,
    };
    let mut written = Vec::new();
    // What acts is large, and would lie in the future of every caller.
    let done = Box::pin(act(&mut written)).await;
    let noted = match begun {
        Some(begun) => begun.end(written, done.is_ok()).await,
        None => Ok(()),
    };
    both(done, noted.map_err(Failure::from))
}

/// As whom the API server knows the caller: the Lease and the history of one command say the same, and it is asked once.
pub(crate) async fn who(cluster: &Cluster) -> Result<String, ClusterError> {
    let asked = cluster.caller.get_or_try_init(|| ask_who(cluster));
    asked.await.cloned()
}

async fn ask_who(cluster: &Cluster) -> Result<String, ClusterError> {
    let api: Api<SelfSubjectReview> = Api::all(cluster.client.clone());
    let question = SelfSubjectReview::default();
    let asked = cluster
        .call(
            "ask the API server who we are",
            api.create(&PostParams::default(), &question),
        )
        .await;
    match asked {
        Ok(answer) => Ok(answer
            .status
            .and_then(|status| status.user_info)
            .and_then(|user| user.username)
            .unwrap_or_else(|| "unknown".to_owned())),
        // Before Kubernetes 1.28 nobody answers; that is no reason not to write the entry.
        Err(error) if error.is_not_found() => Ok("unknown".to_owned()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn who_we_are_is_asked_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let router = Router::new().fallback(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = json!({"metadata": {}, "status": {"userInfo": {"username": "ann"}}});
            async move { (StatusCode::CREATED, answer.to_string()) }
        });
        let cluster = crate::cluster::fake::served(router);
        assert_eq!(who(&cluster.clone()).await.unwrap(), "ann");
        assert_eq!(who(&cluster).await.unwrap(), "ann");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}
