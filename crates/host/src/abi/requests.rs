//! The imports that take many arguments, with a type for those of each.

use filter::HostError;
use prost::Message;

use super::{check, raw};

/// An HTTP call, encoded.
pub(crate) struct HttpCall<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) headers: &'a [u8],
    pub(crate) body: &'a [u8],
    pub(crate) timeout: u32,
}

pub(crate) fn http_call(call: &HttpCall<'_>) -> Result<u32, HostError> {
    let mut token = 0;
    let trailers = crate::pairs::NONE;
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_http_call(
            call.cluster.as_ptr(),
            call.cluster.len(),
            call.headers.as_ptr(),
            call.headers.len(),
            call.body.as_ptr(),
            call.body.len(),
            trailers.as_ptr(),
            trailers.len(),
            call.timeout,
            &raw mut token,
        )
    };
    check("proxy_http_call", status).map(|()| token)
}

/// A unary gRPC call, encoded.
pub(crate) struct GrpcCall<'a> {
    /// Whom to call, as a message of Envoy's; see [`grpc_service`].
    pub(crate) target: &'a [u8],
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    pub(crate) message: &'a [u8],
    pub(crate) timeout: u32,
}

pub(crate) fn grpc_call(call: &GrpcCall<'_>) -> Result<u32, HostError> {
    let mut token = 0;
    let metadata = crate::pairs::NONE;
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_grpc_call(
            call.target.as_ptr(),
            call.target.len(),
            call.service.as_ptr(),
            call.service.len(),
            call.method.as_ptr(),
            call.method.len(),
            metadata.as_ptr(),
            metadata.len(),
            call.message.as_ptr(),
            call.message.len(),
            call.timeout,
            &raw mut token,
        )
    };
    check("proxy_grpc_call", status).map(|()| token)
}

/// The message `envoy.config.core.v3.GrpcService` that means this cluster.
///
/// The host takes the bare name of a cluster, too, if it cannot be read as such a message. Names like `authorize` can, as an unknown
/// field of eight bytes, and then the whole proxy ends: "panic: unset oneof".
pub(crate) fn grpc_service(cluster: &str) -> Vec<u8> {
    let service = GrpcService {
        envoy_grpc: Some(EnvoyGrpc {
            cluster_name: cluster.to_owned(),
        }),
    };
    service.encode_to_vec()
}

#[derive(Clone, PartialEq, Eq, Message)]
struct GrpcService {
    #[prost(message, tag = "1")]
    envoy_grpc: Option<EnvoyGrpc>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct EnvoyGrpc {
    #[prost(string, tag = "1")]
    cluster_name: String,
}

/// A local reply, encoded.
pub(crate) struct LocalReply<'a> {
    pub(crate) status: u32,
    pub(crate) details: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) headers: &'a [u8],
    pub(crate) grpc_status: i32,
}

pub(crate) fn send_local_response(reply: &LocalReply<'_>) -> Result<(), HostError> {
    // SAFETY: see the module's documentation.
    let status = unsafe {
        raw::proxy_send_local_response(
            reply.status,
            reply.details.as_ptr(),
            reply.details.len(),
            reply.body.as_ptr(),
            reply.body.len(),
            reply.headers.as_ptr(),
            reply.headers.len(),
            reply.grpc_status,
        )
    };
    check("proxy_send_local_response", status)
}
