//! Reads what Envoy says it has: `/config_dump` of a proxy.
//!
//! An acknowledged configuration proves nothing. When the agent beside Envoy cannot pull a module it hands Envoy an RBAC
//! filter in its place, deny-all or allow-all by the fail strategy, and Envoy acknowledges that. So look at what is
//! really there: the type of the filter, the file it was loaded from (the agent names the file by the digest of the
//! image), its configuration, and whether a listener in use refers to it.
//!
//! Even that is not all. Envoy shows a plugin that it has *rejected* just as it shows one that runs (seen with 1.40), and
//! it goes on showing one that was removed while old connections drain. For the first, only the log and the number of
//! Wasm VMs tell the difference; for the second, the listeners do.

use serde_json::Value;

const HTTP_WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const NETWORK_WASM: &str = "type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm";
/// The marks of the filters that the agent puts in place of a module that it could not pull.
const DENY: &str = "wasm-default-deny";
const ALLOW: &str = "wasm-default-allow";

/// A plugin as a proxy has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// What is in its place.
    pub(crate) loaded: Loaded,
    /// When Envoy took it, as Envoy writes it.
    pub(crate) updated: String,
}

/// What a proxy has in a plugin's place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loaded {
    /// A module.
    Module(Module),
    /// The agent could not pull it: everything is denied.
    DenyAll,
    /// The agent could not pull it: the plugin is silently absent.
    AllowAll,
    /// Something that weft does not know.
    Other(String),
}

/// A module that a proxy has.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Module {
    /// Where Envoy reads it; empty when it is not a local file.
    pub(crate) file: String,
    /// Its configuration; text that is no JSON is kept as text.
    pub(crate) configuration: Value,
    /// Its root id.
    pub(crate) root: String,
    /// What it does without a working module, in Envoy's spelling; empty where Envoy does not say.
    pub(crate) failure_policy: String,
}

impl Module {
    /// The digest of the image that the file came from.
    pub(crate) fn digest(&self) -> Option<&str> {
        let name = self.file.rsplit('/').next()?;
        name.strip_suffix(".wasm")
            .filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// Which version it is, for a person.
    pub(crate) fn name(&self) -> String {
        match self.digest() {
            Some(hex) => format!("it has sha256:{}", hex.get(..12).unwrap_or(hex)),
            None => format!("it has {:?}, whose name holds no digest", self.file),
        }
    }
}

/// The name `NAMESPACE.NAME` in a resource name, whatever Istio's version puts around it: up to 1.29
/// `extensions.istio.io/wasmplugin/NS.NAME`, since then
/// `extensions.istio.io/trafficextension/NS.NAME~istio-translated-wasmplugin`.
pub(crate) fn plugin_of(resource: &str) -> &str {
    let last = resource.rsplit('/').next().unwrap_or(resource);
    last.split('~').next().unwrap_or(last)
}

/// The entry of a plugin in a dump of `ecds_filters`, if the proxy has one.
pub(crate) fn entry(dump: &Value, plugin: &str) -> Option<Entry> {
    let configs = dump.get("configs")?.as_array()?;
    configs.iter().find_map(|config| {
        let filter = config.get("ecds_filter")?;
        let name = filter.get("name")?.as_str()?;
        (plugin_of(name) == plugin).then(|| Entry {
            loaded: loaded(filter.get("typed_config").unwrap_or(&Value::Null)),
            updated: text(config, "/last_updated"),
        })
    })
}

fn loaded(filter: &Value) -> Loaded {
    let kind = text(filter, "/@type");
    if kind == HTTP_WASM || kind == NETWORK_WASM {
        return Loaded::Module(module(filter));
    }
    let prefix = [
        text(filter, "/rules_stat_prefix"),
        text(filter, "/stat_prefix"),
    ]
    .concat();
    match prefix.as_str() {
        DENY => Loaded::DenyAll,
        ALLOW => Loaded::AllowAll,
        _ => Loaded::Other(kind),
    }
}

fn module(filter: &Value) -> Module {
    let written = filter
        .pointer("/config/configuration/value")
        .and_then(Value::as_str);
    let configuration = match written {
        // Istio hands over no configuration for an empty one.
        None => Value::Object(serde_json::Map::new()),
        Some(written) => {
            serde_json::from_str(written).unwrap_or_else(|_| Value::String(written.to_owned()))
        }
    };
    Module {
        file: text(filter, "/config/vm_config/code/local/filename"),
        configuration,
        root: text(filter, "/config/root_id"),
        failure_policy: text(filter, "/config/failure_policy"),
    }
}

/// What the listeners of a proxy say about a plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    /// In use, and referring to it.
    pub(crate) active: Vec<String>,
    /// Referring to it, and waiting for something before they are used.
    pub(crate) warming: Vec<String>,
    /// Rejected by Envoy, with its reason; the listener before goes on.
    pub(crate) rejected: Vec<String>,
}

/// Reads the listeners out of a dump of `dynamic_listeners`.
pub(crate) fn uses(dump: &Value, plugin: &str) -> Uses {
    let mut found = Uses::default();
    for listener in dump
        .get("configs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = text(listener, "/name");
        if listener
            .get("active_state")
            .is_some_and(|state| refers(state, plugin))
        {
            found.active.push(name.clone());
        }
        if listener
            .get("warming_state")
            .is_some_and(|state| refers(state, plugin))
        {
            found.warming.push(name.clone());
        }
        if listener
            .get("error_state")
            .is_some_and(|state| refers(state, plugin))
        {
            let name = if name.is_empty() {
                text(listener, "/error_state/failed_configuration/name")
            } else {
                name
            };
            found.rejected.push(format!(
                "{name}: {}",
                text(listener, "/error_state/details")
            ));
        }
    }
    found
}

/// The number of Wasm VMs, and of listeners that wait, out of `/stats`.
pub(crate) fn count(stats: &str, name: &str) -> Option<u64> {
    stats.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix(": ")?
            .trim()
            .parse()
            .ok()
    })
}

/// Whether a filter that is discovered under the plugin's name is anywhere inside.
fn refers(value: &Value, plugin: &str) -> bool {
    match value {
        Value::Object(fields) => {
            let discovered = fields.contains_key("config_discovery");
            let named = fields
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| plugin_of(name) == plugin);
            (discovered && named) || fields.values().any(|value| refers(value, plugin))
        }
        Value::Array(items) => items.iter().any(|item| refers(item, plugin)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests;
