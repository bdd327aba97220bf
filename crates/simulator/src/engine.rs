//! What a simulation drives: something that runs a plugin on each worker, natively or as a built module.

use crate::world::Handle;

/// Starts VMs. [`crate::Native`] and `sandbox::Module` are the two.
pub trait Engine {
    /// A fresh VM for `worker`, in which nothing was configured yet.
    ///
    /// # Errors
    ///
    /// Why there cannot be one, in words.
    fn start(&self, world: &Handle, worker: usize) -> Result<Box<dyn Vm>, String>;
}

/// What runs on one worker.
pub trait Vm {
    /// Calls back in `context`, and gives what the callback returned, or `None` when the plugin does not have it.
    ///
    /// # Errors
    ///
    /// [`Trap`] when it did not return; the VM is then not used again.
    fn call(&mut self, context: u32, callback: Callback) -> Result<Option<u32>, Trap>;

    /// How many bytes of memory the VM holds; 0 where that is not known.
    fn memory(&self) -> usize {
        0
    }
}

/// A callback did not return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trap(pub String);

/// The callbacks of the ABI. Sizes and counts announce what can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// The context begins; a configuration has the parent 0.
    Create {
        /// The configuration that a stream belongs to.
        parent: u32,
    },
    /// The VM starts.
    VmStart,
    /// A configuration of this size is there. Returns whether it is taken.
    Configure {
        /// Bytes.
        size: u32,
    },
    /// Headers of a request. Returns 0 to pass them on, anything else to hold them.
    RequestHeaders {
        /// How many.
        count: u32,
        /// Whether no body follows.
        end: bool,
    },
    /// The body of a request that was not passed on yet.
    RequestBody {
        /// Bytes.
        size: u32,
        /// Whether that is all of it.
        end: bool,
    },
    /// The trailers of a request, which end it. Returns 0 to pass all on that is held of it.
    RequestTrailers {
        /// How many.
        count: u32,
    },
    /// Headers of a response.
    ResponseHeaders {
        /// How many.
        count: u32,
        /// Whether no body follows.
        end: bool,
    },
    /// The body of a response that was not passed on yet.
    ResponseBody {
        /// Bytes.
        size: u32,
        /// Whether that is all of it.
        end: bool,
    },
    /// The trailers of a response, which end it.
    ResponseTrailers {
        /// How many.
        count: u32,
    },
    /// What a client sent that was not passed on yet.
    DownstreamData {
        /// Bytes.
        size: u32,
        /// Whether it sends no more.
        end: bool,
    },
    /// What a server sent.
    UpstreamData {
        /// Bytes.
        size: u32,
        /// Whether it sends no more.
        end: bool,
    },
    /// An HTTP call-out ended; with 0 headers it failed.
    HttpCallResponse {
        /// Which.
        token: u32,
        /// Headers of the answer.
        headers: u32,
        /// Bytes of its body.
        body: u32,
    },
    /// A gRPC call-out brought a message.
    GrpcReceive {
        /// Which.
        token: u32,
        /// Bytes.
        size: u32,
    },
    /// A gRPC call-out ended.
    GrpcClose {
        /// Which.
        token: u32,
        /// The gRPC status.
        status: u32,
    },
    /// The tick period went by.
    Tick,
    /// A shared queue has an item.
    QueueReady {
        /// Which.
        queue: u32,
    },
    /// The context is about to end. Returns whether it may.
    Done,
    /// The exchange is over.
    Log,
    /// The context is gone.
    Delete,
}
