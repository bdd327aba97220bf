//! Asks an Envoy, through the API server, for what its admin interface knows.
//!
//! The interface listens on the pod's own loopback, so there are two ways in: forwarding a port (`pods/portforward`), or
//! running `pilot-agent request` in the proxy's container (`pods/exec`). Forwarding is tried first because it grants less;
//! the other is for clusters that allow only that. Both work with every image that Istio ships, distroless ones too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, LogParams};
use serde_json::Value;
use tokio::io::AsyncReadExt;

use super::access::Cluster;
use super::error::ClusterError;

/// Envoy's admin interface in a pod of Istio's.
const ADMIN_PORT: u16 = 15000;
/// More than this is no answer to our questions, which are about one plugin.
const LARGEST: usize = 64 * 1024 * 1024;

/// Why a proxy could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    /// The API server did not let us, or could not.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The connection to Envoy's admin interface did not work.
    #[error("its admin interface does not answer: {0}")]
    Admin(String),
    /// No answer in time.
    #[error("its admin interface did not answer within {0} s")]
    Slow(u64),
    /// Envoy answered something else than was asked for.
    #[error("its admin interface answered {0:?}, which is not what was asked for")]
    Answer(String),
}

/// Asks proxies. A clone asks in the same way.
#[derive(Debug, Clone)]
pub(crate) struct Proxies {
    cluster: Cluster,
    container: &'static str,
    /// Forwarding is not allowed here: do not try it for each pod again.
    exec: Arc<AtomicBool>,
}

impl Proxies {
    /// For the proxies of this cluster, in the container of that name.
    pub(crate) fn new(cluster: Cluster, container: &'static str) -> Self {
        Self {
            cluster,
            container,
            exec: Arc::default(),
        }
    }

    /// A JSON answer of the admin interface.
    pub(crate) async fn json(
        &self,
        namespace: &str,
        pod: &str,
        path: &str,
    ) -> Result<Value, ProxyError> {
        let text = self.text(namespace, pod, path).await?;
        serde_json::from_str(&text).map_err(|_| ProxyError::Answer(beginning(&text)))
    }

    /// An answer of the admin interface as it comes.
    pub(crate) async fn text(
        &self,
        namespace: &str,
        pod: &str,
        path: &str,
    ) -> Result<String, ProxyError> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), namespace);
        let asked = async {
            if !self.exec.load(Ordering::Relaxed) {
                match self.forwarded(&pods, pod, path).await {
                    Err(ProxyError::Cluster(error)) if error.is_forbidden() => {
                        self.exec.store(true, Ordering::Relaxed)
                    }
                    answer => return answer,
                }
            }
            self.executed(&pods, pod, path).await
        };
        let timeout = self.cluster.timeout;
        let answer = tokio::time::timeout(timeout, asked)
            .await
            .map_err(|_| ProxyError::Slow(timeout.as_secs()))??;
        String::from_utf8(answer)
            .map_err(|_| ProxyError::Answer("bytes that are no text".to_owned()))
    }

    /// The container's log of the last seconds, or its end when no time is given.
    pub(crate) async fn log(
        &self,
        namespace: &str,
        pod: &str,
        seconds: Option<i64>,
    ) -> Result<String, ClusterError> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), namespace);
        let params = LogParams {
            container: Some(self.container.to_owned()),
            since_seconds: seconds,
            tail_lines: Some(5000),
            ..LogParams::default()
        };
        self.cluster
            .call("read the log of the proxy", pods.logs(pod, &params))
            .await
    }

    async fn forwarded(
        &self,
        pods: &Api<Pod>,
        pod: &str,
        path: &str,
    ) -> Result<Vec<u8>, ProxyError> {
        let what = "forward a port of the pod";
        let mut forward = self
            .cluster
            .call(what, pods.portforward(pod, &[ADMIN_PORT]))
            .await?;
        let stream = forward
            .take_stream(ADMIN_PORT)
            .ok_or_else(|| ProxyError::Admin("no stream".to_owned()))?;
        let answer = get(stream, path).await;
        // The kubelet says why it could not connect on a channel of its own.
        let answer = match (answer, forward.take_error(ADMIN_PORT)) {
            (Err(error), Some(told)) => {
                let told = tokio::time::timeout(std::time::Duration::from_millis(200), told).await;
                Err(told.ok().flatten().map_or(error, ProxyError::Admin))
            }
            (answer, _) => answer,
        };
        forward.abort();
        answer
    }

    async fn executed(
        &self,
        pods: &Api<Pod>,
        pod: &str,
        path: &str,
    ) -> Result<Vec<u8>, ProxyError> {
        let command = [
            "pilot-agent",
            "request",
            "GET",
            path.trim_start_matches('/'),
        ];
        let params = AttachParams::default()
            .container(self.container)
            .stderr(false);
        let mut process = self
            .cluster
            .call(
                "run pilot-agent in the pod",
                pods.exec(pod, command, &params),
            )
            .await?;
        let mut output = Vec::new();
        if let Some(stdout) = process.stdout() {
            let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
            stdout
                .take(limit)
                .read_to_end(&mut output)
                .await
                .map_err(|error| ProxyError::Admin(error.to_string()))?;
        }
        Ok(output)
    }
}

/// One GET over a stream that is used once.
async fn get<S>(stream: S, path: &str) -> Result<Vec<u8>, ProxyError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| ProxyError::Admin(error.to_string());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = tokio::spawn(connection);
    let request = hyper::Request::get(path)
        .header(hyper::header::HOST, "localhost")
        .body(Empty::<Bytes>::new())
        .map_err(|error| ProxyError::Admin(error.to_string()))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    let status = response.status();
    let body = http_body_util::Limited::new(response.into_body(), LARGEST)
        .collect()
        .await;
    driver.abort();
    let body = body
        .map_err(|error| ProxyError::Admin(error.to_string()))?
        .to_bytes();
    if status.is_success() {
        Ok(body.to_vec())
    } else {
        Err(ProxyError::Answer(format!(
            "{status} {}",
            beginning(&String::from_utf8_lossy(&body))
        )))
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(120).collect()
}
