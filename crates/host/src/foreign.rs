//! Envoy's foreign functions: their names and their messages.
//!
//! The messages are those of Envoy's `source/extensions/common/wasm/ext` (`verify_signature.proto`,
//! `set_envoy_filter_state.proto`), field by field.

use filter::foreign::{ForeignCall, ForeignError, Span};
use prost::Message;

use crate::abi;

#[derive(Clone, PartialEq, Eq, Message)]
struct VerifySignatureArguments {
    #[prost(string, tag = "1")]
    hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    text: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct VerifySignatureResult {
    #[prost(bool, tag = "1")]
    result: bool,
    #[prost(string, tag = "2")]
    error: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct SetEnvoyFilterStateArguments {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(string, tag = "2")]
    value: String,
    #[prost(enumeration = "LifeSpan", tag = "3")]
    span: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum LifeSpan {
    FilterChain = 0,
    DownstreamRequest = 1,
    DownstreamConnection = 2,
}

/// What the ABI calls an answer that is not what was agreed.
const PARSE_FAILURE: u32 = 4;

/// Makes `call` and gives its answer in the form that [`ForeignCall`] promises.
pub(crate) fn call(call: &ForeignCall<'_>) -> Result<Vec<u8>, ForeignError> {
    match *call {
        ForeignCall::VerifySignature {
            hash,
            key,
            signature,
            text,
        } => {
            let arguments = VerifySignatureArguments {
                hash_function: hash.to_owned(),
                public_key: key.to_vec(),
                signature: signature.to_vec(),
                text: text.to_vec(),
            };
            verdict(&ask("verify_signature", &arguments.encode_to_vec())?)
        }
        ForeignCall::SetFilterState { name, value, span } => {
            let span: i32 = life_span(span).into();
            let arguments = SetEnvoyFilterStateArguments {
                path: name.to_owned(),
                value: value.to_owned(),
                span,
            };
            ask("set_envoy_filter_state", &arguments.encode_to_vec())
        }
        ForeignCall::ClearRouteCache => ask("clear_route_cache", &[]),
    }
}

const fn life_span(span: Span) -> LifeSpan {
    match span {
        Span::FilterChain => LifeSpan::FilterChain,
        Span::Request => LifeSpan::DownstreamRequest,
        Span::Connection => LifeSpan::DownstreamConnection,
    }
}

fn ask(name: &str, arguments: &[u8]) -> Result<Vec<u8>, ForeignError> {
    abi::foreign(name, arguments).map_err(|error| match error.status {
        abi::NOT_FOUND => ForeignError::Absent,
        status => ForeignError::Refused(status),
    })
}

/// The host answers a wrong key and a wrong signature alike, with a result and a text.
fn verdict(bytes: &[u8]) -> Result<Vec<u8>, ForeignError> {
    let answer =
        VerifySignatureResult::decode(bytes).map_err(|_| ForeignError::Refused(PARSE_FAILURE))?;
    Ok(vec![u8::from(answer.result)])
}
