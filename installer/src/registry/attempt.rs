//! From what the client library says to what an operator can do something about.

use super::reference::Reference;
use super::{Descriptor, RegistryError};
use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};
use oci_client::secrets::RegistryAuth;
use std::error::Error;

/// What was tried, to explain an error with.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    registry: String,
    what: String,
    auth: RegistryAuth,
    plain_http: bool,
}

impl Attempt {
    pub(super) fn new(reference: &Reference, auth: &RegistryAuth, plain_http: bool) -> Self {
        Self {
            registry: reference.registry().to_owned(),
            what: reference.to_string(),
            auth: auth.clone(),
            plain_http,
        }
    }

    /// What it was tried with.
    pub(super) const fn auth(&self) -> &RegistryAuth {
        &self.auth
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

    /// More came than may.
    pub(super) fn too_large(&self, part: &'static str, largest: u64) -> RegistryError {
        RegistryError::TooLarge {
            what: format!("a {part} of {}", self.what),
            largest,
        }
    }

    pub(super) fn strange(&self, reason: &str) -> RegistryError {
        RegistryError::Refused {
            registry: self.registry.clone(),
            reason: reason.to_owned(),
        }
    }

    fn unauthorized(&self) -> RegistryError {
        let hint = if self.auth == RegistryAuth::Anonymous {
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
pub(crate) fn causes(error: &dyn Error) -> String {
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
