//! No configuration, however mangled, breaks rate-limit; one that is refused says why, and where.
#![no_main]

use filter::Plugin as _;
use libfuzzer_sys::fuzz_target;
use rate_limit::RateLimit;

fuzz_target!(|configuration: &[u8]| {
    match RateLimit::configure(configuration) {
        Ok(plugin) => assert!(!plugin.metrics().is_empty()),
        Err(errors) => {
            assert!(!errors.mistakes().is_empty());
            for mistake in errors.mistakes() {
                assert!(mistake.at.is_empty() || mistake.at.starts_with('/'));
                assert!(!mistake.problem.is_empty());
            }
        }
    }
});
