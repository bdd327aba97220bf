//! Abilities of the host that may be absent (Envoy's "foreign functions").
//!
//! A plugin that uses one has a pure fall-back which gives the same answer: hosts differ, and a request must not
//! depend on which one it met.

/// What is asked of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignCall<'a> {
    /// Verify a signature (`verify_signature`). The answer is one byte, 1 for a valid signature.
    /// RSA is PKCS #1 v1.5; an ECDSA signature is DER.
    VerifySignature {
        /// `sha1`, `sha224`, `sha256`, `sha384` or `sha512`.
        hash: &'a str,
        /// The public key, DER-encoded SPKI.
        key: &'a [u8],
        /// The signature.
        signature: &'a [u8],
        /// What was signed.
        text: &'a [u8],
    },
    /// Set the filter state object that the host registered as `name` (`set_envoy_filter_state`), for
    /// example `envoy.tcp_proxy.cluster`. The answer is empty.
    SetFilterState {
        /// The name of the object.
        name: &'a str,
        /// Its value, as text.
        value: &'a str,
        /// How long it lives.
        span: Span,
    },
    /// Choose the route again (`clear_route_cache`). The answer is empty.
    ClearRouteCache,
}

/// How long a filter state object lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// As long as this filter chain.
    FilterChain,
    /// As long as the downstream request.
    Request,
    /// As long as the downstream connection.
    Connection,
}

/// A foreign call brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// This host does not have the function.
    #[error("this proxy does not have the function")]
    Absent,
    /// The host refused the arguments.
    #[error("the proxy refused the arguments (status {0})")]
    Refused(u32),
}
