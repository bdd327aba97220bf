//! Which kinds an API server serves, and under which addresses: two requests, the aggregated discovery of Kubernetes 1.27
//! and newer.
//!
//! A definition (CRD) that is going to be applied brings its kinds with it: they are known, but not served yet.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::discovery::v2::APIGroupDiscoveryList;
use serde_json::Value;

use super::access::Cluster;
use super::error::ClusterError;
use super::object::{GroupKind, ObjectId};
use super::peek::{list, text};

/// Where the objects of a kind are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The API group, empty for the core one.
    pub(crate) group: String,
    /// For example `v1`.
    pub(crate) version: String,
    /// For example `Deployment`.
    pub(crate) kind: String,
    /// For example `deployments`.
    pub(crate) plural: String,
    /// Whether its objects are in namespaces.
    pub(crate) namespaced: bool,
    /// Whether the API server serves it now; else a definition that is wanted brings it.
    pub(crate) served: bool,
}

impl Resource {
    /// A kind of the core group, which every API server has in namespaces.
    pub(crate) fn core(kind: &str, plural: &str) -> Self {
        Self {
            group: String::new(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced: true,
            served: true,
        }
    }

    /// The address of all its objects, or of those in a namespace.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// As objects write it: `apps/v1`, `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// All kinds that are known, each with its versions, the preferred one first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    known: BTreeMap<GroupKind, Vec<Resource>>,
    /// The groups of which the API server could not say what is in them now: another server serves them, and does not answer.
    stale: BTreeSet<String>,
}

impl Kinds {
    /// Reads the answers of the API server.
    fn read(lists: &[APIGroupDiscoveryList]) -> Self {
        let mut kinds = Self::default();
        for group in lists.iter().flat_map(|list| &list.items) {
            let name = group
                .metadata
                .as_ref()
                .and_then(|metadata| metadata.name.clone())
                .unwrap_or_default();
            for version in &group.versions {
                if version.freshness.as_deref() == Some("Stale") {
                    kinds.stale.insert(name.clone());
                }
                for resource in &version.resources {
                    let kind = resource
                        .response_kind
                        .as_ref()
                        .and_then(|kind| kind.kind.clone());
                    // A kind that cannot be patched is none that anybody wants, such as a TokenReview.
                    let (Some(kind), true) =
                        (kind, resource.verbs.iter().any(|verb| verb == "patch"))
                    else {
                        continue;
                    };
                    kinds.add(Resource {
                        group: name.clone(),
                        version: version.version.clone().unwrap_or_default(),
                        kind,
                        plural: resource.resource.clone().unwrap_or_default(),
                        namespaced: resource.scope.as_deref() == Some("Namespaced"),
                        served: true,
                    });
                }
            }
        }
        kinds
    }

    /// The same with what definitions among these objects bring.
    pub(crate) fn with_definitions<'a>(
        mut self,
        objects: impl IntoIterator<Item = &'a Value>,
    ) -> Self {
        for object in objects {
            if text(object, "/kind") == "CustomResourceDefinition" {
                for resource in defined(object) {
                    self.add(resource);
                }
            }
        }
        self
    }

    /// Where an object is, in the version that it is written in.
    pub(crate) fn find(&self, id: &ObjectId) -> Option<&Resource> {
        self.known
            .get(&id.group_kind())?
            .iter()
            .find(|resource| resource.version == id.version)
    }

    /// Where the objects of a kind are, in the version that the server prefers.
    pub(crate) fn preferred(&self, kind: &GroupKind) -> Option<&Resource> {
        self.known.get(kind)?.first()
    }

    /// Whether there may be such a kind although nothing is known of it.
    pub(crate) fn is_unsure(&self, kind: &GroupKind) -> bool {
        !self.known.contains_key(kind) && self.stale.contains(&kind.group)
    }

    /// The kinds of which namespaces have objects now, each in the version that the server prefers.
    pub(crate) fn listable(&self) -> impl Iterator<Item = &Resource> {
        let preferred = self.known.values().filter_map(|versions| versions.first());
        preferred.filter(|resource| resource.served && resource.namespaced)
    }

    /// What is served, as Helm's charts ask for it: `apps/v1` and `apps/v1/Deployment`.
    pub(crate) fn api_versions(&self) -> Vec<String> {
        let served = self
            .known
            .values()
            .flatten()
            .filter(|resource| resource.served);
        let names = served.flat_map(|resource| {
            let version = resource.api_version();
            [format!("{version}/{}", resource.kind), version]
        });
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The versions of a kind that are known.
    pub(crate) fn versions(&self, kind: &GroupKind) -> Vec<&str> {
        let known = self.known.get(kind).into_iter().flatten();
        known.map(|resource| resource.version.as_str()).collect()
    }

    /// What is served stands before what will be.
    fn add(&mut self, resource: Resource) {
        let kind = GroupKind {
            group: resource.group.clone(),
            kind: resource.kind.clone(),
        };
        let known = self.known.entry(kind).or_default();
        if known.iter().all(|other| other.version != resource.version) {
            known.push(resource);
        }
    }
}

/// What a definition brings.
fn defined(definition: &Value) -> Vec<Resource> {
    let served = list(definition, "/spec/versions")
        .iter()
        .filter(|version| version.get("served").and_then(Value::as_bool) == Some(true));
    served
        .map(|version| Resource {
            group: text(definition, "/spec/group").to_owned(),
            version: text(version, "/name").to_owned(),
            kind: text(definition, "/spec/names/kind").to_owned(),
            plural: text(definition, "/spec/names/plural").to_owned(),
            namespaced: text(definition, "/spec/scope") == "Namespaced",
            served: false,
        })
        .collect()
}

/// Asks the API server.
pub(crate) async fn discover(cluster: &Cluster) -> Result<Kinds, ClusterError> {
    let client = &cluster.client;
    let what = "ask which kinds there are";
    let (core, groups) = tokio::try_join!(
        cluster.call(what, client.list_core_api_versions_aggregated()),
        cluster.call(what, client.list_api_groups_aggregated()),
    )?;
    if core.items.is_empty() {
        return Err(ClusterError::TooOld {
            server: cluster.server.clone(),
        });
    }
    Ok(Kinds::read(&[core, groups]))
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A small cluster's.
    pub(crate) fn kinds() -> Kinds {
        let resource = |plural: &str, kind: &str, scope: &str, verbs: &[&str]| json!({"resource": plural, "responseKind": {"group": "", "version": "", "kind": kind}, "scope": scope, "verbs": verbs});
        let core = json!({"items": [{"metadata": {}, "versions": [{"version": "v1", "resources": [
            resource("configmaps", "ConfigMap", "Namespaced", &["get", "patch"]),
            resource("namespaces", "Namespace", "Cluster", &["get", "patch"]),
            resource("bindings", "Binding", "Namespaced", &["create"]),
        ]}]}]});
        let groups = json!({"items": [
            {"metadata": {"name": "apiextensions.k8s.io"}, "versions": [{"version": "v1", "resources": [
                resource("customresourcedefinitions", "CustomResourceDefinition", "Cluster", &["patch"]),
            ]}]},
            {"metadata": {"name": "autoscaling"}, "versions": [
            {"version": "v2", "resources": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", "Namespaced", &["patch"])]},
            {"version": "v1", "resources": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", "Namespaced", &["patch"])]},
        ]}]});
        Kinds::read(&[core, groups].map(|list| serde_json::from_value(list).unwrap()))
    }

    fn id(api_version: &str, kind: &str) -> ObjectId {
        ObjectId::of(
            &json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "b"}}),
        )
        .unwrap()
    }

    #[test]
    fn addresses() {
        let path = |api_version, kind| {
            kinds()
                .find(&id(api_version, kind))
                .map(|found| found.path(Some("b")))
        };
        let cases = [
            ("v1", "ConfigMap", Some("/api/v1/namespaces/b/configmaps")),
            ("v1", "Namespace", Some("/api/v1/namespaces")),
            (
                "autoscaling/v1",
                "HorizontalPodAutoscaler",
                Some("/apis/autoscaling/v1/namespaces/b/horizontalpodautoscalers"),
            ),
            ("autoscaling/v3", "HorizontalPodAutoscaler", None),
            ("v1", "Binding", None),
        ];
        for (api_version, kind, wanted) in cases {
            assert_eq!(path(api_version, kind).as_deref(), wanted, "{kind}");
        }
        let kind = GroupKind::parse("HorizontalPodAutoscaler.autoscaling");
        assert_eq!(kinds().preferred(&kind).unwrap().version, "v2");
        assert_eq!(kinds().versions(&kind), ["v2", "v1"]);
    }

    #[test]
    fn a_definition_brings_its_kinds() {
        let definition = json!({"kind": "CustomResourceDefinition", "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"kind": "Loom", "plural": "looms"},
            "versions": [{"name": "v1", "served": true}, {"name": "v0", "served": false}],
        }});
        let kinds = kinds().with_definitions([&definition]);

        let found = kinds.find(&id("example.com/v1", "Loom")).unwrap();
        assert_eq!(
            (found.path(Some("b")).as_str(), found.served),
            ("/apis/example.com/v1/namespaces/b/looms", false)
        );
        assert_eq!(kinds.find(&id("example.com/v0", "Loom")), None);
    }

    /// What is not listed of a server that does not answer is not gone.
    #[test]
    fn a_group_that_does_not_answer_is_unsure() {
        let of = |freshness: &str| {
            let groups = json!({"items": [{"metadata": {"name": "looms.example.com"},
                "versions": [{"version": "v1", "freshness": freshness, "resources": []}]}]});
            Kinds::read(&[serde_json::from_value(groups).unwrap()])
        };
        let loom = GroupKind::parse("Loom.looms.example.com");
        assert!(of("Stale").is_unsure(&loom));
        assert!(!of("Current").is_unsure(&loom));
        assert!(!of("Stale").is_unsure(&GroupKind::parse("Loom.other.example.com")));
    }
}
