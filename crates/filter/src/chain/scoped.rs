//! What one plugin of a chain sees: its own slots and metrics, and the message with the other one's edits.

use std::time::Duration;

use crate::exchange::{Exchange, Half, HostError, Level, Property, Proxy};
use crate::foreign::{ForeignCall, ForeignError};
use crate::headers::Headers;
use crate::outcome::Edit;
use crate::plugin::Plugin;
use crate::shared::{SharedError, Step};

/// A proxy whose slots start with a plugin's name and layout version, and whose metrics start at an offset.
pub(super) struct Scope<'a, P: ?Sized> {
    proxy: &'a mut P,
    name: &'static str,
    version: u32,
    offset: usize,
}

impl<'a, P: ?Sized> Scope<'a, P> {
    /// What plugin `Q` sees, the metrics of which start at `offset`.
    pub(super) fn of<Q: Plugin>(proxy: &'a mut P, offset: usize) -> Self {
        Self {
            proxy,
            name: Q::NAME,
            version: Q::SHARED_VERSION,
            offset,
        }
    }
}

impl<P: Proxy + ?Sized> Proxy for Scope<'_, P> {
    fn now(&self) -> Result<Duration, HostError> {
        self.proxy.now()
    }

    fn shared(&mut self, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
        let slot = format!("{}/{}/{slot}", self.name, self.version);
        self.proxy.shared(&slot, step)
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

/// The same for a stream, whose message shows the edits that are already decided.
pub(super) struct Scoped<'a> {
    scope: Scope<'a, dyn Exchange + 'a>,
    headers: Option<Headers>,
    body: Option<&'a [u8]>,
    /// How much of the body this plugin passed on, though it is still held.
    passed: usize,
}

impl<'a> Scoped<'a> {
    /// What plugin `Q` sees after `edits`.
    pub(super) fn edited<Q: Plugin>(
        exchange: &'a mut (dyn Exchange + 'a),
        offset: usize,
        edits: &'a [Edit],
    ) -> Self {
        // Headers that the host does not have stay an error.
        let headers = match edits {
            [] => None,
            edits => exchange.headers().ok().map(|headers| headers.edited(edits)),
        };
        Self {
            scope: Scope::of::<Q>(exchange, offset),
            headers,
            body: edited_body(edits),
            passed: 0,
        }
    }

    /// What plugin `Q` sees, which passed so much of the body on before.
    pub(super) fn from<Q: Plugin>(
        exchange: &'a mut (dyn Exchange + 'a),
        offset: usize,
        passed: usize,
    ) -> Self {
        Self {
            scope: Scope::of::<Q>(exchange, offset),
            headers: None,
            body: None,
            passed,
        }
    }
}

/// The body that `edits` put in place of the one at hand, if they do.
pub(super) fn edited_body(edits: &[Edit]) -> Option<&[u8]> {
    edits.iter().rev().find_map(|edit| match edit {
        Edit::Body(bytes) => Some(bytes.as_slice()),
        Edit::Set(..) | Edit::Add(..) | Edit::Remove(_) | Edit::ClearRouteCache => None,
    })
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
    fn half(&self) -> Half {
        self.scope.proxy.half()
    }

    fn headers(&self) -> Result<&Headers, HostError> {
        match &self.headers {
            Some(headers) => Ok(headers),
            None => self.scope.proxy.headers(),
        }
    }

    fn property(&self, which: Property) -> Result<Option<Vec<u8>>, HostError> {
        self.scope.proxy.property(which)
    }

    fn body(&self, start: usize, limit: usize) -> Result<Vec<u8>, HostError> {
        let Some(body) = self.body else {
            return self
                .scope
                .proxy
                .body(start.saturating_add(self.passed), limit);
        };
        let end = start.saturating_add(limit).min(body.len());
        Ok(body.get(start..end).unwrap_or_default().to_vec())
    }
}
