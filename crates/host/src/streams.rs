//! Which configuration a stream belongs to, and what the plugin remembers of it.
//!
//! One VM serves every configuration of a module: Istio gives all plugins of a proxy one VM identity, and while an old
//! configuration drains it shares the VM with its successor. A callback names only the stream, so somebody must know
//! which configuration that belongs to. Nearly always there is one, so streams of the configuration that came first are not
//! written down: a stream that nobody knows is one of those. That is what lets a plugin without per-request state keep nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::live::Place;

/// The streams of one VM. `S` is what the plugin remembers of each.
#[derive(Debug)]
pub(crate) struct Streams<S> {
    usual: Option<u32>,
    others: BTreeMap<u32, u32>,
    held: BTreeMap<u32, Held<S>>,
}

#[derive(Debug)]
struct Held<S> {
    stream: S,
    parked: Option<Parked>,
}

/// What a parked stream waits for, and on which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parked {
    pub(crate) place: Place,
    pub(crate) until: Until,
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
        self.held.remove(&context);
    }

    /// The root context of stream `context`.
    pub(crate) fn root_of(&self, context: u32) -> Option<u32> {
        self.others.get(&context).copied().or(self.usual)
    }

    /// What the plugin remembers of stream `context`; it is remembered again by [`Streams::keep`].
    pub(crate) fn take(&mut self, context: u32) -> S {
        self.held
            .remove(&context)
            .map(|held| held.stream)
            .unwrap_or_default()
    }

    /// Remembers `stream`. What has no size and is not parked is not worth an entry.
    pub(crate) fn keep(&mut self, context: u32, stream: S, parked: Option<Parked>) {
        if size_of::<S>() > 0 || parked.is_some() {
            self.held.insert(context, Held { stream, parked });
        }
    }

    /// The message on which `context` waits for the answer with `token`, if it does.
    pub(crate) fn waits_for(&self, context: u32, token: u32) -> Option<Place> {
        let parked = self.held.get(&context)?.parked?;
        (parked.until == Until::Answer(token)).then_some(parked.place)
    }

    /// The streams of `root` that wait for a wake-up: those whose time is up, and all of them when `woken`. Each with
    /// the message on which it waits.
    pub(crate) fn due(
        &self,
        root: u32,
        now: Option<Duration>,
        woken: bool,
    ) -> Vec<(u32, Place, bool)> {
        let due = |context: &u32, held: &Held<S>| {
            let parked = held.parked?;
            let Until::Woken(until) = parked.until else {
                return None;
            };
            // A proxy without a clock must not hold a stream for ever.
            let late = now.is_none_or(|now| until <= now);
            (woken || late).then_some((*context, parked.place, !woken))
        };
        let ours = self
            .held
            .iter()
            .filter(|(context, _)| self.root_of(**context) == Some(root));
        ours.filter_map(|(context, held)| due(context, held))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARKED: Parked = Parked {
        place: Place::Request,
        until: Until::Woken(Duration::from_secs(5)),
    };

    #[test]
    fn streams_of_the_only_configuration_are_not_written_down() {
        let mut streams = Streams::<()>::default();
        streams.root_added(1);
        streams.began(2, 1);
        streams.keep(2, (), None);
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
        streams.keep(2, 7, None);
        assert_eq!((streams.take(2), streams.take(2)), (7, 0));
    }

    #[test]
    fn parked_streams_are_due_when_woken_or_late_or_without_a_clock() {
        let mut streams = Streams::<()>::default();
        streams.root_added(1);
        streams.keep(2, (), Some(PARKED));
        let due =
            |seconds: Option<u64>, woken| streams.due(1, seconds.map(Duration::from_secs), woken);
        assert_eq!(due(Some(4), false), []);
        assert_eq!(due(Some(4), true), [(2, Place::Request, false)]);
        assert_eq!(due(Some(5), false), [(2, Place::Request, true)]);
        assert_eq!(due(None, false), [(2, Place::Request, true)]);
        assert_eq!(streams.due(9, None, true), []);
    }
}
