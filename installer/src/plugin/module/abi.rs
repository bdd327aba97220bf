//! The names that Envoy knows: the functions that it offers to a module, and those that it calls in one.
//!
//! A module that imports anything else fails to link in the proxy, where it shows as a filter that denies everything;
//! a table here finds it before it is shipped.

use wasmparser::{FuncType, ValType};

/// The interface for system calls that some toolchains bring.
const WASI: &str = "wasi_snapshot_preview1";
/// Its older name, which Envoy links too.
const WASI_OLD: &str = "wasi_unstable";

/// What Envoy offers in ABI 0.2.1: name and type, `i` for i32, `I` for i64, parameters `>` results.
const OFFERED: &[(&str, &str)] = &[
    ("emscripten_notify_memory_growth", "i>"),
    ("proxy_add_header_map_value", "iiiii>i"),
    ("proxy_call_foreign_function", "iiiiii>i"),
    ("proxy_close_stream", "i>i"),
    ("proxy_continue_stream", "i>i"),
    ("proxy_define_metric", "iiii>i"),
    ("proxy_dequeue_shared_queue", "iii>i"),
    ("proxy_done", ">i"),
    ("proxy_enqueue_shared_queue", "iii>i"),
    ("proxy_get_buffer_bytes", "iiiii>i"),
    ("proxy_get_buffer_status", "iii>i"),
    ("proxy_get_current_time_nanoseconds", "i>i"),
    ("proxy_get_header_map_pairs", "iii>i"),
    ("proxy_get_header_map_size", "ii>i"),
    ("proxy_get_header_map_value", "iiiii>i"),
    ("proxy_get_log_level", "i>i"),
    ("proxy_get_metric", "ii>i"),
    ("proxy_get_property", "iiii>i"),
    ("proxy_get_shared_data", "iiiii>i"),
    ("proxy_get_status", "iii>i"),
    ("proxy_grpc_call", "iiiiiiiiiiii>i"),
    ("proxy_grpc_cancel", "i>i"),
    ("proxy_grpc_close", "i>i"),
    ("proxy_grpc_send", "iiii>i"),
    ("proxy_grpc_stream", "iiiiiiiii>i"),
    ("proxy_http_call", "iiiiiiiiii>i"),
    ("proxy_increment_metric", "iI>i"),
    ("proxy_log", "iii>i"),
    ("proxy_record_metric", "iI>i"),
    ("proxy_register_shared_queue", "iii>i"),
    ("proxy_remove_header_map_value", "iii>i"),
    ("proxy_replace_header_map_value", "iiiii>i"),
    ("proxy_resolve_shared_queue", "iiiii>i"),
    ("proxy_send_local_response", "iiiiiiii>i"),
    ("proxy_set_buffer_bytes", "iiiii>i"),
    ("proxy_set_effective_context", "i>i"),
    ("proxy_set_header_map_pairs", "iii>i"),
    ("proxy_set_property", "iiii>i"),
    ("proxy_set_shared_data", "iiiii>i"),
    ("proxy_set_tick_period_milliseconds", "i>i"),
    ("pthread_equal", "ii>i"),
];

/// The system calls that Envoy answers.
const OFFERED_WASI: &[(&str, &str)] = &[
    ("args_get", "ii>i"),
    ("args_sizes_get", "ii>i"),
    ("clock_time_get", "iIi>i"),
    ("environ_get", "ii>i"),
    ("environ_sizes_get", "ii>i"),
    ("fd_close", "i>i"),
    ("fd_fdstat_get", "ii>i"),
    ("fd_prestat_dir_name", "iii>i"),
    ("fd_prestat_get", "ii>i"),
    ("fd_read", "iiii>i"),
    ("fd_seek", "iIii>i"),
    ("fd_write", "iiii>i"),
    ("path_open", "iiiiiIIii>i"),
    ("proc_exit", "i>"),
    ("random_get", "ii>i"),
];

/// What Envoy calls in a module, on an event.
const CALLED: &[&str] = &[
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_delete",
    "proxy_on_done",
    "proxy_on_downstream_connection_close",
    "proxy_on_downstream_data",
    "proxy_on_foreign_function",
    "proxy_on_grpc_close",
    "proxy_on_grpc_receive",
    "proxy_on_grpc_receive_initial_metadata",
    "proxy_on_grpc_receive_trailing_metadata",
    "proxy_on_http_call_response",
    "proxy_on_log",
    "proxy_on_new_connection",
    "proxy_on_queue_ready",
    "proxy_on_request_body",
    "proxy_on_request_headers",
    "proxy_on_request_metadata",
    "proxy_on_request_trailers",
    "proxy_on_response_body",
    "proxy_on_response_headers",
    "proxy_on_response_metadata",
    "proxy_on_response_trailers",
    "proxy_on_tick",
    "proxy_on_upstream_connection_close",
    "proxy_on_upstream_data",
    "proxy_on_vm_start",
    "proxy_validate_configuration",
];

/// What Envoy looks for besides callbacks: memory, a start, an allocator.
const SUPPORT: &[&str] = &[
    "_initialize",
    "_start",
    "main",
    "malloc",
    "memory",
    "proxy_on_memory_allocate",
];

/// Whether Envoy calls a function exported as `name` on an event.
pub(super) fn is_callback(name: &str) -> bool {
    CALLED.contains(&name)
}

/// The event on which Envoy calls an export, `on_tick`.
pub(super) fn event(name: &str) -> Option<&str> {
    is_callback(name)
        .then(|| name.strip_prefix("proxy_"))
        .flatten()
}

/// The export that Envoy calls on an event, `on_tick`.
pub(super) fn callback(event: &str) -> Option<&'static str> {
    CALLED
        .iter()
        .copied()
        .find(|known| known.strip_prefix("proxy_") == Some(event))
}

/// Whether Envoy looks for an export of this name, callbacks apart.
pub(super) fn is_support(name: &str) -> bool {
    SUPPORT.contains(&name) || name.starts_with(super::ABI_MARK)
}

/// Why Envoy cannot give a module this function, or nothing when it can.
pub(super) fn refuses(module: &str, name: &str, ty: &FuncType) -> Option<String> {
    let offered = match module {
        "env" => OFFERED,
        WASI | WASI_OLD => OFFERED_WASI,
        other => {
            return Some(format!(
                "it imports {other}.{name}, and Envoy offers only the modules env and {WASI}"
            ));
        }
    };
    let Some((_, wanted)) = offered.iter().find(|(known, _)| *known == name) else {
        return Some(format!(
            "it imports {module}.{name}, which Envoy does not have"
        ));
    };
    let found = signature(ty);
    (found != *wanted)
        .then(|| format!("it imports {module}.{name} as {found}, and Envoy's is {wanted}"))
}

fn signature(ty: &FuncType) -> String {
    let letters = |types: &[ValType]| types.iter().copied().map(letter).collect::<String>();
    format!("{}>{}", letters(ty.params()), letters(ty.results()))
}

fn letter(ty: ValType) -> char {
    match ty {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        ValType::V128 => 'v',
        ValType::Ref(_) => 'r',
    }
}
