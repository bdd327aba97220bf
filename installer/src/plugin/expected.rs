//! What a proxy should have, and how what it has differs.

use serde_json::Value;

use super::dump::Module;
use super::wasmplugin::WasmPluginSpec;
use crate::cluster::diff;

/// What a proxy should have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    /// `NAMESPACE.NAME`, as in the names of Envoy's resources.
    pub(crate) plugin: String,
    /// Where the module comes from, as in the agent's log.
    pub(crate) url: String,
    /// The digest, when it is pinned.
    pub(crate) digest: Option<String>,
    configuration: Value,
    root: String,
    failure_policy: Option<&'static str>,
}

impl Expected {
    /// What a `WasmPlugin` asks of a proxy.
    pub(crate) fn of(namespace: &str, name: &str, spec: &WasmPluginSpec) -> Self {
        Self {
            plugin: format!("{namespace}.{name}"),
            url: if spec.url.contains("://") {
                spec.url.clone()
            } else {
                format!("oci://{}", spec.url)
            },
            digest: spec.pinned().map(str::to_owned),
            configuration: spec.configuration(),
            root: spec.plugin_name.clone().unwrap_or_default(),
            failure_policy: match spec.fail_strategy.as_deref() {
                Some("FAIL_OPEN") => Some("FAIL_OPEN"),
                Some("FAIL_CLOSE") => Some("FAIL_CLOSED"),
                Some("FAIL_RELOAD") => Some("FAIL_RELOAD"),
                _ => None,
            },
        }
    }

    /// How a module differs from the one that is asked for; nothing when it does not.
    pub(crate) fn difference(&self, module: &Module) -> Option<String> {
        if let Some(difference) = self.other_file(module) {
            return Some(difference);
        }
        if self.root != module.root {
            return Some(format!(
                "it has the plugin named {:?}, not {:?}",
                module.root, self.root
            ));
        }
        // Envoys before failure_policy came say nothing about it.
        let policy = self
            .failure_policy
            .filter(|_| !module.failure_policy.is_empty());
        if policy.is_some_and(|policy| policy != module.failure_policy) {
            return Some(format!(
                "it has the failure policy {}",
                module.failure_policy
            ));
        }
        let changes = diff::changes(&module.configuration, &self.configuration);
        changes.first().map(|first| match changes.len() {
            1 => format!("its configuration differs in {}", first.path),
            more => format!(
                "its configuration differs in {} and {} more",
                first.path,
                more.saturating_sub(1)
            ),
        })
    }

    fn other_file(&self, module: &Module) -> Option<String> {
        match (&self.digest, module.digest()) {
            _ if module.file.is_empty() => {
                Some("it has a module that is not a local file".to_owned())
            }
            (None, _) => None,
            (Some(wanted), Some(has)) if wanted == has => None,
            (Some(_), _) => Some(module.name()),
        }
    }
}
