//! Runs a plugin on proxy-wasm; the only crate that names it.
