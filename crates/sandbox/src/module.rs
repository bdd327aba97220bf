//! A module, loaded and validated once, started as often as there are workers.

use simulator::{Engine, Handle, Vm};
use wasmi::{Config, ExternType};

use crate::abi;
use crate::vm::ModuleVm;

/// How many instructions a callback may take: a few seconds of interpreting, minutes of none that a proxy could spare.
const FUEL: u64 = 2_000_000_000;

/// A built module. A clone shares what was compiled.
#[derive(Clone, Debug)]
pub struct Module {
    pub(crate) compiled: wasmi::Module,
    pub(crate) fuel: u64,
}

/// A module that Envoy would not load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The bytes are no WebAssembly module.
    #[error("this is not a WebAssembly module: {0}")]
    Invalid(String),
    /// It does not say which version of the ABI it speaks.
    #[error(
        "this is a WebAssembly module but no proxy-wasm plugin: it does not export proxy_abi_version_0_2_1; \
         was it built by `weft plugin build`?"
    )]
    NoAbi,
    /// It wants something from the proxy that Envoy does not have.
    #[error("the module imports {0}, which Envoy does not have, so Envoy would not load it")]
    UnknownImport(String),
    /// It wants something from the proxy in another shape.
    #[error(
        "the module imports {0} with another signature than Envoy's, so Envoy would not load it"
    )]
    WrongImport(String),
    /// It has no memory, or no way to be handed bytes.
    #[error("the module does not export {0}, without which the proxy cannot hand it anything")]
    NoExport(&'static str),
}

impl Module {
    /// Loads a module.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when Envoy would not load it.
    pub fn new(bytes: &[u8]) -> Result<Self, LoadError> {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = wasmi::Engine::new(&config);
        let compiled = wasmi::Module::new(&engine, bytes)
            .map_err(|error| LoadError::Invalid(error.to_string()))?;
        check_exports(&compiled)?;
        check_imports(&compiled)?;
        Ok(Self {
            compiled,
            fuel: FUEL,
        })
    }

    /// The same, but a callback may take so many instructions.
    #[must_use]
    pub const fn with_fuel(mut self, fuel: u64) -> Self {
        self.fuel = fuel;
        self
    }
}

impl Engine for Module {
    fn start(&self, world: &Handle, worker: usize) -> Result<Box<dyn Vm>, String> {
        let vm = ModuleVm::start(self, world, worker)?;
        Ok(Box::new(vm))
    }
}

fn check_exports(module: &wasmi::Module) -> Result<(), LoadError> {
    let exported = |name: &str| module.exports().any(|export| export.name() == name);
    if !abi::MARKERS.iter().any(|marker| exported(marker)) {
        return Err(LoadError::NoAbi);
    }
    if !exported("memory") {
        return Err(LoadError::NoExport("memory"));
    }
    if !abi::ALLOCATORS.iter().any(|name| exported(name)) {
        return Err(LoadError::NoExport("proxy_on_memory_allocate or malloc"));
    }
    Ok(())
}

fn check_imports(module: &wasmi::Module) -> Result<(), LoadError> {
    for import in module.imports() {
        let name = format!("{}.{}", import.module(), import.name());
        let Some(known) = abi::find(import.module(), import.name()) else {
            return Err(LoadError::UnknownImport(name));
        };
        let fits = match import.ty() {
            ExternType::Func(function) => known.fits(function),
            ExternType::Global(_) | ExternType::Table(_) | ExternType::Memory(_) => false,
        };
        if !fits {
            return Err(LoadError::WrongImport(name));
        }
    }
    Ok(())
}
