//! Verdicts, as values.
