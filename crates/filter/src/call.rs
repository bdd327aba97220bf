//! Call-outs: what a plugin asks of another service, and what comes back.

use std::time::Duration;

use crate::headers::Headers;

/// A call to a cluster that the proxy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The cluster; under Istio `outbound|PORT||HOST`.
    pub cluster: String,
    /// When to give up.
    pub timeout: Duration,
    /// What is asked.
    pub message: Message,
}

/// What a call asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// An HTTP request.
    Http {
        /// With `:method`, `:path` and `:authority`, without which the proxy refuses it.
        headers: Headers,
        /// The body; may be empty.
        body: Vec<u8>,
    },
    /// A unary gRPC call.
    Grpc {
        /// The service's full name, `package.Service`.
        service: String,
        /// The method's name.
        method: String,
        /// The request message, encoded.
        message: Vec<u8>,
    },
}

/// What a call brought back.
///
/// When a server cannot be reached or does not answer in time, Envoy answers an HTTP call itself, with status 503 or 504 and a
/// text of its own. So a status other than 2xx is a failure of the call or of the server, and nobody can tell which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP response.
    Http {
        /// Its headers, with `:status`.
        headers: Headers,
        /// Its body.
        body: Vec<u8>,
    },
    /// The response message of a gRPC call that ended with status OK.
    Grpc {
        /// The message, encoded.
        message: Vec<u8>,
    },
}

/// Why a call brought nothing back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The proxy did not make the call: it does not know the cluster, or a required header is missing.
    #[error(
        "the proxy refused the call to cluster {cluster:?} (status {status}): is the cluster known to this proxy?"
    )]
    Refused {
        /// The cluster.
        cluster: String,
        /// The status, by the number the ABI gives it.
        status: u32,
    },
    /// No answer to an HTTP call: it broke off after its headers, or was too large. The proxy does not say which. A server that
    /// does not answer at all is an [`Answer`] with status 503 or 504.
    #[error("no answer came: it broke off or was too large")]
    NoAnswer,
    /// The gRPC call ended with this status: 14 when the server cannot be reached or does not answer in time.
    #[error("the gRPC call ended with status {0}")]
    Grpc(u32),
}
