//! Reads objects of any kind as JSON, page by page.

use kube::Api;
use kube::api::{DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use crate::cluster::access::Cluster;
use crate::cluster::discovery::Resource;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::pages;
use crate::cluster::peek::list;
pub(crate) use crate::cluster::peek::{annotation, label};
use crate::cluster::watch::Target;

/// A kind, as the API server's paths name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The group, empty for the core one.
    pub(crate) group: &'static str,
    /// Its version.
    pub(crate) version: &'static str,
    /// For example `Deployment`.
    pub(crate) name: &'static str,
    /// For example `deployments`.
    pub(crate) plural: &'static str,
}

impl Kind {
    /// One of them in a namespace, as a part of a mesh that is looked at.
    pub(crate) fn target(self, component: &str, namespace: &str, name: &str) -> Target {
        let (group, version) = (self.group.to_owned(), self.version.to_owned());
        Target {
            component: component.to_owned(),
            id: ObjectId {
                group: group.clone(),
                version: version.clone(),
                kind: self.name.to_owned(),
                namespace: Some(namespace.to_owned()),
                name: name.to_owned(),
            },
            resource: Resource {
                group,
                version,
                ..Resource::core(self.name, self.plural)
            },
        }
    }
}

/// A kind of the core group.
pub(crate) const fn core(name: &'static str, plural: &'static str) -> Kind {
    of("", "v1", name, plural)
}

/// A kind.
pub(crate) const fn of(
    group: &'static str,
    version: &'static str,
    name: &'static str,
    plural: &'static str,
) -> Kind {
    Kind {
        group,
        version,
        name,
        plural,
    }
}

/// Of the core group.
pub(crate) const SERVICES: Kind = core("Service", "services");
/// `apps`.
pub(crate) const DEPLOYMENTS: Kind = of("apps", "v1", "Deployment", "deployments");
/// `apps`.
pub(crate) const DAEMON_SETS: Kind = of("apps", "v1", "DaemonSet", "daemonsets");
/// `batch`.
pub(crate) const CRON_JOBS: Kind = of("batch", "v1", "CronJob", "cronjobs");
/// Injectors and tags.
pub(crate) const MUTATING: Kind = of(
    "admissionregistration.k8s.io",
    "v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
);
/// Validators.
pub(crate) const VALIDATING: Kind = of(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
);
/// What the Sail operator installs.
pub(crate) const SAIL: Kind = of("sailoperator.io", "v1", "Istio", "istios");

/// All objects of a kind, in a namespace or everywhere, with these labels (empty for any).
/// A kind that the cluster does not know has none.
pub(crate) async fn all(
    cluster: &Cluster,
    kind: Kind,
    namespace: Option<&str>,
    labels: &str,
) -> Result<Vec<Value>, ClusterError> {
    some(cluster, kind, namespace, labels, |_| true).await
}

/// Those of them that are kept: of a large cluster never more than one page besides.
pub(crate) async fn some(
    cluster: &Cluster,
    kind: Kind,
    namespace: Option<&str>,
    labels: &str,
    keep: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>, ClusterError> {
    let gvk = GroupVersionKind::gvk(kind.group, kind.version, kind.name);
    let resource = ApiResource::from_gvk_with_plural(&gvk, kind.plural);
    let client = cluster.client.clone();
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let what = format!("list {}", kind.plural);
    let listed = pages::all(ListParams::default().labels(labels), async |params| {
        let page = cluster.call(&what, api.list(params)).await?;
        let items = page
            .items
            .into_iter()
            .map(|item| whole(item, kind))
            .filter(&keep);
        Ok((items.collect(), page.metadata.continue_))
    });
    match listed.await {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        found => found,
    }
}

/// The metadata of all objects of a cluster-scoped kind.
pub(crate) async fn metadata(cluster: &Cluster, kind: Kind) -> Result<Vec<Value>, ClusterError> {
    let gvk = GroupVersionKind::gvk(kind.group, kind.version, kind.name);
    let resource = ApiResource::from_gvk_with_plural(&gvk, kind.plural);
    let api: Api<DynamicObject> = Api::all_with(cluster.client.clone(), &resource);
    let what = format!("list {}", kind.plural);
    let found = cluster
        .call(&what, api.list_metadata(&ListParams::default()))
        .await?;
    let value = |item| serde_json::to_value(item).ok();
    Ok(found.items.iter().filter_map(value).collect())
}

/// An item of a list does not say what it is.
fn whole(item: DynamicObject, kind: Kind) -> Value {
    let mut value = serde_json::to_value(item).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        let group = if kind.group.is_empty() {
            kind.version.to_owned()
        } else {
            format!("{}/{}", kind.group, kind.version)
        };
        fields.insert("apiVersion".to_owned(), json!(group));
        fields.insert("kind".to_owned(), json!(kind.name));
    }
    value
}

/// A text in an object.
pub(crate) fn text<'a>(object: &'a Value, at: &str) -> Option<&'a str> {
    object.pointer(at).and_then(Value::as_str)
}

/// The name of an object.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name").unwrap_or_default()
}

/// The namespace of an object; empty for cluster-scoped ones.
pub(crate) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace").unwrap_or_default()
}

/// The items of a list in an object.
pub(crate) fn items<'a>(object: &'a Value, at: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    list(object, at).iter()
}
