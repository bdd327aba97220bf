//! The history in the cluster: `ConfigMap`s `weft-history-NAMESPACE-N` in the root namespace.
//!
//! They are created and replaced, and not applied: an apply cannot say "only if it is not there yet", and of two commands
//! that write at once neither may take the other's entry away.

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};

use super::Entry;
use super::store::{self, Chunk, Damaged, History};
use super::stored::{self, Limits, Piece};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::failure::{Exit, Failure};

const LABEL: &str = "weft.dev/history";
/// How often a write is tried when others write at the same time.
const TRIES: usize = 10;

/// What is kept in a namespace.
pub(crate) async fn load(cluster: &Cluster, namespace: &str) -> Result<History, Failure> {
    let chunks = chunks(cluster, namespace).await?;
    store::read(&chunks).map_err(|damaged: Damaged| {
        let name = name(namespace, damaged.index);
        Failure::new(Exit::Failure, damaged)
            .context(format!("cannot read ConfigMap {namespace}/{name}"))
    })
}

/// Adds an entry, whoever else does at the same time.
pub(crate) async fn append(
    cluster: &Cluster,
    namespace: &str,
    entry: &Entry,
    now: Timestamp,
) -> Result<(), ClusterError> {
    let pieces = |number| stored::pieces(entry, number, Limits::REAL);
    add(cluster, namespace, pieces, now).await?;
    Ok(())
}

/// Adds the first piece of an entry whose changes are not known yet; gives its number.
pub(crate) async fn begin(
    cluster: &Cluster,
    namespace: &str,
    entry: &Entry,
    now: Timestamp,
) -> Result<u64, ClusterError> {
    let pieces = |number| vec![stored::intent(entry, number)];
    add(cluster, namespace, pieces, now).await
}

/// Adds later pieces of such an entry.
pub(crate) async fn go_on(
    cluster: &Cluster,
    namespace: &str,
    pieces: Vec<Piece>,
    now: Timestamp,
) -> Result<(), ClusterError> {
    add(cluster, namespace, |_| pieces.clone(), now).await?;
    Ok(())
}

async fn add(
    cluster: &Cluster,
    namespace: &str,
    pieces: impl Fn(u64) -> Vec<Piece>,
    now: Timestamp,
) -> Result<u64, ClusterError> {
    let limits = Limits::REAL;
    let mut left: Option<Vec<Piece>> = None;
    let mut number = 0;
    let mut tries = TRIES;
    loop {
        let known = chunks(cluster, namespace).await?;
        // The number is settled when the first part is written.
        let open = left.clone().unwrap_or_else(|| {
            number = store::next_number(&known);
            pieces(number)
        });
        let mut overtaken = None;
        for chunk in store::place(&known, &open, limits) {
            match write(cluster, namespace, &chunk).await {
                Ok(()) => {
                    let rest = left.get_or_insert_with(|| open.clone());
                    rest.retain(|piece| !chunk.data.contains_key(&store::key(piece)));
                }
                Err(error) if error.is_status(409) => {
                    overtaken = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        match overtaken {
            None => break,
            Some(error) if tries == 0 => return Err(error),
            Some(_) => tries = tries.saturating_sub(1),
        }
    }
    let known = chunks(cluster, namespace).await?;
    for index in store::surplus(&known, now, limits) {
        drop_chunk(cluster, namespace, index).await?;
    }
    Ok(number)
}

/// Takes the first piece of an entry out again: nothing came of it.
pub(crate) async fn withdraw(
    cluster: &Cluster,
    namespace: &str,
    number: u64,
) -> Result<(), ClusterError> {
    let mut tries = TRIES;
    loop {
        let known = chunks(cluster, namespace).await?;
        let Some(chunk) = store::without(&known, number) else {
            return Ok(());
        };
        match write(cluster, namespace, &chunk).await {
            Err(error) if error.is_status(409) && tries > 0 => tries = tries.saturating_sub(1),
            written => return written,
        }
    }
}

async fn chunks(cluster: &Cluster, namespace: &str) -> Result<Vec<Chunk>, ClusterError> {
    let params = ListParams::default().labels(&format!("{LABEL}=true"));
    let found = cluster
        .call(
            &format!("read the history in {namespace}"),
            api(cluster, namespace).list(&params),
        )
        .await?;
    let prefix = name(namespace, 0);
    let prefix = prefix.trim_end_matches('0');
    let chunk = |object: ConfigMap| {
        let index = object.metadata.name?.strip_prefix(prefix)?.parse().ok()?;
        Some(Chunk {
            index,
            data: object.data.unwrap_or_default(),
            version: object.metadata.resource_version,
        })
    };
    Ok(found.items.into_iter().filter_map(chunk).collect())
}

async fn write(cluster: &Cluster, namespace: &str, chunk: &Chunk) -> Result<(), ClusterError> {
    let labels = [("app.kubernetes.io/managed-by", "weft"), (LABEL, "true")];
    let object = ConfigMap {
        metadata: ObjectMeta {
            name: Some(name(namespace, chunk.index)),
            labels: Some(
                labels
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
            ),
            resource_version: chunk.version.clone(),
            ..ObjectMeta::default()
        },
        data: Some(chunk.data.clone()),
        ..ConfigMap::default()
    };
    let params = PostParams {
        field_manager: Some(crate::mesh::record::MANAGER.to_owned()),
        ..PostParams::default()
    };
    let what = format!("write the history in {namespace}");
    let api = api(cluster, namespace);
    if chunk.version.is_some() {
        let name = name(namespace, chunk.index);
        cluster
            .call(&what, api.replace(&name, &params, &object))
            .await?;
    } else {
        cluster.call(&what, api.create(&params, &object)).await?;
    }
    Ok(())
}

async fn drop_chunk(cluster: &Cluster, namespace: &str, index: u64) -> Result<(), ClusterError> {
    let what = format!("drop the oldest part of the history in {namespace}");
    let api = api(cluster, namespace);
    let name = name(namespace, index);
    match cluster
        .call(&what, api.delete(&name, &DeleteParams::default()))
        .await
    {
        Err(error) if !error.is_status(404) => Err(error),
        _ => Ok(()),
    }
}

fn name(namespace: &str, index: u64) -> String {
    format!("weft-history-{namespace}-{index}")
}

fn api(cluster: &Cluster, namespace: &str) -> Api<ConfigMap> {
    Api::namespaced(cluster.client.clone(), namespace)
}
