//! What each import does: arguments out of the module's memory, a call of the fake proxy, the answer back into it.

pub(crate) mod calls;
pub(crate) mod data;
pub(crate) mod messages;
pub(crate) mod wasi;
