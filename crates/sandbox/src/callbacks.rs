//! The exports that the proxy calls back, by name.

use simulator::Callback;

/// What the ABI calls a callback, and its arguments behind the context.
pub(crate) fn export(callback: Callback) -> (&'static str, Vec<u32>) {
    match callback {
        Callback::Create { parent } => ("proxy_on_context_create", vec![parent]),
        // There is no configuration of the VM, as under Istio.
        Callback::VmStart => ("proxy_on_vm_start", vec![0]),
        Callback::Configure { size } => ("proxy_on_configure", vec![size]),
        Callback::RequestHeaders { count, end } => {
            ("proxy_on_request_headers", vec![count, u32::from(end)])
        }
        Callback::RequestBody { size, end } => {
            ("proxy_on_request_body", vec![size, u32::from(end)])
        }
        Callback::ResponseHeaders { count, end } => {
            ("proxy_on_response_headers", vec![count, u32::from(end)])
        }
        Callback::ResponseBody { size, end } => {
            ("proxy_on_response_body", vec![size, u32::from(end)])
        }
        Callback::RequestTrailers { count } => ("proxy_on_request_trailers", vec![count]),
        Callback::ResponseTrailers { count } => ("proxy_on_response_trailers", vec![count]),
        Callback::DownstreamData { size, end } => {
            ("proxy_on_downstream_data", vec![size, u32::from(end)])
        }
        Callback::UpstreamData { size, end } => {
            ("proxy_on_upstream_data", vec![size, u32::from(end)])
        }
        Callback::HttpCallResponse {
            token,
            headers,
            body,
        } => ("proxy_on_http_call_response", vec![token, headers, body, 0]),
        Callback::GrpcReceive { token, size } => ("proxy_on_grpc_receive", vec![token, size]),
        Callback::GrpcClose { token, status } => ("proxy_on_grpc_close", vec![token, status]),
        Callback::Tick => ("proxy_on_tick", Vec::new()),
        Callback::QueueReady { queue } => ("proxy_on_queue_ready", vec![queue]),
        Callback::Done => ("proxy_on_done", Vec::new()),
        Callback::Log => ("proxy_on_log", Vec::new()),
        Callback::Delete => ("proxy_on_delete", Vec::new()),
    }
}
