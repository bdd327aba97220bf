//! What a callback may ask. Reading is pulled and lazy: what a plugin does not ask for costs nothing.

use std::time::Duration;

use crate::foreign::{ForeignCall, ForeignError};
use crate::headers::Headers;
use crate::shared::{SharedError, Step};

/// What every callback may ask, also one without a stream.
pub trait Proxy {
    /// The time since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`HostError`] when the host has no clock.
    fn now(&self) -> Result<Duration, HostError>;

    /// Runs `step` on the shared bytes under `slot` until no other worker changed them meanwhile; see
    /// [`crate::shared::update`], which is how a plugin calls it.
    ///
    /// # Errors
    ///
    /// [`SharedError`]: the step did not take effect.
    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError>;

    /// Adds `amount` to the metric at `index` of [`crate::Plugin::metrics`] (or sets it, for a gauge, or
    /// records it, for a histogram). A metric that the host does not have is left alone.
    fn count(&mut self, index: usize, amount: u64);

    /// Writes a line to the proxy's log.
    fn log(&self, level: Level, message: &str);

    /// Fills `bytes` from the host's cryptographic random source.
    ///
    /// # Errors
    ///
    /// [`HostError`] when there is none; `bytes` then holds nothing of use.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), HostError>;

    /// Asks for an ability of the host that may be absent.
    ///
    /// # Errors
    ///
    /// [`ForeignError::Absent`] when this host lacks it: use the pure fall-back.
    fn foreign(&mut self, call: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError>;
}

/// What a callback on a stream may ask besides.
pub trait Exchange: Proxy {
    /// Which message is at hand. Whoever drives a plugin says so; it is the request unless said.
    fn half(&self) -> Half {
        Half::Request
    }

    /// The headers of the message at hand, fetched from the host at the first read.
    ///
    /// Envoy takes them away once they were passed on, so they cannot be read with a body: remember what is needed.
    ///
    /// # Errors
    ///
    /// [`HostError`] when the host did not give them, or no longer has them.
    fn headers(&self) -> Result<&Headers, HostError>;

    /// The property `which` in Envoy's wire form (text as bytes, numbers as 8 bytes little endian), or
    /// `None` when this stream has no such property.
    ///
    /// # Errors
    ///
    /// [`HostError`] when the host could not say.
    fn property(&self, which: Property) -> Result<Option<Vec<u8>>, HostError>;

    /// At most `limit` bytes of the body at hand, from byte `start` of what has arrived and was not passed on.
    ///
    /// # Errors
    ///
    /// [`HostError`] when the host could not give them.
    fn body(&self, start: usize, limit: usize) -> Result<Vec<u8>, HostError>;
}

/// One of the two messages of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The request.
    Request,
    /// The response.
    Response,
}

/// The host answered a call with a status other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proxy answered {call} with status {status}")]
pub struct HostError {
    /// The call, by the name the ABI gives it.
    pub call: &'static str,
    /// The status, by the number the ABI gives it.
    pub status: u32,
}

/// How urgent a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever debugs the plugin.
    Debug,
    /// Something worth knowing happened.
    Info,
    /// Something is wrong, and the plugin copes.
    Warn,
    /// Something is wrong, and requests suffer.
    Error,
}

/// A property of the stream, by its path with NUL between the parts (Envoy's "attributes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Property(pub &'static str);

impl Property {
    /// `IP:port` of the downstream peer, after `X-Forwarded-For` was taken into account.
    pub const SOURCE_ADDRESS: Self = Self("source\0address");
    /// URI SAN (SPIFFE id) of the downstream peer's certificate.
    pub const PEER_URI_SAN: Self = Self("connection\0uri_san_peer_certificate");
    /// Whether the downstream connection is mutually authenticated: one byte.
    pub const CONNECTION_MTLS: Self = Self("connection\0mtls");
    /// Name of the route that was chosen.
    pub const ROUTE_NAME: Self = Self("xds\0route_name");
    /// `IP:port` of the chosen upstream host.
    pub const UPSTREAM_ADDRESS: Self = Self("upstream\0address");
    /// `IP:port` that the client dialled.
    pub const DESTINATION_ADDRESS: Self = Self("destination\0address");
    /// Envoy's response flags, a number.
    pub const RESPONSE_FLAGS: Self = Self("response\0flags");
    /// Why the response is what it is.
    pub const RESPONSE_CODE_DETAILS: Self = Self("response\0code_details");
    /// The name of this plugin's configuration.
    pub const PLUGIN_NAME: Self = Self("plugin_name");
}
