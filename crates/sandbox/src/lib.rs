//! Runs a built module in a Wasm engine against the simulator's fake proxy, so that allocator, ABI and panic strategy are tested too.
//!
//! [`Module`] is an engine of `simulator`: the scenarios and laws that a plugin passes natively run on its module unchanged.
//! [`check`] asks a module whether it would take a configuration, by the code that the proxy would run.
//!
//! The engine is an interpreter (wasmi): it starts at once, counts instructions, so that an endless loop ends, and brings no
//! compiler along into `weft`. Envoy's is V8; what differs between the two is speed.

mod abi;
mod callbacks;
mod guest;
mod imports;
mod module;
mod pairs;
mod vm;

pub use crate::module::{LoadError, Module};

use simulator::Simulator;

/// A module does not take a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no module that Envoy would load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It refused the configuration and said why, one line for each mistake.
    #[error("{}", .0.join("\n"))]
    Mistakes(Vec<String>),
}

/// Asks `module` whether it takes `configuration`: loads it, starts it, configures it, as Envoy does before any worker gets it.
///
/// # Errors
///
/// [`Refusal`] says why not.
pub fn check(module: &[u8], configuration: &[u8]) -> Result<(), Refusal> {
    let module = Module::new(module)?;
    let mut proxy = Simulator::new(module, 0);
    proxy.configure(configuration).map_err(|refused| {
        let mut mistakes = refused.mistakes;
        if mistakes.is_empty() {
            mistakes.push("the module refused the configuration and did not say why".to_owned());
        }
        Refusal::Mistakes(mistakes)
    })
}

#[cfg(test)]
mod tests;
