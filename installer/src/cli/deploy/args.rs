//! The words of the flags of `weft plugin deploy`, and what they are called in Istio.

use clap::ValueEnum;

/// `--phase`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum PhaseArg {
    /// Before Istio's own authentication
    Authn,
    /// Before Istio's own authorization, after authentication
    Authz,
    /// Before Istio's own statistics, after authorization
    Stats,
}

impl PhaseArg {
    /// In Istio's spelling.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Authn => "AUTHN",
            Self::Authz => "AUTHZ",
            Self::Stats => "STATS",
        }
    }
}

/// `--fail-strategy`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum FailArg {
    /// Deny everything
    Close,
    /// Let everything pass
    Open,
    /// Deny, and start the module anew
    Reload,
}

impl FailArg {
    /// In Istio's spelling.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Close => "FAIL_CLOSE",
            Self::Open => "FAIL_OPEN",
            Self::Reload => "FAIL_RELOAD",
        }
    }
}

/// `--type`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum TypeArg {
    /// A filter of HTTP requests
    Http,
    /// A filter of connections
    Network,
}

impl TypeArg {
    /// In Istio's spelling.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Network => "NETWORK",
        }
    }
}
