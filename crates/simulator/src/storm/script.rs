//! Reading choices from bytes.

/// A script. One that is used up yields zeros.
#[derive(Clone, Debug)]
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// A script of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there is more of it.
    #[must_use]
    pub const fn goes_on(&self) -> bool {
        !self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `end`; 0 for an end of 0.
    pub fn below(&mut self, end: u8) -> u8 {
        self.byte().checked_rem(end).unwrap_or_default()
    }

    /// One of `choices`.
    pub fn choose<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let count = u8::try_from(choices.len()).unwrap_or(u8::MAX);
        let index = usize::from(self.below(count));
        choices.get(index).copied().unwrap_or_default()
    }

    /// At most `most` bytes.
    pub fn bytes(&mut self, most: u8) -> Vec<u8> {
        let count = usize::from(self.below(most)).min(self.0.len());
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken.to_vec()
    }
}
