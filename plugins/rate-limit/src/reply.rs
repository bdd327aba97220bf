//! What a refused client gets.
//!
//! `Retry-After` is in whole seconds, rounded up (RFC 9110 section 10.2.3), so a client that obeys it is not early.
//! `RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers-10, structured fields with the rule's name as
//! the policy. A token bucket is told in the draft's words as follows: the quota `q` is the burst, the window `w` the seconds in which an
//! empty bucket fills, so that `q / w` is the rate; `r` is what remains, 0 on a refusal; `t` is when more becomes available.

use std::borrow::Cow;

use filter::Reply;

use crate::limit::{Limit, Nanos};

/// `RESOURCE_EXHAUSTED`: what gRPC clients take for "try again later".
pub(crate) const RESOURCE_EXHAUSTED: u8 = 8;

/// `INVALID_ARGUMENT`: trying again does not help.
const INVALID_ARGUMENT: u8 = 3;

/// `UNAVAILABLE`: it is not the client's fault.
const UNAVAILABLE: u8 = 14;

const SECOND: u64 = 1_000_000_000;

/// The reply of one rule, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status, 400 to 599.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
    /// Headers besides those that every refusal has.
    pub(crate) headers: Vec<(String, String)>,
    /// The gRPC status, 1 to 16, for a gRPC request.
    pub(crate) grpc_status: u8,
}

impl Default for Refusal {
    fn default() -> Self {
        Self {
            status: 429,
            body: "rate limit exceeded\n".to_owned(),
            headers: Vec::new(),
            grpc_status: RESOURCE_EXHAUSTED,
        }
    }
}

impl Refusal {
    /// The reply to a request that rule `name` has no token for until so many nanoseconds from now.
    pub(crate) fn limited(&self, name: &str, limit: &Limit, wait: Nanos) -> Reply {
        let seconds = wait.div_ceil(SECOND).max(1);
        let (burst, window) = (limit.burst(), limit.seconds_to_fill());
        let told = [
            ("retry-after", seconds.to_string()),
            ("ratelimit", format!("\"{name}\";r=0;t={seconds}")),
            (
                "ratelimit-policy",
                format!("\"{name}\";q={burst};w={window}"),
            ),
        ];
        let told = told.map(|(name, value)| (Cow::Borrowed(name), value.into_bytes()));
        let own = self
            .headers
            .iter()
            .map(|(name, value)| (Cow::Owned(name.clone()), value.clone().into_bytes()));
        Reply {
            status: self.status,
            headers: told.into_iter().chain(own).collect(),
            body: self.body.clone().into_bytes(),
            grpc_status: Some(self.grpc_status),
            details: format!("rate_limit_{name}").into(),
        }
    }
}

/// The reply to a request that lacks a part of the key of rule `name`, where that is configured to refuse it.
pub(crate) fn keyless(name: &str) -> Reply {
    bare(
        (400, INVALID_ARGUMENT),
        "the request lacks what its rate limit is counted by\n",
        format!("rate_limit_{name}_keyless"),
    )
}

/// The reply to a request that rule `name` could not decide about.
pub(crate) fn failed(name: &str) -> Reply {
    unavailable(format!("rate_limit_{name}_failed"))
}

/// The reply to a request that could not even be read.
pub(crate) fn unreadable() -> Reply {
    unavailable("rate_limit_failed".to_owned())
}

fn unavailable(details: String) -> Reply {
    bare(
        (503, UNAVAILABLE),
        "the rate limit cannot be checked\n",
        details,
    )
}

fn bare((status, grpc_status): (u16, u8), body: &str, details: String) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        grpc_status: Some(grpc_status),
        details: details.into(),
    }
}
