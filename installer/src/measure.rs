//! Sizes and digests, for computing with and for reading.

use sha2::{Digest as _, Sha256};
use std::io::{self, Write as _};

/// A digest of what comes piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Hash {
    hasher: Sha256,
    length: u64,
}

impl Hash {
    /// One more piece.
    pub fn update(&mut self, data: &[u8]) {
        self.hasher.update(data);
        self.length = self.length.saturating_add(length(data));
    }

    /// How much came, in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The digest as registries write it.
    #[must_use]
    pub fn finish(self) -> String {
        format!("sha256:{}", hex(&self.hasher.finalize()))
    }
}

/// SHA-256 in hex.
#[must_use]
pub fn sha256(data: &[u8]) -> String {
    hex(&Sha256::digest(data))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// The digest of a blob as registries write it, `sha256:…`.
#[must_use]
pub fn digest(data: &[u8]) -> String {
    format!("sha256:{}", sha256(data))
}

/// Gzip of the data, the same bytes every time: no name and no time in its header.
///
/// # Errors
/// Never in memory; the writer's type says it could.
pub fn gzip(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), flate2::Compression::best());
    encoder.write_all(data)?;
    encoder.finish()
}

/// A length as it is reported.
#[must_use]
pub fn length(data: &[u8]) -> u64 {
    u64::try_from(data.len()).unwrap_or(u64::MAX)
}

/// A size for people: `512 B`, `45.3 kB`, `1.2 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10).div_euclid(unit);
        format!("{}.{}", tenths.div_euclid(10), tenths.rem_euclid(10))
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (45_390, "45.3 kB"),
            (999_999, "999.9 kB"),
            (1_250_000, "1.2 MB"),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(size(bytes), wanted);
        }
    }

    #[test]
    fn gzip_holds_no_time_and_no_name() {
        let zipped = gzip(b"data").unwrap();
        assert_eq!(zipped[3..8], [0; 5]);
        assert_eq!(gzip(b"data").unwrap(), zipped);
    }

    #[test]
    fn digests_are_those_that_everybody_computes() {
        assert_eq!(
            digest(b""),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
