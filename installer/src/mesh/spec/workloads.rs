//! Kinds of workloads beside Kubernetes' own: `OpenShift`'s `DeploymentConfig`, `OpenKruise`'s `CloneSet`, Argo's `Rollout`.

use std::collections::BTreeMap;

use super::mistake::Mistake;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const GROUP: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const GROUP_HELP: &str = "write an API group without a version, such as apps.kruise.io";
const VERSION: &str = "^v[0-9]+((alpha|beta)[0-9]+)?$";
const VERSION_HELP: &str = "write a version without the group, such as v1alpha1";
const KIND: &str = "^[A-Z][A-Za-z0-9]*$";
const KIND_HELP: &str = "write a kind as objects have it, such as CloneSet";
const RESOURCE: &str = "^[a-z][a-z0-9]*$";
const RESOURCE_HELP: &str = "write the plural as addresses have it, such as clonesets";
const SPEC: &str = r"^\.spec(\.[A-Za-z][A-Za-z0-9]*)+$";
const SPEC_HELP: &str =
    "write the names of fields with dots before them, beginning with .spec, such as .spec.template";
const COUNT: &str = r"^\.(spec|status)(\.[A-Za-z][A-Za-z0-9]*)+$";
const COUNT_HELP: &str = "write the names of fields with dots before them, beginning with .spec or .status, such as .spec.replicas";
const STATUS: &str = r"^\.status(\.[A-Za-z][A-Za-z0-9]*)+$";
const STATUS_HELP: &str = "write the names of fields with dots before them, beginning with .status, such as .status.readyReplicas";

/// What commands call the kinds that every cluster has.
const TAKEN: [&str; 15] = [
    "ns",
    "namespace",
    "namespaces",
    "po",
    "pod",
    "pods",
    "deploy",
    "deployment",
    "deployments",
    "sts",
    "statefulset",
    "statefulsets",
    "ds",
    "daemonset",
    "daemonsets",
];

/// A kind of workloads.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WorkloadKind {
    /// Its API group.
    #[schemars(regex(pattern = GROUP), extend("errorMessage" = GROUP_HELP))]
    pub(crate) group: String,
    /// Its version.
    #[schemars(regex(pattern = VERSION), extend("errorMessage" = VERSION_HELP))]
    pub(crate) version: String,
    /// Its kind.
    #[schemars(regex(pattern = KIND), extend("errorMessage" = KIND_HELP))]
    pub(crate) kind: String,
    /// Its plural in addresses.
    #[schemars(regex(pattern = RESOURCE), extend("errorMessage" = RESOURCE_HELP))]
    pub(crate) resource: String,
    /// Where its objects say what weft needs to know, as in the scale subresource of a definition.
    #[serde(default, skip_serializing_if = "Paths::is_usual")]
    pub(crate) paths: Paths,
}

/// Where objects of a kind say what weft needs to know.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Paths {
    /// The template of its pods. Default: .spec.template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SPEC), extend("errorMessage" = SPEC_HELP))]
    pub(crate) pod_template: Option<String>,
    /// How many pods it is to have. Default: .spec.replicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = COUNT), extend("errorMessage" = COUNT_HELP))]
    pub(crate) replicas: Option<String>,
    /// How many of its pods are ready. Default: .status.readyReplicas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = STATUS), extend("errorMessage" = STATUS_HELP))]
    pub(crate) ready_replicas: Option<String>,
    /// How many of its pods are of its template as it is now. Default: nothing, only the time of creation of its pods counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = STATUS), extend("errorMessage" = STATUS_HELP))]
    pub(crate) updated_replicas: Option<String>,
    /// Which generation its controller has seen. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = STATUS), extend("errorMessage" = STATUS_HELP))]
    pub(crate) observed_generation: Option<String>,
}

impl Paths {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The template of its pods.
    pub(crate) fn pod_template(&self) -> &str {
        self.pod_template.as_deref().unwrap_or(".spec.template")
    }

    /// How many pods it is to have.
    pub(crate) fn replicas(&self) -> &str {
        self.replicas.as_deref().unwrap_or(".spec.replicas")
    }

    /// How many of its pods are ready.
    pub(crate) fn ready_replicas(&self) -> &str {
        let said = self.ready_replicas.as_deref();
        said.unwrap_or(".status.readyReplicas")
    }
}

impl WorkloadKind {
    /// What commands may call it, in small letters.
    pub(crate) fn words(&self) -> [String; 3] {
        [
            self.kind.to_lowercase(),
            self.resource.clone(),
            format!("{}.{}", self.resource, self.group),
        ]
    }
}

/// `clonesets.apps.kruise.io/v1alpha1`.
impl std::fmt::Display for WorkloadKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}/{}", self.resource, self.group, self.version)
    }
}

/// Kinds that commands could not tell apart.
pub(super) fn contradictions(kinds: &[WorkloadKind]) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (index, kind) in kinds.iter().enumerate() {
        let place = || format!("/spec/workloadKinds/{index}");
        let words = kind.words();
        let (taken, before) = (
            words.iter().find(|word| TAKEN.contains(&word.as_str())),
            words.iter().find_map(|word| known.get(word)),
        );
        if let Some(word) = taken {
            let text = format!(
                "is called {word}, which stands for a kind that is known anyway: leave it out"
            );
            found.push(Mistake::at(place(), text));
        } else if let Some(before) = before {
            let text = format!(
                "has the kind or resource of /spec/workloadKinds/{before}, and commands could not tell them apart: keep one of them"
            );
            found.push(Mistake::at(place(), text));
        }
        for word in words {
            known.entry(word).or_insert(index);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::document::parse;
    use super::super::read::read;

    fn mistakes(mode: &str, kinds: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{{mode}, workloadKinds: {kinds}}}\n"
        );
        match read(parse(text.as_bytes()).unwrap(), &[]) {
            Ok(_) => Vec::new(),
            Err(mistakes) => mistakes.0.iter().map(ToString::to_string).collect(),
        }
    }

    const CLONES: &str =
        "group: apps.kruise.io, version: v1alpha1, kind: CloneSet, resource: clonesets";

    #[test]
    fn kinds_and_every_mistake_in_them() {
        let cases: [(String, &[&str]); 9] = [
            (format!("[{{{CLONES}}}]"), &[]),
            (
                format!(
                    "[{{{CLONES}, paths: {{podTemplate: .spec.a.template, replicas: .status.desired, readyReplicas: .status.ready, updatedReplicas: .status.updated, observedGeneration: .status.seen}}}}]"
                ),
                &[],
            ),
            (
                "[{group: apps/v1, version: 1, kind: cloneSet, resource: CloneSets}]".to_owned(),
                &["/group", "/version", "/kind", "/resource"],
            ),
            ("[{kind: CloneSet}]".to_owned(), &["group", "version", "resource"]),
            (
                format!("[{{{CLONES}, paths: {{podTemplate: spec.template, replicas: '$.spec.replicas', readyReplicas: .spec.ready}}}}]"),
                &["podTemplate", "replicas", "readyReplicas"],
            ),
            (
                format!("[{{{CLONES}, paths: {{podTemplate: '.spec.templates[0]', replica: .spec.replicas}}}}]"),
                &["podTemplate", "replica"],
            ),
            (
                format!("[{{{CLONES}}}, {{{CLONES}}}]"),
                &["/spec/workloadKinds/1"],
            ),
            (
                "[{group: apps, version: v1, kind: Deployment, resource: deployments}]".to_owned(),
                &["is called deployment"],
            ),
            (
                "[{group: a.example, version: v1, kind: Pod, resource: casts}, {group: b.example, version: v1, kind: Cast, resource: casts}]".to_owned(),
                &["is called pod", "of /spec/workloadKinds/0"],
            ),
        ];
        for mode in ["version: \"1.31.0\"", "mode: external"] {
            for (kinds, wanted) in &cases {
                let found = mistakes(mode, kinds);
                assert_eq!(found.is_empty(), wanted.is_empty(), "{kinds}: {found:?}");
                for words in *wanted {
                    let told = found.iter().any(|mistake| mistake.contains(words));
                    assert!(told, "{kinds}: {words} in {found:?}");
                }
            }
        }
    }
}
