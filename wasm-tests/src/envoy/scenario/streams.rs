//! The requests of a scenario, each on a connection of its own, and the requests that they became at the upstream.

use crate::envoy::held::{Arrival, Received, Sent, Servers};
use crate::envoy::http::Fields;
use crate::envoy::proxy::{Proxy, wait};
use crate::envoy::scenario::{LISTENER, UPSTREAM};
use anyhow::{Context, Result, bail};
use simulator::scenario::file::{BodyStep, RequestStep, ResponseStep, TrailersStep};
use simulator::scenario::value::Bytes;
use std::collections::BTreeMap;

/// All of them, by name; those without one have their number.
#[derive(Debug, Default)]
pub(super) struct Streams {
    by_name: BTreeMap<String, Stream>,
    newest: String,
    sent: usize,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Stream {
    sent: Sent,
    /// Its `x-request-id`, by which it is known at the upstream and in the access log.
    pub(super) id: String,
    chunked_request: bool,
    /// Whether the upstream began to answer.
    pub(super) answered: bool,
    pub(super) newest: Newest,
}

/// What the newest step sent of a message, and so what is looked for at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Newest {
    /// All of it.
    Whole,
    /// Its headers.
    Headers,
    /// A part of its body, when so much of that had passed.
    Part(usize),
}

impl Newest {
    /// Whether `received`, of which more will come, has what the newest step sent.
    pub(super) fn passed_a_part(self, received: &Received) -> bool {
        match self {
            Self::Whole => false,
            Self::Headers => true,
            Self::Part(before) => received.body.len() > before,
        }
    }
}

impl Streams {
    /// Sends a request, or its headers; gives the name of its stream.
    pub(super) fn send(&mut self, proxy: &Proxy, request: &RequestStep) -> Result<String> {
        let (id, bytes) = self.encoded(request);
        let name = request.name.clone().unwrap_or_else(|| id.clone());
        if self.by_name.contains_key(&name) {
            bail!("there are two streams with the name {name}");
        }
        let connection = proxy.connect_to(LISTENER, request.worker)?;
        let sent = Sent::start(
            connection,
            &bytes,
            request.method.as_deref() == Some("HEAD"),
        )?;
        let chunked_request = request.open && !has_length(request);
        self.by_name.insert(
            name.clone(),
            Stream {
                sent,
                id,
                chunked_request,
                answered: false,
                newest: if request.open {
                    Newest::Headers
                } else {
                    Newest::Whole
                },
            },
        );
        self.newest.clone_from(&name);
        Ok(name)
    }

    /// A request as it is sent, and its id.
    pub(super) fn encoded(&mut self, request: &RequestStep) -> (String, Vec<u8>) {
        self.sent = self.sent.saturating_add(1);
        let id = format!("stream-{}", self.sent);
        (id.clone(), encode(request, &id))
    }

    /// Sends a part of a request's body.
    pub(super) fn send_part(&mut self, servers: &Servers, part: &BodyStep) -> Result<String> {
        let (name, stream) = self.named(part.of.as_ref())?;
        let passed = stream
            .arrived(servers)
            .map_or(0, |arrival| arrival.received().body.len());
        stream.newest = Newest::Part(passed);
        let bytes = if stream.chunked_request {
            chunk(&part.bytes.0, part.end)
        } else {
            part.bytes.0.clone()
        };
        stream.sent.send(&bytes)?;
        Ok(name)
    }

    /// Lets the upstream answer.
    pub(super) fn respond(&mut self, servers: &Servers, response: &ResponseStep) -> Result<String> {
        let (name, stream) = self.named(response.of.as_ref())?;
        let arrival = stream.arrival(servers)?;
        stream.answered = true;
        stream.newest = if response.open {
            Newest::Headers
        } else {
            Newest::Whole
        };
        arrival.send(&answer(response), !response.open)?;
        Ok(name)
    }

    /// Lets the upstream send a part of its answer's body.
    pub(super) fn respond_part(&mut self, servers: &Servers, part: &BodyStep) -> Result<String> {
        let (name, stream) = self.named(part.of.as_ref())?;
        let arrival = stream.arrival(servers)?;
        stream.newest = Newest::Part(stream.sent.received().body.len());
        arrival.send(&chunk(&part.bytes.0, part.end), part.end)?;
        Ok(name)
    }

    /// Ends a request with trailers.
    pub(super) fn send_trailers(
        &mut self,
        servers: &Servers,
        trailers: &TrailersStep,
    ) -> Result<String> {
        let (name, stream) = self.named(trailers.of.as_ref())?;
        let passed = stream
            .arrived(servers)
            .map_or(0, |arrival| arrival.received().body.len());
        stream.newest = Newest::Part(passed);
        stream.sent.send(&last_chunk(&trailers.fields))?;
        Ok(name)
    }

    /// Lets the upstream end its answer with trailers.
    pub(super) fn respond_trailers(
        &mut self,
        servers: &Servers,
        trailers: &TrailersStep,
    ) -> Result<String> {
        let (name, stream) = self.named(trailers.of.as_ref())?;
        let arrival = stream.arrival(servers)?;
        stream.newest = Newest::Part(stream.sent.received().body.len());
        arrival.send(&last_chunk(&trailers.fields), true)?;
        Ok(name)
    }

    /// The client of a stream goes away, unless it has its answer.
    pub(super) fn finish(&mut self, name: &str) -> Result<()> {
        let (_, stream) = self.named(Some(&name.to_owned()))?;
        if !stream.sent.received().end {
            stream.sent.go_away();
        }
        Ok(())
    }

    /// All clients go away.
    pub(super) fn end(&self) {
        for stream in self.by_name.values() {
            stream.sent.go_away();
        }
    }

    /// The stream of that name.
    pub(super) fn stream(&self, name: &str) -> Result<&Stream> {
        self.by_name
            .get(name)
            .with_context(|| format!("there is no stream {name}"))
    }

    fn named(&mut self, name: Option<&String>) -> Result<(String, &mut Stream)> {
        let name = name.unwrap_or(&self.newest).clone();
        let stream = self
            .by_name
            .get_mut(&name)
            .with_context(|| format!("there is no stream {name}"))?;
        Ok((name, stream))
    }
}

impl Stream {
    /// What the client has of the answer.
    pub(super) fn received(&self) -> Received {
        self.sent.received()
    }

    /// The request at the upstream, if it got there.
    pub(super) fn arrived(&self, servers: &Servers) -> Option<Arrival> {
        let ours = |arrival: &Arrival| {
            let head = arrival.received().head.unwrap_or_default();
            arrival.server == UPSTREAM
                && head
                    .1
                    .iter()
                    .any(|(name, value)| name == "x-request-id" && *value == self.id.as_bytes())
        };
        servers.arrived().into_iter().find(ours)
    }

    fn arrival(&self, servers: &Servers) -> Result<Arrival> {
        let mut found = None;
        wait("the request to reach the upstream", || {
            found = self.arrived(servers);
            Ok(found.is_some())
        })?;
        found.context("it did not")
    }
}

fn has_length(request: &RequestStep) -> bool {
    request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
}

fn encode(request: &RequestStep, id: &str) -> Vec<u8> {
    let method = request.method.as_deref().unwrap_or("GET");
    let path = request.path.as_ref().map_or(&b"/"[..], |path| &path.0);
    let host = request
        .host
        .as_ref()
        .map_or(&b"example.com"[..], |host| &host.0);
    let mut headers: Fields = vec![
        ("host".to_owned(), host.to_vec()),
        ("x-request-id".to_owned(), id.into()),
    ];
    if let Some(source) = &request.source {
        headers.push(("x-forwarded-for".to_owned(), address(source).into()));
    }
    headers.extend(
        request
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.0.clone())),
    );
    let mut body = request
        .body
        .as_ref()
        .map_or(Vec::new(), |body| body.0.clone());
    if !has_length(request) {
        let chunked = request.open || !request.trailers.is_empty();
        if !request.trailers.is_empty() {
            body = [chunk(&body, false), last_chunk(&request.trailers)].concat();
        }
        match (chunked, &request.body) {
            (true, _) => headers.push(("transfer-encoding".to_owned(), b"chunked".to_vec())),
            (false, Some(_)) => {
                headers.push(("content-length".to_owned(), body.len().to_string().into()));
            }
            (false, None) => {}
        }
    }
    [
        head(
            format!("{method} ").as_bytes(),
            path,
            b" HTTP/1.1",
            &headers,
        ),
        body,
    ]
    .concat()
}

/// The address in `IP`, `IP:port` or `[IP]:port`.
fn address(source: &str) -> &str {
    let address = match source.rsplit_once(':') {
        Some((address, _)) if !address.contains(':') || address.ends_with(']') => address,
        _ => source,
    };
    address.trim_start_matches('[').trim_end_matches(']')
}

fn answer(response: &ResponseStep) -> Vec<u8> {
    let status = response.status.unwrap_or(200);
    let mut headers: Fields = response
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.0.clone()))
        .collect();
    let mut body = response
        .body
        .as_ref()
        .map_or(Vec::new(), |body| body.0.clone());
    // A response whose body comes in parts is sent in chunks; what it says of its length would then contradict that.
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-length"));
    if !response.trailers.is_empty() {
        body = [chunk(&body, false), last_chunk(&response.trailers)].concat();
    }
    if response.open || !response.trailers.is_empty() {
        headers.push(("transfer-encoding".to_owned(), b"chunked".to_vec()));
    } else {
        headers.push(("content-length".to_owned(), body.len().to_string().into()));
    }
    [
        head(
            b"HTTP/1.1 ",
            status.to_string().as_bytes(),
            b" Status",
            &headers,
        ),
        body,
    ]
    .concat()
}

/// A start line and headers, as bytes.
pub(super) fn head(before: &[u8], middle: &[u8], after: &[u8], headers: &Fields) -> Vec<u8> {
    let mut bytes = [before, middle, after, b"\r\n"].concat();
    for (name, value) in headers {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

/// The end of a body in chunks, with trailers.
fn last_chunk(trailers: &[(String, Bytes)]) -> Vec<u8> {
    let trailers: Fields = trailers
        .iter()
        .map(|(name, value)| (name.clone(), value.0.clone()))
        .collect();
    head(b"0", b"", b"", &trailers)
}

fn chunk(bytes: &[u8], end: bool) -> Vec<u8> {
    let mut chunk = Vec::new();
    if !bytes.is_empty() {
        chunk.extend(format!("{:x}\r\n", bytes.len()).into_bytes());
        chunk.extend([bytes, b"\r\n"].concat());
    }
    if end {
        chunk.extend(b"0\r\n\r\n");
    }
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_port() {
        let table = [
            ("10.0.0.1", "10.0.0.1"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
        ];
        for (written, expected) in table {
            assert_eq!(address(written), expected);
        }
    }

    #[test]
    fn chunks_end_with_an_empty_one() {
        assert_eq!(chunk(b"abc", false), b"3\r\nabc\r\n");
        assert_eq!(chunk(b"", false), b"");
        assert_eq!(chunk(b"a", true), b"1\r\na\r\n0\r\n\r\n");
        let trailers = [("t".to_owned(), Bytes(b"1".to_vec()))];
        assert_eq!(last_chunk(&trailers), b"0\r\nt: 1\r\n\r\n");
    }
}
