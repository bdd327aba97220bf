//! Ticks, calls and their answers.

use std::time::Duration;

use filter::call::Message;
use filter::{
    Answer, Background, Call, CallError, Level, Next, Plugin, Resumed, Role, lease, shared,
};

use super::held::Until;
use super::live::{self, Live};
use super::{Caller, NativeVm, decide_body};
use crate::fields::Fields;
use crate::native::moment::{Code, Moment};
use crate::status::Status;
use crate::world::{Asked, Buffer, Half, Map, Place};

/// How many ticks a leader may miss before another worker takes over.
const MISSED_TICKS: u32 = 3;

impl<P: Plugin> NativeVm<P> {
    pub(super) fn tick(&mut self, root: u32) -> u32 {
        let place = self.place(root);
        let role = self.elect(root);
        if let Some(configured) = self.roots.get_mut(&root) {
            let mut live = Live::new(&self.world, place, &configured.names, Half::Request);
            let background = configured.plugin.on_tick(role, &mut live);
            self.background(root, background);
        }
        0
    }

    /// Without a clock or shared data nobody can be elected, and work done by every worker is better than by none.
    fn elect(&self, root: u32) -> Role {
        let Some(configured) = self.roots.get(&root) else {
            return Role::Follower;
        };
        let Some(period) = configured.plugin.tick_period() else {
            return Role::Follower;
        };
        let mut live = Live::new(
            &self.world,
            self.place(root),
            &configured.names,
            Half::Request,
        );
        let Ok(now) = self.world.borrow_mut().clock() else {
            return Role::Leader;
        };
        let ttl = period.saturating_mul(MISSED_TICKS);
        match shared::update(&mut live, lease::SLOT, |old| {
            lease::step(old, configured.me, now, ttl)
        }) {
            Ok(true) | Err(shared::SharedError::Host(_)) => Role::Leader,
            Ok(false) | Err(shared::SharedError::Contended) => Role::Follower,
        }
    }

    pub(super) fn http_answer(&mut self, token: u32, headers: u32, body: u32) -> u32 {
        let place = self.place(0);
        let fetched = || {
            let mut world = self.world.borrow_mut();
            let headers = world.header_pairs(place, Map::Answer).ok()?.to_headers();
            let body = match body {
                0 => Vec::new(),
                size => world.buffer(place, Buffer::AnswerBody, 0, size).ok()?,
            };
            Some(Answer::Http { headers, body })
        };
        let answer = if headers == 0 { None } else { fetched() };
        self.answered(token, answer.ok_or(CallError::NoAnswer))
    }

    pub(super) fn grpc_answer(&mut self, token: u32, size: u32) -> u32 {
        let message = self
            .world
            .borrow_mut()
            .buffer(self.place(0), Buffer::AnswerMessage, 0, size);
        let answer = message.map(|message| Answer::Grpc { message });
        self.answered(token, answer.map_err(|_| CallError::NoAnswer))
    }

    pub(super) fn grpc_closed(&mut self, token: u32, status: u32) -> u32 {
        self.answered(token, Err(CallError::Grpc(status)))
    }

    fn answered(&mut self, token: u32, answer: Result<Answer, CallError>) -> u32 {
        match self.calls.remove(&token) {
            Some(Caller::Stream(context)) => {
                let waits = self.streams.get(&context).map(|kept| kept.waits);
                let mut waits = waits.unwrap_or_default().all();
                if let Some(parked) = waits.find(|parked| parked.until == Until::Answer(token)) {
                    self.resume(context, parked.moment, Resumed::Answered(answer));
                }
            }
            Some(Caller::Root(root, own)) => {
                let place = self.place(root);
                if let Some(configured) = self.roots.get_mut(&root) {
                    let mut live = Live::new(&self.world, place, &configured.names, Half::Request);
                    let background = configured.plugin.on_answer(own, answer, &mut live);
                    self.background(root, background);
                }
            }
            None => {}
        }
        0
    }

    fn resume(&mut self, context: u32, moment: Moment, resumed: Resumed) {
        let place = self.place(context);
        let Some(kept) = self.streams.get_mut(&context) else {
            return;
        };
        *kept.waits.of(moment.half()) = None;
        let stream = std::mem::take(&mut kept.stream);
        let Some(configured) = self.roots.get_mut(&kept.root) else {
            return;
        };
        let mut live = Live::at(&self.world, place, &configured.names, moment);
        let outcome = configured.plugin.on_resume(stream, resumed, &mut live);
        let buffers = matches!(outcome.next, Next::Buffer(_));
        let code = self.settle(context, moment, outcome, true);
        if buffers && code == Code::Hold {
            self.show_missed(context, moment);
        }
    }

    /// The plugin wants to see the next part of the body, and that came while it waited.
    fn show_missed(&mut self, context: u32, moment: Moment) {
        let place = self.place(context);
        let Some(kept) = self.streams.get_mut(&context) else {
            return;
        };
        let Some(end) = kept.missed.of(moment.half()).take() else {
            return;
        };
        let stream = std::mem::take(&mut kept.stream);
        let Some(configured) = self.roots.get_mut(&kept.root) else {
            return;
        };
        let mut live = Live::at(&self.world, place, &configured.names, moment);
        let outcome = decide_body(&mut configured.plugin, stream, &mut live, end);
        self.settle(context, moment, outcome, true);
    }

    /// Carries out what background work asked for. What a refused call asks for waits for the next tick.
    fn background(&mut self, root: u32, background: Background) {
        let place = self.place(root);
        let mut wake = background.wake;
        for (own, call) in background.calls {
            match self.dispatch(place, &call) {
                Ok(token) => {
                    self.calls.insert(token, Caller::Root(root, own));
                }
                Err(status) => wake |= self.background_refused(root, own, call, status),
            }
        }
        let now = self.world.borrow_mut().clock().ok();
        for (context, moment, late) in self.due(root, now, wake) {
            self.resume(
                context,
                moment,
                if late { Resumed::Late } else { Resumed::Woken },
            );
        }
    }

    fn background_refused(&mut self, root: u32, own: u32, call: Call, status: Status) -> bool {
        let place = self.place(root);
        let Some(configured) = self.roots.get_mut(&root) else {
            return false;
        };
        let error = CallError::Refused {
            cluster: call.cluster,
            status: status.0,
        };
        let mut live = Live::new(&self.world, place, &configured.names, Half::Request);
        let next = configured.plugin.on_answer(own, Err(error), &mut live);
        if !next.calls.is_empty() {
            let message = "the proxy refused a background call; what follows from that waits for the next tick";
            live::log(&self.world, place, Level::Warn, message);
        }
        next.wake
    }

    /// The streams of `root` that go on now: all that wait to be woken, or those whose time is up.
    fn due(&self, root: u32, now: Option<Duration>, woken: bool) -> Vec<(u32, Moment, bool)> {
        let ours = self.streams.iter().filter(|(_, kept)| kept.root == root);
        let waiting =
            ours.flat_map(|(context, kept)| kept.waits.all().map(|parked| (*context, parked)));
        let due = waiting.filter_map(|(context, parked)| match parked.until {
            Until::Answer(_) => None,
            Until::Woken(until) => {
                // A proxy without a clock must not hold a stream for ever.
                let late = now.is_none_or(|now| until <= now);
                (woken || late).then_some((context, parked.moment, !woken))
            }
        });
        due.collect()
    }

    /// Makes a call and gives its token.
    pub(super) fn dispatch(&self, place: Place, call: &Call) -> Result<u32, Status> {
        let mut world = self.world.borrow_mut();
        let whole =
            Duration::from_millis(u64::try_from(call.timeout.as_millis()).unwrap_or(u64::MAX));
        let timeout = whole.max(Duration::from_millis(1));
        match &call.message {
            Message::Http { headers, body } => world.http_call(
                place,
                &call.cluster,
                (Fields::from(headers), body.clone()),
                timeout,
            ),
            Message::Grpc {
                service,
                method,
                message,
            } => {
                let asked = Asked::Grpc {
                    service: service.clone(),
                    method: method.clone(),
                    metadata: Fields::new(),
                    message: message.clone(),
                };
                world.grpc_call(place, &call.cluster, asked, timeout)
            }
        }
    }
}
