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

/// Hashes the parts of a key. Each part is written with its kind and its length, so `ab`, `c` and `a`, `bc` differ.
#[derive(Debug)]
pub(crate) struct Hasher(SipHasher13);

impl Hasher {
    /// Begins a key of rule number `rule`.
    pub(crate) fn new(seed: &Seed, rule: usize) -> Self {
        let mut hasher = SipHasher13::new_with_key(&seed.0);
        hasher.write(&length(rule));
        Self(hasher)
    }

    /// Adds a part.
    pub(crate) fn part(&mut self, kind: u8, bytes: &[u8]) {
        self.0.write(&[kind]);
        self.0.write(&length(bytes.len()));
        self.0.write(bytes);
    }

    /// The whole key.
    pub(crate) fn finish(&self) -> Fingerprint {
        Fingerprint(self.0.finish128().as_u128())
    }
}

fn length(number: usize) -> [u8; 8] {
    u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(seed: u8, rule: usize, parts: &[&[u8]]) -> Fingerprint {
        let mut hasher = Hasher::new(&Seed([seed; SEED]), rule);
        for part in parts {
            hasher.part(1, part);
        }
        hasher.finish()
    }

    #[test]
    fn keys_differ_by_part_rule_and_seed() {
        let one = hash(1, 1, &[b"ab", b"c"]);
        assert_eq!(one, hash(1, 1, &[b"ab", b"c"]));
        for other in [
            hash(1, 1, &[b"a", b"bc"]),
            hash(1, 1, &[b"abc"]),
            hash(1, 1, &[b"ab", b"c", b""]),
            hash(1, 2, &[b"ab", b"c"]),
            hash(2, 1, &[b"ab", b"c"]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_seed_is_not_printed() {
        assert_eq!(format!("{:?}", Seed([7; SEED])), "Seed(secret)");
    }
}
