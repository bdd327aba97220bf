//! What can go wrong between us and an API server, in words that say what to do, and how each exits.

mod meaning;
mod words;

use kube::client::UpgradeConnectionError;
use kube::core::Status;

use super::ownership::OwnedField;
use crate::failure::Failure;
use words::{conflicts, lacks, missing, permit};
pub(crate) use words::{list, root_cause, said};

/// A request to an API server that did not work, or could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// No kubeconfig anywhere.
    #[error("no kubeconfig: give --kubeconfig, set KUBECONFIG, or put one at ~/.kube/config")]
    NoKubeconfig,
    /// One that cannot be used.
    #[error(
        "cannot use the kubeconfig {files}: {cause}; correct it, or name another with --kubeconfig"
    )]
    Kubeconfig {
        /// The files that were read.
        files: String,
        /// Why.
        cause: String,
    },
    /// A context that it has not.
    #[error("the kubeconfig {files} has no context {context:?}; give --context one of: {}", there.join(", "))]
    Context {
        /// The files that were read.
        files: String,
        /// What was asked for.
        context: String,
        /// What there is.
        there: Vec<String>,
    },
    /// A proxy on the way to the API server that cannot be used.
    #[error(
        "cannot use the proxy that {0} names: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT"
    )]
    Proxy(&'static str),
    /// The list of those that are asked without a proxy.
    #[error(
        "cannot read NO_PROXY: {0}; the client for the API server is strict: leave out empty entries, and spaces inside one"
    )]
    Exceptions(String),
    /// In a pod, without what a pod has.
    #[error("cannot connect from inside the cluster: {0}")]
    InCluster(String),
    /// The kubeconfig cannot be made into a client.
    #[error("cannot prepare a connection to {server}")]
    Client {
        /// The API server.
        server: String,
        /// Why.
        #[source]
        source: kube::Error,
    },
    /// Nobody answers.
    #[error(
        "cannot {what}: the API server {server} cannot be reached ({cause}); is it the right --context, and is the network up?"
    )]
    Unreachable {
        /// What was tried.
        what: String,
        /// The API server.
        server: String,
        /// Why.
        cause: String,
    },
    /// No answer in time.
    #[error(
        "cannot {what}: the API server {server} did not answer within {seconds} s (--request-timeout)"
    )]
    Slow {
        /// What was tried.
        what: String,
        /// The API server.
        server: String,
        /// How long we waited.
        seconds: u64,
    },
    /// Not allowed.
    #[error("cannot {what}: no permission: {message}; {}", permit(message))]
    Forbidden {
        /// What was tried.
        what: String,
        /// What the server says.
        message: String,
    },
    /// The resource type does not exist there.
    #[error(
        "cannot {what}: the cluster does not know such objects: {}",
        missing(what)
    )]
    NotServed {
        /// What was tried.
        what: String,
    },
    /// An API server of before 2023.
    #[error(
        "the API server {server} has no aggregated discovery: weft needs Kubernetes 1.27 or newer"
    )]
    TooOld {
        /// The API server.
        server: String,
    },
    /// Somebody else owns a field.
    #[error(
        "cannot {what}: somebody else owns fields that this would change:\n{}\nlet them give the fields up, ask for the same values, or take them over with --force-conflicts",
        list(fields)
    )]
    Conflict {
        /// What was tried.
        what: String,
        /// Each with its owner.
        fields: Vec<OwnedField>,
    },
    /// The server does not accept the object.
    #[error("cannot {what}: the API server refuses it: {message}")]
    Invalid {
        /// What was tried.
        what: String,
        /// What the server says.
        message: String,
    },
    /// Somebody else wrote after us.
    #[error("{what} {by}: somebody else was faster, and what they wrote is left alone")]
    Overtaken {
        /// The object.
        what: String,
        /// What it is now.
        by: String,
    },
    /// Something else.
    // The client prints answers of a server with all that it knows of them: only the innermost text is for people.
    #[error("cannot {what}: {}{}", said(cause), lacks(cause))]
    Other {
        /// What was tried.
        what: String,
        /// Why.
        cause: Box<kube::Error>,
    },
}

impl ClusterError {
    /// Sorts an error of the client.
    pub(crate) fn of(what: &str, server: &str, error: kube::Error) -> Self {
        let what = what.to_owned();
        if let kube::Error::Api(status) = error {
            return Self::answered(what, status);
        }
        // A websocket that is refused comes without the server's text.
        if let kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(code)) = error
            && matches!(code.as_u16(), 401 | 403)
        {
            return Self::Forbidden {
                what,
                message: format!("the server answered {code}"),
            };
        }
        if matches!(error, kube::Error::HyperError(_) | kube::Error::Service(_)) {
            return Self::Unreachable {
                what,
                server: server.to_owned(),
                cause: root_cause(&error),
            };
        }
        let cause = Box::new(error);
        Self::Other { what, cause }
    }

    fn answered(what: String, status: Box<Status>) -> Self {
        match status.code {
            401 | 403 => Self::Forbidden {
                what,
                message: status.message,
            },
            // Without details it is the path that does not exist, and not the object.
            404 if status.details.is_none() => Self::NotServed { what },
            409 => {
                let fields = conflicts(&status);
                if fields.is_empty() {
                    return Self::Other {
                        what,
                        cause: Box::new(kube::Error::Api(status)),
                    };
                }
                Self::Conflict { what, fields }
            }
            400 | 422 => Self::Invalid {
                what,
                message: status.message,
            },
            // A field that an apply cannot have: the object is wrong, whatever the code says.
            500 if status
                .message
                .starts_with("failed to create typed patch object") =>
            {
                Self::Invalid {
                    what,
                    message: status.message,
                }
            }
            _ => Self::Other {
                what,
                cause: Box::new(kube::Error::Api(status)),
            },
        }
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self::new(error.exit(), error)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::failure::Exit;

    fn api(status: serde_json::Value) -> ClusterError {
        let status: Status = serde_json::from_value(status).unwrap();
        ClusterError::of(
            "write it",
            "https://api",
            kube::Error::Api(Box::new(status)),
        )
    }

    #[test]
    fn a_conflict_names_field_and_manager() {
        let error = api(json!({
            "code": 409, "reason": "Conflict", "message": "Apply failed",
            "details": {"causes": [{
                "reason": "FieldManagerConflict",
                "message": "conflict with \"kubectl-edit\" using extensions.istio.io/v1alpha1",
                "field": ".spec.priority",
            }]},
        }));

        assert!(
            error
                .to_string()
                .contains("  .spec.priority belongs to kubectl-edit\n"),
            "{error}"
        );
        assert_eq!(error.exit(), Exit::Failure);
    }

    #[test]
    fn what_may_work_later() {
        let cases = [
            (
                json!({"code": 429, "message": "busy", "details": {"retryAfterSeconds": 3}}),
                true,
            ),
            (json!({"code": 503, "message": "starting"}), true),
            (
                json!({"code": 500, "reason": "InternalError", "message": "failed calling webhook \"a\": no endpoints available for service \"b\""}),
                true,
            ),
            (
                json!({"code": 409, "reason": "Conflict", "message": "the object has been modified"}),
                true,
            ),
            (
                json!({"code": 403, "reason": "Forbidden", "message": "unable to create new content in namespace a because it is being terminated"}),
                true,
            ),
            (
                json!({"code": 403, "reason": "Forbidden", "message": "no"}),
                false,
            ),
            (
                json!({"code": 422, "reason": "Invalid", "message": "no"}),
                false,
            ),
            (
                json!({"code": 500, "message": "failed to create typed patch object (a/b; /v1, Kind=ConfigMap): .dta: field not declared in schema"}),
                false,
            ),
        ];
        for (status, wanted) in cases {
            let error = api(status.clone());
            assert_eq!(error.is_transient(), wanted, "{status}");
            let after = status
                .pointer("/details/retryAfterSeconds")
                .and_then(serde_json::Value::as_u64);
            assert_eq!(error.retry_after(), after.map(Duration::from_secs));
        }
    }

    #[test]
    fn each_answer_exits_in_its_way() {
        let cases = [
            (
                json!({"code": 403, "reason": "Forbidden", "message": "no"}),
                Exit::NoPermission,
            ),
            (
                json!({"code": 401, "reason": "Unauthorized", "message": "no"}),
                Exit::NoPermission,
            ),
            (
                json!({"code": 422, "reason": "Invalid", "message": "no"}),
                Exit::BadInput,
            ),
            (
                json!({"code": 404, "reason": "NotFound", "message": "404 page not found"}),
                Exit::Failure,
            ),
            (
                json!({"code": 500, "reason": "InternalError", "message": "no"}),
                Exit::Failure,
            ),
        ];
        for (status, exit) in cases {
            assert_eq!(api(status.clone()).exit(), exit, "{status}");
        }
    }
}
