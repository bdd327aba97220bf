//! Which configuration a stream belongs to, and what the plugin remembers of it.
//!
//! One VM serves every configuration of a module: Istio gives all plugins of a proxy one VM identity, and while an old
//! configuration drains it shares the VM with its successor. A callback names only the stream, so somebody must know
//! which configuration that belongs to. Nearly always there is one, so streams of the configuration that came first are not
//! written down: a stream that nobody knows is one of those. That is what lets a plugin without per-request state keep nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::live::Place;

/// The streams of one VM. `S` is what the plugin remembers of each.
#[derive(Debug)]
pub(crate) struct Streams<S> {
    usual: Option<u32>,
    others: BTreeMap<u32, u32>,
    held: BTreeMap<u32, Held<S>>,
    replied: BTreeSet<u32>,
    /// How many halves of streams wait for something.
    waiting: usize,
}

#[derive(Debug, Default)]
struct Held<S> {
    stream: S,
    halves: Halves,
}

/// What is held of each half of an exchange: an upstream may answer while the request still waits, or while its body
/// still comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Halves {
    request: HeldHalf,
    response: HeldHalf,
}

/// What is held of a half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct HeldHalf {
    /// What it waits for.
    parked: Option<Parked>,
    /// Whether a part of the body is held.
    body: bool,
    /// More of the body came while it waited; whether that is the end of it.
    missed: Option<bool>,
    /// Whether it went on after it was held at its headers.
    late: bool,
    /// Whether its trailers passed. Of a message that was held before, Envoy then shows everything once more.
    over: bool,
}

impl Halves {
    const fn of(&mut self, place: Place) -> &mut HeldHalf {
        if place.is_of_response() {
            &mut self.response
        } else {
            &mut self.request
        }
    }

    fn parked(self) -> impl Iterator<Item = Parked> {
        let parked = [self.request.parked, self.response.parked];
        parked.into_iter().flatten()
    }
}

/// What a parked stream waits for, and on which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parked {
    place: Place,
    until: Until,
}

/// What a parked stream waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The answer to the call with this token.
    Answer(u32),
    /// A wake-up, or this time since the epoch.
    Woken(Duration),
}

impl<S> Default for Streams<S> {
    fn default() -> Self {
        Self {
            usual: None,
            others: BTreeMap::new(),
            held: BTreeMap::new(),
            replied: BTreeSet::new(),
            waiting: 0,
        }
    }
}

impl<S: Default> Streams<S> {
    /// A configuration appeared under root context `root`.
    pub(crate) fn root_added(&mut self, root: u32) {
        self.usual.get_or_insert(root);
    }

    /// Root context `root` is gone, and with it all its streams. One of the `remaining` becomes the usual one; its
    /// streams that are written down stay so.
    pub(crate) fn root_removed(&mut self, root: u32, remaining: Option<u32>) {
        if self.usual == Some(root) {
            self.usual = remaining;
        }
    }

    /// Stream `context` of root context `root` began.
    pub(crate) fn began(&mut self, context: u32, root: u32) {
        if self.usual != Some(root) {
            self.others.insert(context, root);
        }
    }

    /// Stream `context` ended.
    pub(crate) fn ended(&mut self, context: u32) {
        self.others.remove(&context);
        if let Some(held) = self.held.remove(&context) {
            self.waiting = self.waiting.saturating_sub(held.halves.parked().count());
        }
        self.replied.remove(&context);
    }

    /// The root context of stream `context`.
    pub(crate) fn root_of(&self, context: u32) -> Option<u32> {
        self.others.get(&context).copied().or(self.usual)
    }

    /// The plugin replied to stream `context`.
    pub(crate) fn replied(&mut self, context: u32) {
        self.replied.insert(context);
    }

    /// Whether the plugin replied to stream `context`.
    pub(crate) fn was_replied(&self, context: u32) -> bool {
        self.replied.contains(&context)
    }

    /// How many streams wait for something, one twice of which both halves do.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// What the plugin remembers of stream `context`; it is remembered again by [`Streams::keep`].
    pub(crate) fn take(&mut self, context: u32) -> S {
        let held = self.held.get_mut(&context);
        held.map(|held| std::mem::take(&mut held.stream))
            .unwrap_or_default()
    }

    /// The same for a stream that goes on at `place`: it waits there no longer, whatever becomes of it.
    pub(crate) fn go_on(&mut self, context: u32, place: Place) -> S {
        if let Some(held) = self.held.get_mut(&context) {
            let parked = held.halves.of(place).parked.take();
            self.waiting = self.waiting.saturating_sub(usize::from(parked.is_some()));
        }
        self.take(context)
    }

    /// Remembers `stream`, and what the half of the message at `place` waits for; what the other half waits for stays.
    pub(crate) fn keep(&mut self, context: u32, place: Place, stream: S, until: Option<Until>) {
        let parked = until.map(|until| Parked { place, until });
        if size_of::<S>() == 0 && parked.is_none() && !self.held.contains_key(&context) {
            return;
        }
        let held = self.held.entry(context).or_default();
        held.stream = stream;
        let half = held.halves.of(place);
        self.waiting = self
            .waiting
            .saturating_sub(usize::from(half.parked.is_some()))
            .saturating_add(usize::from(parked.is_some()));
        half.parked = parked;
        self.tidy(context);
    }

    /// Remembers whether a part of the body of this half is held.
    pub(crate) fn holds(&mut self, context: u32, place: Place, body: bool) {
        if let Some(held) = self.held.get_mut(&context) {
            held.halves.of(place).body = body;
            self.tidy(context);
        } else if body {
            let held = self.held.entry(context).or_default();
            held.halves.of(place).body = body;
        }
    }

    /// What has no size and holds nothing is not worth an entry.
    fn tidy(&mut self, context: u32) {
        let empty = |held: &Held<S>| held.halves == Halves::default();
        if size_of::<S>() == 0 && self.held.get(&context).is_some_and(empty) {
            self.held.remove(&context);
        }
    }

    /// The place of trailers: with the part of the body that is held, if one is.
    pub(crate) fn trailers_at(&mut self, context: u32, place: Place) -> Place {
        let held = self.held.get_mut(&context);
        if held.is_some_and(|held| held.halves.of(place).body) {
            place.with_held_body()
        } else {
            place
        }
    }

    /// This half goes on after it was held at its headers.
    pub(crate) fn late(&mut self, context: u32, place: Place) {
        let held = self.held.entry(context).or_default();
        held.halves.of(place).late = true;
    }

    /// The trailers of this half passed, and with them all of it; whether it was held at its headers before.
    pub(crate) fn over(&mut self, context: u32, place: Place) -> bool {
        let held = self.held.entry(context).or_default();
        let half = held.halves.of(place);
        half.over = true;
        half.late
    }

    /// Whether all of this half passed with its trailers.
    pub(crate) fn is_over(&mut self, context: u32, place: Place) -> bool {
        let held = self.held.get_mut(&context);
        held.is_some_and(|held| held.halves.of(place).over)
    }

    /// More of the body came while this half waits.
    pub(crate) fn miss(&mut self, context: u32, place: Place, end: bool) {
        if let Some(held) = self.held.get_mut(&context) {
            let missed = &mut held.halves.of(place).missed;
            *missed = Some(missed.unwrap_or_default() || end);
        }
    }

    /// Whether more of the body came while this half waited, and whether that is the end of it. It is told once.
    pub(crate) fn missed(&mut self, context: u32, place: Place) -> Option<bool> {
        let held = self.held.get_mut(&context)?;
        let missed = held.halves.of(place).missed.take();
        self.tidy(context);
        missed
    }

    /// Stream `context` was answered: the other half of it, too, waits for nothing more.
    pub(crate) fn unpark(&mut self, context: u32) {
        if let Some(held) = self.held.get_mut(&context) {
            let parked = held.halves.parked().count();
            self.waiting = self.waiting.saturating_sub(parked);
            held.halves.request.parked = None;
            held.halves.response.parked = None;
            self.tidy(context);
        }
    }

    /// Remembers `stream`, which waits for nothing.
    pub(crate) fn remember(&mut self, context: u32, stream: S) {
        self.keep(context, Place::Request, stream, None);
    }

    /// Whether the half of the message at `place` waits for something.
    pub(crate) fn waits(&mut self, context: u32, place: Place) -> bool {
        let held = self.held.get_mut(&context);
        held.is_some_and(|held| held.halves.of(place).parked.is_some())
    }

    /// The message on which `context` waits for the answer with `token`, if it does.
    pub(crate) fn waits_for(&self, context: u32, token: u32) -> Option<Place> {
        let mut parked = self.held.get(&context)?.halves.parked();
        let parked = parked.find(|parked| parked.until == Until::Answer(token))?;
        Some(parked.place)
    }

    /// The streams of `root` that wait for a wake-up: those whose time is up, and all of them when `woken`. Each with
    /// the message on which it waits.
    pub(crate) fn due(
        &self,
        root: u32,
        now: Option<Duration>,
        woken: bool,
    ) -> Vec<(u32, Place, bool)> {
        let due = |context: u32, parked: Parked| {
            let Until::Woken(until) = parked.until else {
                return None;
            };
            // A proxy without a clock must not hold a stream for ever.
            let late = now.is_none_or(|now| until <= now);
            (woken || late).then_some((context, parked.place, !woken))
        };
        let ours = self
            .held
            .iter()
            .filter(|(context, _)| self.root_of(**context) == Some(root));
        ours.flat_map(|(context, held)| held.halves.parked().map(|parked| (*context, parked)))
            .filter_map(|(context, parked)| due(context, parked))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WOKEN: Until = Until::Woken(Duration::from_secs(5));

    #[test]
    fn streams_of_the_only_configuration_are_not_written_down() {
        let mut streams = Streams::<()>::default();
        streams.root_added(1);
        streams.began(2, 1);
        streams.keep(2, Place::Request, (), None);
        assert_eq!(streams.root_of(2), Some(1));
        assert!(streams.others.is_empty() && streams.held.is_empty());
    }

    #[test]
    fn each_stream_finds_its_configuration_while_configurations_come_and_go() {
        let mut streams = Streams::<u8>::default();
        streams.root_added(1);
        streams.began(2, 1);
        streams.root_added(3);
        streams.began(4, 3);
        assert_eq!((streams.root_of(2), streams.root_of(4)), (Some(1), Some(3)));
        streams.ended(2);
        streams.root_removed(1, Some(3));
        streams.began(5, 3);
        assert_eq!((streams.root_of(4), streams.root_of(5)), (Some(3), Some(3)));
        streams.root_added(6);
        streams.began(7, 6);
        assert_eq!(streams.root_of(7), Some(6));
        streams.ended(4);
        streams.ended(5);
        streams.root_removed(3, Some(6));
        assert_eq!(streams.root_of(7), Some(6));
    }

    #[test]
    fn what_is_remembered_is_handed_back_once() {
        let mut streams = Streams::<u8>::default();
        streams.root_added(1);
        streams.keep(2, Place::Request, 7, None);
        assert_eq!((streams.take(2), streams.take(2)), (7, 0));
    }

    #[test]
    fn parked_streams_are_due_when_woken_or_late_or_without_a_clock() {
        let mut streams = Streams::<()>::default();
        streams.root_added(1);
        streams.keep(2, Place::Request, (), Some(WOKEN));
        let due =
            |seconds: Option<u64>, woken| streams.due(1, seconds.map(Duration::from_secs), woken);
        assert_eq!(due(Some(4), false), []);
        assert_eq!(due(Some(4), true), [(2, Place::Request, false)]);
        assert_eq!(due(Some(5), false), [(2, Place::Request, true)]);
        assert_eq!(due(None, false), [(2, Place::Request, true)]);
        assert_eq!(streams.due(9, None, true), []);
    }

    #[test]
    fn those_that_wait_are_counted_whatever_becomes_of_them() {
        let mut streams = Streams::<()>::default();
        streams.root_added(1);
        for context in 2..6 {
            streams.keep(context, Place::Request, (), Some(WOKEN));
            streams.keep(context, Place::Request, (), Some(WOKEN));
        }
        streams.keep(2, Place::Response, (), Some(Until::Answer(9)));
        assert_eq!(streams.waiting(), 5);
        streams.go_on(2, Place::Request);
        streams.keep(2, Place::Request, (), None);
        assert_eq!(streams.waiting(), 4);
        streams.unpark(2);
        streams.ended(3);
        streams.ended(3);
        assert_eq!(streams.waiting(), 2);
        streams.go_on(4, Place::Request);
        streams.ended(4);
        streams.keep(5, Place::Request, (), None);
        assert_eq!((streams.waiting(), streams.held.len()), (0, 0));
    }

    #[test]
    fn trailers_come_with_the_part_of_the_body_that_is_held_and_pass_once() {
        let mut streams = Streams::<()>::default();
        let at = |streams: &mut Streams<()>| streams.trailers_at(2, Place::RequestTrailers);
        assert_eq!(at(&mut streams), Place::RequestTrailers);
        streams.holds(2, Place::RequestBody, true);
        assert_eq!(at(&mut streams), Place::RequestBody);
        streams.holds(2, Place::RequestBody, false);
        assert_eq!(at(&mut streams), Place::RequestTrailers);
        assert!(streams.held.is_empty());
        assert!(
            !streams.over(2, Place::RequestTrailers),
            "it was not held at its headers"
        );
        assert!(streams.is_over(2, Place::RequestBody) && !streams.is_over(2, Place::ResponseBody));
    }

    #[test]
    fn one_half_goes_on_while_the_other_waits() {
        let mut streams = Streams::<u8>::default();
        streams.root_added(1);
        streams.keep(2, Place::RequestBody, 7, Some(Until::Answer(5)));
        assert!(streams.waits(2, Place::RequestBody) && !streams.waits(2, Place::Response));
        let stream = streams.take(2);
        streams.keep(2, Place::Response, stream, None);
        assert_eq!(streams.waits_for(2, 5), Some(Place::RequestBody));
        streams.keep(2, Place::RequestBody, 8, None);
        assert_eq!((streams.waits_for(2, 5), streams.take(2)), (None, 8));
    }
}
