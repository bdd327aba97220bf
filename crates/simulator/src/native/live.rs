//! The proxy as a plugin sees it during one callback.

use std::cell::OnceCell;
use std::time::Duration;

use filter::foreign::{ForeignCall, ForeignError, Span};
use filter::shared::{self, SharedError, Step, Store};
use filter::{Exchange, Headers, HostError, Level, Property, Proxy};

use crate::native::moment::Moment;
use crate::protobuf::{self, Value};
use crate::status::Status;
use crate::world::{Buffer, Half, Handle, Map, Place};

/// What a configured plugin's keys start with, and its metrics.
pub(super) struct Names {
    pub(super) prefix: String,
    pub(super) metrics: Vec<Option<Counted>>,
}

/// A metric's number, and whether it is added to or set.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub(super) id: u32,
    pub(super) adds: bool,
}

pub(super) struct Live<'a> {
    world: &'a Handle,
    place: Place,
    names: &'a Names,
    half: Half,
    /// Whether there is a body at hand.
    body: bool,
    headers: OnceCell<Result<Headers, HostError>>,
}

impl<'a> Live<'a> {
    pub(super) const fn new(world: &'a Handle, place: Place, names: &'a Names, half: Half) -> Self {
        Self {
            world,
            place,
            names,
            half,
            body: true,
            headers: OnceCell::new(),
        }
    }

    /// The proxy while a stream is at `moment`.
    pub(super) const fn at(
        world: &'a Handle,
        place: Place,
        names: &'a Names,
        moment: Moment,
    ) -> Self {
        Self {
            world,
            place,
            names,
            half: moment.half(),
            body: !moment.is_bodiless(),
            headers: OnceCell::new(),
        }
    }

    fn fetch(&self) -> Result<Headers, HostError> {
        let map = match self.half {
            Half::Request => Map::Request,
            Half::Response => Map::Response,
        };
        let fields = self.world.borrow_mut().header_pairs(self.place, map);
        let fields = fields.map_err(failed("proxy_get_header_map_pairs"))?;
        if fields.is_empty() {
            // Every message has pseudo headers, so these have left: nothing may be read into what is not in them.
            return Err(failed("proxy_get_header_map_pairs")(Status::NOT_FOUND));
        }
        Ok(fields.to_headers())
    }
}

fn failed(call: &'static str) -> impl Fn(Status) -> HostError {
    move |status| HostError {
        call,
        status: status.0,
    }
}

impl Proxy for Live<'_> {
    fn now(&self) -> Result<Duration, HostError> {
        let now = self.world.borrow_mut().clock();
        now.map_err(failed("proxy_get_current_time_nanoseconds"))
    }

    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
        let mut keys = Keys {
            world: self.world,
            prefix: &self.names.prefix,
        };
        shared::run(&mut keys, slot, step)
    }

    fn count(&mut self, index: usize, amount: u64) {
        let mut world = self.world.borrow_mut();
        let Some(metric) = self.names.metrics.get(index) else {
            world.problem(
                self.place,
                format_args!("counts metric {index}, which is not in its list"),
            );
            return;
        };
        let Some(Counted { id, adds }) = *metric else {
            return;
        };
        // A metric that the proxy does not take must not fail a request.
        let _uncounted = if adds {
            world.increment_metric(id, i64::try_from(amount).unwrap_or(i64::MAX))
        } else {
            world.record_metric(id, amount)
        };
    }

    fn log(&self, level: Level, message: &str) {
        log(self.world, self.place, level, message);
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), HostError> {
        let filled = self.world.borrow_mut().fill_random(bytes);
        filled.map_err(failed("random_get"))
    }

    fn foreign(&mut self, call: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
        let (name, argument) = encode(call);
        let answer = self
            .world
            .borrow_mut()
            .call_foreign(self.place, name, &argument);
        let answer = answer.map_err(|status| match status {
            Status::NOT_FOUND => ForeignError::Absent,
            Status(other) => ForeignError::Refused(other),
        })?;
        match call {
            ForeignCall::VerifySignature { .. } => verdict(&answer),
            ForeignCall::SetFilterState { .. } | ForeignCall::ClearRouteCache => Ok(answer),
        }
    }
}

impl Exchange for Live<'_> {
    fn half(&self) -> filter::Half {
        match self.half {
            Half::Request => filter::Half::Request,
            Half::Response => filter::Half::Response,
        }
    }

    fn headers(&self) -> Result<&Headers, HostError> {
        let fetched = self.headers.get_or_init(|| self.fetch());
        fetched.as_ref().map_err(|error| *error)
    }

    fn property(&self, which: Property) -> Result<Option<Vec<u8>>, HostError> {
        match self.world.borrow_mut().property(self.place, which.0) {
            Ok(value) => Ok(Some(value)),
            Err(Status::NOT_FOUND) => Ok(None),
            Err(status) => Err(failed("proxy_get_property")(status)),
        }
    }

    fn body(&self, start: usize, limit: usize) -> Result<Vec<u8>, HostError> {
        // Numbers of the ABI have 32 bits, as those of the module have, and so has the end.
        let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let limit = limit.min(MOST.saturating_sub(start));
        if !self.body {
            return Ok(Vec::new());
        }
        let body = self.world.borrow_mut().buffer(
            self.place,
            Buffer::Body(self.half),
            narrow(start),
            narrow(limit),
        );
        body.map_err(failed("proxy_get_buffer_bytes"))
    }
}

/// The last byte that numbers of 32 bits can mean.
const MOST: usize = 0xffff_ffff;

pub(super) fn log(world: &Handle, place: Place, level: Level, message: &str) {
    let level = match level {
        Level::Debug => 1,
        Level::Info => 2,
        Level::Warn => 3,
        Level::Error => 4,
    };
    // A line that the proxy does not take is lost; there is nowhere else to say so.
    let _lost = world.borrow_mut().write(place, level, message.to_owned());
}

fn encode(call: &ForeignCall<'_>) -> (&'static str, Vec<u8>) {
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    match *call {
        ForeignCall::VerifySignature {
            hash,
            key,
            signature,
            text,
        } => {
            let fields = [
                (1, bytes(hash.as_bytes())),
                (2, bytes(key)),
                (3, bytes(signature)),
                (4, bytes(text)),
            ];
            ("verify_signature", protobuf::write(&fields))
        }
        ForeignCall::SetFilterState { name, value, span } => {
            let span = match span {
                Span::FilterChain => 0,
                Span::Request => 1,
                Span::Connection => 2,
            };
            let fields = [
                (1, bytes(name.as_bytes())),
                (2, bytes(value.as_bytes())),
                (3, Value::Number(span)),
            ];
            ("set_envoy_filter_state", protobuf::write(&fields))
        }
        ForeignCall::ClearRouteCache => ("clear_route_cache", Vec::new()),
    }
}

fn verdict(answer: &[u8]) -> Result<Vec<u8>, ForeignError> {
    let fields = protobuf::read(answer).ok_or(ForeignError::Absent)?;
    let valid = fields.contains(&(1, Value::Number(1)));
    Ok(vec![u8::from(valid)])
}

/// Shared data under the keys of one configured plugin.
struct Keys<'a> {
    world: &'a Handle,
    prefix: &'a str,
}

impl Store for Keys<'_> {
    fn get(&mut self, slot: &str) -> Result<Option<(Vec<u8>, u32)>, SharedError> {
        let key = [self.prefix, slot].concat();
        match self.world.borrow_mut().shared_get(&key) {
            Ok(found) => Ok(Some(found)),
            Err(Status::NOT_FOUND) => Ok(None),
            Err(Status(other)) => Err(SharedError::Host(other)),
        }
    }

    fn set(&mut self, slot: &str, bytes: &[u8], version: Option<u32>) -> Result<bool, SharedError> {
        let key = [self.prefix, slot].concat();
        match self
            .world
            .borrow_mut()
            .shared_set(&key, bytes, version.unwrap_or_default())
        {
            Ok(()) => Ok(true),
            Err(Status::CAS_MISMATCH) => Ok(false),
            Err(Status(other)) => Err(SharedError::Host(other)),
        }
    }
}
