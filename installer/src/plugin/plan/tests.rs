//! Plans, as values.
