//! What a callback answers.

use std::borrow::Cow;
use std::time::Duration;

use crate::call::{Answer, Call, CallError};

/// What a callback on a stream answers: edits, then what happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Outcome<S> {
    /// Edits, carried out in order.
    pub edits: Vec<Edit>,
    /// What happens next.
    pub next: Next<S>,
}

/// What happens to the stream next. `S` is what the plugin remembers of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<S> {
    /// Pass the message on.
    Continue(S),
    /// Answer the client; the upstream never sees the request. Once the upstream's response was passed on,
    /// the stream is reset instead.
    Reply(Box<Reply>, S),
    /// Hold the message until something happens.
    Wait(Wait, S),
    /// Hold this part of the body and show it again with the next one. Envoy's buffer limit bounds it.
    Buffer(S),
}

impl<S> Next<S> {
    /// What the plugin remembers of the stream.
    pub(crate) fn into_stream(self) -> S {
        match self {
            Self::Continue(stream)
            | Self::Reply(_, stream)
            | Self::Wait(_, stream)
            | Self::Buffer(stream) => stream,
        }
    }
}

/// What a stream waits for. Whatever comes, [`crate::Plugin::on_resume`] is called exactly once, unless the stream ends or is
/// answered before.
///
/// What arrives of a body meanwhile goes where the part goes that waits, without being shown. So whoever decides on a whole body
/// answers [`Next::Buffer`] until its end, and waits then. Who buffers after waiting is shown what arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The answer to this call.
    Call(Box<Call>),
    /// A background job that answers with [`Background::wake`], or the time `until`, whichever comes first. The
    /// tick looks at the clock, so the plugin must tick: one without a [`crate::Plugin::tick_period`] has the request refused.
    Wake {
        /// Time since the Unix epoch.
        until: Duration,
    },
}

/// Why a stream goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// The call was answered, or failed.
    Answered(Result<Answer, CallError>),
    /// A background job woke it.
    Woken,
    /// Its time was up.
    Late,
}

/// A change of the message at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replace every header of this name by one, or add it.
    Set(Cow<'static, str>, Vec<u8>),
    /// Add a header; others of this name stay.
    Add(Cow<'static, str>, Vec<u8>),
    /// Remove every header of this name.
    Remove(Cow<'static, str>),
    /// Replace the part of the body at hand.
    Body(Vec<u8>),
    /// Choose the route again, by the headers as they are now.
    ClearRouteCache,
}

/// A local reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// Headers besides those that the proxy adds.
    pub headers: Vec<(Cow<'static, str>, Vec<u8>)>,
    /// The body; for a gRPC request the proxy makes it the `grpc-message`.
    pub body: Vec<u8>,
    /// gRPC status for a gRPC request; `None` leaves the proxy to derive it from `status`.
    pub grpc_status: Option<u8>,
    /// What the proxy shows as the response code details, without spaces: why the reply was sent.
    pub details: Cow<'static, str>,
}

/// What background work asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Background {
    /// Calls to make, each with a token that comes back with its answer.
    pub calls: Vec<(u32, Call)>,
    /// Whether the streams of this worker that wait for it go on.
    pub wake: bool,
}

impl<S> Outcome<S> {
    /// Pass the message on unchanged.
    pub const fn proceed(stream: S) -> Self {
        Self {
            edits: Vec::new(),
            next: Next::Continue(stream),
        }
    }

    /// Answer the client.
    pub fn reply(reply: Reply, stream: S) -> Self {
        Self {
            edits: Vec::new(),
            next: Next::Reply(Box::new(reply), stream),
        }
    }

    /// Wait for the answer to `call`.
    pub fn call(call: Call, stream: S) -> Self {
        Self {
            edits: Vec::new(),
            next: Next::Wait(Wait::Call(Box::new(call)), stream),
        }
    }

    /// The same with `edit` carried out after those before.
    pub fn edit(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    /// The same for a plugin that remembers something else.
    pub fn map<T>(self, change: impl FnOnce(S) -> T) -> Outcome<T> {
        let next = match self.next {
            Next::Continue(stream) => Next::Continue(change(stream)),
            Next::Reply(reply, stream) => Next::Reply(reply, change(stream)),
            Next::Wait(wait, stream) => Next::Wait(wait, change(stream)),
            Next::Buffer(stream) => Next::Buffer(change(stream)),
        };
        Outcome {
            edits: self.edits,
            next,
        }
    }
}
