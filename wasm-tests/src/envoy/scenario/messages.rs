//! Messages on the wire as a scenario means them, and the other way round.

use crate::envoy::held::{Arrival, Received};
use crate::envoy::http::{Fields, Response};
use crate::envoy::scenario::streams::Stream;
use crate::envoy::scenario::wire::head;
use anyhow::{Context, Result, bail};
use simulator::scenario::file::AnswerStep;
use simulator::world::{Asked, Call};
use simulator::{Passed, Replied, Seen};

/// Whether an answer is that of the upstream, which always answers a repeated request with 200, and never to gRPC.
pub(super) fn passed_through(response: &Response) -> bool {
    response.status == 200 && response.header("grpc-status").is_none()
}

/// A request that got to the upstream.
pub(super) fn at_upstream(stream: &Stream, arrival: &Arrival) -> Seen {
    let received = arrival.received();
    if !received.end && !stream.newest.passed_a_part(&received) {
        return Seen::Waiting;
    }
    let (start, headers) = received.head.clone().unwrap_or_default();
    Seen::Continue(passed(&start, headers, received))
}

pub(super) fn passed(start: &str, headers: Fields, received: Received) -> Passed {
    Passed {
        headers: fields(start, headers),
        body: received.body,
        trailers: received.trailers.into_iter().collect::<simulator::Fields>(),
        end: received.end,
    }
}

/// Headers with the pseudo headers that HTTP/1.1 has in other places.
fn fields(start: &str, headers: Fields) -> simulator::Fields {
    let mut fields = simulator::Fields::new();
    let mut words = start.split(' ');
    match (words.next(), words.next()) {
        (Some(version), Some(status)) if version.starts_with("HTTP/") => {
            fields.add(":status", status.as_bytes());
        }
        (Some(method), Some(path)) => {
            fields.add(":method", method.as_bytes());
            fields.add(":path", path.as_bytes());
        }
        _ => {}
    }
    for (name, value) in headers {
        let name = if name == "host" { ":authority" } else { &name };
        fields.add(name, &value);
    }
    fields
}

pub(super) fn status(start: &str) -> Result<u16> {
    let status = start
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.with_context(|| format!("no status in {start:?}"))
}

pub(super) fn replied(response: &Response, details: String) -> Replied {
    let grpc_status = response
        .header("grpc-status")
        .and_then(|status| status.parse().ok());
    Replied {
        status: response.status,
        headers: fields(
            &format!("HTTP/1.1 {}", response.status),
            response.headers.clone(),
        ),
        body: response.body.clone(),
        grpc_status,
        details,
    }
}

pub(super) fn call(arrival: &Arrival, grpc: bool) -> Call {
    let received = arrival.received();
    let (start, headers) = received.head.unwrap_or_default();
    let path = start.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers = fields(&start, headers);
    let asked = if grpc {
        let (service, method) = path
            .trim_start_matches('/')
            .rsplit_once('/')
            .unwrap_or_default();
        Asked::Grpc {
            service: service.to_owned(),
            method: method.to_owned(),
            metadata: headers,
            message: received.body,
        }
    } else {
        Asked::Http {
            headers,
            body: received.body,
        }
    };
    Call {
        worker: 0,
        root: 0,
        token: 0,
        cluster: arrival.server.clone(),
        asked,
        deadline: None,
        open: true,
    }
}

/// The bytes of an answer to a call-out.
pub(super) fn returned(step: &AnswerStep) -> Result<Vec<u8>> {
    let (status, body) = match (step.grpc_status, &step.message) {
        (Some(status), _) => (http_status(status)?, &b""[..]),
        (None, Some(message)) => (200, &message.0[..]),
        (None, None) => (
            step.status.unwrap_or(200),
            step.body.as_ref().map_or(&b""[..], |body| &body.0),
        ),
    };
    let mut headers: Fields = step
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.0.clone()))
        .collect();
    if step.message.is_some() {
        headers.push((
            "content-type".to_owned(),
            b"application/x-protobuf".to_vec(),
        ));
    }
    headers.push(("content-length".to_owned(), body.len().to_string().into()));
    Ok([
        head(
            b"HTTP/1.1 ",
            status.to_string().as_bytes(),
            b" Status",
            &headers,
        ),
        body.to_vec(),
    ]
    .concat())
}

/// The HTTP status that Envoy's translation makes this gRPC status of.
fn http_status(grpc: u32) -> Result<u16> {
    match grpc {
        7 => Ok(403),
        12 => Ok(404),
        14 => Ok(503),
        16 => Ok(401),
        other => {
            bail!("no HTTP status means gRPC status {other}; there is one for 7, 12, 14 and 16")
        }
    }
}
