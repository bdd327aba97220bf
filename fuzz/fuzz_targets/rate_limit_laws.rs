//! No sequence of requests, workers, lost races and clocks gets more than the limit, or less than it should.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rate_limit::laws;

fuzz_target!(|script: &[u8]| {
    let Some((law, script)) = script.split_first() else {
        return;
    };
    let kept = match law & 3 {
        0 => laws::bound(script),
        1 => laws::bound_on_any_clock(script),
        2 => laws::one_worker_gets_everything(script),
        _ => laws::workers_cost_what_they_hold(script),
    };
    assert_eq!(kept, Ok(()));
});
