//! Reads workloads: of the kinds that every cluster has, and of those that the mesh declares.

use futures_util::future::try_join_all;
use kube::api::ListParams;
use serde_json::Value;

use super::super::view::{Kind, Owners, SETS, Workload, WorkloadObject, declared};
use super::list::Part;
use super::{Forbidden, Reader, collection};
use crate::cluster::error::ClusterError;

impl Reader {
    /// Workloads of every kind that can be restarted, and of which declared kinds they may not be read.
    pub(super) async fn workloads(
        &self,
        namespace: Option<&str>,
        forbidden: Forbidden,
    ) -> Result<(Vec<Workload>, Vec<(Kind, String)>), ClusterError> {
        let kinds = Kind::ALL.into_iter().chain(self.kinds.iter().copied());
        self.of_kinds(kinds, namespace, forbidden).await
    }

    /// Those of the declared kinds alone, of the whole cluster.
    pub(crate) async fn declared(
        &self,
    ) -> Result<(Vec<Workload>, Vec<(Kind, String)>), ClusterError> {
        let kinds = self.kinds.iter().copied();
        self.of_kinds(kinds, None, Forbidden::IsLeftOut).await
    }

    async fn of_kinds(
        &self,
        kinds: impl Iterator<Item = Kind>,
        namespace: Option<&str>,
        forbidden: Forbidden,
    ) -> Result<(Vec<Workload>, Vec<(Kind, String)>), ClusterError> {
        let of = |kind: Kind| async move {
            let (group, version) = kind.api();
            let path = collection(&format!("{group}/{version}"), namespace, kind.plural());
            let what = format!("list {}", kind.plural());
            let params = ListParams::default();
            if let Kind::Declared(_) = kind {
                let view = |object: Value| Some(declared(object, kind));
                let listed = self.list(&what, &path, params, view).await;
                let (found, why) = forbidden.settle(listed)?;
                return Ok((found, why.map(|why| (kind, why))));
            }
            let view = |object: WorkloadObject| Some(object.view(kind));
            Ok((self.list(&what, &path, params, view).await?, None))
        };
        let (found, unseen): (Vec<_>, Vec<_>) =
            try_join_all(kinds.map(of)).await?.into_iter().unzip();
        Ok((found.concat(), unseen.into_iter().flatten().collect()))
    }

    /// Whose the sets of pods are, as far as declared kinds can own them; without such kinds nobody needs to know.
    pub(super) async fn owners(&self, namespace: Option<&str>) -> Result<Owners, ClusterError> {
        let mut owners = Owners::new(&self.kinds);
        if self.kinds.is_empty() {
            return Ok(owners);
        }
        for (kind, (group, plural)) in SETS {
            let path = collection(group, namespace, plural);
            let what = format!("list {plural}");
            let sets = self.pages(&what, (&path, Part::Metadata), ListParams::default(), Some);
            owners = owners.with(kind, sets.await?);
        }
        Ok(owners)
    }
}
