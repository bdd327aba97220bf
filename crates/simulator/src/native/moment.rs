//! Where a message is when the plugin is called, and what the call tells the proxy.

use crate::world::{Half, Map};

/// Which part of which message is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    RequestHeaders,
    RequestBody,
    /// Trailers, while nothing of the body is held.
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    /// The same of a response.
    ResponseTrailers,
}

impl Moment {
    pub(super) const fn half(self) -> Half {
        match self {
            Self::RequestHeaders | Self::RequestBody | Self::RequestTrailers => Half::Request,
            Self::ResponseHeaders | Self::ResponseBody | Self::ResponseTrailers => Half::Response,
        }
    }

    /// This one, when a part of the body is held or not: trailers then come with that part.
    pub(super) const fn given(self, holds: bool) -> Self {
        match (self, holds) {
            (Self::RequestTrailers, true) => Self::RequestBody,
            (Self::ResponseTrailers, true) => Self::ResponseBody,
            _ => self,
        }
    }

    /// Whether there is no body in it, nor can one be put into it.
    pub(super) const fn is_bodiless(self) -> bool {
        matches!(self, Self::RequestTrailers | Self::ResponseTrailers)
    }

    /// Whether it is of a body.
    pub(super) const fn is_of_body(self) -> bool {
        !matches!(self, Self::RequestHeaders | Self::ResponseHeaders)
    }

    pub(super) const fn map(self) -> Map {
        match self.half() {
            Half::Request => Map::Request,
            Half::Response => Map::Response,
        }
    }
}

/// What a callback tells the proxy to do with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Pass,
    Hold,
    /// The request was answered in the upstream's place.
    Replied,
}

impl Code {
    pub(super) const fn code(self) -> u32 {
        match self {
            Self::Pass => 0,
            Self::Hold | Self::Replied => 1,
        }
    }
}
