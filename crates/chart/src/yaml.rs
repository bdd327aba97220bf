//! YAML exactly as Helm and Kubernetes read and write it: version 1.1's words and numbers, and their emitter's quoting.
//!
//! Text matters, not only data: charts put YAML into strings of `ConfigMap`s, where another quoting is a difference.

pub(crate) mod order;
pub(crate) mod read;
pub(crate) mod resolve;
pub(crate) mod scalar;
pub(crate) mod write;
