//! What an upgrade looks at: namespaces, pods and the webhooks that inject.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Said, Upgrade};
use super::steps::Shown;
use super::usage::Usage;
use crate::cluster::access::Cluster;
use crate::failure::Failure;
use crate::sidecar::kinds::Kinds;
use crate::sidecar::read::Reader;
use crate::sidecar::state::{NamespaceStatus, Snapshot, survey};
use crate::sidecar::wish::guard;

/// Proxies of one sort.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sort {
    /// Their revision.
    pub(crate) revision: String,
    /// Their version.
    pub(crate) version: String,
}

/// A cluster as it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    snapshot: Snapshot,
    root: String,
}

impl Facts {
    /// Reads it all.
    pub(crate) async fn read(cluster: &Cluster, root: &str) -> Result<Self, Failure> {
        let kinds = Kinds::read(cluster, root, None).await?;
        let reader = Reader::new(cluster.clone()).with(kinds.served);
        Ok(Self {
            snapshot: reader.snapshot(None, root).await?,
            root: root.to_owned(),
        })
    }

    /// What decides the next steps.
    pub(crate) fn shown(&self, upgrade: &Upgrade) -> Shown {
        let ours = |name: &&String| guard(name, &self.root).is_ok();
        let pods = self.snapshot.pods.iter();
        let new = pods.filter(|pod| {
            let proxy = pod.proxy.as_ref();
            proxy.is_some_and(|proxy| proxy.revision == upgrade.new_one())
        });
        let on_new: BTreeSet<_> = new.map(|pod| pod.namespace.clone()).collect();
        Shown {
            namespaces: self.said(),
            on_new: on_new.into_iter().filter(|name| ours(&name)).collect(),
        }
    }

    /// What each namespace says, but those of the system.
    pub(crate) fn said(&self) -> BTreeMap<String, Said> {
        let all = self.snapshot.namespaces.iter();
        all.filter(|(name, _)| guard(name, &self.root).is_ok())
            .map(|(name, labels)| (name.clone(), Said::of(labels)))
            .collect()
    }

    /// Who uses a revision.
    pub(crate) fn usage(&self, revision: &str) -> Usage {
        Usage::of(revision, &self.snapshot, &self.root)
    }

    /// How each namespace and its workloads are.
    pub(crate) fn survey(&self) -> Vec<NamespaceStatus> {
        survey(&self.snapshot)
    }

    /// How many proxies of which sort each namespace has.
    pub(crate) fn proxies(&self) -> BTreeMap<String, BTreeMap<Sort, usize>> {
        let mut found: BTreeMap<String, BTreeMap<Sort, usize>> = BTreeMap::new();
        for pod in &self.snapshot.pods {
            if let Some(proxy) = &pod.proxy {
                let sort = Sort {
                    revision: proxy.revision.clone(),
                    version: proxy.version.clone(),
                };
                let sorts = found.entry(pod.namespace.clone()).or_default();
                let count = sorts.entry(sort).or_default();
                *count = count.saturating_add(1);
            }
        }
        found
    }
}
