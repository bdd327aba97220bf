//! What the ABI calls a status: the number with which a host call ends.

use std::fmt;

/// A status. Any number may come back from a host, so this is no enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Status(pub u32);

impl Status {
    /// Success.
    pub const OK: Self = Self(0);
    /// There is no such thing.
    pub const NOT_FOUND: Self = Self(1);
    /// An argument is wrong, or the thing cannot be used now.
    pub const BAD_ARGUMENT: Self = Self(2);
    /// A value has no form on the wire.
    pub const SERIALIZATION_FAILURE: Self = Self(3);
    /// A value could not be read.
    pub const PARSE_FAILURE: Self = Self(4);
    /// An address lies outside the module's memory.
    pub const INVALID_MEMORY_ACCESS: Self = Self(6);
    /// The queue is empty.
    pub const EMPTY: Self = Self(7);
    /// The version of shared data is another one by now.
    pub const CAS_MISMATCH: Self = Self(8);
    /// The host failed.
    pub const INTERNAL_FAILURE: Self = Self(10);
    /// What a failed call-out leaves in `proxy_get_status`.
    pub const BROKEN_CONNECTION: Self = Self(11);
    /// The host does not have the call.
    pub const UNIMPLEMENTED: Self = Self(12);
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.0)
    }
}
