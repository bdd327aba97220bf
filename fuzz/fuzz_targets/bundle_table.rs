//! The table of contents of a bundle, and the list in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Cursor;
use weft::bundle::{Index, Table};

fuzz_target!(|bytes: &[u8]| {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let _ = Table::read(Cursor::new(bytes), length);
    if let Ok(index) = Index::parse(bytes) {
        assert_eq!(Index::parse(&index.write().unwrap_or_default()), Ok(index));
    }
});
