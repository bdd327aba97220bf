//! Exporting a plugin's callbacks.

/// Exports plugin `$plugin` as this module's filter, with the callbacks that it uses.
///
/// Each callback is named here because each costs a crossing into the VM for every request, and the list must say what
/// [`filter::Plugin::CALLBACKS`] says, or the module does not compile. The names: `request_headers`, `request_body`,
/// `response_headers`, `response_body`, `log`, `tick`, `calls`. Who uses a body is told of its end by trailers, too.
#[macro_export]
macro_rules! export {
    // A plugin that only sees request headers and keeps nothing of a stream.
    ($plugin:ty: request_headers) => {
        $crate::export!(@http $crate::LightVm<$plugin>, $plugin, request_headers, pulse);
    };

    ($plugin:ty: $($callback:ident),+ $(,)?) => {
        $crate::export!(@http $crate::Vm<$plugin>, $plugin, delete, $($callback),+);
    };

    (@http $vm:ty, $plugin:ty, $($callback:ident),+) => {
        $crate::export!(@module $vm, $($callback),+);

        const _: () = assert!(
            <$plugin as $crate::filter::Plugin>::CALLBACKS.is(
                $crate::filter::Callbacks::NONE$(.and($crate::export!(@flag $callback)))+
            ),
            "export! and Plugin::CALLBACKS name different callbacks",
        );
    };

    (@module $vm:ty, $($callback:ident),+) => {
        mod exported {
            use super::*;

            std::thread_local! {
                static VM: std::cell::RefCell<$vm> = std::cell::RefCell::default();
            }

            /// Callbacks do not nest, so the VM is never in use here; if a host nests them all the same, the inner one
            /// gets `closed`.
            fn with<T>(closed: T, call: impl FnOnce(&mut $vm) -> T) -> T {
                VM.with(|vm| match vm.try_borrow_mut() {
                    Ok(mut vm) => call(&mut vm),
                    Err(_) => {
                        $crate::nested();
                        closed
                    }
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

            $($crate::export!(@function $callback);)+
        }
    };

    (@flag request_headers) => { $crate::filter::Callbacks::REQUEST };
    (@flag request_body) => { $crate::filter::Callbacks::REQUEST_BODY };
    (@flag response_headers) => { $crate::filter::Callbacks::RESPONSE };
    (@flag response_body) => { $crate::filter::Callbacks::RESPONSE_BODY };
    (@flag log) => { $crate::filter::Callbacks::LOG };
    (@flag tick) => { $crate::filter::Callbacks::TICK };
    (@flag delete) => { $crate::filter::Callbacks::NONE };
    (@flag pulse) => { $crate::filter::Callbacks::NONE };
    (@flag calls) => { $crate::filter::Callbacks::CALLS };

    (@function request_headers) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_request_headers(context: u32, _count: u32, _end: u32) -> u32 {
            with(1, |vm| vm.request_headers(context))
        }
    };
    (@function request_body) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_request_body(context: u32, _size: u32, end: u32) -> u32 {
            with(1, |vm| vm.request_body(context, end))
        }

        #[unsafe(no_mangle)]
        extern "C" fn weft_on_request_trailers(context: u32, _count: u32) -> u32 {
            with(1, |vm| vm.request_trailers(context))
        }
    };
    (@function response_headers) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_response_headers(context: u32, _count: u32, _end: u32) -> u32 {
            with(1, |vm| vm.response_headers(context))
        }
    };
    (@function response_body) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_response_body(context: u32, _size: u32, end: u32) -> u32 {
            with(1, |vm| vm.response_body(context, end))
        }

        #[unsafe(no_mangle)]
        extern "C" fn weft_on_response_trailers(context: u32, _count: u32) -> u32 {
            with(1, |vm| vm.response_trailers(context))
        }
    };
    (@function log) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_log(context: u32) {
            with((), |vm| vm.log(context));
        }
    };
    (@function delete) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_delete(context: u32) {
            with((), |vm| vm.delete(context));
        }
    };
    (@function pulse) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_tick(root: u32) {
            with((), |vm| vm.tick(root));
        }
    };
    (@function tick) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_tick(root: u32) {
            with((), |vm| vm.tick(root));
        }
    };
    (@function downstream_data) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_downstream_data(context: u32, size: u32, end: u32) -> u32 {
            with(1, |vm| vm.data(context, $crate::filter::network::Side::Downstream, size, end))
        }
    };
    (@function upstream_data) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_upstream_data(context: u32, size: u32, end: u32) -> u32 {
            with(1, |vm| vm.data(context, $crate::filter::network::Side::Upstream, size, end))
        }
    };
    (@function calls) => {
        #[unsafe(no_mangle)]
        extern "C" fn weft_on_http_call_response(_context: u32, token: u32, headers: u32, body: u32, _trailers: u32) {
            with((), |vm| vm.http_call_response(token, headers, body));
        }

        #[unsafe(no_mangle)]
        extern "C" fn weft_on_grpc_receive(_context: u32, token: u32, size: u32) {
            with((), |vm| vm.grpc_receive(token, size));
        }

        #[unsafe(no_mangle)]
        extern "C" fn weft_on_grpc_close(_context: u32, token: u32, status: u32) {
            with((), |vm| vm.grpc_close(token, status));
        }
    };
}

/// Exports network plugin `$plugin` as this module's filter.
#[macro_export]
macro_rules! export_network {
    ($plugin:ty) => {
        $crate::export!(@module $crate::network::NetworkVm<$plugin>, delete, downstream_data, upstream_data);
    };
}
