//! The imports of the proxy-wasm ABI 0.2.1, each as a function that hands every status on as a value.
//!
//! This and the files below it are the only ones with `unsafe` in the project. Every block in it does one of two things: it calls an import with
//! pointers to values that outlive the call, or it takes over a buffer that the host got from our own allocator.

#![expect(
    unsafe_code,
    reason = "imports of the host are foreign functions, and the host hands buffers over as raw pointers"
)]

pub(crate) use self::requests::{
    GrpcCall, HttpCall, LocalReply, grpc_call, grpc_service, http_call, send_local_response,
};

use filter::HostError;
use proxy_wasm::types::{BufferType, MapType, MetricType, StreamType};

/// The host did it.
const OK: u32 = 0;
/// What was asked for is not there.
pub(crate) const NOT_FOUND: u32 = 1;
/// What was asked for cannot be.
pub(crate) const BAD_ARGUMENT: u32 = 2;
/// Shared data changed since it was read.
const CAS_MISMATCH: u32 = 8;

fn check(call: &'static str, status: u32) -> Result<(), HostError> {
    match status {
        OK => Ok(()),
        status => Err(HostError { call, status }),
    }
}

/// A buffer that the host fills in: where it is and how long.
struct Returned {
    data: *mut u8,
    size: usize,
}

impl Returned {
    const fn nothing() -> Self {
        Self {
            data: std::ptr::null_mut(),
            size: 0,
        }
    }

    fn take(self) -> Vec<u8> {
        if self.data.is_null() {
            return Vec::new();
        }
        // SAFETY: the host allocated `size` bytes at `data` through our exported `malloc`, which makes a boxed slice of
        // exactly that length, filled it and gave it up.
        unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(self.data, self.size)) }
            .into_vec()
    }

    /// The bytes, or `None` when `status` says that there is nothing.
    fn found(self, call: &'static str, status: u32) -> Result<Option<Vec<u8>>, HostError> {
        if status == NOT_FOUND {
            return Ok(None);
        }
        check(call, status).map(|()| Some(self.take()))
    }
}

pub(crate) fn log(level: u32, message: &str) {
    // A log line that the host does not take is lost; there is nowhere else to say so.
    // SAFETY: see the module's documentation.
    let _lost = unsafe { raw::proxy_log(level, message.as_ptr(), message.len()) };
}

pub(crate) fn now() -> Result<u64, HostError> {
    let mut time = 0;
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_get_current_time_nanoseconds(&raw mut time) };
    check("proxy_get_current_time_nanoseconds", status).map(|()| time)
}

pub(crate) fn set_tick_period(milliseconds: u32) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_set_tick_period_milliseconds(milliseconds) };
    check("proxy_set_tick_period_milliseconds", status)
}

pub(crate) fn get_buffer(
    which: BufferType,
    start: usize,
    limit: usize,
) -> Result<Vec<u8>, HostError> {
    let mut found = Returned::nothing();
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_get_buffer_bytes(
            which,
            start,
            limit,
            &raw mut found.data,
            &raw mut found.size,
        )
    };
    found
        .found("proxy_get_buffer_bytes", status)
        .map(Option::unwrap_or_default)
}

pub(crate) fn set_buffer(
    which: BufferType,
    start: usize,
    size: usize,
    bytes: &[u8],
) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status =
        unsafe { raw::proxy_set_buffer_bytes(which, start, size, bytes.as_ptr(), bytes.len()) };
    check("proxy_set_buffer_bytes", status)
}

pub(crate) fn get_pairs(which: MapType) -> Result<Vec<u8>, HostError> {
    let mut found = Returned::nothing();
    // SAFETY: see the module's documentation.
    let status =
        unsafe { raw::proxy_get_header_map_pairs(which, &raw mut found.data, &raw mut found.size) };
    check("proxy_get_header_map_pairs", status).map(|()| found.take())
}

pub(crate) fn replace_header(which: MapType, name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_replace_header_map_value(
            which,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    };
    check("proxy_replace_header_map_value", status)
}

pub(crate) fn add_header(which: MapType, name: &str, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_add_header_map_value(
            which,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    };
    check("proxy_add_header_map_value", status)
}

pub(crate) fn remove_header(which: MapType, name: &str) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_remove_header_map_value(which, name.as_ptr(), name.len()) };
    check("proxy_remove_header_map_value", status)
}

pub(crate) fn property(path: &str) -> Result<Option<Vec<u8>>, HostError> {
    let mut found = Returned::nothing();
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_get_property(
            path.as_ptr(),
            path.len(),
            &raw mut found.data,
            &raw mut found.size,
        )
    };
    found.found("proxy_get_property", status)
}

pub(crate) fn get_shared(key: &str) -> Result<Option<(Vec<u8>, u32)>, HostError> {
    let (mut found, mut version) = (Returned::nothing(), 0);
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_get_shared_data(
            key.as_ptr(),
            key.len(),
            &raw mut found.data,
            &raw mut found.size,
            &raw mut version,
        )
    };
    let bytes = found.found("proxy_get_shared_data", status)?;
    Ok(bytes.map(|bytes| (bytes, version)))
}

/// Whether it was set; not when another worker was faster.
pub(crate) fn set_shared(key: &str, bytes: &[u8], version: u32) -> Result<bool, HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_set_shared_data(
            key.as_ptr(),
            key.len(),
            bytes.as_ptr(),
            bytes.len(),
            version,
        )
    };
    if status == CAS_MISMATCH {
        return Ok(false);
    }
    check("proxy_set_shared_data", status).map(|()| true)
}

pub(crate) fn continue_stream(which: StreamType) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_continue_stream(which) };
    check("proxy_continue_stream", status)
}

pub(crate) fn close_stream(which: StreamType) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_close_stream(which) };
    check("proxy_close_stream", status)
}

pub(crate) fn set_effective_context(context: u32) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_set_effective_context(context) };
    check("proxy_set_effective_context", status)
}

pub(crate) fn define_metric(which: MetricType, name: &str) -> Result<u32, HostError> {
    let mut id = 0;
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_define_metric(which, name.as_ptr(), name.len(), &raw mut id) };
    check("proxy_define_metric", status).map(|()| id)
}

pub(crate) fn increment_metric(id: u32, by: i64) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_increment_metric(id, by) };
    check("proxy_increment_metric", status)
}

pub(crate) fn record_metric(id: u32, value: u64) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::proxy_record_metric(id, value) };
    check("proxy_record_metric", status)
}

pub(crate) fn foreign(name: &str, argument: &[u8]) -> Result<Vec<u8>, HostError> {
    let mut found = Returned::nothing();
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            argument.as_ptr(),
            argument.len(),
            &raw mut found.data,
            &raw mut found.size,
        )
    };
    check("proxy_call_foreign_function", status).map(|()| found.take())
}

pub(crate) fn random(bytes: &mut [u8]) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe { raw::random_get(bytes.as_mut_ptr(), bytes.len()) };
    check("random_get", status)
}

mod requests;

#[cfg(target_arch = "wasm32")]
mod raw;

/// Off wasm32 there is no host: every import answers Unimplemented, so that this crate's own tests link and the paths
/// on which the host fails are the ones they walk.
#[cfg(not(target_arch = "wasm32"))]
#[path = "abi/absent.rs"]
mod raw;
