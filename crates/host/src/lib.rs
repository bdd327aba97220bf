//! Runs a plugin on proxy-wasm: carries out what it decides, answers what it asks. The only crate that names the ABI.
//!
//! Two habits of the Rust SDK are left aside on purpose. Its dispatcher exports every callback and keeps a boxed context
//! for each request, and each exported callback costs a crossing into the VM: here [`export!`] exports those that the
//! plugin uses, and a plugin without per-request state keeps nothing. And every function of its `hostcalls` panics, that is
//! traps the VM and fails every request in it, on a status that it did not expect: here `abi` declares the
//! imports itself and hands every status on as a value. The SDK's types, its allocator and its ABI marker are used as they are.
//!
//! The callbacks are exported as `weft_on_*`, since the SDK already exports `proxy_on_*`; `weft plugin build` renames them.

mod abi;
mod background;
mod export;
mod foreign;
mod light;
mod live;
pub mod network;
pub mod pairs;
mod root;
mod settle;
mod streams;
mod vm;

/// Says in the log that the host called back in the middle of a callback, which the ABI rules out.
pub fn nested() {
    live::log(
        filter::Level::Error,
        "the proxy called back in the middle of a callback; the message is held",
    );
}

pub use crate::light::LightVm;
pub use crate::vm::Vm;
pub use filter;
