//! The imports that Envoy offers to a module, by name and signature (proxy-wasm ABI 0.2.1 and the WASI calls that Envoy knows).

use simulator::Status;
use wasmi::{FuncType, ValType};

use crate::guest::{Guest, Outcome};
use crate::imports::{calls, data, messages, wasi};

/// A module exports one of these to say which ABI it speaks.
pub(crate) const MARKERS: &[&str] = &[
    "proxy_abi_version_0_1_0",
    "proxy_abi_version_0_2_0",
    "proxy_abi_version_0_2_1",
];
/// How a module is asked for memory.
pub(crate) const ALLOCATORS: &[&str] = &["proxy_on_memory_allocate", "malloc"];

/// What an import does.
#[derive(Clone, Copy)]
pub(crate) enum Carry {
    /// It is carried out.
    Does(fn(&mut Guest<'_>) -> Outcome),
    /// It changes nothing and answers this.
    Answers(u32),
}

/// An import.
pub(crate) struct Import {
    name: &'static str,
    /// A letter for each parameter: `i` has 32 bits, `l` has 64.
    parameters: &'static str,
    /// Whether it gives a status.
    returns: bool,
    pub(crate) carry: Carry,
}

impl Import {
    /// Whether a module that imports `function` means this.
    pub(crate) fn fits(&self, function: &FuncType) -> bool {
        let letter = |kind: &ValType| match kind {
            ValType::I32 => 'i',
            ValType::I64 => 'l',
            ValType::F32 | ValType::F64 | ValType::V128 | ValType::FuncRef | ValType::ExternRef => {
                '?'
            }
        };
        let parameters: String = function.params().iter().map(letter).collect();
        let results: &[ValType] = if self.returns { &[ValType::I32] } else { &[] };
        parameters == self.parameters && function.results() == results
    }
}

/// The import of this name.
pub(crate) fn find(module: &str, name: &str) -> Option<&'static Import> {
    let table = match module {
        "env" => ENV,
        "wasi_snapshot_preview1" | "wasi_unstable" => WASI,
        _ => return None,
    };
    table.iter().find(|import| import.name == name)
}

const fn env(
    name: &'static str,
    parameters: &'static str,
    carry: fn(&mut Guest<'_>) -> Outcome,
) -> Import {
    Import {
        name,
        parameters,
        returns: true,
        carry: Carry::Does(carry),
    }
}

const fn constant(name: &'static str, parameters: &'static str, answer: u32) -> Import {
    Import {
        name,
        parameters,
        returns: true,
        carry: Carry::Answers(answer),
    }
}

const ENV: &[Import] = &[
    env("proxy_log", "iii", data::log),
    env("proxy_get_log_level", "i", data::get_log_level),
    env("proxy_get_current_time_nanoseconds", "i", data::now),
    env(
        "proxy_set_tick_period_milliseconds",
        "i",
        data::set_tick_period,
    ),
    env("proxy_get_property", "iiii", data::get_property),
    env("proxy_set_property", "iiii", data::set_property),
    env("proxy_get_shared_data", "iiiii", data::get_shared),
    env("proxy_set_shared_data", "iiiii", data::set_shared),
    env("proxy_register_shared_queue", "iii", data::register_queue),
    env("proxy_resolve_shared_queue", "iiiii", data::resolve_queue),
    env("proxy_dequeue_shared_queue", "iii", data::dequeue),
    env("proxy_enqueue_shared_queue", "iii", data::enqueue),
    env("proxy_define_metric", "iiii", data::define_metric),
    env("proxy_increment_metric", "il", data::increment_metric),
    env("proxy_record_metric", "il", data::record_metric),
    env("proxy_get_metric", "ii", data::get_metric),
    env("proxy_get_buffer_bytes", "iiiii", messages::get_buffer),
    env(
        "proxy_get_buffer_status",
        "iii",
        messages::get_buffer_status,
    ),
    env("proxy_set_buffer_bytes", "iiiii", messages::set_buffer),
    env("proxy_get_header_map_pairs", "iii", messages::get_pairs),
    env("proxy_set_header_map_pairs", "iii", messages::set_pairs),
    env("proxy_get_header_map_value", "iiiii", messages::get_header),
    env("proxy_get_header_map_size", "ii", messages::get_size),
    env(
        "proxy_replace_header_map_value",
        "iiiii",
        messages::replace_header,
    ),
    env("proxy_add_header_map_value", "iiiii", messages::add_header),
    env(
        "proxy_remove_header_map_value",
        "iii",
        messages::remove_header,
    ),
    env("proxy_continue_stream", "i", messages::continue_stream),
    env("proxy_close_stream", "i", messages::close_stream),
    env(
        "proxy_send_local_response",
        "iiiiiiii",
        messages::send_local_response,
    ),
    env("proxy_http_call", "iiiiiiiiii", calls::http_call),
    env("proxy_grpc_call", "iiiiiiiiiiii", calls::grpc_call),
    constant("proxy_grpc_stream", "iiiiiiiii", Status::UNIMPLEMENTED.0),
    constant("proxy_grpc_send", "iiii", Status::UNIMPLEMENTED.0),
    env("proxy_grpc_cancel", "i", calls::grpc_cancel),
    env("proxy_grpc_close", "i", calls::grpc_cancel),
    env("proxy_get_status", "iii", calls::get_status),
    env("proxy_call_foreign_function", "iiiiii", calls::call_foreign),
    env(
        "proxy_set_effective_context",
        "i",
        calls::set_effective_context,
    ),
    // Contexts never delay their end here, so there is nothing that this could end.
    constant("proxy_done", "", Status::NOT_FOUND.0),
];

const WASI: &[Import] = &[
    env("random_get", "ii", wasi::random_get),
    env("clock_time_get", "ili", wasi::clock_time_get),
    env("environ_sizes_get", "ii", wasi::no_strings),
    constant("environ_get", "ii", 0),
    env("args_sizes_get", "ii", wasi::no_strings),
    constant("args_get", "ii", 0),
    env("fd_write", "iiii", wasi::fd_write),
    constant("fd_read", "iiii", wasi::NOT_SUPPORTED),
    constant("fd_seek", "ilii", wasi::NOT_SUPPORTED),
    constant("fd_close", "i", wasi::NOT_SUPPORTED),
    constant("fd_fdstat_get", "ii", wasi::NOT_SUPPORTED),
    constant("fd_fdstat_set_flags", "ii", wasi::NOT_SUPPORTED),
    constant("fd_prestat_get", "ii", wasi::BAD_DESCRIPTOR),
    constant("fd_prestat_dir_name", "iii", wasi::BAD_DESCRIPTOR),
    constant("sched_yield", "", 0),
    constant("poll_oneoff", "iiii", wasi::NOT_SUPPORTED),
    Import {
        name: "proc_exit",
        parameters: "i",
        returns: false,
        carry: Carry::Does(wasi::proc_exit),
    },
];
