//! Foreign functions: abilities of the proxy that may be there or not.
//!
//! At first none is. A test adds those it wants; `set_envoy_filter_state` and `clear_route_cache` then do what Envoy's
//! do, and `verify_signature` gives the answer that the test chose, since the fake proxy knows no cryptography.

use std::collections::BTreeMap;

use crate::protobuf::{self, Value};
use crate::status::Status;

/// Names of the filter state objects that Envoy lets a module set.
const FILTER_STATE: &[&str] = &[
    "envoy.tcp_proxy.cluster",
    "envoy.udp_proxy.cluster",
    "envoy.network.transport_socket.original_dst_address",
    "envoy.upstream.dynamic_host",
    "envoy.upstream.dynamic_port",
    "envoy.network.upstream_server_name",
    "envoy.network.application_protocols",
    "envoy.network.upstream_subject_alt_names",
    "envoy.ratelimit.hits_addend",
    "envoy.tcp_proxy.disable_tunneling",
    "envoy.tcp_proxy.per_connection_idle_timeout_ms",
    "envoy.string",
    "envoy.hashable_string",
    "envoy.network.ip",
];

/// What a foreign function does.
pub enum Function {
    /// What Envoy's function of this name does.
    Built,
    /// It fails with this status.
    Fails(Status),
    /// `verify_signature`: says that every signature is valid, or that none is.
    Verifies(bool),
    /// Whatever a test likes.
    Own(Box<OwnFunction>),
}

/// A foreign function: bytes in, bytes or a status out.
pub type OwnFunction = dyn FnMut(&[u8]) -> Result<Vec<u8>, Status>;

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Built => f.write_str("Built"),
            Self::Fails(status) => write!(f, "Fails({status})"),
            Self::Verifies(answer) => write!(f, "Verifies({answer})"),
            Self::Own(_) => f.write_str("Own"),
        }
    }
}

/// What a call of a foreign function does to the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Only this answer.
    Answer(Vec<u8>),
    /// A filter state object is set.
    FilterState(String, String, u32),
    /// The route is chosen again.
    ClearRouteCache,
}

/// The foreign functions of the proxy.
#[derive(Debug, Default)]
pub struct Foreign {
    functions: BTreeMap<String, Function>,
}

impl Foreign {
    /// Adds a function, or replaces it.
    pub fn add(&mut self, name: &str, function: Function) {
        self.functions.insert(name.to_owned(), function);
    }

    /// Takes a function away.
    pub fn remove(&mut self, name: &str) {
        self.functions.remove(name);
    }

    pub(crate) fn call(&mut self, name: &str, argument: &[u8]) -> Result<Effect, Status> {
        let function = self.functions.get_mut(name).ok_or(Status::NOT_FOUND)?;
        match function {
            Function::Fails(status) => Err(*status),
            Function::Own(own) => own(argument).map(Effect::Answer),
            Function::Verifies(answer) => verified(argument, *answer).map(Effect::Answer),
            Function::Built => built(name, argument),
        }
    }
}

fn built(name: &str, argument: &[u8]) -> Result<Effect, Status> {
    match name {
        "clear_route_cache" => Ok(Effect::ClearRouteCache),
        "set_envoy_filter_state" => filter_state(argument),
        _ => Err(Status::NOT_FOUND),
    }
}

fn filter_state(argument: &[u8]) -> Result<Effect, Status> {
    let fields = protobuf::read(argument).ok_or(Status::BAD_ARGUMENT)?;
    let text = |number| protobuf::text(&fields, number).ok_or(Status::BAD_ARGUMENT);
    let (path, value) = (text(1)?, text(2)?);
    let span = match fields.iter().find(|(number, _)| *number == 3) {
        Some((_, Value::Number(span))) => u32::try_from(*span).map_err(|_| Status::BAD_ARGUMENT)?,
        Some((_, Value::Bytes(_))) => return Err(Status::BAD_ARGUMENT),
        None => 0,
    };
    if !FILTER_STATE.contains(&path.as_str()) {
        return Err(Status::NOT_FOUND);
    }
    Ok(Effect::FilterState(path, value, span))
}

/// Envoy wants the hash and one key; anything else is a bad argument.
fn verified(argument: &[u8], answer: bool) -> Result<Vec<u8>, Status> {
    let fields = protobuf::read(argument).ok_or(Status::BAD_ARGUMENT)?;
    let hash = protobuf::text(&fields, 1).unwrap_or_default();
    let keys = fields
        .iter()
        .filter(|(number, _)| [2, 5].contains(number))
        .count();
    if !["sha1", "sha224", "sha256", "sha384", "sha512"].contains(&hash.as_str()) || keys != 1 {
        return Err(Status::BAD_ARGUMENT);
    }
    Ok(if answer { vec![0x08, 0x01] } else { Vec::new() })
}
