//! Carrying out what a plugin decided about a stream.

use filter::{
    Call, CallError, Callbacks, Edit, HostError, Level, Next, Outcome, Plugin, Reply, Resumed, Wait,
};

use super::held::{Parked, Until, Waits};
use super::live::{self, Live};
use super::moment::{Code, Moment};
use super::{Caller, NativeVm};
use crate::fields::Fields;
use crate::status::Status;
use crate::world::{Buffer, LocalReply, Place};

/// How many calls in a row the proxy may refuse before the request is refused.
const REFUSED_CALLS: u32 = 8;
/// How many streams of a worker may wait at once.
const WAITING: usize = 4096;
/// Details of the reply for a stream whose configuration is not there.
pub(super) const NOT_CONFIGURED: &str = "weft_not_configured";

impl<P: Plugin> NativeVm<P> {
    /// Carries `outcome` out; `later` when the message was held and the proxy must be told to go on.
    pub(super) fn settle(
        &mut self,
        context: u32,
        moment: Moment,
        outcome: Outcome<P::Stream>,
        later: bool,
    ) -> Code {
        let code = self.carry_out(context, moment, outcome, later);
        if let Some(kept) = self.streams.get_mut(&context) {
            if code == Code::Replied {
                // The other half, too, waits for nothing more.
                kept.replied = true;
                kept.waits = Waits::default();
            }
            if moment.is_of_body() && !moment.is_bodiless() {
                *kept.holds.of(moment.half()) = code == Code::Hold;
            }
            if code == Code::Pass {
                // What came while it waited went on with it.
                *kept.missed.of(moment.half()) = None;
            }
        }
        code
    }

    fn carry_out(
        &mut self,
        context: u32,
        moment: Moment,
        mut outcome: Outcome<P::Stream>,
        later: bool,
    ) -> Code {
        let place = self.place(context);
        for _ in 0..REFUSED_CALLS {
            if let Err(error) = self.apply(place, moment, &outcome.edits) {
                return self.failed(place, error);
            }
            let (call, stream) = match outcome.next {
                Next::Continue(stream) => return self.proceed(context, moment, stream, later),
                Next::Reply(reply, stream) => {
                    self.keep(context, moment, stream, None);
                    return self.reply(place, *reply);
                }
                Next::Buffer(stream) => return self.hold_body(context, moment, stream),
                Next::Wait(wait, _) if !self.may_wait(context, &wait) => {
                    return self.refuse_request(place, "weft_cannot_wait");
                }
                Next::Wait(Wait::Wake { until }, stream) => {
                    return self.park(context, moment, Until::Woken(until), stream);
                }
                Next::Wait(Wait::Call(call), stream) => (call, stream),
            };
            match self.dispatch(place, &call) {
                Ok(token) => {
                    self.calls.insert(token, Caller::Stream(context));
                    return self.park(context, moment, Until::Answer(token), stream);
                }
                Err(status) => match self.refused((context, moment), *call, status, stream) {
                    Some(next) => outcome = next,
                    None => return self.refuse_request(place, NOT_CONFIGURED),
                },
            }
        }
        self.write(
            place,
            "the plugin asks again and again for a call that the proxy refuses",
        );
        self.refuse_request(place, "weft_call_refused")
    }

    /// A stream may only wait for what is told to this plugin, and not too many may.
    fn may_wait(&mut self, context: u32, wait: &Wait) -> bool {
        let kept = self.streams.get(&context);
        let configured = kept.and_then(|kept| self.roots.get(&kept.root));
        let ticks = configured.is_some_and(|configured| configured.plugin.tick_period().is_some());
        let place = self.place(context);
        let told = match wait {
            Wait::Call(_) => P::CALLBACKS.has(Callbacks::CALLS),
            Wait::Wake { .. } => P::CALLBACKS.has(Callbacks::TICK) && ticks,
        };
        if !told {
            self.write(
                place,
                "the plugin waits for what its CALLBACKS or its tick_period leave out",
            );
        }
        told && self.has_room(place)
    }

    /// Whether one more stream may wait. The log says once that none may, until half of them went on.
    fn has_room(&mut self, place: Place) -> bool {
        let waits = self.streams.values().map(|kept| kept.waits.all().count());
        let waiting = waits.fold(0, usize::saturating_add);
        self.crowded &= waiting > WAITING.div_euclid(2);
        let room = waiting < WAITING;
        if !room && !self.crowded {
            self.crowded = true;
            self.write(
                place,
                &format!("{WAITING} requests wait, so more that would are refused; whom they wait for is slow"),
            );
        }
        room
    }

    /// Remembers `stream`, and what the half of `moment` waits for; what the other half waits for stays.
    fn keep(&mut self, context: u32, moment: Moment, stream: P::Stream, until: Option<Until>) {
        if let Some(kept) = self.streams.get_mut(&context) {
            kept.stream = stream;
            *kept.waits.of(moment.half()) = until.map(|until| Parked { moment, until });
        }
    }

    fn proceed(&mut self, context: u32, moment: Moment, stream: P::Stream, later: bool) -> Code {
        self.keep(context, moment, stream, None);
        let place = self.place(context);
        if later {
            let continued = self
                .world
                .borrow_mut()
                .continue_stream(place, moment.half());
            if let Err(Status(status)) = continued {
                return self.failed(
                    place,
                    HostError {
                        call: "proxy_continue_stream",
                        status,
                    },
                );
            }
        }
        Code::Pass
    }

    fn park(&mut self, context: u32, moment: Moment, until: Until, stream: P::Stream) -> Code {
        self.keep(context, moment, stream, Some(until));
        Code::Hold
    }

    fn hold_body(&mut self, context: u32, moment: Moment, stream: P::Stream) -> Code {
        self.keep(context, moment, stream, None);
        match moment {
            Moment::RequestBody
            | Moment::RequestTrailers
            | Moment::ResponseBody
            | Moment::ResponseTrailers => Code::Hold,
            Moment::RequestHeaders | Moment::ResponseHeaders => {
                let place = self.place(context);
                self.write(
                    place,
                    "the plugin asks to buffer headers, which is only possible with a body",
                );
                self.refuse_request(place, "weft_buffered_headers")
            }
        }
    }

    fn refused(
        &mut self,
        (context, moment): (u32, Moment),
        call: Call,
        status: Status,
        stream: P::Stream,
    ) -> Option<Outcome<P::Stream>> {
        let root = self.streams.get(&context)?.root;
        let place = self.place(context);
        let configured = self.roots.get_mut(&root)?;
        let error = CallError::Refused {
            cluster: call.cluster,
            status: status.0,
        };
        let mut live = Live::at(&self.world, place, &configured.names, moment);
        Some(
            configured
                .plugin
                .on_resume(stream, Resumed::Answered(Err(error)), &mut live),
        )
    }

    fn apply(&self, place: Place, moment: Moment, edits: &[Edit]) -> Result<(), HostError> {
        let mut world = self.world.borrow_mut();
        let map = moment.map();
        edits.iter().try_for_each(|edit| {
            let (call, done) = match edit {
                Edit::Set(name, value) => (
                    "proxy_replace_header_map_value",
                    world.set_header(place, map, name, value),
                ),
                Edit::Add(name, value) => (
                    "proxy_add_header_map_value",
                    world.add_header(place, map, name, value),
                ),
                Edit::Remove(name) => (
                    "proxy_remove_header_map_value",
                    world.remove_header(place, map, name),
                ),
                // Where there is no body, there is nothing to replace, and what is put there would be lost.
                Edit::Body(bytes) if moment.is_bodiless() => {
                    let none = if bytes.is_empty() {
                        Ok(())
                    } else {
                        Err(Status::BAD_ARGUMENT)
                    };
                    ("proxy_set_buffer_bytes", none)
                }
                Edit::Body(bytes) => (
                    "proxy_set_buffer_bytes",
                    world.set_buffer(place, Buffer::Body(moment.half()), (0, u32::MAX), bytes),
                ),
                // A proxy without it chooses the route anew at every edit of the headers.
                Edit::ClearRouteCache => {
                    match world.call_foreign(place, "clear_route_cache", &[]) {
                        Ok(_) | Err(Status::NOT_FOUND) => ("", Ok(())),
                        Err(status) => ("proxy_call_foreign_function", Err(status)),
                    }
                }
            };
            done.map_err(|Status(status)| HostError { call, status })
        })
    }

    fn reply(&self, place: Place, reply: Reply) -> Code {
        let local = LocalReply {
            status: u32::from(reply.status),
            headers: reply.headers.into_iter().collect::<Fields>(),
            body: reply.body,
            grpc_status: reply.grpc_status.map(u32::from),
            details: reply.details.into_owned(),
        };
        let sent = self.world.borrow_mut().local_reply(place, local);
        if let Err(Status(status)) = sent {
            let error = HostError {
                call: "proxy_send_local_response",
                status,
            };
            self.write(place, &format!("the reply was not sent: {error}"));
        }
        Code::Replied
    }

    /// The proxy did not carry out what the plugin decided; going on could pass what was to be removed.
    fn failed(&self, place: Place, error: HostError) -> Code {
        self.write(place, &format!("the request is refused, since {error}"));
        self.refuse_request(place, "weft_proxy_error")
    }

    pub(super) fn refuse_request(&self, place: Place, details: &'static str) -> Code {
        let (headers, body) = (Vec::new(), Vec::new());
        self.reply(
            place,
            Reply {
                status: 503,
                headers,
                body,
                grpc_status: None,
                details: details.into(),
            },
        )
    }

    fn write(&self, place: Place, message: &str) {
        live::log(&self.world, place, Level::Error, message);
    }
}
