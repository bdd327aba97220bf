//! What one plugin of a chain sees: its own slots and metrics, and the message with the other one's edits.

use std::time::Duration;

use crate::exchange::{Exchange, HostError, Level, Property, Proxy};
use crate::foreign::{ForeignCall, ForeignError};
use crate::headers::Headers;
use crate::outcome::Edit;
use crate::plugin::Plugin;
use crate::shared::{SharedError, Step};

/// A proxy whose slots start with a plugin's name and whose metrics start at an offset.
pub(super) struct Scope<'a, P: ?Sized> {
    proxy: &'a mut P,
    name: &'static str,
    offset: usize,
}

impl<'a, P: ?Sized> Scope<'a, P> {
    pub(super) fn first<A: Plugin>(proxy: &'a mut P) -> Self {
        Self {
            proxy,
            name: A::NAME,
            offset: 0,
        }
    }

    pub(super) fn second<B: Plugin>(proxy: &'a mut P, offset: usize) -> Self {
        Self {
            proxy,
            name: B::NAME,
            offset,
        }
    }
}

impl<P: Proxy + ?Sized> Proxy for Scope<'_, P> {
    fn now(&self) -> Result<Duration, HostError> {
        self.proxy.now()
    }

    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
        self.proxy.shared(&format!("{}/{slot}", self.name), step)
    }

    fn count(&mut self, index: usize, amount: u64) {
        self.proxy.count(index.saturating_add(self.offset), amount);
    }

    fn log(&self, level: Level, message: &str) {
        self.proxy.log(level, &format!("{}: {message}", self.name));
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), HostError> {
        self.proxy.random(bytes)
    }

    fn foreign(&mut self, call: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
        self.proxy.foreign(call)
    }
}

/// The same for a stream, whose headers show the edits that are already decided.
pub(super) struct Scoped<'a> {
    scope: Scope<'a, dyn Exchange + 'a>,
    edited: Option<Headers>,
}

impl<'a> Scoped<'a> {
    pub(super) fn first<A: Plugin>(exchange: &'a mut (dyn Exchange + 'a), edits: &[Edit]) -> Self {
        let edited = edited(exchange, edits);
        Self {
            scope: Scope::first::<A>(exchange),
            edited,
        }
    }

    pub(super) fn second<B: Plugin>(
        exchange: &'a mut (dyn Exchange + 'a),
        offset: usize,
        edits: &[Edit],
    ) -> Self {
        let edited = edited(exchange, edits);
        Self {
            scope: Scope::second::<B>(exchange, offset),
            edited,
        }
    }
}

fn edited(exchange: &dyn Exchange, edits: &[Edit]) -> Option<Headers> {
    if edits.is_empty() {
        return None;
    }
    exchange.headers().ok().map(|headers| headers.edited(edits))
}

impl Proxy for Scoped<'_> {
    fn now(&self) -> Result<Duration, HostError> {
        self.scope.now()
    }

    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
        self.scope.shared(slot, step)
    }

    fn count(&mut self, index: usize, amount: u64) {
        self.scope.count(index, amount);
    }

    fn log(&self, level: Level, message: &str) {
        self.scope.log(level, message);
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), HostError> {
        self.scope.random(bytes)
    }

    fn foreign(&mut self, call: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
        self.scope.foreign(call)
    }
}

impl Exchange for Scoped<'_> {
    fn headers(&self) -> Result<&Headers, HostError> {
        match &self.edited {
            Some(headers) => Ok(headers),
            None => self.scope.proxy.headers(),
        }
    }

    fn property(&self, which: Property) -> Result<Option<Vec<u8>>, HostError> {
        self.scope.proxy.property(which)
    }

    fn body(&self, start: usize, limit: usize) -> Result<Vec<u8>, HostError> {
        self.scope.proxy.body(start, limit)
    }
}
