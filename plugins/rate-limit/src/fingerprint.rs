//! What a key is known by: a keyed hash of it.
//!
//! Keys are chosen by clients, so the hash has a secret seed: without it nobody can aim two keys at one bucket, or many keys at
//! one place of the table. `SipHash` is made for that; of its variants 1-3 with 128 bits is fast and wide enough that two of a
//! billion keys meet with a chance of 1 in 10^21. Rejected: keeping the keys themselves, which makes entries as long as clients like.

use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// How long a seed is, in bytes.
pub(crate) const SEED: usize = 16;

/// The secret that all workers of a proxy share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) [u8; SEED]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(secret)")
    }
}

/// A key, hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint(pub(crate) u128);

/// Hashes the parts of a key. Each part begins with its kind and its length, so `ab`, `c` and `a`, `bc` differ. Every rule has a table
/// of its own, so which rule it is need not be hashed.
#[derive(Debug)]
pub(crate) struct Hasher(SipHasher13);

impl Hasher {
    /// Begins a key.
    pub(crate) fn new(seed: &Seed) -> Self {
        Self(SipHasher13::new_with_key(&seed.0))
    }

    /// Adds a part. A length has 56 bits: more than any header's.
    pub(crate) fn part(&mut self, kind: u8, bytes: &[u8]) {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let head = (length << 8) | u64::from(kind);
        self.0.write(&head.to_le_bytes());
        self.0.write(bytes);
    }

    /// The whole key.
    pub(crate) fn finish(&self) -> Fingerprint {
        Fingerprint(self.0.finish128().as_u128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(seed: u8, parts: &[&[u8]]) -> Fingerprint {
        let mut hasher = Hasher::new(&Seed([seed; SEED]));
        for part in parts {
            hasher.part(1, part);
        }
        hasher.finish()
    }

    #[test]
    fn keys_differ_by_part_and_seed() {
        let one = hash(1, &[b"ab", b"c"]);
        assert_eq!(one, hash(1, &[b"ab", b"c"]));
        for other in [
            hash(1, &[b"a", b"bc"]),
            hash(1, &[b"abc"]),
            hash(1, &[b"ab", b"c", b""]),
            hash(2, &[b"ab", b"c"]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_seed_is_not_printed() {
        assert_eq!(format!("{:?}", Seed([7; SEED])), "Seed(secret)");
    }
}
