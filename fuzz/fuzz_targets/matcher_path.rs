//! Every path has a normal form that holds no trick any more; every host has a reading.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matcher::host::Authority;
use matcher::path::{Path, normalise};

fuzz_target!(|bytes: &[u8]| {
    let authority = Authority::parse(bytes);
    assert!(authority.host.len() <= bytes.len());
    let Path::Normal(path) = normalise(bytes) else {
        return;
    };
    assert!(path.len() <= bytes.len());
    if *path == *b"*" {
        return;
    }
    assert_eq!(path.first(), Some(&b'/'));
    assert!(*path == *b"/" || path.last() != Some(&b'/'));
    for segment in path.split(|byte| *byte == b'/').skip(1) {
        assert!(!matches!(segment, b"." | b".."));
        assert!(!segment.is_empty() || *path == *b"/");
        assert!(!segment.iter().any(|byte| matches!(byte, b';' | b'\\' | 0)));
    }
});
