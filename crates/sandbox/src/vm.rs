//! A module that runs on one worker.

use simulator::{Callback, Handle, Trap, Vm};
use wasmi::{AsContext, Func, Instance, Linker, Store, StoreLimitsBuilder, Val};

use crate::abi::{self, Carry};
use crate::callbacks;
use crate::guest::{Guest, MOST_COPIED, State, Stop};
use crate::module::Module;

/// Envoy lets a module's memory grow to this.
const MOST_MEMORY: usize = 1 << 30;
/// Compilers make one table, of as many elements as there are functions whose address is taken.
const MOST_TABLES: usize = 16;
const MOST_ELEMENTS: usize = 1 << 20;

pub(crate) struct ModuleVm {
    store: Store<State>,
    instance: Instance,
    fuel: u64,
}

impl ModuleVm {
    pub(crate) fn start(module: &Module, world: &Handle, worker: usize) -> Result<Self, String> {
        let state = State {
            world: world.clone(),
            worker,
            current: 0,
            effective: None,
            roots: Vec::new(),
            memory: None,
            allocate: None,
            limits: StoreLimitsBuilder::new()
                .memory_size(MOST_MEMORY)
                .memories(1)
                .tables(MOST_TABLES)
                .table_elements(MOST_ELEMENTS)
                .build(),
            copies: MOST_COPIED,
        };
        let mut store = Store::new(module.compiled.engine(), state);
        store.limiter(|state| &mut state.limits);
        store
            .set_fuel(module.fuel)
            .map_err(|error| error.to_string())?;
        let linker =
            linker(module).map_err(|error| format!("the module does not link: {error}"))?;
        let instance = linker.instantiate_and_start(&mut store, &module.compiled);
        let instance = instance.map_err(|error| format!("the module does not start: {error}"))?;
        store.data_mut().memory = instance.get_memory(&store, "memory");
        let mut allocators = abi::ALLOCATORS.iter();
        let allocate = allocators.find_map(|name| instance.get_typed_func(&store, name).ok());
        store.data_mut().allocate = allocate;
        let mut vm = Self {
            store,
            instance,
            fuel: module.fuel,
        };
        vm.initialize().map_err(|trap| trap.0)?;
        Ok(vm)
    }

    /// A reactor has `_initialize`, a command `_start`, and a module without either needs none.
    fn initialize(&mut self) -> Result<(), Trap> {
        for name in ["_initialize", "_start"] {
            if let Some(function) = self.instance.get_func(&self.store, name) {
                self.run(name, function, &[])?;
                return Ok(());
            }
        }
        Ok(())
    }

    fn run(&mut self, name: &str, function: Func, arguments: &[Val]) -> Result<Option<u32>, Trap> {
        self.store
            .set_fuel(self.fuel)
            .map_err(|error| Trap(error.to_string()))?;
        self.store.data_mut().copies = MOST_COPIED;
        let kinds = function.ty(&self.store);
        let mut results = vec![Val::I32(0); kinds.results().len()];
        let called = function.call(&mut self.store, arguments, &mut results);
        called.map_err(|error| Trap(format!("the module trapped in {name}: {error}")))?;
        Ok(results.first().and_then(Val::i32).map(i32::cast_unsigned))
    }
}

impl Vm for ModuleVm {
    fn call(&mut self, context: u32, callback: Callback) -> Result<Option<u32>, Trap> {
        let state = self.store.data_mut();
        state.current = context;
        state.effective = None;
        if callback == (Callback::Create { parent: 0 }) {
            state.roots.push(context);
        } else if callback == Callback::Delete {
            state.roots.retain(|root| *root != context);
        }
        let (name, arguments) = callbacks::export(callback);
        let Some(function) = self.instance.get_func(&self.store, name) else {
            return Ok(None);
        };
        let arguments: Vec<Val> = std::iter::once(context)
            .chain(arguments)
            .map(|number| Val::I32(number.cast_signed()))
            .collect();
        let kinds = function.ty(&self.store);
        // ABI 0.1.0 does not say whether headers end the message.
        let wanted = arguments.get(..kinds.params().len()).ok_or_else(|| {
            Trap(format!(
                "{name} has {} parameters instead of {}",
                kinds.params().len(),
                arguments.len()
            ))
        })?;
        let returned = self.run(name, function, wanted)?;
        Ok(Some(returned.unwrap_or_default()))
    }

    fn memory(&self) -> usize {
        let memory = self.store.data().memory;
        memory.map_or(0, |memory| memory.data_size(self.store.as_context()))
    }
}

fn linker(module: &Module) -> Result<Linker<State>, wasmi::Error> {
    let mut linker = Linker::new(module.compiled.engine());
    for import in module.compiled.imports() {
        let (wasmi::ExternType::Func(kind), Some(known)) =
            (import.ty(), abi::find(import.module(), import.name()))
        else {
            continue;
        };
        let carry = known.carry;
        linker.func_new(
            import.module(),
            import.name(),
            kind.clone(),
            move |caller, arguments, results| {
                let status = carried_out(carry, Guest::new(caller, arguments))?;
                if let Some(result) = results.first_mut() {
                    *result = Val::I32(status.cast_signed());
                }
                Ok(())
            },
        )?;
    }
    Ok(linker)
}

fn carried_out(carry: Carry, mut guest: Guest<'_>) -> Result<u32, wasmi::Error> {
    let carried = guest.charge_call().and_then(|()| match carry {
        Carry::Does(carry) => carry(&mut guest),
        Carry::Answers(status) => Ok(status),
    });
    match carried {
        Ok(status) | Err(Stop::Status(status)) => Ok(status),
        Err(Stop::Trap(error)) => Err(error),
    }
}
