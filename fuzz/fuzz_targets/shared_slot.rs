//! Whatever another plugin left in rate-limit's shared data, nothing breaks and nobody gets a token for it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rate_limit::laws;

fuzz_target!(|script: &[u8]| {
    assert_eq!(laws::foreign_bytes(script), Ok(()));
});
