//! Runs a built module in a Wasm engine against the simulator's fake proxy.
