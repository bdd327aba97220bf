//! What a scenario needs of the proxy that plays it.

use anyhow::{Result, bail};
use simulator::scenario::file::{Scenario, Step};
use std::collections::BTreeSet;

/// The configuration with which it begins.
pub(super) fn written(scenario: &Scenario) -> Result<String> {
    match (&scenario.config, &scenario.config_text) {
        (Some(_), Some(_)) => bail!("both `config` and `config_text` are there"),
        (Some(config), None) => Ok(config.to_string()),
        (None, text) => Ok(text.clone().unwrap_or_default()),
    }
}

/// The clusters that the scenario's configurations name, wherever they have a field `cluster`.
pub(super) fn clusters(scenario: &Scenario) -> BTreeSet<String> {
    let later = scenario
        .steps
        .iter()
        .filter_map(|step| step.configure.as_ref());
    let mut found = BTreeSet::new();
    for configuration in scenario.config.iter().chain(later) {
        named_clusters(configuration, &mut found);
    }
    found
}

fn named_clusters(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    if let Some(name) = value.get("cluster").and_then(serde_json::Value::as_str) {
        found.insert(name.to_owned());
    }
    let fields = value
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::values);
    for inner in fields.chain(value.as_array().into_iter().flatten()) {
        named_clusters(inner, found);
    }
}

/// Whether the services that are called out to speak gRPC: all of a scenario do, or none does.
pub(super) fn speaks_grpc(scenario: &Scenario) -> bool {
    let called = |step: &Step| {
        step.calls
            .iter()
            .flatten()
            .any(|call| call.service.is_some())
    };
    let answered = |step: &Step| {
        step.answer
            .as_ref()
            .is_some_and(|answer| answer.message.is_some() || answer.grpc_status.is_some())
    };
    scenario
        .steps
        .iter()
        .any(|step| called(step) || answered(step))
}
