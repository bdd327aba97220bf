//! One Wasm VM: the configurations in it, and the callbacks of the host.

use std::collections::BTreeMap;

use filter::{Exchange, Half, Outcome, Plugin};

use crate::abi;
use crate::live::{Live, Place};
use crate::root::{Root, tick_every};
use crate::settle::{Action, NOT_CONFIGURED, When, failed, refuse, side};
use crate::streams::Streams;

/// Everything that one VM holds of plugin `P`: a VM for each worker thread of the proxy.
#[derive(Debug)]
pub struct Vm<P: Plugin> {
    pub(crate) roots: BTreeMap<u32, Root<P>>,
    pub(crate) streams: Streams<P::Stream>,
    pub(crate) calls: BTreeMap<u32, Caller>,
    /// Whether the log says already that too many streams wait.
    pub(crate) crowded: bool,
}

/// Who made a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The stream with this context.
    Stream(u32),
    /// The background work of this root context, which gave the call this token.
    Root(u32, u32),
}

impl<P: Plugin> Default for Vm<P> {
    fn default() -> Self {
        Self {
            roots: BTreeMap::new(),
            streams: Streams::default(),
            calls: BTreeMap::new(),
            crowded: false,
        }
    }
}

impl<P: Plugin> Vm<P> {
    /// `proxy_on_configure`: whether the configuration of root context `root` is one that the plugin takes. If not, every
    /// mistake is a line in the log.
    pub fn configure(&mut self, root: u32, size: u32) -> u32 {
        u32::from(self.try_configure(root, size).is_some())
    }

    fn try_configure(&mut self, root: u32, size: u32) -> Option<()> {
        let configured = Root::<P>::configure(size)?;
        if let Some(period) = configured.plugin.tick_period() {
            tick_every(period)?;
        }
        self.roots.insert(root, configured);
        self.streams.root_added(root);
        Some(())
    }

    /// `proxy_on_context_create`: a root context has the parent 0.
    pub fn context_create(&mut self, context: u32, parent: u32) {
        if parent != 0 {
            self.streams.began(context, parent);
        }
    }

    /// `proxy_on_delete`: a stream or a configuration is gone.
    pub fn delete(&mut self, context: u32) {
        if self.roots.remove(&context).is_some() {
            let remaining = self.roots.keys().next().copied();
            self.streams.root_removed(context, remaining);
            self.calls
                .retain(|_, caller| !matches!(caller, Caller::Root(root, _) if *root == context));
        } else {
            self.streams.ended(context);
        }
    }

    /// `proxy_on_request_headers`.
    pub fn request_headers(&mut self, context: u32) -> u32 {
        self.message(context, Place::Request, |plugin, _, live| {
            plugin.on_request(live)
        })
    }

    /// `proxy_on_request_body`.
    pub fn request_body(&mut self, context: u32, end: u32) -> u32 {
        self.body(context, Place::RequestBody, end != 0)
    }

    /// `proxy_on_request_trailers`: the end of a body whose last part did not say so.
    pub fn request_trailers(&mut self, context: u32) -> u32 {
        self.trailers(context, Place::RequestTrailers)
    }

    /// `proxy_on_response_headers`.
    pub fn response_headers(&mut self, context: u32) -> u32 {
        self.message(context, Place::Response, |plugin, stream, live| {
            plugin.on_response(stream, live)
        })
    }

    /// `proxy_on_response_body`.
    pub fn response_body(&mut self, context: u32, end: u32) -> u32 {
        self.body(context, Place::ResponseBody, end != 0)
    }

    /// `proxy_on_response_trailers`.
    pub fn response_trailers(&mut self, context: u32) -> u32 {
        self.trailers(context, Place::ResponseTrailers)
    }

    fn trailers(&mut self, context: u32, place: Place) -> u32 {
        if self.streams.is_over(context, place) {
            return Action::Continue.code();
        }
        let at = self.streams.trailers_at(context, place);
        let code = self.body(context, at, true);
        if code != Action::Continue.code() || !self.streams.over(context, place) || at == place {
            return code;
        }
        // If the trailers let go what is held of a message that was held at its headers before, Envoy loses it.
        let continued = abi::continue_stream(side(place));
        continued
            .map_or_else(|error| failed(&error), |()| Action::Pause)
            .code()
    }

    /// A part of a body, or its end.
    fn body(&mut self, context: u32, place: Place, end: bool) -> u32 {
        if self.streams.is_over(context, place) {
            return Action::Continue.code();
        }
        if self.streams.waits(context, place) {
            // The plugin decided on what it saw, and this goes where that goes.
            self.streams.miss(context, place, end);
            return Action::Pause.code();
        }
        self.message(context, place, |plugin, stream, live| {
            decide_body(plugin, stream, live, end)
        })
    }

    /// `proxy_on_log`.
    pub fn log(&mut self, context: u32) {
        let stream = self.streams.take(context);
        if let Some(root) = self
            .streams
            .root_of(context)
            .and_then(|root| self.roots.get_mut(&root))
        {
            root.plugin
                .on_log(stream, &mut Live::new(&root.names, Place::Request));
        }
    }

    fn message(
        &mut self,
        context: u32,
        place: Place,
        decide: impl FnOnce(&mut P, P::Stream, &mut Live<'_>) -> Outcome<P::Stream>,
    ) -> u32 {
        if place.is_of_response() && self.streams.was_replied(context) {
            return Action::Continue.code();
        }
        let stream = self.streams.take(context);
        let Some(root) = self
            .streams
            .root_of(context)
            .and_then(|root| self.roots.get_mut(&root))
        else {
            return refuse(NOT_CONFIGURED).code();
        };
        let outcome = decide(&mut root.plugin, stream, &mut Live::new(&root.names, place));
        self.settle(context, place, outcome, When::InCallback)
            .code()
    }
}

/// What `plugin` says of a part of a body.
pub(crate) fn decide_body<P: Plugin>(
    plugin: &mut P,
    stream: P::Stream,
    live: &mut Live<'_>,
    end: bool,
) -> Outcome<P::Stream> {
    match live.half() {
        Half::Request => plugin.on_request_body(stream, live, end),
        Half::Response => plugin.on_response_body(stream, live, end),
    }
}
