//! What a plugin implements.

use std::time::Duration;

use crate::call::{Answer, CallError};
use crate::config;
use crate::exchange::{Exchange, Proxy};
use crate::metric::Metric;
use crate::outcome::{Background, Outcome, Resumed};

/// One configured HTTP filter.
///
/// Every worker thread of the proxy has a value of its own; what workers share goes through
/// [`Proxy::shared`]. Only the callbacks named in [`Plugin::CALLBACKS`] are ever called: each of them
/// costs a crossing into the Wasm VM for every request, so a plugin pays for what it uses.
pub trait Plugin: Sized + 'static {
    /// The plugin's name in kebab-case; shared-data keys and metrics start with it.
    const NAME: &'static str;

    /// The version of the layout of this plugin's shared data. Raise it when the bytes change meaning:
    /// two versions of a plugin may run in one proxy while the older one drains.
    const SHARED_VERSION: u32 = 1;

    /// The callbacks this plugin uses.
    const CALLBACKS: Callbacks;

    /// What the plugin remembers of a request between two callbacks; `()` for nothing. `Default` is
    /// the state of a request that the plugin has not seen yet.
    type Stream: Default + 'static;

    /// Reads `configuration`, the JSON an operator wrote.
    ///
    /// # Errors
    ///
    /// Every mistake in it, each with the place where it stands.
    fn configure(configuration: &[u8]) -> Result<Self, config::Errors>;

    /// The metrics this configuration counts; [`Proxy::count`] takes the index into this list.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    /// Called once on each worker after `configure`, before the first request. Also called in the
    /// throw-away VM in which Envoy tries a new configuration, so it must not call out.
    fn on_start(&mut self, _proxy: &mut dyn Proxy) {}

    /// How often [`Plugin::on_tick`] is wanted; `None` for never.
    fn tick_period(&self) -> Option<Duration> {
        None
    }

    /// The headers of a request arrived.
    fn on_request(&mut self, _exchange: &mut dyn Exchange) -> Outcome<Self::Stream> {
        Outcome::proceed(Self::Stream::default())
    }

    /// A part of the request's body arrived; `end` says that it is the last one. What is not passed on
    /// (see [`crate::Next::Buffer`]) is still there at the next call.
    ///
    /// Where trailers follow, no part is the last: then `end` comes with the trailers, when what is held can still be edited
    /// and refused. If nothing is held then, the part is empty and nothing can be put in its place.
    fn on_request_body(
        &mut self,
        stream: Self::Stream,
        _exchange: &mut dyn Exchange,
        _end: bool,
    ) -> Outcome<Self::Stream> {
        Outcome::proceed(stream)
    }

    /// The headers of the response arrived, from the upstream or from a local reply. The plugin's own replies are not
    /// shown to it: it said itself what stands in them, and the proxy takes no second reply for a stream.
    fn on_response(
        &mut self,
        stream: Self::Stream,
        _exchange: &mut dyn Exchange,
    ) -> Outcome<Self::Stream> {
        Outcome::proceed(stream)
    }

    /// A part of the response's body arrived; as [`Plugin::on_request_body`].
    fn on_response_body(
        &mut self,
        stream: Self::Stream,
        _exchange: &mut dyn Exchange,
        _end: bool,
    ) -> Outcome<Self::Stream> {
        Outcome::proceed(stream)
    }

    /// What the stream waited for happened. [`Exchange::headers`] are those of the message on which it
    /// was parked.
    fn on_resume(
        &mut self,
        stream: Self::Stream,
        _resumed: Resumed,
        _exchange: &mut dyn Exchange,
    ) -> Outcome<Self::Stream> {
        Outcome::proceed(stream)
    }

    /// The request is over. [`Exchange::headers`] are the request's.
    fn on_log(&mut self, _stream: Self::Stream, _exchange: &mut dyn Exchange) {}

    /// The tick period went by. One worker of the proxy at a time is [`Role::Leader`].
    fn on_tick(&mut self, _role: Role, _proxy: &mut dyn Proxy) -> Background {
        Background::default()
    }

    /// A background call that [`Plugin::on_tick`] or this method asked for was answered.
    fn on_answer(
        &mut self,
        _token: u32,
        _answer: Result<Answer, CallError>,
        _proxy: &mut dyn Proxy,
    ) -> Background {
        Background::default()
    }
}

/// Whether this worker does the proxy's background work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It does, until its lease ends.
    Leader,
    /// Another worker does, or nobody could be elected.
    Follower,
}

/// A set of callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callbacks(u16);

impl Callbacks {
    /// No callback.
    pub const NONE: Self = Self(0);
    /// [`Plugin::on_request`].
    pub const REQUEST: Self = Self(1);
    /// [`Plugin::on_request_body`].
    pub const REQUEST_BODY: Self = Self(1 << 1);
    /// [`Plugin::on_response`].
    pub const RESPONSE: Self = Self(1 << 2);
    /// [`Plugin::on_response_body`].
    pub const RESPONSE_BODY: Self = Self(1 << 3);
    /// [`Plugin::on_log`].
    pub const LOG: Self = Self(1 << 4);
    /// [`Plugin::on_tick`].
    pub const TICK: Self = Self(1 << 5);
    /// Streams that wait, or background calls: [`Plugin::on_resume`], [`Plugin::on_answer`].
    pub const CALLS: Self = Self(1 << 6);

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of them is of a response.
    #[must_use]
    pub const fn sees_responses(self) -> bool {
        self.has(Self::RESPONSE) || self.has(Self::RESPONSE_BODY)
    }

    /// Whether the body of a response, or of a request, is in it.
    #[must_use]
    pub const fn sees_body(self, of_response: bool) -> bool {
        if of_response {
            self.has(Self::RESPONSE_BODY)
        } else {
            self.has(Self::REQUEST_BODY)
        }
    }

    /// Whether both sets are the same.
    #[must_use]
    pub const fn is(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// Whether every callback of `other` is in this set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
