//! The injectors that a cluster really has: webhooks as the API server selects them, and the rule that each istiod adds.
//!
//! Nothing is known beforehand about which webhooks Istio installs: revisions, tags and the global switch
//! (`enableNamespacesByDefault`) are nothing but more webhooks with other selectors.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;
use serde::Deserialize;
use serde_json::Value;

/// Labels or annotations.
pub(crate) type Labels = BTreeMap<String, String>;

/// The label that names a revision or a tag, and the one by which a configuration says whose it is.
pub(crate) const REVISION: &str = "istio.io/rev";
/// The label of a configuration that was made for a tag.
pub(crate) const TAG: &str = "istio.io/tag";
/// How every webhook of an injector's is called, behind a prefix.
const SUFFIX: &str = "sidecar-injector.istio.io";
/// The `ConfigMap` of the revision without a name.
const SETTINGS: &str = "istio-sidecar-injector";

/// One webhook that injects.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    /// The `MutatingWebhookConfiguration` that it is in.
    pub(crate) configuration: String,
    /// Its own name.
    pub(crate) name: String,
    /// The revision whose istiod answers it.
    pub(crate) revision: String,
    /// The tag that it serves.
    pub(crate) tag: Option<String>,
    /// Which namespaces.
    pub(crate) namespaces: Selector,
    /// Which pods.
    pub(crate) pods: Selector,
    /// Whether it has conditions in CEL besides.
    pub(crate) conditional: bool,
    /// Where its istiod runs.
    pub(crate) home: Option<String>,
}

/// What an istiod adds to the choice of the webhooks: its `ConfigMap`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// What happens to a pod that says nothing; nothing for a value that istiod does not know.
    pub(crate) by_default: Option<bool>,
    /// Pods with these labels are not injected, unless they ask for it.
    pub(crate) never: Vec<Selector>,
    /// Pods with these labels are injected, unless they ask not to be.
    pub(crate) always: Vec<Selector>,
    /// The tag of the image that it puts in, without its kind (`distroless`).
    pub(crate) version: Option<String>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Injectors {
    /// In the order in which the API server calls them.
    pub(crate) hooks: Vec<Hook>,
    /// What is known of the istiod of each revision.
    pub(crate) settings: BTreeMap<String, Settings>,
}

impl Injectors {
    /// Out of the configurations that there are. The API server sorts them by name.
    pub(crate) fn of(configurations: &[MutatingWebhookConfiguration]) -> Self {
        let mut sorted: Vec<_> = configurations.iter().collect();
        sorted.sort_by_key(|one| one.metadata.name.clone());
        Self {
            hooks: sorted.into_iter().flat_map(hooks).collect(),
            settings: BTreeMap::new(),
        }
    }

    /// Adds what the `ConfigMap` of a revision says.
    pub(crate) fn with(mut self, revision: &str, settings: Settings) -> Self {
        self.settings.insert(revision.to_owned(), settings);
        self
    }

    /// The names that a namespace can have in `istio.io/rev`, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .hooks
            .iter()
            .map(|hook| hook.tag.clone().unwrap_or_else(|| hook.revision.clone()))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Each revision with the namespace of its istiod, as far as a webhook tells it.
    pub(crate) fn homes(&self) -> BTreeMap<String, Option<String>> {
        self.hooks
            .iter()
            .map(|hook| (hook.revision.clone(), hook.home.clone()))
            .collect()
    }
}

/// The `ConfigMap` that holds the settings of a revision.
pub(crate) fn settings_name(revision: &str) -> String {
    if revision == "default" {
        SETTINGS.to_owned()
    } else {
        format!("{SETTINGS}-{revision}")
    }
}

impl Settings {
    /// Out of the `ConfigMap`'s two texts, `config` (YAML) and `values` (JSON).
    pub(crate) fn read(config: &str, values: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        #[derive(Default)]
        struct Config {
            policy: String,
            never_inject_selector: Option<Vec<LabelSelector>>,
            always_inject_selector: Option<Vec<LabelSelector>>,
        }
        let config: Config = serde_saphyr::from_str(config).map_err(|error| error.to_string())?;
        let values: Value = serde_json::from_str(values).map_err(|error| error.to_string())?;
        Ok(Self {
            by_default: match config.policy.as_str() {
                "enabled" => Some(true),
                "disabled" => Some(false),
                _ => None,
            },
            never: usable(config.never_inject_selector),
            always: usable(config.always_inject_selector),
            version: version(&values),
        })
    }
}

/// istiod passes over selectors that are empty or wrong.
fn usable(selectors: Option<Vec<LabelSelector>>) -> Vec<Selector> {
    selectors
        .unwrap_or_default()
        .into_iter()
        .filter_map(|selector| Selector::try_from(selector).ok())
        .filter(|selector| !selector.selects_all())
        .collect()
}

fn version(values: &Value) -> Option<String> {
    match values.pointer("/global/tag")? {
        Value::String(tag) => Some(tag.clone()),
        Value::Number(tag) => Some(tag.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn hooks(configuration: &MutatingWebhookConfiguration) -> Vec<Hook> {
    let metadata = &configuration.metadata;
    let label = |key: &str| metadata.labels.as_ref()?.get(key).cloned();
    let webhooks = configuration.webhooks.iter().flatten();
    webhooks
        .filter(|webhook| webhook.name.ends_with(SUFFIX) && creates_pods(webhook))
        .filter_map(|webhook| {
            Some(Hook {
                configuration: metadata.name.clone().unwrap_or_default(),
                name: webhook.name.clone(),
                revision: label(REVISION)
                    .filter(|revision| !revision.is_empty())
                    .unwrap_or_else(|| "default".to_owned()),
                tag: label(TAG),
                namespaces: selector(webhook.namespace_selector.as_ref())?,
                pods: selector(webhook.object_selector.as_ref())?,
                conditional: webhook
                    .match_conditions
                    .as_ref()
                    .is_some_and(|conditions| !conditions.is_empty()),
                home: webhook
                    .client_config
                    .service
                    .as_ref()
                    .map(|service| service.namespace.clone()),
            })
        })
        .collect()
}

/// One that the API server would not have taken is none.
fn selector(selector: Option<&LabelSelector>) -> Option<Selector> {
    Selector::try_from(selector.cloned().unwrap_or_default()).ok()
}

fn creates_pods(webhook: &MutatingWebhook) -> bool {
    let has = |list: Option<&Vec<String>>, wanted: &str| {
        list.is_some_and(|list| list.iter().any(|one| one == "*" || one == wanted))
    };
    let concerns_pods = |rule: &RuleWithOperations| {
        has(rule.operations.as_ref(), "CREATE") && has(rule.resources.as_ref(), "pods")
    };
    webhook.rules.iter().flatten().any(concerns_pods)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_two_texts() {
        let config = "policy: enabled\nneverInjectSelector:\n- {}\n- matchLabels: {a: b}\nalwaysInjectSelector:\n  []\ntemplate: x\n";

        let read =
            Settings::read(config, r#"{"global": {"tag": "1.31", "variant": "debug"}}"#).unwrap();

        assert_eq!(read.by_default, Some(true));
        assert_eq!(read.never.len(), 1, "the empty one counts for nothing");
        assert_eq!(read.version.as_deref(), Some("1.31"));
        assert!(Settings::read("policy: [", "{}").is_err());
        assert_eq!(
            Settings::read("policy: off", "{}").unwrap().by_default,
            None
        );
    }

    #[test]
    fn the_revision_without_a_name_has_a_configmap_without_one() {
        assert_eq!(settings_name("default"), "istio-sidecar-injector");
        assert_eq!(settings_name("1-31"), "istio-sidecar-injector-1-31");
    }
}
