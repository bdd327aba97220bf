//! How plugins are, proxy by proxy.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::super::expected::Expected;
use super::super::report::{PluginStatus, StatusReport};
use super::super::selection;
use super::super::snapshot::PodView;
use super::super::wasmplugin::WasmPlugin;
use super::Mesh;
use crate::failure::{Exit, Outcome};
use crate::output::Format;

/// Within this time of taking a version, a proxy may yet refuse it …
const FRESH: Duration = Duration::from_secs(3);
/// … so it is asked again after this.
const AGAIN: Duration = Duration::from_secs(2);

impl Mesh {
    /// How one plugin is, or all of a namespace, or all.
    pub(crate) async fn status(&self, name: Option<&str>, namespace: Option<&str>) -> Outcome {
        let plugins = match (name, namespace) {
            (Some(name), Some(namespace)) => vec![self.existing(name, namespace).await?],
            _ => self.reader.plugins(namespace).await?,
        };
        let wide = self.output.settings().format == Format::Wide;
        let mut report = StatusReport {
            plugins: Vec::new(),
            wide,
        };
        let mut pods = BTreeMap::new();
        for plugin in &plugins {
            let namespace = plugin.namespace().unwrap_or_default();
            let pods = match pods.entry(namespace) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let listed = self.reader.pods(self.scope(new.key())).await?;
                    new.insert(listed)
                }
            };
            report.plugins.push(self.status_of(plugin, pods).await);
        }
        self.output.report(&report)?;
        let all_well = report.plugins.iter().all(PluginStatus::is_well);
        Ok(if all_well { Exit::Ok } else { Exit::Findings })
    }

    async fn status_of(&self, plugin: &WasmPlugin, pods: &[PodView]) -> PluginStatus {
        let namespace = plugin.namespace().unwrap_or_default();
        let selection = selection::select(&plugin.spec, self.scope(&namespace), pods);
        let expected = Expected::of(&namespace, &plugin.name_any(), &plugin.spec);
        let mut seen = self.reader.look(&expected, &selection.running, None).await;
        let now = Timestamp::now();
        if seen.iter().any(|seen| seen.is_newer_than(now, FRESH)) {
            tokio::time::sleep(AGAIN).await;
            seen = self.reader.look(&expected, &selection.running, None).await;
        }
        PluginStatus::of(plugin, &selection, seen)
    }
}
