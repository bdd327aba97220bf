//! What a test sends, and what it sees.

use std::collections::BTreeMap;

use crate::fields::Fields;

/// A request, as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The worker that takes it.
    pub worker: usize,
    /// Which configuration takes it; `None` for the newest.
    pub configuration: Option<usize>,
    /// Its headers, pseudo headers included.
    pub fields: Fields,
    /// Its body; `None` ends the request with its headers.
    pub body: Option<Vec<u8>>,
    /// What follows its body, and ends it.
    pub trailers: Option<Fields>,
    /// Properties of the stream, by path with NUL between the parts, in Envoy's wire form.
    pub properties: BTreeMap<String, Vec<u8>>,
}

impl Request {
    /// A request to `http://example.com`, from 10.0.0.1, to worker 0.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        let fields = [
            (":method", method),
            (":scheme", "http"),
            (":authority", "example.com"),
            (":path", path),
        ];
        let request = Self {
            worker: 0,
            configuration: None,
            fields: fields.into_iter().collect(),
            body: None,
            trailers: None,
            properties: BTreeMap::new(),
        };
        request.from("10.0.0.1:40000")
    }

    /// `GET path`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// The same for another worker.
    #[must_use]
    pub const fn on(mut self, worker: usize) -> Self {
        self.worker = worker;
        self
    }

    /// The same to another host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.fields.set(":authority", host.as_bytes());
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.add(name, value.as_ref());
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The same with one more trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.trailers
            .get_or_insert_default()
            .add(name, value.as_ref());
        self
    }

    /// The same from another client, `IP:port`.
    #[must_use]
    pub fn from(self, address: &str) -> Self {
        let port = address
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse::<u64>().ok());
        let request = self.property("source\0address", address.as_bytes());
        request.property("source\0port", &port.unwrap_or_default().to_le_bytes())
    }

    /// The same with a property of the stream.
    #[must_use]
    pub fn property(mut self, path: &str, value: &[u8]) -> Self {
        self.properties.insert(path.to_owned(), value.to_vec());
        self
    }
}

/// A response, as the upstream sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its headers, `:status` included.
    pub fields: Fields,
    /// Its body; `None` ends the response with its headers.
    pub body: Option<Vec<u8>>,
    /// What follows its body, and ends it.
    pub trailers: Option<Fields>,
    /// Properties that the stream has from now on.
    pub properties: BTreeMap<String, Vec<u8>>,
}

impl Response {
    /// A response without a body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        let fields = [(":status", status.to_string())];
        Self {
            fields: fields.into_iter().collect(),
            body: None,
            trailers: None,
            properties: BTreeMap::new(),
        }
    }

    /// The same with one more trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.trailers
            .get_or_insert_default()
            .add(name, value.as_ref());
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.add(name, value.as_ref());
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The same with a property of the stream.
    #[must_use]
    pub fn property(mut self, path: &str, value: &[u8]) -> Self {
        self.properties.insert(path.to_owned(), value.to_vec());
        self
    }
}

/// A stream of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(pub(crate) usize);

/// What became of a message so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It passed the filter: what the other side sees of it.
    Continue(Passed),
    /// The proxy answered in the upstream's place: what the client sees.
    Reply(Replied),
    /// The filter holds it.
    Waiting,
    /// The proxy broke the connection.
    Reset,
}

impl Seen {
    /// What passed, if it did.
    #[must_use]
    pub const fn passed(&self) -> Option<&Passed> {
        match self {
            Self::Continue(passed) => Some(passed),
            Self::Reply(_) | Self::Waiting | Self::Reset => None,
        }
    }

    /// What the proxy replied, if it did.
    #[must_use]
    pub const fn replied(&self) -> Option<&Replied> {
        match self {
            Self::Reply(replied) => Some(replied),
            Self::Continue(_) | Self::Waiting | Self::Reset => None,
        }
    }
}

/// A message behind the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its headers.
    pub headers: Fields,
    /// As much of its body as passed.
    pub body: Vec<u8>,
    /// Its trailers; none before the end, and for a message that ends without.
    pub trailers: Fields,
    /// Whether that is all of it.
    pub end: bool,
}

/// A reply of the proxy itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replied {
    /// The HTTP status; for a gRPC request that is 200.
    pub status: u16,
    /// Its headers, `:status` included.
    pub headers: Fields,
    /// Its body.
    pub body: Vec<u8>,
    /// The gRPC status that a gRPC client sees.
    pub grpc_status: Option<u32>,
    /// The response code details that the proxy logs.
    pub details: String,
}
