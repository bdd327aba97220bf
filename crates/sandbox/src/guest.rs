//! A module during one host call: its arguments, its memory, and the context it runs in.

use simulator::world::Place;
use simulator::{Handle, Status};
use wasmi::{Caller, Memory, StoreLimits, TypedFunc, Val};

/// What a VM knows while a callback runs.
pub(crate) struct State {
    pub(crate) world: Handle,
    pub(crate) worker: usize,
    /// The context that was called back.
    pub(crate) current: u32,
    /// The context that the module chose to act for, if it did.
    pub(crate) effective: Option<u32>,
    /// The root contexts of this VM.
    pub(crate) roots: Vec<u32>,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
    pub(crate) limits: StoreLimits,
    /// How many more bytes may be copied between the module and the proxy in this callback.
    pub(crate) copies: usize,
}

/// How much a callback may have copied: the largest configuration of our own plugins fills 64 MiB of shared data when it
/// starts. Instructions are counted by the engine, but a single one can have the proxy copy, and keep, all of the memory.
pub(crate) const MOST_COPIED: usize = 256 << 20;
/// What a host call counts as, besides its bytes: the proxy remembers an empty line of log, too.
const CALL: usize = 256;

/// How a host call ends: with a status, or not at all.
pub(crate) type Outcome = Result<u32, Stop>;

/// Why a host call did not do it.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The module is told this status.
    Status(u32),
    /// The module does not go on.
    Trap(wasmi::Error),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Status(status.0)
    }
}

/// What every call gives that did what it was asked.
pub(crate) const DONE: u32 = Status::OK.0;

/// One host call.
pub(crate) struct Guest<'a> {
    caller: Caller<'a, State>,
    arguments: &'a [Val],
}

impl<'a> Guest<'a> {
    pub(crate) const fn new(caller: Caller<'a, State>, arguments: &'a [Val]) -> Self {
        Self { caller, arguments }
    }

    /// The proxy. It must be let go of before the module is called again.
    pub(crate) fn world(&self) -> Handle {
        self.caller.data().world.clone()
    }

    pub(crate) fn state(&mut self) -> &mut State {
        self.caller.data_mut()
    }

    /// Where the call acts.
    pub(crate) fn place(&self) -> Place {
        let state = self.caller.data();
        Place {
            worker: state.worker,
            context: state.effective.unwrap_or(state.current),
        }
    }

    /// The argument of this number, with 32 bits.
    pub(crate) fn number(&self, index: usize) -> u32 {
        match self.arguments.get(index) {
            Some(Val::I32(number)) => number.cast_unsigned(),
            _ => 0,
        }
    }

    /// The argument of this number, with 64 bits.
    pub(crate) fn long(&self, index: usize) -> i64 {
        match self.arguments.get(index) {
            Some(Val::I64(number)) => *number,
            _ => 0,
        }
    }

    /// Takes what a copy costs; beyond what a callback may have copied, the module does not go on.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Stop> {
        let state = self.caller.data_mut();
        let left = state.copies.checked_sub(bytes);
        state.copies = left.unwrap_or_default();
        left.map(drop).ok_or_else(|| {
            Stop::Trap(wasmi::Error::new(format!(
                "the proxy would copy more than {} MiB for one callback",
                MOST_COPIED >> 20
            )))
        })
    }

    /// The same for being called at all.
    pub(crate) fn charge_call(&mut self) -> Result<(), Stop> {
        self.charge(CALL)
    }

    /// The bytes at the address in argument `index`, as many as the argument behind it says.
    pub(crate) fn bytes(&mut self, index: usize) -> Result<Vec<u8>, Stop> {
        let size = self.number(index.saturating_add(1));
        self.read(self.number(index), size)
    }

    pub(crate) fn read(&mut self, address: u32, size: u32) -> Result<Vec<u8>, Stop> {
        let memory = self.memory()?;
        let (start, size) = (wide(address), wide(size));
        // What is not there is not copied either.
        if start.saturating_add(size) <= memory.data_size(&self.caller) {
            self.charge(size)?;
        }
        let found = memory
            .data(&self.caller)
            .get(start..start.saturating_add(size));
        found
            .map(<[u8]>::to_vec)
            .ok_or_else(|| Status::INVALID_MEMORY_ACCESS.into())
    }

    /// The same as text. The ABI does not promise UTF-8; what is none shows as such.
    pub(crate) fn text(&mut self, index: usize) -> Result<String, Stop> {
        let bytes = self.bytes(index)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes bytes at the address in argument `index`.
    pub(crate) fn put(&mut self, index: usize, bytes: &[u8]) -> Outcome {
        self.write(self.number(index), bytes)
    }

    pub(crate) fn write(&mut self, address: u32, bytes: &[u8]) -> Outcome {
        let memory = self.memory()?;
        self.charge(bytes.len())?;
        let written = memory.write(&mut self.caller, wide(address), bytes);
        written
            .map(|()| DONE)
            .map_err(|_| Status::INVALID_MEMORY_ACCESS.into())
    }

    /// Hands bytes over: the module allocates them, and arguments `index` and the one behind it say where their address
    /// and size go. No bytes at all have the address 0.
    pub(crate) fn give(&mut self, index: usize, bytes: &[u8]) -> Outcome {
        let size = u32::try_from(bytes.len()).map_err(|_| Status::INVALID_MEMORY_ACCESS)?;
        let address = if size == 0 { 0 } else { self.allocated(size)? };
        if size > 0 {
            self.write(address, bytes)?;
        }
        self.put(index, &address.to_le_bytes())?;
        self.put(index.saturating_add(1), &size.to_le_bytes())
    }

    fn allocated(&mut self, size: u32) -> Result<u32, Stop> {
        let allocate = self
            .caller
            .data()
            .allocate
            .ok_or(Status::INVALID_MEMORY_ACCESS)?;
        match allocate.call(&mut self.caller, size).map_err(Stop::Trap)? {
            0 => Err(Status::INVALID_MEMORY_ACCESS.into()),
            address => Ok(address),
        }
    }

    fn memory(&self) -> Result<Memory, Stop> {
        self.caller
            .data()
            .memory
            .ok_or_else(|| Status::INVALID_MEMORY_ACCESS.into())
    }
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
