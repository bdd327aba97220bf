//! The proxy as a plugin sees it.

use std::cell::OnceCell;
use std::time::Duration;

use filter::foreign::{ForeignCall, ForeignError};
use filter::shared::{self, SharedError, Step, Store};
use filter::{Exchange, Half, Headers, HostError, Level, Property, Proxy};
use proxy_wasm::types::{BufferType, MapType};

use crate::{abi, foreign, pairs};

/// What the ABI calls a map that cannot be read back.
const SERIALIZATION_FAILURE: u32 = 3;

/// What a configured plugin is called and counts by.
#[derive(Debug)]
pub(crate) struct Names {
    /// What its shared-data keys start with.
    pub(crate) prefix: String,
    /// Its metrics, by the numbers the host gave them; `None` for one that the host refused.
    pub(crate) metrics: Vec<Option<Counted>>,
}

/// A metric's number, and whether it is added to or set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) id: u32,
    pub(crate) adds: bool,
}

/// The proxy during one callback.
pub(crate) struct Live<'a> {
    names: &'a Names,
    place: Place,
    headers: OnceCell<Result<Headers, HostError>>,
}

/// The message at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Headers of a request.
    Request,
    /// A part of a request's body, or the end of it by trailers while a part is held.
    RequestBody,
    /// The end of a request by trailers, while nothing of its body is held.
    RequestTrailers,
    /// Headers of a response.
    Response,
    /// A part of a response's body, or the end of it by trailers while a part is held.
    ResponseBody,
    /// The end of a response by trailers, while nothing of its body is held.
    ResponseTrailers,
}

impl Place {
    pub(crate) const fn is_of_response(self) -> bool {
        matches!(
            self,
            Self::Response | Self::ResponseBody | Self::ResponseTrailers
        )
    }

    /// Whether the headers are at hand, and not a body or its end.
    pub(crate) const fn is_of_headers(self) -> bool {
        matches!(self, Self::Request | Self::Response)
    }

    /// Whether there is no body at hand, nor can one be put there. The host's buffer then is whatever it was before.
    pub(crate) const fn is_bodiless(self) -> bool {
        matches!(self, Self::RequestTrailers | Self::ResponseTrailers)
    }

    /// Where a part of the body of this half is held: trailers come with that part.
    pub(crate) const fn with_held_body(self) -> Self {
        if self.is_of_response() {
            Self::ResponseBody
        } else {
            Self::RequestBody
        }
    }

    pub(crate) const fn map(self) -> MapType {
        match self {
            Self::Request | Self::RequestBody | Self::RequestTrailers => {
                MapType::HttpRequestHeaders
            }
            Self::Response | Self::ResponseBody | Self::ResponseTrailers => {
                MapType::HttpResponseHeaders
            }
        }
    }

    pub(crate) const fn buffer(self) -> BufferType {
        match self {
            Self::Request | Self::RequestBody | Self::RequestTrailers => {
                BufferType::HttpRequestBody
            }
            Self::Response | Self::ResponseBody | Self::ResponseTrailers => {
                BufferType::HttpResponseBody
            }
        }
    }
}

impl<'a> Live<'a> {
    pub(crate) const fn new(names: &'a Names, place: Place) -> Self {
        Self {
            names,
            place,
            headers: OnceCell::new(),
        }
    }

    fn fetch(&self) -> Result<Headers, HostError> {
        let bytes = abi::get_pairs(self.place.map())?;
        let unreadable = HostError {
            call: "proxy_get_header_map_pairs",
            status: SERIALIZATION_FAILURE,
        };
        let headers = pairs::decode(bytes).ok_or(unreadable)?;
        // Every message has pseudo headers, so these have left. Who reads that as "absent" lets pass what a header forbids.
        let gone = HostError {
            status: abi::NOT_FOUND,
            ..unreadable
        };
        (!headers.is_empty()).then_some(headers).ok_or(gone)
    }
}

impl Proxy for Live<'_> {
    fn now(&self) -> Result<Duration, HostError> {
        abi::now().map(Duration::from_nanos)
    }

    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
        shared::run(
            &mut KeySpace {
                prefix: &self.names.prefix,
            },
            slot,
            step,
        )
    }

    fn count(&mut self, index: usize, amount: u64) {
        let Some(Some(metric)) = self.names.metrics.get(index) else {
            return;
        };
        // A metric that the host stopped taking must not fail a request.
        let _uncounted = if metric.adds {
            abi::increment_metric(metric.id, i64::try_from(amount).unwrap_or(i64::MAX))
        } else {
            abi::record_metric(metric.id, amount)
        };
    }

    fn log(&self, level: Level, message: &str) {
        log(level, message);
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), HostError> {
        abi::random(bytes)
    }

    fn foreign(&mut self, call: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
        foreign::call(call)
    }
}

impl Exchange for Live<'_> {
    fn half(&self) -> Half {
        if self.place.is_of_response() {
            Half::Response
        } else {
            Half::Request
        }
    }

    fn headers(&self) -> Result<&Headers, HostError> {
        self.headers
            .get_or_init(|| self.fetch())
            .as_ref()
            .map_err(|error| *error)
    }

    fn property(&self, which: Property) -> Result<Option<Vec<u8>>, HostError> {
        abi::property(which.0)
    }

    fn body(&self, start: usize, limit: usize) -> Result<Vec<u8>, HostError> {
        if self.place.is_bodiless() {
            return Ok(Vec::new());
        }
        // The host refuses an end beyond what its numbers can mean.
        let limit = limit.min(usize::MAX.saturating_sub(start));
        abi::get_buffer(self.place.buffer(), start, limit)
    }
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => 1,
        Level::Info => 2,
        Level::Warn => 3,
        Level::Error => 4,
    };
    abi::log(level, message);
}

/// Shared data under the keys of one configured plugin.
struct KeySpace<'a> {
    prefix: &'a str,
}

impl KeySpace<'_> {
    fn key(&self, slot: &str) -> String {
        [self.prefix, slot].concat()
    }
}

impl Store for KeySpace<'_> {
    fn get(&mut self, slot: &str) -> Result<Option<(Vec<u8>, u32)>, SharedError> {
        abi::get_shared(&self.key(slot)).map_err(|error| SharedError::Host(error.status))
    }

    fn set(&mut self, slot: &str, bytes: &[u8], version: Option<u32>) -> Result<bool, SharedError> {
        let version = version.unwrap_or_default();
        abi::set_shared(&self.key(slot), bytes, version)
            .map_err(|error| SharedError::Host(error.status))
    }
}
