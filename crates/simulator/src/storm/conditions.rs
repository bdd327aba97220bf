//! What goes wrong in the proxy meanwhile.

use super::Script;
use super::weather::Weather;
use crate::status::Status;
use crate::world::{Function, Races};

/// Host calls that may fail. Not those that let a message go or answer it: a plugin that cannot even refuse can only
/// leave the message to the proxy's own timeout.
const FAULTS: &[&str] = &[
    "proxy_get_header_map_pairs",
    "proxy_replace_header_map_value",
    "proxy_add_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_get_property",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_get_current_time_nanoseconds",
    "proxy_get_buffer_bytes",
    "proxy_set_buffer_bytes",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_call_foreign_function",
    "proxy_increment_metric",
    "proxy_record_metric",
    "proxy_log",
    "random_get",
];

impl Weather {
    pub(super) fn fault(&mut self, script: &mut Script<'_>) {
        let call = script.choose(FAULTS);
        // Not 1: it says that there is nothing, which for some calls is an answer.
        let status = Status(script.choose(&[2, 3, 7, 8, 10, 12, 99, u32::MAX]));
        let times = u32::from(script.below(5));
        self.simulator
            .world_mut()
            .faults
            .fail(call, status, Some(times));
    }

    pub(super) fn abilities(&mut self, script: &mut Script<'_>) {
        let mut world = self.simulator.world_mut();
        match script.below(6) {
            0 => world.foreign.add("clear_route_cache", Function::Built),
            1 => world
                .foreign
                .add("verify_signature", Function::Verifies(script.below(2) == 0)),
            2 => world.foreign.add("set_envoy_filter_state", Function::Built),
            3 => world.foreign.add(
                "verify_signature",
                Function::Fails(Status(script.byte().into())),
            ),
            4 => world
                .calls
                .know((script.below(2) == 0).then(|| "check".to_owned())),
            _ => {
                let winner = (script.below(2) == 0).then(|| script.bytes(30));
                world.shared.race(Races {
                    lost: u32::from(script.below(40)),
                    winner,
                    key: String::new(),
                });
            }
        }
    }

    pub(super) fn change(&mut self, script: &mut Script<'_>) {
        let workers = u8::try_from(self.simulator.workers()).unwrap_or(u8::MAX);
        if script.below(2) == 0 {
            let restarted = self.simulator.restart(usize::from(script.below(workers)));
            self.note(restarted);
        } else {
            // The same again: old streams drain, new ones come to another root context.
            let _refused = self.simulator.configure(&self.configuration);
        }
        // A plugin may refuse what it took before, while the proxy fails it.
        let _theirs = self.simulator.take_problems();
    }
}
