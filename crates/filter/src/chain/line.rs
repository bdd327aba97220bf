//! The way of a message through the two plugins of a chain: which of them holds it, and where it goes on.

use std::borrow::Cow;
use std::time::Duration;

use crate::chain::scoped::{Scoped, edited_body};
use crate::exchange::{Exchange, Half, HostError, Level};
use crate::outcome::{Edit, Next, Outcome, Reply, Resumed, Wait};
use crate::plugin::{Callbacks, Plugin};

/// One of the two plugins, and where its metrics start.
pub(super) struct Stage<'a, P> {
    plugin: &'a mut P,
    offset: usize,
}

/// The two plugins in the order in which they meet a message of this half.
pub(super) struct Line<'a, L, F> {
    half: Half,
    leads: Stage<'a, L>,
    follows: Stage<'a, F>,
}

/// Which part of a message is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Headers,
    Body { end: bool },
}

impl Message {
    pub(super) const HEADERS: Self = Self::Headers;

    pub(super) const fn body(end: bool) -> Self {
        Self::Body { end }
    }
}

/// What meets the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meets {
    pub(super) message: Message,
    /// How much of the body at hand the one that leads passed on before, while the one that follows holds it.
    pub(super) passed: usize,
}

/// What is held of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Held {
    /// Nothing is waited for; so much of the body is held by the one that follows.
    #[default]
    Nothing,
    /// A part of the body is, of which the one that leads passed so much on.
    Body(usize),
    /// The one that leads waits with it.
    ByLeader(Meets, Option<Duration>),
    /// The one that follows does.
    ByFollower(Meets, Option<Duration>),
}

impl Held {
    pub(super) const fn passed(self) -> usize {
        match self {
            Self::Body(passed) => passed,
            Self::Nothing | Self::ByLeader(..) | Self::ByFollower(..) => 0,
        }
    }
}

/// What is remembered of a stream, in the order of the line.
type State<L, F> = (<L as Plugin>::Stream, <F as Plugin>::Stream, Held);

/// Why the two go on, and which of them woke its streams.
type Woken = (Resumed, bool, bool);

impl<'a, P: Plugin> Stage<'a, P> {
    pub(super) const fn new(plugin: &'a mut P, offset: usize) -> Self {
        Self { plugin, offset }
    }

    /// What the plugin says of the message; what it does not use it lets pass.
    fn decide(
        &mut self,
        (half, message): (Half, Message),
        stream: P::Stream,
        scoped: &mut Scoped<'_>,
    ) -> Outcome<P::Stream> {
        let (callback, end) = match (half, message) {
            (Half::Request, Message::Headers) => (Callbacks::REQUEST, false),
            (Half::Request, Message::Body { end }) => (Callbacks::REQUEST_BODY, end),
            (Half::Response, Message::Headers) => (Callbacks::RESPONSE, false),
            (Half::Response, Message::Body { end }) => (Callbacks::RESPONSE_BODY, end),
        };
        if !P::CALLBACKS.has(callback) {
            return Outcome::proceed(stream);
        }
        match (half, message) {
            (Half::Request, Message::Headers) => self.plugin.on_request(scoped),
            (Half::Request, Message::Body { .. }) => {
                self.plugin.on_request_body(stream, scoped, end)
            }
            (Half::Response, Message::Headers) => self.plugin.on_response(stream, scoped),
            (Half::Response, Message::Body { .. }) => {
                self.plugin.on_response_body(stream, scoped, end)
            }
        }
    }
}

impl<'a, L: Plugin, F: Plugin> Line<'a, L, F> {
    pub(super) const fn new(half: Half, leads: Stage<'a, L>, follows: Stage<'a, F>) -> Self {
        Self {
            half,
            leads,
            follows,
        }
    }

    /// A message arrives.
    pub(super) fn meet(
        &mut self,
        meets: Meets,
        (leader, follower): (L::Stream, F::Stream),
        exchange: &mut dyn Exchange,
    ) -> Outcome<State<L, F>> {
        let mut scoped = Scoped::from::<L>(exchange, self.leads.offset, meets.passed);
        let outcome = self
            .leads
            .decide((self.half, meets.message), leader, &mut scoped);
        self.led(meets, outcome, follower, exchange)
    }

    /// What one of them waited for happened.
    pub(super) fn resume(
        &mut self,
        (leader, follower): (L::Stream, F::Stream),
        held: Held,
        (resumed, leader_wakes, follower_wakes): Woken,
        exchange: &mut dyn Exchange,
    ) -> Outcome<State<L, F>> {
        let wakes = matches!(held, Held::ByLeader(..)) && leader_wakes
            || matches!(held, Held::ByFollower(..)) && follower_wakes;
        let resumed = match (held, resumed) {
            (Held::ByLeader(_, Some(until)) | Held::ByFollower(_, Some(until)), Resumed::Woken)
                if !wakes =>
            {
                // The other one woke its own. A proxy without a clock must not hold a stream for ever.
                if exchange.now().is_ok_and(|now| now < until) {
                    let wait = Wait::Wake { until };
                    return Outcome {
                        edits: Vec::new(),
                        next: Next::Wait(wait, (leader, follower, held)),
                    };
                }
                Resumed::Late
            }
            (_, resumed) => resumed,
        };
        match held {
            Held::ByLeader(meets, _) => {
                let mut scoped = Scoped::from::<L>(exchange, self.leads.offset, meets.passed);
                let outcome = self.leads.plugin.on_resume(leader, resumed, &mut scoped);
                self.led(meets, outcome, follower, exchange)
            }
            Held::ByFollower(meets, _) => {
                let mut scoped = Scoped::from::<F>(exchange, self.follows.offset, 0);
                let outcome = self
                    .follows
                    .plugin
                    .on_resume(follower, resumed, &mut scoped);
                followed(meets, (Vec::new(), leader), outcome, exchange)
            }
            Held::Nothing | Held::Body(_) => Outcome::proceed((leader, follower, held)),
        }
    }

    /// Goes on with the one that follows when the one that leads lets the message pass.
    fn led(
        &mut self,
        meets: Meets,
        outcome: Outcome<L::Stream>,
        follower: F::Stream,
        exchange: &mut dyn Exchange,
    ) -> Outcome<State<L, F>> {
        let edits = match behind_what_passed(outcome.edits, meets.passed, exchange) {
            Ok(edits) => edits,
            Err(error) => {
                return unreadable(&error, (outcome.next.into_stream(), follower), exchange);
            }
        };
        let next = match outcome.next {
            Next::Continue(leader) => {
                let mut scoped = Scoped::edited::<F>(exchange, self.follows.offset, &edits);
                let outcome =
                    self.follows
                        .decide((self.half, meets.message), follower, &mut scoped);
                return followed(meets, (edits, leader), outcome, exchange);
            }
            Next::Reply(reply, leader) => Next::Reply(reply, (leader, follower, Held::Nothing)),
            Next::Wait(wait, leader) => {
                let held = Held::ByLeader(meets, until(&wait));
                Next::Wait(wait, (leader, follower, held))
            }
            Next::Buffer(leader) => Next::Buffer((leader, follower, Held::Body(meets.passed))),
        };
        Outcome { edits, next }
    }
}

/// The outcome of the one that follows, behind what the one that leads edited before.
fn followed<L, F>(
    meets: Meets,
    (mut edits, leader): (Vec<Edit>, L),
    mut outcome: Outcome<F>,
    exchange: &mut dyn Exchange,
) -> Outcome<(L, F, Held)> {
    edits.append(&mut outcome.edits);
    let held = match &outcome.next {
        Next::Continue(_) | Next::Reply(..) => Held::Nothing,
        Next::Wait(wait, _) => Held::ByFollower(meets, until(wait)),
        Next::Buffer(_) => match length(&edits, exchange) {
            Ok(length) => Held::Body(length),
            Err(error) => {
                return unreadable(&error, (leader, outcome.next.into_stream()), exchange);
            }
        },
    };
    Outcome {
        edits,
        next: outcome.map(|follower| (leader, follower, held)).next,
    }
}

const fn until(wait: &Wait) -> Option<Duration> {
    match wait {
        Wait::Wake { until } => Some(*until),
        Wait::Call(_) => None,
    }
}

/// How long the body at hand is after `edits`.
fn length(edits: &[Edit], exchange: &dyn Exchange) -> Result<usize, HostError> {
    match edited_body(edits) {
        Some(body) => Ok(body.len()),
        None => exchange.body(0, usize::MAX).map(|body| body.len()),
    }
}

/// The one that leads puts another part in the place of the one at hand, and not of what it passed on before, which the proxy still holds.
fn behind_what_passed(
    mut edits: Vec<Edit>,
    passed: usize,
    exchange: &dyn Exchange,
) -> Result<Vec<Edit>, HostError> {
    if passed == 0 {
        return Ok(edits);
    }
    for edit in &mut edits {
        if let Edit::Body(part) = edit {
            let mut whole = exchange.body(0, passed)?;
            whole.append(part);
            *part = whole;
        }
    }
    Ok(edits)
}

/// What is held cannot be told apart from what passed, so nothing of it may go on.
fn unreadable<L, F>(
    error: &HostError,
    (leader, follower): (L, F),
    exchange: &dyn Exchange,
) -> Outcome<(L, F, Held)> {
    exchange.log(
        Level::Error,
        &format!("the request is refused, since {error}"),
    );
    let reply = Reply {
        status: 503,
        headers: Vec::new(),
        body: Vec::new(),
        grpc_status: None,
        details: Cow::Borrowed("weft_proxy_error"),
    };
    Outcome::reply(reply, (leader, follower, Held::Nothing))
}
