//! The imports where there is no host.

#![expect(clippy::too_many_arguments, reason = "the ABI has them")]

use proxy_wasm::types::{BufferType, MapType, MetricType, StreamType};

/// What the ABI calls Unimplemented.
const UNIMPLEMENTED: u32 = 12;

pub(super) const unsafe fn proxy_log(_: u32, _: *const u8, _: usize) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_get_current_time_nanoseconds(_: *mut u64) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_set_tick_period_milliseconds(_: u32) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_get_buffer_bytes(
    _: BufferType,
    _: usize,
    _: usize,
    _: *mut *mut u8,
    _: *mut usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_set_buffer_bytes(
    _: BufferType,
    _: usize,
    _: usize,
    _: *const u8,
    _: usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_get_header_map_pairs(
    _: MapType,
    _: *mut *mut u8,
    _: *mut usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_replace_header_map_value(
    _: MapType,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_add_header_map_value(
    _: MapType,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_remove_header_map_value(
    _: MapType,
    _: *const u8,
    _: usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_get_property(
    _: *const u8,
    _: usize,
    _: *mut *mut u8,
    _: *mut usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_get_shared_data(
    _: *const u8,
    _: usize,
    _: *mut *mut u8,
    _: *mut usize,
    _: *mut u32,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_set_shared_data(
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: u32,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_http_call(
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: u32,
    _: *mut u32,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_grpc_call(
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: u32,
    _: *mut u32,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_send_local_response(
    _: u32,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: i32,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_continue_stream(_: StreamType) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_close_stream(_: StreamType) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_set_effective_context(_: u32) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_define_metric(
    _: MetricType,
    _: *const u8,
    _: usize,
    _: *mut u32,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_increment_metric(_: u32, _: i64) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_record_metric(_: u32, _: u64) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn proxy_call_foreign_function(
    _: *const u8,
    _: usize,
    _: *const u8,
    _: usize,
    _: *mut *mut u8,
    _: *mut usize,
) -> u32 {
    UNIMPLEMENTED
}

pub(super) const unsafe fn random_get(_: *mut u8, _: usize) -> u32 {
    UNIMPLEMENTED
}
