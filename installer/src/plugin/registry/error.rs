//! What a registry's refusals mean, and what to do about each.

use crate::failure::{Exit, Failure};
use crate::plugin::image::{Descriptor, ImageError};
use crate::plugin::module::ModuleError;
use crate::plugin::reference::Reference;
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use oci_client::secrets::RegistryAuth;
use std::error::Error;

/// Why a registry did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No connection.
    #[error(
        "cannot reach the registry {registry}: {reason}. Check its name and port, and that this machine may reach it"
    )]
    Unreachable {
        /// Host and port.
        registry: String,
        /// What the network says.
        reason: String,
    },
    /// It speaks HTTP where we spoke TLS.
    #[error(
        "the registry {0} speaks plain HTTP, not HTTPS: pass --plain-http if you trust the network on the way to it"
    )]
    SpeaksHttp(String),
    /// It speaks TLS where we spoke HTTP.
    #[error("the registry {0} speaks HTTPS: leave --plain-http away")]
    SpeaksHttps(String),
    /// Its certificate is not trusted.
    #[error(
        "the certificate of the registry {registry} is not trusted: {reason}. Add its authority to the system's, or name a file with SSL_CERT_FILE"
    )]
    Untrusted {
        /// Host and port.
        registry: String,
        /// Why.
        reason: String,
    },
    /// 401.
    #[error("the registry {registry} asks for credentials for {what}: {hint}")]
    Unauthorized {
        /// Host and port.
        registry: String,
        /// The image.
        what: String,
        /// What to do.
        hint: &'static str,
    },
    /// 403.
    #[error(
        "the registry {registry} does not allow this for {what}: {reason}. Ask its owner for the right to push or pull there"
    )]
    Denied {
        /// Host and port.
        registry: String,
        /// The image.
        what: String,
        /// What the registry says.
        reason: String,
    },
    /// 404.
    #[error(
        "there is no {0}: check repository and tag; on some registries a repository that you may not read looks like this too, and a log-in helps"
    )]
    NotFound(String),
    /// 429.
    #[error(
        "the registry {0} has had too many requests: wait a few minutes; a log-in often raises the limit"
    )]
    TooMany(String),
    /// The content is not what its name says.
    #[error(
        "{what} is not what it should be: its digest is {found}, and {wanted} was asked for. Do not use it; the registry or something on the way changed it"
    )]
    WrongDigest {
        /// The image or layer.
        what: String,
        /// The digest asked for.
        wanted: String,
        /// The digest of what came.
        found: String,
    },
    /// The credentials cannot be read.
    #[error("cannot use the credentials in {file}: {reason}")]
    Credentials {
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// Anything else.
    #[error("the registry {registry} did not do as asked: {reason}")]
    Refused {
        /// Host and port.
        registry: String,
        /// What it says.
        reason: String,
    },
    /// It holds something else.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It holds no module.
    #[error(transparent)]
    Module(#[from] ModuleError),
}

impl RegistryError {
    /// How a command that fails so exits.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. }
            | Self::SpeaksHttp(_)
            | Self::SpeaksHttps(_)
            | Self::Untrusted { .. } => Exit::Unreachable,
            Self::Unauthorized { .. } | Self::Denied { .. } => Exit::NoPermission,
            Self::Credentials { .. } | Self::Image(_) | Self::Module(_) => Exit::BadInput,
            Self::NotFound(_)
            | Self::TooMany(_)
            | Self::WrongDigest { .. }
            | Self::Refused { .. } => Exit::Failure,
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::new(error.exit(), error)
    }
}

/// What was tried, to explain an error with.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    registry: String,
    what: String,
    is_anonymous: bool,
    plain_http: bool,
}

impl Attempt {
    pub(super) fn new(reference: &Reference, auth: &RegistryAuth, plain_http: bool) -> Self {
        Self {
            registry: reference.registry().to_owned(),
            what: reference.to_string(),
            is_anonymous: matches!(auth, RegistryAuth::Anonymous),
            plain_http,
        }
    }

    /// The error in our words.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds, and those to come, are said as they are"
    )]
    pub(super) fn explain(&self, error: OciDistributionError) -> RegistryError {
        use OciDistributionError as Theirs;
        match error {
            Theirs::RequestError(error) => self.unanswered(&error),
            Theirs::UnauthorizedError { .. } | Theirs::AuthenticationFailure(_) => {
                self.unauthorized()
            }
            Theirs::ServerError { code, message, .. } => self.answered(code, &message),
            Theirs::RegistryError { envelope, .. } => {
                let words = envelope
                    .errors
                    .iter()
                    .map(|error| error.message.clone())
                    .collect::<Vec<_>>()
                    .join("; ");
                let code = envelope.errors.first().map(|error| &error.code);
                self.answered(code.map_or(0, status), &words)
            }
            Theirs::DigestError(DigestError::VerificationError { expected, actual }) => {
                RegistryError::WrongDigest {
                    what: self.what.clone(),
                    wanted: expected,
                    found: actual,
                }
            }
            Theirs::ImageManifestNotFoundError(_) => RegistryError::NotFound(self.what.clone()),
            other => self.strange(&other.to_string()),
        }
    }

    /// What came broke off, or is not what it should be.
    pub(super) fn broken(&self, layer: &Descriptor, error: &std::io::Error) -> RegistryError {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        if let Some(DigestError::VerificationError { actual, .. }) = cause {
            return self.changed(layer, actual.clone());
        }
        RegistryError::Unreachable {
            registry: self.registry.clone(),
            reason: causes(error),
        }
    }

    /// What came is not what its digest says.
    pub(super) fn changed(&self, layer: &Descriptor, found: String) -> RegistryError {
        RegistryError::WrongDigest {
            what: format!("a layer of {}", self.what),
            wanted: layer.digest.clone(),
            found,
        }
    }

    pub(super) fn strange(&self, reason: &str) -> RegistryError {
        RegistryError::Refused {
            registry: self.registry.clone(),
            reason: reason.to_owned(),
        }
    }

    fn unauthorized(&self) -> RegistryError {
        let hint = if self.is_anonymous {
            "log in with `docker login` or the like; weft reads ~/.docker/config.json, or config.json in $DOCKER_CONFIG"
        } else {
            "those in the Docker configuration were refused; log in again"
        };
        RegistryError::Unauthorized {
            registry: self.registry.clone(),
            what: self.what.clone(),
            hint,
        }
    }

    fn answered(&self, status: u16, words: &str) -> RegistryError {
        let registry = self.registry.clone();
        match status {
            401 => self.unauthorized(),
            403 => RegistryError::Denied {
                registry,
                what: self.what.clone(),
                reason: or(words, "403 Forbidden"),
            },
            404 => RegistryError::NotFound(self.what.clone()),
            429 => RegistryError::TooMany(registry),
            400 if self.plain_http && words.contains("HTTPS") => {
                RegistryError::SpeaksHttps(registry)
            }
            0 => RegistryError::Refused {
                registry,
                reason: words.to_owned(),
            },
            _ => RegistryError::Refused {
                registry,
                reason: format!("it answered {status}: {}", or(words, "nothing more")),
            },
        }
    }

    fn unanswered(&self, error: &dyn Error) -> RegistryError {
        let registry = self.registry.clone();
        let reason = causes(error);
        // What a TLS client makes of an HTTP response.
        if reason.contains("InvalidContentType") {
            RegistryError::SpeaksHttp(registry)
        } else if reason.contains("certificate") {
            RegistryError::Untrusted { registry, reason }
        } else {
            RegistryError::Unreachable { registry, reason }
        }
    }
}

fn or(words: &str, otherwise: &str) -> String {
    let words = words.trim();
    if words.is_empty() {
        otherwise.to_owned()
    } else {
        words.chars().take(500).collect()
    }
}

/// The status that goes with an error code of the distribution specification; 0 where it matters to nobody.
fn status(code: &OciErrorCode) -> u16 {
    match code {
        OciErrorCode::Unauthorized => 401,
        OciErrorCode::Denied => 403,
        OciErrorCode::Toomanyrequests => 429,
        OciErrorCode::ManifestUnknown
        | OciErrorCode::NameUnknown
        | OciErrorCode::BlobUnknown
        | OciErrorCode::NotFound => 404,
        OciErrorCode::BlobUploadInvalid
        | OciErrorCode::BlobUploadUnknown
        | OciErrorCode::DigestInvalid
        | OciErrorCode::ManifestBlobUnknown
        | OciErrorCode::ManifestInvalid
        | OciErrorCode::ManifestUnverified
        | OciErrorCode::NameInvalid
        | OciErrorCode::SizeInvalid
        | OciErrorCode::TagInvalid
        | OciErrorCode::Unsupported
        | OciErrorCode::Other(_) => 0,
    }
}

/// The innermost causes say what happened; the outer ones only that something did.
fn causes(error: &dyn Error) -> String {
    let mut texts = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        texts.push(cause.to_string());
        next = cause.source();
    }
    texts.dedup();
    if texts.is_empty() {
        error.to_string()
    } else {
        texts.join(": ")
    }
}
