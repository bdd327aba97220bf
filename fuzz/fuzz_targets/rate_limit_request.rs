//! No request breaks rate-limit, whatever its headers are and whatever fails.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rate_limit::laws;

fuzz_target!(|script: &[u8]| {
    assert_eq!(laws::spellings(script), Ok(()));
});
