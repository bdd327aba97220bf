//! A stream as one filter of the proxy sees it: two messages, what is visible now, and what becomes of them.

use std::collections::BTreeMap;

use super::Half;
use crate::fields::Fields;

/// One half of an exchange, on its way through the filter.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what arrived, what is visible and what left are independent of each other"
)]
pub(crate) struct Message {
    /// The header fields.
    pub(crate) fields: Fields,
    /// The body that has arrived and was not passed on.
    pub(crate) body: Vec<u8>,
    /// Whether the last part of it has arrived.
    pub(crate) ended: bool,
    /// The trailers that have arrived; they end the message in place of a last part.
    pub(crate) trailers: Option<Fields>,
    /// Whether host calls reach the fields now.
    pub(crate) fields_visible: bool,
    /// Whether host calls reach the trailers now.
    pub(crate) trailers_visible: bool,
    /// Whether host calls reach the body now.
    pub(crate) body_visible: bool,
    /// How far it got.
    pub(crate) at: At,
    /// What left the filter.
    pub(crate) passed: Option<Fields>,
    /// The body that left the filter.
    pub(crate) passed_body: Vec<u8>,
    /// The trailers that left the filter.
    pub(crate) passed_trailers: Fields,
    /// Whether all of it left.
    pub(crate) passed_end: bool,
}

/// How far a message got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum At {
    /// It has not come yet.
    #[default]
    Nowhere,
    /// The filter holds it at its headers. What arrives of the body is kept from the filter.
    HeldAtHeaders,
    /// Headers left; parts of the body go through as they come.
    Passing,
    /// The filter holds it at a part of its body.
    HeldAtBody,
    /// The filter holds it at its trailers, and what it holds of the body.
    HeldAtTrailers,
}

impl Message {
    /// Whether all of it has arrived.
    pub(crate) const fn is_whole(&self) -> bool {
        self.ended || self.trailers.is_some()
    }
}

/// A local reply that a module asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalReply {
    /// The HTTP status.
    pub status: u32,
    /// Headers besides those that the proxy adds.
    pub headers: Fields,
    /// The body.
    pub body: Vec<u8>,
    /// The gRPC status; `None` leaves it to the proxy.
    pub grpc_status: Option<u32>,
    /// The response code details.
    pub details: String,
}

/// An exchange that passes the filter.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The configuration that it belongs to.
    pub(crate) root: u32,
    pub(crate) request: Message,
    pub(crate) response: Message,
    /// What a test said, by path with NUL between the parts.
    pub(crate) properties: BTreeMap<String, Vec<u8>>,
    /// What the module set: `wasm.` properties.
    pub(crate) own_properties: BTreeMap<String, Vec<u8>>,
    /// What the module set with `set_envoy_filter_state`, and how long it lives.
    pub(crate) filter_state: BTreeMap<String, (String, u32)>,
    /// How often the module had the route chosen again.
    pub(crate) routes_cleared: u32,
    /// What the reply says about why it is what it is.
    pub(crate) details: Option<String>,
    /// The proxy answered, not the upstream.
    pub(crate) local: bool,
    /// The client saw the connection break.
    pub(crate) reset: bool,
    /// The exchange is over and being logged.
    pub(crate) logging: bool,
}

impl Stream {
    /// Whether the request is gRPC, as Envoy tells it: by its content type.
    pub(crate) fn is_grpc(&self) -> bool {
        let kind = self
            .request
            .fields
            .first("content-type")
            .unwrap_or_default();
        let rest = kind.strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"+") || rest.starts_with(b";"))
    }
}

impl Stream {
    pub(crate) const fn half(&self, half: Half) -> &Message {
        match half {
            Half::Request => &self.request,
            Half::Response => &self.response,
        }
    }

    pub(crate) const fn half_mut(&mut self, half: Half) -> &mut Message {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }
}
