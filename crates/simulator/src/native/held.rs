//! What is kept of a stream, and what each half of it waits for.

use std::time::Duration;

use crate::native::moment::Moment;
use crate::world::Half;

/// What is kept of a stream.
pub(super) struct Kept<S> {
    pub(super) root: u32,
    pub(super) stream: S,
    pub(super) waits: Waits,
    /// Whether a part of the body is held.
    pub(super) holds: Halves<bool>,
    /// More of the body came while it waited; whether that is the end of it.
    pub(super) missed: Halves<Option<bool>>,
    /// Whether the plugin replied to it: its own replies are not shown to it.
    pub(super) replied: bool,
}

/// What each half of an exchange waits for: an upstream may answer while the request still waits, or while its body
/// still comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waits {
    pub(super) request: Option<Parked>,
    pub(super) response: Option<Parked>,
}

impl Waits {
    pub(super) const fn of(&mut self, half: Half) -> &mut Option<Parked> {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }

    pub(super) fn all(self) -> impl Iterator<Item = Parked> {
        self.request.into_iter().chain(self.response)
    }
}

/// Something of each half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Halves<T> {
    pub(super) request: T,
    pub(super) response: T,
}

impl<T> Halves<T> {
    pub(super) const fn of(&mut self, half: Half) -> &mut T {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }
}

/// What a stream waits for, and with which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parked {
    pub(super) moment: Moment,
    pub(super) until: Until,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    Answer(u32),
    Woken(Duration),
}
