//! Reads what is: the plugin, the pods it could concern, the Secret, and what each proxy has.

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{Pod, Secret};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;

use super::dump::{self, Entry, Loaded};
use super::expected::Expected;
use super::journal::{self, Account, Reading, Subject};
use super::rollout::Sighting;
use super::secret::SecretView;
use super::selection::Scope;
use super::snapshot::{PROXY_CONTAINER, PodName, PodView, Snapshot};
use super::verdict::{self, Evidence, State, Verdict};
use super::wasmplugin::WasmPlugin;
use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::cluster::proxy::{LogPart, Proxies, ProxyError, is_nothing};

/// How many proxies are asked at a time.
const AT_ONCE: usize = 16;
/// The number of Wasm VMs in a proxy; Istio's bootstrap keeps this statistic.
const MACHINES: &str = "wasm.wasm_vm_count";
const STATS: &str = "/stats?filter=^wasm.wasm_vm_count$";
/// How many pods one page of a list holds.
const PAGE: u32 = 500;

/// Reads a cluster.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    cluster: Cluster,
    proxies: Proxies,
}

impl Reader {
    /// For one cluster.
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self {
            proxies: Proxies::new(cluster.clone(), PROXY_CONTAINER),
            cluster,
        }
    }

    /// All that a decision about one plugin needs.
    pub(crate) async fn snapshot(
        &self,
        scope: Scope<'_>,
        name: &str,
        secret: Option<&str>,
    ) -> Result<Snapshot, ClusterError> {
        Ok(Snapshot {
            current: self.plugin(scope.namespace, name).await?,
            pods: self.pods(scope).await?,
            secret: self.secret(scope.namespace, secret).await?,
        })
    }

    /// The plugin, if it exists.
    pub(crate) async fn plugin(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<WasmPlugin>, ClusterError> {
        let api: Api<WasmPlugin> = Api::namespaced(self.cluster.client.clone(), namespace);
        self.cluster
            .call(
                &format!("read WasmPlugin {namespace}/{name}"),
                api.get_opt(name),
            )
            .await
    }

    /// All plugins of a namespace, or of all.
    pub(crate) async fn plugins(
        &self,
        namespace: Option<&str>,
    ) -> Result<Vec<WasmPlugin>, ClusterError> {
        let api: Api<WasmPlugin> = match namespace {
            Some(namespace) => Api::namespaced(self.cluster.client.clone(), namespace),
            None => Api::all(self.cluster.client.clone()),
        };
        Ok(self
            .cluster
            .call("list WasmPlugins", api.list(&ListParams::default()))
            .await?
            .items)
    }

    /// The pods that plugins of that scope could concern.
    pub(crate) async fn pods(&self, scope: Scope<'_>) -> Result<Vec<PodView>, ClusterError> {
        let api: Api<Pod> = if scope.is_mesh() {
            Api::all(self.cluster.client.clone())
        } else {
            Api::namespaced(self.cluster.client.clone(), scope.namespace)
        };
        let mut params = ListParams::default().limit(PAGE);
        let mut found = Vec::new();
        loop {
            let page = self.cluster.call("list pods", api.list(&params)).await?;
            found.extend(page.items.iter().filter_map(PodView::of));
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return Ok(found),
            }
        }
    }

    async fn secret(
        &self,
        namespace: &str,
        name: Option<&str>,
    ) -> Result<SecretView, ClusterError> {
        let Some(name) = name else {
            return Ok(SecretView::NotAsked);
        };
        let api: Api<Secret> = Api::namespaced(self.cluster.client.clone(), namespace);
        match self
            .cluster
            .call(
                &format!("read Secret {namespace}/{name}"),
                api.get_opt(name),
            )
            .await
        {
            Ok(secret) => Ok(secret.map_or(SecretView::Missing, |secret| SecretView::of(&secret))),
            Err(error) if error.is_forbidden() => Ok(SecretView::Unreadable),
            Err(error) => Err(error),
        }
    }

    /// What each of these proxies does with the plugin. `seconds` bounds how far back their logs count.
    pub(crate) async fn look(
        &self,
        expected: &Expected,
        pods: &[PodName],
        seconds: Option<i64>,
    ) -> Vec<Sighting> {
        let asked = pods.iter().map(|pod| async move {
            match self.evidence(expected, pod, seconds).await {
                Ok(evidence) => Sighting {
                    pod: pod.clone(),
                    verdict: verdict::judge(expected, &evidence),
                    told_at: evidence.told_at,
                    fresh: false,
                    updated: evidence
                        .entry
                        .map(|entry| entry.updated)
                        .unwrap_or_default(),
                },
                Err(error) => {
                    Sighting::of(pod.clone(), Verdict::new(State::Unknown, error.to_string()))
                }
            }
        });
        futures_util::stream::iter(asked)
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// The proxies, of those given, in which a listener in use refers to the plugin, or which could not be asked.
    pub(crate) async fn holders(
        &self,
        plugin: &str,
        pods: &[PodName],
    ) -> Vec<(PodName, Option<String>)> {
        let asked = pods.iter().map(|pod| async move {
            match self.see(plugin, pod).await {
                Ok(seen) if seen.uses.active.is_empty() && seen.uses.warming.is_empty() => None,
                Ok(_) => Some((pod.clone(), None)),
                Err(error) => Some((pod.clone(), Some(error.to_string()))),
            }
        });
        futures_util::stream::iter(asked)
            .buffered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    async fn evidence(
        &self,
        expected: &Expected,
        pod: &PodName,
        seconds: Option<i64>,
    ) -> Result<Evidence, ProxyError> {
        let seen = self.see(&expected.plugin, pod).await?;
        // What Envoy shows may be what it has rejected: its log tells, right after it was shown.
        let (part, since) = match since_shown(expected, seen.entry.as_ref()) {
            Some(moment) => (LogPart::After(moment), Some(moment)),
            None => (seconds.map_or(LogPart::End, LogPart::Seconds), None),
        };
        let subject = Subject {
            plugin: &expected.plugin,
            url: &expected.url,
            digest: expected.digest.as_deref(),
        };
        let reading = match self.proxies.log(&pod.namespace, &pod.name, part).await {
            Ok(log) => journal::read(&log, subject, since),
            Err(error) => Reading {
                account: Account::Unreadable(error.to_string()),
                at: None,
            },
        };
        Ok(Evidence {
            account: reading.account,
            told_at: reading.at,
            ..seen
        })
    }

    /// What the admin interface tells.
    async fn see(&self, plugin: &str, pod: &PodName) -> Result<Evidence, ProxyError> {
        let paths = [
            &filters_of(plugin),
            "/config_dump?resource=dynamic_listeners",
            STATS,
        ];
        let [filters, listeners, stats] =
            self.proxies.ask(&pod.namespace, &pod.name, paths).await?;
        let (filters, listeners) = (parsed(&filters)?, parsed(&listeners)?);
        Ok(Evidence {
            entry: dump::entry(&filters, plugin),
            uses: dump::uses(&listeners, plugin),
            machines: dump::count(&stats, MACHINES),
            account: Account::NotAsked,
            told_at: None,
        })
    }
}

/// The moment when the proxy took what is asked for, if that is what it shows.
fn since_shown(expected: &Expected, entry: Option<&Entry>) -> Option<Timestamp> {
    let entry = entry?;
    match &entry.loaded {
        Loaded::Module(module) if expected.difference(module).is_none() => {
            entry.updated.parse().ok()
        }
        Loaded::Module(_) | Loaded::DenyAll | Loaded::AllowAll | Loaded::Other(_) => None,
    }
}

fn parsed(text: &str) -> Result<Value, ProxyError> {
    if is_nothing(text) {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|_| ProxyError::Answer(text.chars().take(120).collect()))
}

/// Only what is about this plugin, of however many a proxy has. The expression is Google RE2's.
fn filters_of(plugin: &str) -> String {
    let quoted = plugin.replace('.', "%5C.");
    format!("/config_dump?resource=ecds_filters&name_regex=.*{quoted}.*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_one_plugin_and_is_a_valid_address() {
        assert_eq!(
            filters_of("shop.limit"),
            "/config_dump?resource=ecds_filters&name_regex=.*shop%5C.limit.*"
        );
    }
}
