//! Runs a plugin natively, as `host` runs it inside a module.
//!
//! `host` cannot be linked here (it imports the ABI), so what it does is done a second time, in terms of [`World`](crate::World). That
//! both do the same is not believed but tested: every scenario runs on this and on the built module.
//! Only the callbacks that a plugin names in `CALLBACKS` are delivered, so that a forgotten one shows.

mod background;
mod configure;
mod held;
mod live;
mod moment;
mod settle;

use std::collections::BTreeMap;
use std::marker::PhantomData;

use filter::{Callbacks, Exchange, Outcome, Plugin};

use crate::engine::{Callback, Engine, Trap, Vm};
use crate::native::held::{Halves, Kept, Waits};
use crate::native::live::{Live, Names};
use crate::native::moment::{Code, Moment};
use crate::native::settle::NOT_CONFIGURED;
use crate::world::{Half, Handle, Place};

/// Runs plugin `P` natively.
#[derive(Debug)]
pub struct Native<P>(PhantomData<P>);

impl<P> Native<P> {
    /// The engine of `P`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P> Default for Native<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Plugin> Engine for Native<P> {
    fn start(&self, world: &Handle, worker: usize) -> Result<Box<dyn Vm>, String> {
        Ok(Box::new(NativeVm::<P> {
            world: world.clone(),
            worker,
            roots: BTreeMap::new(),
            streams: BTreeMap::new(),
            calls: BTreeMap::new(),
            crowded: false,
        }))
    }
}

struct NativeVm<P: Plugin> {
    world: Handle,
    worker: usize,
    roots: BTreeMap<u32, Root<P>>,
    streams: BTreeMap<u32, Kept<P::Stream>>,
    calls: BTreeMap<u32, Caller>,
    /// Whether the log says already that too many streams wait.
    crowded: bool,
}

/// A configured plugin.
struct Root<P> {
    plugin: P,
    names: Names,
    /// This worker, as the lease names it.
    me: u64,
}

/// Who made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Stream(u32),
    /// A configuration, and the token by which it knows the call.
    Root(u32, u32),
}

impl<P: Plugin> Vm for NativeVm<P> {
    fn call(&mut self, context: u32, callback: Callback) -> Result<Option<u32>, Trap> {
        if !wanted(P::CALLBACKS, callback) {
            return Ok(None);
        }
        Ok(Some(match callback {
            Callback::Create { parent } => self.create(context, parent),
            Callback::Configure { size } => u32::from(self.configure(context, size).is_some()),
            Callback::RequestHeaders { .. } => {
                self.message(context, Moment::RequestHeaders, |plugin, stream, live| {
                    // What was remembered before a request is nothing.
                    drop(stream);
                    plugin.on_request(live)
                })
            }
            Callback::RequestBody { end, .. } => self.body(context, Moment::RequestBody, end),
            Callback::ResponseHeaders { .. } => {
                self.message(context, Moment::ResponseHeaders, |plugin, stream, live| {
                    plugin.on_response(stream, live)
                })
            }
            Callback::ResponseBody { end, .. } => self.body(context, Moment::ResponseBody, end),
            Callback::RequestTrailers { .. } => self.body(context, Moment::RequestTrailers, true),
            Callback::ResponseTrailers { .. } => self.body(context, Moment::ResponseTrailers, true),
            Callback::HttpCallResponse {
                token,
                headers,
                body,
            } => self.http_answer(token, headers, body),
            Callback::GrpcReceive { token, size } => self.grpc_answer(token, size),
            Callback::GrpcClose { token, status } => self.grpc_closed(token, status),
            Callback::Tick => self.tick(context),
            Callback::Log => self.log(context),
            Callback::Delete => self.delete(context),
            // An HTTP plugin sees no connections.
            Callback::DownstreamData { .. } | Callback::UpstreamData { .. } => 0,
            Callback::VmStart | Callback::Done | Callback::QueueReady { .. } => 1,
        }))
    }
}

/// What `plugin` says of a part of a body.
fn decide_body<P: Plugin>(
    plugin: &mut P,
    stream: P::Stream,
    live: &mut Live<'_>,
    end: bool,
) -> Outcome<P::Stream> {
    match live.half() {
        filter::Half::Request => plugin.on_request_body(stream, live, end),
        filter::Half::Response => plugin.on_response_body(stream, live, end),
    }
}

fn wanted(callbacks: Callbacks, callback: Callback) -> bool {
    let needed = match callback {
        Callback::RequestHeaders { .. } => Callbacks::REQUEST,
        Callback::RequestBody { .. } | Callback::RequestTrailers { .. } => Callbacks::REQUEST_BODY,
        Callback::ResponseHeaders { .. } => Callbacks::RESPONSE,
        Callback::ResponseBody { .. } | Callback::ResponseTrailers { .. } => {
            Callbacks::RESPONSE_BODY
        }
        Callback::HttpCallResponse { .. }
        | Callback::GrpcReceive { .. }
        | Callback::GrpcClose { .. } => Callbacks::CALLS,
        Callback::Tick => Callbacks::TICK,
        Callback::Log => Callbacks::LOG,
        Callback::Create { .. }
        | Callback::DownstreamData { .. }
        | Callback::UpstreamData { .. }
        | Callback::VmStart
        | Callback::Configure { .. }
        | Callback::QueueReady { .. }
        | Callback::Done
        | Callback::Delete => Callbacks::NONE,
    };
    callbacks.has(needed)
}

impl<P: Plugin> NativeVm<P> {
    const fn place(&self, context: u32) -> Place {
        Place {
            worker: self.worker,
            context,
        }
    }

    fn create(&mut self, context: u32, parent: u32) -> u32 {
        if parent != 0 {
            let kept = Kept {
                root: parent,
                stream: P::Stream::default(),
                waits: Waits::default(),
                holds: Halves::default(),
                missed: Halves::default(),
                replied: false,
            };
            self.streams.insert(context, kept);
        }
        0
    }

    fn delete(&mut self, context: u32) -> u32 {
        if self.roots.remove(&context).is_none() {
            self.streams.remove(&context);
        }
        0
    }

    /// A part of a body, or its end.
    fn body(&mut self, context: u32, moment: Moment, end: bool) -> u32 {
        if let Some(kept) = self.streams.get_mut(&context)
            && kept.waits.of(moment.half()).is_some()
        {
            // The plugin decided on what it saw, and this goes where that goes.
            let missed = kept.missed.of(moment.half());
            *missed = Some(missed.unwrap_or_default() || end);
            return Code::Hold.code();
        }
        self.message(context, moment, |plugin, stream, live| {
            decide_body(plugin, stream, live, end)
        })
    }

    fn message(
        &mut self,
        context: u32,
        moment: Moment,
        decide: impl FnOnce(&mut P, P::Stream, &mut Live<'_>) -> Outcome<P::Stream>,
    ) -> u32 {
        let place = self.place(context);
        let Some(kept) = self.streams.get_mut(&context) else {
            return self.refuse_request(place, NOT_CONFIGURED).code();
        };
        if kept.replied && moment.half() == Half::Response {
            return Code::Pass.code();
        }
        let moment = moment.given(*kept.holds.of(moment.half()));
        let (root, stream) = (kept.root, std::mem::take(&mut kept.stream));
        let Some(configured) = self.roots.get_mut(&root) else {
            return self.refuse_request(place, NOT_CONFIGURED).code();
        };
        let mut live = Live::at(&self.world, place, &configured.names, moment);
        let outcome = decide(&mut configured.plugin, stream, &mut live);
        self.settle(context, moment, outcome, false).code()
    }

    fn log(&mut self, context: u32) -> u32 {
        let place = self.place(context);
        let Some(kept) = self.streams.get_mut(&context) else {
            return 0;
        };
        let stream = std::mem::take(&mut kept.stream);
        if let Some(configured) = self.roots.get_mut(&kept.root) {
            let mut live = Live::new(&self.world, place, &configured.names, Half::Request);
            configured.plugin.on_log(stream, &mut live);
        }
        0
    }
}
