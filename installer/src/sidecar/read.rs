//! Reads what is, with few requests: lists in pages, of which only the views are kept.

mod list;
mod workloads;

use futures_util::future::try_join_all;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::ListParams;
use kube::core::Request;
use serde_json::Value;

use super::injector::{Injectors, Settings, settings_name};
use super::state::Snapshot;
use super::usage::{self, Meter};
use super::view::{Kind, NamespaceObject, PodObject, PodView};
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::failure::{Exit, Failure};

/// The label by which a mesh's record is found.
const MESH: &str = "weft.dev/mesh";

/// What becomes of that which may not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forbidden {
    Fails,
    IsLeftOut,
}

/// Reads a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    cluster: Cluster,
    /// The kinds of workloads beside those that every cluster has.
    kinds: Vec<Kind>,
}

impl Forbidden {
    /// What was read, or nothing and the reason.
    fn settle<T: Default>(
        self,
        read: Result<T, ClusterError>,
    ) -> Result<(T, Option<String>), ClusterError> {
        match read {
            Ok(found) => Ok((found, None)),
            Err(error) if self == Self::IsLeftOut && error.is_forbidden() => {
                Ok((T::default(), Some(error.to_string())))
            }
            Err(error) => Err(error),
        }
    }
}

/// `/api/v1/namespaces/NS/pods`, or of all namespaces.
pub(crate) fn collection(group: &str, namespace: Option<&str>, plural: &str) -> String {
    let base = if group.contains('/') {
        format!("/apis/{group}")
    } else {
        format!("/api/{group}")
    };
    match namespace {
        Some(namespace) => format!("{base}/namespaces/{namespace}/{plural}"),
        None => format!("{base}/{plural}"),
    }
}

fn snapshot_of(
    wanted: Option<&str>,
    injectors: Injectors,
    namespaces: Vec<NamespaceObject>,
) -> Result<Snapshot, Failure> {
    if let (Some(name), true) = (wanted, namespaces.is_empty()) {
        let text = format!(
            "there is no namespace {name}: correct the name, or `kubectl create namespace {name}`"
        );
        return Err(Failure::text(Exit::Failure, text));
    }
    Ok(Snapshot {
        injectors,
        namespaces: namespaces
            .into_iter()
            .map(|one| (one.metadata.name, one.metadata.labels.unwrap_or_default()))
            .collect(),
        ..Snapshot::default()
    })
}

impl Reader {
    /// For one cluster.
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            kinds: Vec::new(),
        }
    }

    /// The same with kinds of workloads that the mesh declares and the cluster serves.
    pub(crate) fn with(self, kinds: Vec<Kind>) -> Self {
        Self { kinds, ..self }
    }

    /// The root namespace of a mesh that has a record.
    pub(crate) async fn root_of(&self, mesh: &str) -> Result<String, Failure> {
        let api: Api<ConfigMap> = Api::all(self.cluster.client.clone());
        let params = ListParams::default().labels(&format!("{MESH}={mesh}"));
        let found = self
            .cluster
            .call("list the records of meshes", api.list_metadata(&params))
            .await?;
        let record = format!("weft-mesh-{mesh}");
        let mut records = found.items.into_iter().map(|item| item.metadata);
        records
            .find(|metadata| metadata.name.as_deref() == Some(record.as_str()))
            .and_then(|metadata| metadata.namespace)
            .ok_or_else(|| {
                let text = format!(
                    "no mesh {mesh} is recorded in this cluster; leave --mesh out, and give --root-namespace if istiod is not in istio-system"
                );
                Failure::text(Exit::Failure, text)
            })
    }

    /// Everything that a status needs, of one namespace or of all.
    pub(crate) async fn snapshot(
        &self,
        namespace: Option<&str>,
        root: &str,
    ) -> Result<Snapshot, Failure> {
        Box::pin(self.gathered(namespace, root, Forbidden::Fails)).await
    }

    /// The same for somebody who may not see webhooks, or workloads of declared kinds: what depends on them is not known
    /// then.
    pub(crate) async fn visible(
        &self,
        namespace: Option<&str>,
        root: &str,
    ) -> Result<Snapshot, Failure> {
        Box::pin(self.gathered(namespace, root, Forbidden::IsLeftOut)).await
    }

    async fn gathered(
        &self,
        namespace: Option<&str>,
        root: &str,
        forbidden: Forbidden,
    ) -> Result<Snapshot, Failure> {
        let injectors = async { forbidden.settle(self.injectors(root).await) };
        let namespaces = self.namespaces(namespace);
        let workloads = self.workloads(namespace, forbidden);
        let pods = self.pods(namespace, None);
        let ((injectors, blind), namespaces, (workloads, unseen), pods) =
            futures_util::try_join!(injectors, namespaces, workloads, pods)?;
        Ok(Snapshot {
            workloads,
            unseen,
            pods,
            blind,
            ..snapshot_of(namespace, injectors, namespaces)?
        })
    }

    /// The injectors and the namespaces, without what is in them.
    pub(crate) async fn outline(
        &self,
        namespace: Option<&str>,
        root: &str,
    ) -> Result<Snapshot, Failure> {
        let namespaces = self.namespaces(namespace);
        let (injectors, namespaces) = futures_util::try_join!(self.injectors(root), namespaces)?;
        snapshot_of(namespace, injectors, namespaces)
    }

    /// The webhooks that inject, and the settings of the istiods behind them.
    pub(crate) async fn injectors(&self, root: &str) -> Result<Injectors, ClusterError> {
        let api: Api<MutatingWebhookConfiguration> = Api::all(self.cluster.client.clone());
        let listed = self
            .cluster
            .call("list webhooks", api.list(&ListParams::default()))
            .await?;
        let injectors = Injectors::of(&listed.items);
        let homes = injectors.homes();
        let asked = homes
            .iter()
            .map(|(revision, home)| self.settings(revision, home.as_deref().unwrap_or(root)));
        let found = try_join_all(asked).await?;
        let pairs = homes.into_keys().zip(found);
        Ok(pairs.fold(
            injectors,
            |injectors, (revision, settings)| match settings {
                Some(settings) => injectors.with(&revision, settings),
                None => injectors,
            },
        ))
    }

    /// What may not be read, or is not as expected, is not known; `explain` says so.
    async fn settings(
        &self,
        revision: &str,
        namespace: &str,
    ) -> Result<Option<Settings>, ClusterError> {
        let api: Api<ConfigMap> = Api::namespaced(self.cluster.client.clone(), namespace);
        let name = settings_name(revision);
        let what = format!("read ConfigMap {namespace}/{name}");
        match self.cluster.call(&what, api.get_opt(&name)).await {
            Ok(map) => {
                let data = map.and_then(|map| map.data).unwrap_or_default();
                let texts = data.get("config").zip(data.get("values"));
                Ok(texts.and_then(|(config, values)| Settings::read(config, values).ok()))
            }
            Err(error) if error.is_forbidden() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn namespaces(
        &self,
        namespace: Option<&str>,
    ) -> Result<Vec<NamespaceObject>, ClusterError> {
        let path = collection("v1", None, "namespaces");
        let mut params = ListParams::default();
        if let Some(name) = namespace {
            params = params.fields(&format!("metadata.name={name}"));
        }
        self.list("list namespaces", &path, params, Some).await
    }

    /// The pods that count.
    pub(crate) async fn pods(
        &self,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<PodView>, ClusterError> {
        let path = collection("v1", namespace, "pods");
        let mut params = ListParams::default();
        if let Some(labels) = labels {
            params = params.labels(labels);
        }
        let owners = self.owners(namespace).await?;
        let view = |pod: PodObject| pod.view(&owners);
        self.list("list pods", &path, params, view).await
    }

    /// What proxies use.
    pub(crate) async fn meter(&self, namespace: Option<&str>) -> Meter {
        let path = collection(usage::API, namespace, "pods");
        let what = "list what pods use";
        Meter::read(self.list(what, &path, ListParams::default(), Some).await)
    }

    /// The disruption budgets of a namespace.
    pub(crate) async fn budgets(
        &self,
        namespace: &str,
    ) -> Result<Vec<PodDisruptionBudget>, ClusterError> {
        let api: Api<PodDisruptionBudget> = Api::namespaced(self.cluster.client.clone(), namespace);
        let params = ListParams::default();
        Ok(self
            .cluster
            .call("list disruption budgets", api.list(&params))
            .await?
            .items)
    }

    /// Istio's `Sidecar` objects of a namespace, or of all.
    pub(crate) async fn sidecars(
        &self,
        namespace: Option<&str>,
    ) -> Result<Vec<Value>, ClusterError> {
        let path = collection(super::scope::API_VERSION, namespace, "sidecars");
        self.list("list Sidecars", &path, ListParams::default(), Some)
            .await
    }

    /// One object whole.
    pub(crate) async fn object(&self, what: &str, path: &str) -> Result<Value, ClusterError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let request = Request::new(parent).get(name, &kube::api::GetParams::default());
        let asked = async {
            let request = request.map_err(kube::Error::BuildRequest)?;
            self.cluster.client.request::<Value>(request).await
        };
        self.cluster.call(&format!("read {what}"), asked).await
    }
}
