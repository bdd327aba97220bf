//! What tests of the whole need: real proxies here, Wasm engines and clusters beside it.

pub mod envoy;
pub mod modules;
