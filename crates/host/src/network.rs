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
use crate::{abi, vm};

/// How many bytes of one side a plugin may hold while it waits for the rest of a frame. A peer that announces a frame and
/// never sends it would otherwise grow the VM without end.
const HELD_BYTES: usize = 16 << 20;

/// Everything that one VM holds of network plugin `P`.
#[derive(Debug)]
pub struct NetworkVm<P: NetworkPlugin> {
    roots: BTreeMap<u32, (P, Names)>,
    connections: Streams<P::Connection>,
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
        let Some(written) = vm::written(size) else {
            return 0;
        };
        let Ok(plugin) = P::configure(&written).map_err(|errors| vm::refused(&errors)) else {
            return 0;
        };
        let names = Names {
            prefix: vm::prefix(P::NAME, P::SHARED_VERSION, &written),
            metrics: vm::define_metrics(&plugin.metrics()),
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
        let connection = self.connections.take(context);
        let root = self
            .connections
            .root_of(context)
            .and_then(|root| self.roots.get_mut(&root));
        let size = usize::try_from(size)
            .ok()
            .filter(|size| *size <= HELD_BYTES);
        let (Some((plugin, names)), Some(size)) = (root, size) else {
            return close().code();
        };
        let Ok(bytes) = abi::get_buffer(buffer(from), 0, size) else {
            return close().code();
        };
        let data = Data {
            from,
            bytes: &bytes,
            end: end != 0,
        };
        let flow = plugin.on_data(connection, data, &mut Live::new(names, Place::Request));
        self.settle(context, from, flow).code()
    }

    fn settle(&mut self, context: u32, from: Side, flow: Flow<P::Connection>) -> Action {
        match flow {
            Flow::NeedMore(connection) => {
                self.connections.remember(context, connection);
                Action::Pause
            }
            Flow::Pass(connection) => {
                self.connections.remember(context, connection);
                Action::Continue
            }
            Flow::Replace(bytes, connection) => {
                self.connections.remember(context, connection);
                abi::set_buffer(buffer(from), 0, usize::MAX, &bytes)
                    .map_or_else(|_| close(), |()| Action::Continue)
            }
            Flow::Close => close(),
        }
    }
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

/// Exports network plugin `$plugin` as this module's filter.
#[macro_export]
macro_rules! export_network {
    ($plugin:ty) => {
        mod exported {
            use super::*;

            std::thread_local! {
                static VM: std::cell::RefCell<$crate::network::NetworkVm<$plugin>> = std::cell::RefCell::default();
            }

            fn with<T>(closed: T, call: impl FnOnce(&mut $crate::network::NetworkVm<$plugin>) -> T) -> T {
                VM.with(|vm| match vm.try_borrow_mut() {
                    Ok(mut vm) => call(&mut vm),
                    Err(_) => closed,
                })
            }

            #[unsafe(no_mangle)]
            extern "C" fn weft_on_vm_start(_root: u32, _size: u32) -> u32 {
                1
            }

            #[unsafe(no_mangle)]
            extern "C" fn weft_on_configure(root: u32, size: u32) -> u32 {
                with(0, |vm| vm.configure(root, size))
            }

            #[unsafe(no_mangle)]
            extern "C" fn weft_on_context_create(context: u32, parent: u32) {
                with((), |vm| vm.context_create(context, parent));
            }

            #[unsafe(no_mangle)]
            extern "C" fn weft_on_delete(context: u32) {
                with((), |vm| vm.delete(context));
            }

            #[unsafe(no_mangle)]
            extern "C" fn weft_on_downstream_data(context: u32, size: u32, end: u32) -> u32 {
                with(1, |vm| vm.data(context, $crate::filter::network::Side::Downstream, size, end))
            }

            #[unsafe(no_mangle)]
            extern "C" fn weft_on_upstream_data(context: u32, size: u32, end: u32) -> u32 {
                with(1, |vm| vm.data(context, $crate::filter::network::Side::Upstream, size, end))
            }
        }
    };
}
