//! The gateways among which a new one has to be told from the others.

use futures_util::try_join;

use super::super::check::Other;
use super::super::state;
use super::workloads;
use crate::cluster::access::Cluster;
use crate::failure::Failure;
use crate::mesh::read::{name, namespace, text};
use crate::sidecar::gateway;
use crate::sidecar::kinds::Kinds;
use crate::sidecar::read::Reader;

/// Every gateway of a cluster, of whatever kind: of those that the mesh declares, too. What of these cannot be seen comes with the
/// reason.
pub(crate) async fn others(
    cluster: &Cluster,
    root: &str,
    mesh: Option<&str>,
) -> Result<(Vec<Other>, Vec<String>), Failure> {
    let kinds = Kinds::read(cluster, root, mesh).await?;
    let reader = Reader::new(cluster.clone()).with(kinds.served);
    let usual = Box::pin(workloads(cluster, None));
    let ((declared, unseen), usual) = try_join!(reader.declared(), usual)?;
    let usual = usual.iter().map(|one| Other {
        kind: text(one, "/kind").unwrap_or_default().to_owned(),
        namespace: namespace(one).to_owned(),
        name: name(one).to_owned(),
        labels: state::pod_labels(one),
    });
    let declared = declared.into_iter();
    let declared = declared.filter(|one| gateway::is_one(&one.template));
    let declared = declared.map(|one| Other {
        kind: one.name.kind.word().to_owned(),
        namespace: one.name.namespace,
        name: one.name.name,
        labels: one.template.labels,
    });
    let unseen = unseen.into_iter().map(|(_, why)| why);
    let missing = kinds.missing.into_iter().map(|(_, why)| why);
    let unknown = unseen.chain(missing).chain(kinds.unread);
    Ok((usual.chain(declared).collect(), unknown.collect()))
}
