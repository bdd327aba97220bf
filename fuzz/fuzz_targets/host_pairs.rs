//! Header maps in the host's wire form: whatever the bytes are, they are a map or none, and what is read is what was
//! written.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(headers) = host::pairs::decode(bytes.to_vec()) else {
        return;
    };
    let pairs: Vec<_> = headers.iter().collect();
    let written = host::pairs::encode(pairs.into_iter()).expect("fewer and shorter than what was read");
    assert_eq!(host::pairs::decode(written), Some(headers));
});
