//! Which cluster, as whom: kubeconfig, context, impersonation, and the connection that comes of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tokio::sync::OnceCell;

use super::error::{ClusterError, root_cause};
use super::route;
use crate::environment::Environment;

/// What the command line says about the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// `--kubeconfig`.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub(crate) context: Option<String>,
    /// `--as`.
    pub(crate) user: Option<String>,
    /// `--as-group`.
    pub(crate) groups: Vec<String>,
    /// `--request-timeout`.
    pub(crate) timeout: Duration,
}

/// A connection to an API server.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// The client.
    pub(crate) client: Client,
    /// The namespace of the context.
    pub(crate) namespace: String,
    /// The API server's address.
    pub(crate) server: String,
    /// How long one request may take.
    pub(crate) timeout: Duration,
    /// As whom the API server knows us, once it was asked.
    pub(crate) caller: Arc<OnceCell<String>>,
}

/// Where the kubeconfig comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Files(Vec<PathBuf>),
    InCluster,
}

impl Access {
    /// Connects; no request is made yet.
    pub(crate) async fn connect(&self, environment: &Environment) -> Result<Cluster, ClusterError> {
        let (mut config, named) = match self.source(environment)? {
            Source::InCluster => (
                Config::incluster().map_err(|error| ClusterError::InCluster(error.to_string()))?,
                None,
            ),
            Source::Files(files) => self.load(&files).await?,
        };
        // kube compares NO_PROXY with the proxy's own address and knows no HTTP_PROXY: we decide.
        config.proxy_url = route::proxy(&config.cluster_url, named.as_deref(), environment)?;
        // Ours runs out first, and says what it is.
        config.connect_timeout = Some(self.timeout.saturating_add(Duration::from_secs(1)));
        // We look at the clock ourselves: a retry inside the client would outlast --request-timeout.
        config.default_retry = false;
        let server = config.cluster_url.to_string();
        let namespace = config.default_namespace.clone();
        let client = Client::try_from(config).map_err(|source| ClusterError::Client {
            server: server.clone(),
            source,
        })?;
        Ok(Cluster {
            client,
            namespace,
            server,
            timeout: self.timeout,
            caller: Arc::default(),
        })
    }

    /// Flag, then `KUBECONFIG`, then the file in the home directory, then the pod that we run in: kubectl's order.
    fn source(&self, environment: &Environment) -> Result<Source, ClusterError> {
        if let Some(file) = &self.kubeconfig {
            return Ok(Source::Files(vec![file.clone()]));
        }
        if let Some(listed) = environment.get("KUBECONFIG") {
            let files: Vec<_> = std::env::split_paths(listed)
                .filter(|path| !path.as_os_str().is_empty())
                .collect();
            return Ok(Source::Files(there(files)));
        }
        let home = environment
            .home()
            .map(|home| home.join(".kube").join("config"));
        match home.filter(|file| file.exists()) {
            Some(file) => Ok(Source::Files(vec![file])),
            None if environment.get("KUBERNETES_SERVICE_HOST").is_some() => Ok(Source::InCluster),
            None => Err(ClusterError::NoKubeconfig),
        }
    }

    /// The configuration, and the proxy that the kubeconfig names.
    async fn load(&self, files: &[PathBuf]) -> Result<(Config, Option<String>), ClusterError> {
        let broken = |error: KubeconfigError| {
            if let KubeconfigError::ParseNoProxy(error) = error {
                return ClusterError::Exceptions(error.to_string());
            }
            ClusterError::Kubeconfig {
                files: listed(files),
                cause: root_cause(&error),
            }
        };
        let mut merged = Kubeconfig::default();
        for file in files {
            merged = Kubeconfig::read_from(file)
                .and_then(|next| merged.merge(next))
                .map_err(broken)?;
        }
        if let Some(context) = self.context.as_ref()
            && !merged.contexts.iter().any(|one| one.name == *context)
        {
            return Err(ClusterError::Context {
                files: listed(files),
                context: context.clone(),
                there: merged.contexts.into_iter().map(|one| one.name).collect(),
            });
        }
        let named = proxy_url(&merged, self.context.as_deref());
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..KubeConfigOptions::default()
        };
        let mut config = Config::from_custom_kubeconfig(merged, &options)
            .await
            .map_err(broken)?;
        if self.user.is_some() {
            config.auth_info.impersonate.clone_from(&self.user);
        }
        if !self.groups.is_empty() {
            config.auth_info.impersonate_groups = Some(self.groups.clone());
        }
        Ok((config, named))
    }
}

/// Of several files those that exist: kubectl passes over the others. Where none does, the error names them all.
fn there(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let exists = |file: &&PathBuf| file.try_exists().unwrap_or(true);
    let existing: Vec<_> = files.iter().filter(exists).cloned().collect();
    if existing.is_empty() { files } else { existing }
}

fn listed(files: &[PathBuf]) -> String {
    let names: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    names.join(", ")
}

/// `proxy-url` of the cluster of a context.
fn proxy_url(config: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let context = context.or(config.current_context.as_deref())?;
    let mut contexts = config.contexts.iter();
    let context = contexts.find(|named| named.name == context)?;
    let cluster = &context.context.as_ref()?.cluster;
    let mut clusters = config.clusters.iter();
    let found = clusters.find(|named| named.name == *cluster)?;
    found.cluster.as_ref()?.proxy_url.clone()
}

impl Cluster {
    /// Makes one request, within the time that one request may take. `what` says what was tried.
    pub(crate) async fn call<T>(
        &self,
        what: &str,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, ClusterError> {
        match tokio::time::timeout(self.timeout, request).await {
            Ok(answer) => answer.map_err(|error| ClusterError::of(what, &self.server, error)),
            Err(_) => Err(ClusterError::Slow {
                what: what.to_owned(),
                server: self.server.clone(),
                seconds: self.timeout.as_secs(),
            }),
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cluster")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubeconfig_comes_from_where_kubectl_looks() {
        let home = tempfile::tempdir().unwrap();
        let text = home.path().to_str().unwrap();
        let file = home.path().join(".kube").join("config");
        let source = |access: &Access, variables: &[(&str, &str)]| {
            access
                .source(&Environment::of("/", variables.iter().copied()))
                .ok()
        };
        let none = Access::default();
        let flag = Access {
            kubeconfig: Some("/flag".into()),
            ..Access::default()
        };

        assert_eq!(source(&none, &[("HOME", text)]), None);
        assert_eq!(
            source(
                &none,
                &[("HOME", text), ("KUBERNETES_SERVICE_HOST", "10.0.0.1")]
            ),
            Some(Source::InCluster)
        );
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "").unwrap();
        assert_eq!(
            source(&none, &[("HOME", text)]),
            Some(Source::Files(vec![file.clone()]))
        );
        let some = format!("/missing:{}:/gone", file.display());
        assert_eq!(
            source(&none, &[("HOME", text), ("KUBECONFIG", &some)]),
            Some(Source::Files(vec![file]))
        );
        let both = [("HOME", text), ("KUBECONFIG", "/a::/b")];
        assert_eq!(
            source(&none, &both),
            Some(Source::Files(vec!["/a".into(), "/b".into()]))
        );
        assert_eq!(
            source(&flag, &both),
            Some(Source::Files(vec!["/flag".into()]))
        );
    }
}
