//! Host calls that fail when a test says so, and how often each was made.

use std::collections::BTreeMap;

use crate::status::Status;

/// The host calls that can be made to fail, by the names that the ABI gives them.
pub const CALLS: &[&str] = &[
    "proxy_log",
    "proxy_get_current_time_nanoseconds",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_buffer_bytes",
    "proxy_set_buffer_bytes",
    "proxy_get_header_map_pairs",
    "proxy_set_header_map_pairs",
    "proxy_get_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_add_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_get_property",
    "proxy_set_property",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_dequeue_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_continue_stream",
    "proxy_close_stream",
    "proxy_send_local_response",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_cancel",
    "proxy_get_status",
    "proxy_set_effective_context",
    "proxy_call_foreign_function",
    "proxy_define_metric",
    "proxy_get_metric",
    "proxy_record_metric",
    "proxy_increment_metric",
    "random_get",
];

/// What fails, and what was asked.
#[derive(Debug, Default)]
pub struct Faults {
    failing: BTreeMap<String, Fault>,
    asked: BTreeMap<&'static str, u64>,
}

#[derive(Debug)]
struct Fault {
    status: Status,
    /// `None` for as long as nobody clears it.
    left: Option<u32>,
}

impl Faults {
    /// Lets `call` fail with `status`, so many `times` or until it is cleared. Says whether there is such a call.
    pub fn fail(&mut self, call: &str, status: Status, times: Option<u32>) -> bool {
        let known = CALLS.contains(&call);
        if known {
            let fault = Fault {
                status,
                left: times,
            };
            self.failing.insert(call.to_owned(), fault);
        }
        known
    }

    /// Lets everything work again.
    pub fn clear(&mut self) {
        self.failing.clear();
    }

    /// How often `call` was made, also where it failed.
    #[must_use]
    pub fn asked(&self, call: &str) -> u64 {
        self.asked.get(call).copied().unwrap_or_default()
    }

    /// Counts a call, and fails it where a test said so.
    pub(crate) fn meet(&mut self, call: &'static str) -> Result<(), Status> {
        let asked = self.asked.entry(call).or_default();
        *asked = asked.saturating_add(1);
        let Some(fault) = self.failing.get_mut(call) else {
            return Ok(());
        };
        match &mut fault.left {
            None => Err(fault.status),
            Some(0) => Ok(()),
            Some(left) => {
                *left = left.saturating_sub(1);
                Err(fault.status)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_ends_after_so_many_times() {
        let mut faults = Faults::default();
        assert!(!faults.fail("proxy_loo", Status(10), None), "no such call");
        assert!(faults.fail("proxy_log", Status(4711), Some(2)));
        let met: Vec<_> = (0..3).map(|_| faults.meet("proxy_log")).collect();
        assert_eq!(met, [Err(Status(4711)), Err(Status(4711)), Ok(())]);
        assert_eq!(faults.asked("proxy_log"), 3);
    }
}
