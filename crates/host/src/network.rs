//! A network filter on proxy-wasm.
//!
//! The host calls with the bytes of one side that arrived and were not passed on. Holding them is its answer Pause; what the
//! plugin puts in their place is written over all of them.

use std::collections::BTreeMap;

use filter::Level;
use filter::network::{Data, Flow, NetworkPlugin, Side};
use proxy_wasm::types::{BufferType, StreamType};

use crate::live::{self, Live, Names, Place};
use crate::settle::Action;
use crate::streams::Streams;
use crate::{abi, root};

/// How many bytes of one side a plugin may hold while it waits for the rest of a frame. A peer that announces a frame and
/// never sends it would otherwise grow the VM without end.
const HELD_BYTES: usize = 16 << 20;

/// Everything that one VM holds of network plugin `P`.
#[derive(Debug)]
pub struct NetworkVm<P: NetworkPlugin> {
    roots: BTreeMap<u32, (P, Names)>,
    connections: Streams<Link<P::Connection>>,
}

/// A connection.
#[derive(Debug, Default)]
struct Link<C> {
    /// What the plugin remembers of it.
    own: C,
    /// What each side sent and the host holds. A peer may send a frame byte by byte, so only what is new is fetched.
    downstream: Vec<u8>,
    upstream: Vec<u8>,
    /// Whether the plugin closed it: nothing of it is passed on any more.
    closed: bool,
}

impl<C> Link<C> {
    const fn held(&mut self, from: Side) -> &mut Vec<u8> {
        match from {
            Side::Downstream => &mut self.downstream,
            Side::Upstream => &mut self.upstream,
        }
    }
}

impl<P: NetworkPlugin> Default for NetworkVm<P> {
    fn default() -> Self {
        Self {
            roots: BTreeMap::new(),
            connections: Streams::default(),
        }
    }
}

impl<P: NetworkPlugin> NetworkVm<P> {
    /// `proxy_on_configure`: whether the configuration of root context `root` is one that the plugin takes.
    pub fn configure(&mut self, root: u32, size: u32) -> u32 {
        let Some(written) = root::written(size) else {
            return 0;
        };
        let Ok(plugin) = P::configure(&written).map_err(|errors| root::refused(&errors)) else {
            return 0;
        };
        let names = Names {
            prefix: root::prefix(P::NAME, P::SHARED_VERSION, &written),
            metrics: root::define_metrics(&plugin.metrics()),
        };
        self.roots.insert(root, (plugin, names));
        self.connections.root_added(root);
        1
    }

    /// `proxy_on_context_create`: a root context has the parent 0.
    pub fn context_create(&mut self, context: u32, parent: u32) {
        if parent != 0 {
            self.connections.began(context, parent);
        }
    }

    /// `proxy_on_delete`: a connection or a configuration is gone.
    pub fn delete(&mut self, context: u32) {
        if self.roots.remove(&context).is_some() {
            let remaining = self.roots.keys().next().copied();
            self.connections.root_removed(context, remaining);
        } else {
            self.connections.ended(context);
        }
    }

    /// `proxy_on_downstream_data` or `proxy_on_upstream_data`.
    pub fn data(&mut self, context: u32, from: Side, size: u32, end: u32) -> u32 {
        let mut link = self.connections.take(context);
        let (action, closed) = match self.decide(context, &mut link, (from, size, end != 0)) {
            Some(action) => (action, false),
            None if link.closed => (Action::Pause, true),
            None => (close(), true),
        };
        link.closed = closed;
        self.connections.remember(context, link);
        action.code()
    }

    /// What becomes of the bytes; `None` when the connection is closed.
    fn decide(
        &mut self,
        context: u32,
        link: &mut Link<P::Connection>,
        (from, size, end): (Side, u32, bool),
    ) -> Option<Action> {
        if link.closed {
            return None;
        }
        let root = self.connections.root_of(context)?;
        let (plugin, names) = self.roots.get_mut(&root)?;
        let size = usize::try_from(size).ok()?;
        let bytes = fetch(std::mem::take(link.held(from)), from, size)?;
        let data = Data {
            from,
            bytes: &bytes,
            end,
        };
        let own = std::mem::take(&mut link.own);
        let flow = plugin.on_data(own, data, &mut Live::new(names, Place::Request));
        let (own, action) = match flow {
            Flow::NeedMore(own) if !end => {
                *link.held(from) = bytes;
                (own, Action::Pause)
            }
            Flow::NeedMore(own) if bytes.is_empty() => (own, Action::Continue),
            Flow::NeedMore(_) => {
                live::log(
                    Level::Warn,
                    "a connection is closed, since it ended within a frame",
                );
                return None;
            }
            Flow::Pass(own) => (own, Action::Continue),
            Flow::Replace(bytes, own) => {
                abi::set_buffer(buffer(from), 0, usize::MAX, &bytes).ok()?;
                (own, Action::Continue)
            }
            Flow::Close => return None,
        };
        link.own = own;
        Some(action)
    }
}

/// All `size` bytes of a side, of which `known` were fetched before.
fn fetch(mut known: Vec<u8>, from: Side, size: usize) -> Option<Vec<u8>> {
    let missing = size.checked_sub(known.len())?;
    if size > HELD_BYTES {
        live::log(
            Level::Warn,
            "a connection is closed, since a frame of it is too large",
        );
        return None;
    }
    if missing == 0 {
        return Some(known);
    }
    let new = abi::get_buffer(buffer(from), known.len(), missing).ok()?;
    if known.is_empty() {
        return Some(new);
    }
    known.extend_from_slice(&new);
    Some(known)
}

const fn buffer(from: Side) -> BufferType {
    match from {
        Side::Downstream => BufferType::DownstreamData,
        Side::Upstream => BufferType::UpstreamData,
    }
}

fn close() -> Action {
    if let Err(error) = abi::close_stream(StreamType::Downstream) {
        live::log(
            Level::Error,
            &format!("a connection was to be closed, but {error}"),
        );
    }
    Action::Pause
}
