//! What can go wrong with a registry, and what to do about each.

use crate::failure::{Exit, Failure};

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
    /// More than anybody needs.
    #[error(
        "{what} is larger than {} MB, which is more than weft takes. Is this the name that you meant?",
        largest / 1024 / 1024
    )]
    TooLarge {
        /// The manifest or layer.
        what: String,
        /// How much weft takes, in bytes.
        largest: u64,
    },
    /// What was read or written meanwhile on this side failed.
    #[error("cannot pass it on: {0}")]
    Sink(#[source] std::io::Error),
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
            Self::Credentials { .. } | Self::TooLarge { .. } => Exit::BadInput,
            Self::NotFound(_)
            | Self::TooMany(_)
            | Self::WrongDigest { .. }
            | Self::Refused { .. }
            | Self::Sink(_) => Exit::Failure,
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::new(error.exit(), error)
    }
}
