//! Placeholder until the ladder lands.
