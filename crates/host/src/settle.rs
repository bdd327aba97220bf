//! Carrying out what a plugin decided about a stream.

use filter::{
    Call, CallError, Callbacks, Edit, HostError, Level, Next, Outcome, Plugin, Reply, Resumed, Wait,
};
use proxy_wasm::types::StreamType;

use crate::abi::{self, LocalReply};
use crate::background::dispatch;
use crate::live::{self, Live, Place};
use crate::pairs;
use crate::streams::Until;
use crate::vm::{Caller, Vm};

/// What the host does with the message after the callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Continue,
    Pause,
    /// The request was answered in the upstream's place.
    Replied,
}

impl Action {
    /// The number by which the ABI calls it.
    pub(crate) const fn code(self) -> u32 {
        match self {
            Self::Continue => 0,
            Self::Pause | Self::Replied => 1,
        }
    }
}

/// When a decision is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// In the callback that brought the message: the answer to that callback says what happens to it.
    InCallback,
    /// Later: the message is held, and the host must be told to go on.
    Later,
}

/// How many calls in a row the host may refuse at once before the request is. A plugin that answers a refused call with
/// the same call again would otherwise never end.
const REFUSED_CALLS: u32 = 8;

/// How many streams of a VM may wait at once.
const WAITING: usize = 4096;

/// The details of the reply for a stream without a configuration: nothing is known of what it may do, so it may do
/// nothing.
pub(crate) const NOT_CONFIGURED: &str = "weft_not_configured";

impl<P: Plugin> Vm<P> {
    /// Carries `outcome` out, and remembers that a stream was replied to.
    pub(crate) fn settle(
        &mut self,
        context: u32,
        place: Place,
        outcome: Outcome<P::Stream>,
        when: When,
    ) -> Action {
        let action = self.carry_out(context, place, outcome, when);
        if action == Action::Replied {
            self.streams.unpark(context);
            if P::CALLBACKS.sees_responses() {
                self.streams.replied(context);
            }
        }
        if !place.is_of_headers() && !place.is_bodiless() {
            self.streams.holds(context, place, action == Action::Pause);
        }
        if action == Action::Continue {
            // What came while it waited went on with it.
            let _gone = self.streams.missed(context, place);
        }
        action
    }

    fn carry_out(
        &mut self,
        context: u32,
        place: Place,
        outcome: Outcome<P::Stream>,
        when: When,
    ) -> Action {
        let mut outcome = outcome;
        for _ in 0..REFUSED_CALLS {
            if let Err(error) = apply(&outcome.edits, place) {
                return failed(&error);
            }
            let (call, stream) = match outcome.next {
                Next::Continue(stream) => return self.proceed(context, place, stream, when),
                Next::Reply(reply, stream) => {
                    self.streams.keep(context, place, stream, None);
                    return send(&reply);
                }
                Next::Buffer(stream) => return self.buffer(context, place, stream),
                Next::Wait(wait, _) if !self.may_wait(context, &wait) => {
                    return refuse("weft_cannot_wait");
                }
                Next::Wait(Wait::Wake { until }, stream) => {
                    return self.park(context, place, Until::Woken(until), stream);
                }
                Next::Wait(Wait::Call(call), stream) => (call, stream),
            };
            match dispatch(&call) {
                Ok(token) => {
                    self.calls.insert(token, Caller::Stream(context));
                    return self.park(context, place, Until::Answer(token), stream);
                }
                Err(error) => match self.refused((context, place), *call, error, stream) {
                    Some(next) => outcome = next,
                    None => return refuse(NOT_CONFIGURED),
                },
            }
        }
        live::log(
            Level::Error,
            "the plugin asks again and again for a call that the proxy refuses",
        );
        refuse("weft_call_refused")
    }

    /// A stream may only wait for what is told to this module, or it would wait for ever; and not too many may, since
    /// each takes memory for as long as whoever is asked is slow.
    fn may_wait(&mut self, context: u32, wait: &Wait) -> bool {
        let told = match wait {
            Wait::Call(_) => P::CALLBACKS.has(Callbacks::CALLS),
            Wait::Wake { .. } => P::CALLBACKS.has(Callbacks::TICK) && self.ticks(context),
        };
        if !told {
            live::log(
                Level::Error,
                "the plugin waits for what its CALLBACKS or its tick_period leave out",
            );
        }
        told && self.has_room()
    }

    fn ticks(&self, context: u32) -> bool {
        let root = self.streams.root_of(context);
        let root = root.and_then(|root| self.roots.get(&root));
        root.is_some_and(|root| root.plugin.tick_period().is_some())
    }

    /// Whether one more stream may wait. The log says once that none may, until half of them went on.
    fn has_room(&mut self) -> bool {
        let waiting = self.streams.waiting();
        self.crowded &= waiting > WAITING.div_euclid(2);
        let room = waiting < WAITING;
        if !room && !self.crowded {
            self.crowded = true;
            live::log(
                Level::Error,
                &format!(
                    "{WAITING} requests wait, so more that would are refused; whom they wait for is slow"
                ),
            );
        }
        room
    }

    fn proceed(&mut self, context: u32, place: Place, stream: P::Stream, when: When) -> Action {
        self.streams.keep(context, place, stream, None);
        if when == When::InCallback {
            return Action::Continue;
        }
        if place.is_of_headers() && P::CALLBACKS.sees_body(place.is_of_response()) {
            self.streams.late(context, place);
        }
        abi::continue_stream(side(place)).map_or_else(|error| failed(&error), |()| Action::Continue)
    }

    fn park(&mut self, context: u32, place: Place, until: Until, stream: P::Stream) -> Action {
        self.streams.keep(context, place, stream, Some(until));
        Action::Pause
    }

    /// Holding headers to see the body is not possible under Istio (the proxy would hold the body, too, and wait for
    /// ever), so it is refused where it can be seen at once.
    fn buffer(&mut self, context: u32, place: Place, stream: P::Stream) -> Action {
        self.streams.keep(context, place, stream, None);
        match place {
            Place::RequestBody
            | Place::RequestTrailers
            | Place::ResponseBody
            | Place::ResponseTrailers => Action::Pause,
            Place::Request | Place::Response => {
                live::log(
                    Level::Error,
                    "the plugin asks to buffer headers, which is only possible with a body",
                );
                refuse("weft_buffered_headers")
            }
        }
    }

    fn refused(
        &mut self,
        (context, place): (u32, Place),
        call: Call,
        error: HostError,
        stream: P::Stream,
    ) -> Option<Outcome<P::Stream>> {
        let root = self.roots.get_mut(&self.streams.root_of(context)?)?;
        let refused = CallError::Refused {
            cluster: call.cluster,
            status: error.status,
        };
        let mut live = Live::new(&root.names, place);
        Some(
            root.plugin
                .on_resume(stream, Resumed::Answered(Err(refused)), &mut live),
        )
    }
}

/// The half of an exchange that a message is.
pub(crate) const fn side(place: Place) -> StreamType {
    if place.is_of_response() {
        StreamType::HttpResponse
    } else {
        StreamType::HttpRequest
    }
}

pub(crate) fn apply(edits: &[Edit], place: Place) -> Result<(), HostError> {
    edits.iter().try_for_each(|edit| match edit {
        Edit::Set(name, value) => abi::replace_header(place.map(), name, value),
        Edit::Add(name, value) => abi::add_header(place.map(), name, value),
        Edit::Remove(name) => abi::remove_header(place.map(), name),
        // There is nothing to replace, and what is put there would be lost.
        Edit::Body(bytes) if place.is_bodiless() && bytes.is_empty() => Ok(()),
        Edit::Body(_) if place.is_bodiless() => Err(HostError {
            call: "proxy_set_buffer_bytes",
            status: abi::BAD_ARGUMENT,
        }),
        Edit::Body(bytes) => abi::set_buffer(place.buffer(), 0, usize::MAX, bytes),
        // A host without it chooses the route anew at every edit of the headers.
        Edit::ClearRouteCache => {
            abi::foreign("clear_route_cache", &[])
                .map(drop)
                .or_else(|error| match error.status {
                    abi::NOT_FOUND => Ok(()),
                    _ => Err(error),
                })
        }
    })
}

pub(crate) fn send(reply: &Reply) -> Action {
    let headers = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_slice()));
    let local = LocalReply {
        status: u32::from(reply.status),
        details: &reply.details,
        body: &reply.body,
        headers: &pairs::encode(headers).unwrap_or_else(|| pairs::NONE.to_vec()),
        grpc_status: reply.grpc_status.map_or(-1, i32::from),
    };
    if let Err(error) = abi::send_local_response(&local) {
        live::log(Level::Error, &format!("the reply was not sent: {error}"));
    }
    Action::Replied
}

/// The proxy did not carry out what the plugin decided. Going on as if it had could pass a header that was to be removed.
pub(crate) fn failed(error: &HostError) -> Action {
    live::log(
        Level::Error,
        &format!("the request is refused, since {error}"),
    );
    refuse("weft_proxy_error")
}

/// Refuses the request. If even that fails the message stays held, and the proxy's own timeout ends it.
pub(crate) fn refuse(details: &'static str) -> Action {
    send(&Reply {
        status: 503,
        headers: Vec::new(),
        body: Vec::new(),
        grpc_status: None,
        details: details.into(),
    })
}
