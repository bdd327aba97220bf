//! Asks an Envoy, through the API server, for what its admin interface knows.
//!
//! The interface listens on the pod's own loopback, so there are two ways in: forwarding a port (`pods/portforward`), or
//! running `pilot-agent request` in the proxy's container (`pods/exec`). Forwarding is tried first because it grants less;
//! the other is for clusters that allow only that. Both work with every image that Istio ships, distroless ones too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::{AttachParams, LogParams};
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

/// Which part of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogPart {
    /// What follows a moment, by the clock of the proxy's node.
    After(Timestamp),
    /// The last seconds, by the same clock.
    Seconds(i64),
    /// The end.
    End,
}

impl LogPart {
    fn params(self) -> LogParams {
        // What matters after a moment comes right after it, and what matters in the end comes last.
        let (head, tail) = (Some(256 * 1024), Some(5000));
        match self {
            Self::After(moment) => LogParams {
                // The client rounds to whole seconds, and not always down.
                since_time: Some(
                    moment
                        .saturating_sub(SignedDuration::from_secs(1))
                        .unwrap_or(moment),
                ),
                limit_bytes: head,
                ..LogParams::default()
            },
            Self::Seconds(count) => LogParams {
                since_seconds: Some(count),
                tail_lines: tail,
                ..LogParams::default()
            },
            Self::End => LogParams {
                tail_lines: tail,
                ..LogParams::default()
            },
        }
    }
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

    /// The answers of the admin interface to several questions, in their order, over one connection.
    pub(crate) async fn ask<const N: usize>(
        &self,
        namespace: &str,
        pod: &str,
        paths: [&str; N],
    ) -> Result<[String; N], ProxyError> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), namespace);
        let timeout = self.cluster.timeout;
        let asked = tokio::time::timeout(timeout, self.answers(&pods, pod, "GET", &paths));
        let answers = asked
            .await
            .map_err(|_| ProxyError::Slow(timeout.as_secs()))??;
        answers
            .try_into()
            .map_err(|_| ProxyError::Admin("it stopped half way".to_owned()))
    }

    /// The answers to requests that change something in the proxy, in their order, over one connection.
    pub(crate) async fn post(
        &self,
        namespace: &str,
        pod: &str,
        paths: &[String],
    ) -> Result<Vec<String>, ProxyError> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), namespace);
        let timeout = self.cluster.timeout;
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let asked = tokio::time::timeout(timeout, self.answers(&pods, pod, "POST", &paths));
        asked
            .await
            .map_err(|_| ProxyError::Slow(timeout.as_secs()))?
    }

    async fn answers(
        &self,
        pods: &Api<Pod>,
        pod: &str,
        method: &'static str,
        paths: &[&str],
    ) -> Result<Vec<String>, ProxyError> {
        if !self.exec.load(Ordering::Relaxed) {
            match self.forwarded(pods, pod, method, paths).await {
                Err(ProxyError::Cluster(error)) if error.is_forbidden() => {
                    self.exec.store(true, Ordering::Relaxed);
                }
                answers => return answers,
            }
        }
        let mut answers = Vec::new();
        for path in paths {
            answers.push(self.executed(pods, pod, method, path).await?);
        }
        Ok(answers)
    }

    /// A part of the container's log, each line behind its time.
    pub(crate) async fn log(
        &self,
        namespace: &str,
        pod: &str,
        part: LogPart,
    ) -> Result<String, ClusterError> {
        let pods: Api<Pod> = Api::namespaced(self.cluster.client.clone(), namespace);
        let params = LogParams {
            container: Some(self.container.to_owned()),
            timestamps: true,
            ..part.params()
        };
        self.cluster
            .call("read the log of the proxy", pods.logs(pod, &params))
            .await
    }

    async fn forwarded(
        &self,
        pods: &Api<Pod>,
        pod: &str,
        method: &'static str,
        paths: &[&str],
    ) -> Result<Vec<String>, ProxyError> {
        let what = "forward a port of the pod";
        let mut forward = self
            .cluster
            .call(what, pods.portforward(pod, &[ADMIN_PORT]))
            .await?;
        let stream = forward
            .take_stream(ADMIN_PORT)
            .ok_or_else(|| ProxyError::Admin("no stream".to_owned()))?;
        let answers = requests(stream, method, paths).await;
        // The kubelet says why it could not connect on a channel of its own.
        let answers = match (answers, forward.take_error(ADMIN_PORT)) {
            (Err(error), Some(told)) => {
                let told = tokio::time::timeout(Duration::from_millis(200), told).await;
                Err(told.ok().flatten().map_or(error, ProxyError::Admin))
            }
            (answers, _) => answers,
        };
        forward.abort();
        answers
    }

    async fn executed(
        &self,
        pods: &Api<Pod>,
        pod: &str,
        method: &str,
        path: &str,
    ) -> Result<String, ProxyError> {
        let command = [
            "pilot-agent",
            "request",
            method,
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
        text(output)
    }
}

/// Several requests over one stream.
async fn requests<S>(
    stream: S,
    method: &'static str,
    paths: &[&str],
) -> Result<Vec<String>, ProxyError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let driver = tokio::spawn(connection);
    let mut answers = Vec::new();
    for path in paths {
        let request = hyper::Request::builder()
            .method(method)
            .uri(*path)
            .header(hyper::header::HOST, "localhost")
            .body(Empty::<Bytes>::new())
            .map_err(|error| ProxyError::Admin(error.to_string()))?;
        sender.ready().await.map_err(broken)?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = text(
            body.map_err(|error| ProxyError::Admin(error.to_string()))?
                .to_bytes()
                .to_vec(),
        )?;
        if !status.is_success() && !is_nothing(&body) {
            return Err(ProxyError::Answer(format!("{status} {}", beginning(&body))));
        }
        answers.push(body);
    }
    driver.abort();
    Ok(answers)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the argument of map_err"
)]
fn broken(error: hyper::Error) -> ProxyError {
    ProxyError::Admin(error.to_string())
}

fn text(bytes: Vec<u8>) -> Result<String, ProxyError> {
    String::from_utf8(bytes).map_err(|_| ProxyError::Answer("bytes that are no text".to_owned()))
}

/// How Envoy says that a dump has no such part: with 404.
pub(crate) fn is_nothing(answer: &str) -> bool {
    answer.trim_end().ends_with("not found in config dump")
}

fn beginning(text: &str) -> String {
    text.chars().take(120).collect()
}
