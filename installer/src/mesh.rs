//! A mesh: what weft knows about it, and what can be done with it.

pub(crate) mod adopt;
pub(crate) mod preflight;
pub(crate) mod read;
pub(crate) mod record;
