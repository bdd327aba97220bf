//! The vocabulary: what a plugin may ask of a request and what it may answer.
