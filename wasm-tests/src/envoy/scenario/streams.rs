//! The requests of a scenario, each on a connection of its own, and the requests that they became at the upstream.

use crate::envoy::held::{Arrival, Received, Sent, Servers};
use crate::envoy::proxy::{Proxy, wait};
use crate::envoy::scenario::wire::{answer, chunk, encode, has_length, last_chunk};
use crate::envoy::scenario::{LISTENER, UPSTREAM};
use anyhow::{Context, Result, bail};
use simulator::scenario::file::{BodyStep, RequestStep, ResponseStep, TrailersStep};
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
