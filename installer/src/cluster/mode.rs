//! What may be done with what was decided.

/// Whether a verb acts, or only shows what it would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Carry it out.
    Act,
    /// Show what would be written, as far as we know.
    Client,
    /// Let the server check it, and show it.
    Server,
    /// Show what differs.
    Diff,
}

impl Mode {
    /// Whether the API server is asked what would come of it.
    pub(crate) fn rehearses(self) -> bool {
        self != Self::Client
    }
}
