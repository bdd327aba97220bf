//! Charts and indexes of repositories, from a server that may be anybody's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weft::charts::{Index, describe};
use weft::measure;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(index) = Index::parse(bytes) {
        let _ = index.find("istiod", "1.31.0").map(|release| (release.url(), release.digest()));
    }
    let _ = describe(bytes);
    // Few random bytes are gzip: what is inside is reached this way.
    if let Ok(about) = measure::gzip(bytes).map_err(|error| error.to_string()).and_then(|zipped| describe(&zipped)) {
        assert!(!about.name.is_empty() && !about.version.is_empty());
    }
});
