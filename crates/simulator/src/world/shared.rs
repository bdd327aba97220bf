//! Shared data: bytes under keys with a version each, as Envoy keeps them for all workers of a process.

use std::collections::BTreeMap;

use crate::status::Status;

/// All shared data of the process.
#[derive(Debug, Default)]
pub struct Shared {
    data: BTreeMap<String, (Vec<u8>, u32)>,
    version: u32,
    races: Option<Races>,
}

/// Races that are lost because another worker sets the same key between our get and our set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Races {
    /// How many of the next sets lose.
    pub lost: u32,
    /// What the winner leaves there; `None` for the bytes that were there before.
    pub winner: Option<Vec<u8>>,
    /// Only sets of keys that contain this lose; empty for all.
    pub key: String,
}

impl Shared {
    /// Lets sets lose their races from now on.
    pub fn race(&mut self, races: Races) {
        self.races = Some(races);
    }

    /// The bytes under `key` and their version.
    ///
    /// # Errors
    ///
    /// `NotFound` for a key that was never set.
    pub fn get(&self, key: &str) -> Result<(&[u8], u32), Status> {
        let (bytes, version) = self.data.get(key).ok_or(Status::NOT_FOUND)?;
        Ok((bytes, *version))
    }

    /// Puts `bytes` under `key`. The version is compared only when it is not 0 and the key exists, so two
    /// workers that create a key at once both succeed.
    ///
    /// # Errors
    ///
    /// `CasMismatch` when the key has another version.
    pub fn set(&mut self, key: &str, bytes: &[u8], version: u32) -> Result<(), Status> {
        self.run_the_winner(key);
        match self.data.get(key) {
            Some((_, found)) if version != 0 && *found != version => Err(Status::CAS_MISMATCH),
            Some(_) | None => {
                self.put(key, bytes.to_vec());
                Ok(())
            }
        }
    }

    fn run_the_winner(&mut self, key: &str) {
        let Some(races) = &mut self.races else { return };
        if races.lost == 0 || !key.contains(&races.key) {
            return;
        }
        races.lost = races.lost.saturating_sub(1);
        let found = self.data.get(key).map(|(bytes, _)| bytes.clone());
        let left = races.winner.clone().or(found);
        if let Some(bytes) = left {
            self.put(key, bytes);
        }
    }

    fn put(&mut self, key: &str, bytes: Vec<u8>) {
        self.version = self.version.checked_add(1).unwrap_or(1);
        self.data.insert(key.to_owned(), (bytes, self.version));
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.data.keys().map(String::as_str)
    }

    /// How many keys there are. It never shrinks: a module cannot delete.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether nothing was ever set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// How many bytes keys and values take.
    #[must_use]
    pub fn size(&self) -> usize {
        let sizes = self
            .data
            .iter()
            .map(|(key, (bytes, _))| key.len().saturating_add(bytes.len()));
        sizes.fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_counts_only_for_a_key_that_exists() {
        let mut shared = Shared::default();
        assert_eq!(
            shared.set("a", b"1", 77),
            Ok(()),
            "creating ignores the version"
        );
        let version = shared.get("a").unwrap().1;
        assert_eq!(
            shared.set("a", b"2", version.wrapping_add(1)),
            Err(Status::CAS_MISMATCH)
        );
        assert_eq!(shared.set("a", b"2", version), Ok(()));
        assert_eq!(
            shared.set("a", b"3", version),
            Err(Status::CAS_MISMATCH),
            "it has a new one"
        );
        assert_eq!(shared.set("a", b"4", 0), Ok(()), "0 overwrites");
        assert_eq!(shared.get("b"), Err(Status::NOT_FOUND));
        assert_eq!((shared.len(), shared.size()), (1, 2));
    }

    #[test]
    fn a_lost_race_leaves_what_the_winner_set() {
        let mut shared = Shared::default();
        shared.set("slot", b"old", 0).unwrap();
        let version = shared.get("slot").unwrap().1;
        shared.race(Races {
            lost: 1,
            winner: Some(b"theirs".to_vec()),
            key: "slo".into(),
        });
        shared.set("other", b"1", 0).unwrap();
        assert_eq!(
            shared.set("slot", b"ours", version),
            Err(Status::CAS_MISMATCH)
        );
        let (bytes, version) = shared.get("slot").unwrap();
        assert_eq!(bytes, b"theirs");
        assert_eq!(
            shared.set("slot", b"ours", version),
            Ok(()),
            "one race only"
        );
    }
}
