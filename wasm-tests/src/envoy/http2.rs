//! HTTP/2 without TLS, at both ends of the proxy: bodies in parts, each a frame of its own, and trailers.

use crate::envoy::http::Fields;
use anyhow::{Context, Result};
use h2::{RecvStream, SendStream, client, server};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// How long an exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The path of a request, the status of a response.
    pub start: String,
    /// Its headers.
    pub headers: Fields,
    /// The parts of its body. What comes is one.
    pub parts: Vec<Vec<u8>>,
    /// Its trailers. Where there are none the last part ends it.
    pub trailers: Fields,
}

impl Message {
    /// A message with a body in these parts.
    #[must_use]
    pub fn new(start: &str, parts: &[&str]) -> Self {
        Self {
            start: start.to_owned(),
            headers: Fields::new(),
            parts: parts.iter().map(|part| part.as_bytes().to_vec()).collect(),
            trailers: Fields::new(),
        }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The same with a trailer.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers
            .push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// All of its body.
    #[must_use]
    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.parts.concat()).into_owned()
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}

/// A server behind the proxy that answers every request alike. It ends when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
    _runtime: Runtime,
}

impl Upstream {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start(answer: &Message) -> Result<Self> {
        let runtime = Runtime::new().context("no runtime")?;
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .context("no free port")?;
        let address = listener.local_addr().context("no address")?;
        let seen = Arc::<Mutex<Vec<Message>>>::default();
        let (shared, answer) = (Arc::clone(&seen), answer.clone());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that breaks is the test's own doing.
                tokio::spawn(serve(stream, Arc::clone(&shared), answer.clone()));
            }
        });
        Ok(Self {
            address,
            seen,
            _runtime: runtime,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that reached it whole since the last time somebody asked.
    #[must_use]
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(stream: TcpStream, seen: Arc<Mutex<Vec<Message>>>, answer: Message) -> Result<()> {
    let mut connection = server::handshake(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, mut respond) = accepted?;
        let (seen, answer) = (Arc::clone(&seen), answer.clone());
        tokio::spawn(async move {
            let (head, body) = request.into_parts();
            let message = received(head.uri.path(), &head.headers, body).await?;
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(message);
            let mut response = Response::builder().status(answer.start.as_str()).body(())?;
            *response.headers_mut() = map(&answer.headers)?;
            let alone = answer.parts.is_empty() && answer.trailers.is_empty();
            let sender = respond.send_response(response, alone)?;
            if !alone {
                send(sender, &answer)?;
            }
            anyhow::Ok(())
        });
    }
    Ok(())
}

/// Sends a POST to `HOST:PORT`, each part a little after the one before, and gives the answer.
///
/// # Errors
/// When there is none.
pub fn post(address: &str, message: &Message) -> Result<Message> {
    let runtime = Runtime::new().context("no runtime")?;
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, exchange(address, message))
            .await
            .context("no answer in time")?
    })
}

async fn exchange(address: &str, message: &Message) -> Result<Message> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("nobody listens on {address}"))?;
    let (client, connection) = client::handshake(stream).await?;
    tokio::spawn(connection);
    let mut client = client.ready().await?;
    let uri = format!("http://weft.test{}", message.start);
    let mut request = Request::post(uri).body(())?;
    *request.headers_mut() = map(&message.headers)?;
    let (response, sender) = client.send_request(request, false)?;
    tokio::time::sleep(PAUSE).await;
    send_slowly(sender, message).await?;
    let (head, body) = response.await?.into_parts();
    received(head.status.as_str(), &head.headers, body).await
}

/// So long the proxy has for each part.
const PAUSE: Duration = Duration::from_millis(30);

async fn send_slowly(mut sender: SendStream<bytes::Bytes>, message: &Message) -> Result<()> {
    let trails = !message.trailers.is_empty();
    let last = message.parts.len();
    for (number, part) in (1..).zip(&message.parts) {
        let end = number == last && !trails;
        // A reply to a request that still comes ends it.
        if sender.send_data(part.clone().into(), end).is_err() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    if trails {
        drop(sender.send_trailers(map(&message.trailers)?));
    }
    Ok(())
}

fn send(mut sender: SendStream<bytes::Bytes>, message: &Message) -> Result<()> {
    let trails = !message.trailers.is_empty();
    let last = message.parts.len();
    for (number, part) in (1..).zip(&message.parts) {
        sender.send_data(part.clone().into(), number == last && !trails)?;
    }
    if trails {
        sender.send_trailers(map(&message.trailers)?)?;
    }
    Ok(())
}

async fn received(start: &str, headers: &HeaderMap, mut body: RecvStream) -> Result<Message> {
    let mut whole = Vec::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        whole.extend_from_slice(&part);
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    Ok(Message {
        start: start.to_owned(),
        headers: fields(headers),
        parts: vec![whole],
        trailers: fields(&trailers),
    })
}

fn fields(map: &HeaderMap) -> Fields {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn map(fields: &Fields) -> Result<HeaderMap> {
    fields
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            Ok((name, HeaderValue::from_bytes(value)?))
        })
        .collect()
}
