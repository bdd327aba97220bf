//! State that the workers of one proxy share.
//!
//! The proxy keeps bytes under keys, with a version each, and sets them only if the version is still the
//! one that was read. A plugin writes a pure step, `old bytes -> (new bytes, answer)`; the loop that runs it again
//! when another worker was faster is here, once.
//!
//! Three facts about Envoy shape this. Nothing can ever be deleted, so tables have a fixed number of
//! slots. Setting a key that does not exist ignores the version, so two workers that create it at once
//! both succeed and one of them is lost: a plugin creates its slots in `on_start`, which Envoy runs in a
//! throw-away VM before any worker gets the configuration. And under Istio all plugins of a proxy share one key
//! space, so whoever implements [`Store`] puts plugin, layout version and configuration before the slot.

/// A step on shared bytes: given what is there (`None` for a slot that was never set), what to put
/// there, or `None` to leave it. It may run several times; only its last run takes effect.
pub type Step<'a> = dyn FnMut(Option<&[u8]>) -> Option<Vec<u8>> + 'a;

/// How often a lost race is run again. With as many workers as a large machine has cores each of them loses a race
/// only while another one wins it, so this many losses in a row mean that something else is wrong.
pub const ATTEMPTS: u32 = 32;

/// A step did not take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharedError {
    /// Other workers were faster [`ATTEMPTS`] times in a row.
    #[error("shared data changed {ATTEMPTS} times in a row while it was being updated")]
    Contended,
    /// The host refused.
    #[error("the proxy answered a shared-data call with status {0}")]
    Host(u32),
}

/// Bytes under keys, with a version each.
pub trait Store {
    /// The bytes under `slot` and their version.
    ///
    /// # Errors
    ///
    /// [`SharedError::Host`] when the host could not say.
    fn get(&mut self, slot: &str) -> Result<Option<(Vec<u8>, u32)>, SharedError>;

    /// Puts `bytes` under `slot` if its version is still `version` (`None`: if it was never set); says whether it did.
    ///
    /// # Errors
    ///
    /// [`SharedError::Host`] when the host refused.
    fn set(&mut self, slot: &str, bytes: &[u8], version: Option<u32>) -> Result<bool, SharedError>;
}

/// Runs `step` on `slot` until no other worker changed it meanwhile. This is the one compare-and-swap loop.
///
/// # Errors
///
/// [`SharedError`]: nothing was changed.
pub fn run(store: &mut impl Store, slot: &str, step: &mut Step<'_>) -> Result<(), SharedError> {
    for _ in 0..ATTEMPTS {
        let old = store.get(slot)?;
        let Some(new) = step(old.as_ref().map(|(bytes, _)| bytes.as_slice())) else {
            return Ok(());
        };
        if store.set(slot, &new, old.map(|(_, version)| version))? {
            return Ok(());
        }
    }
    Err(SharedError::Contended)
}

/// Runs the pure `step` on the shared bytes under `slot` and gives its answer.
///
/// # Errors
///
/// [`SharedError`]: nothing was changed, and there is no answer.
pub fn update<A>(
    proxy: &mut (impl crate::Proxy + ?Sized),
    slot: &str,
    step: impl Fn(Option<&[u8]>) -> (Option<Vec<u8>>, A),
) -> Result<A, SharedError> {
    let mut answer = None;
    proxy.shared(slot, &mut |old| {
        let (new, found) = step(old);
        answer = Some(found);
        new
    })?;
    answer.ok_or(SharedError::Contended)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slot that another worker changes before each of the first `races` sets.
    struct Raced {
        value: u8,
        version: u32,
        races: u32,
    }

    impl Store for Raced {
        fn get(&mut self, _: &str) -> Result<Option<(Vec<u8>, u32)>, SharedError> {
            Ok(Some((vec![self.value], self.version)))
        }

        fn set(
            &mut self,
            _: &str,
            bytes: &[u8],
            version: Option<u32>,
        ) -> Result<bool, SharedError> {
            if self.races > 0 {
                self.races -= 1;
                self.value += 10;
                self.version += 1;
            }
            if version != Some(self.version) {
                return Ok(false);
            }
            self.value = bytes[0];
            Ok(true)
        }
    }

    fn add_one(store: &mut Raced) -> Result<(), SharedError> {
        run(store, "slot", &mut |old| {
            old.map(|bytes| vec![bytes[0] + 1])
        })
    }

    #[test]
    fn runs_the_step_again_on_what_the_winner_left() {
        let mut store = Raced {
            value: 0,
            version: 1,
            races: 3,
        };
        assert_eq!(add_one(&mut store), Ok(()));
        assert_eq!(
            store.value, 31,
            "three races of 10 each, then our 1, nothing lost"
        );
    }

    /// A slot on which another worker always wins.
    struct Lost;

    impl Store for Lost {
        fn get(&mut self, _: &str) -> Result<Option<(Vec<u8>, u32)>, SharedError> {
            Ok(None)
        }

        fn set(&mut self, _: &str, _: &[u8], _: Option<u32>) -> Result<bool, SharedError> {
            Ok(false)
        }
    }

    #[test]
    fn gives_up_after_so_many_lost_races() {
        let mut runs = 0;
        let lost = run(&mut Lost, "slot", &mut |_| {
            runs += 1;
            Some(Vec::new())
        });
        assert_eq!((lost, runs), (Err(SharedError::Contended), ATTEMPTS));
    }
}
