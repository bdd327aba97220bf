//! Servers that answer when a test says so, and requests whose answers are watched as they come.
//!
//! A scenario says what has passed after each of its steps, so both ends of the proxy are looked at while a message
//! is still on its way. Threads read and write down what came; nothing here waits.

use crate::envoy::http::{Fields, read_head, read_parts};
use anyhow::{Context, Result};
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often a thread looks whether it may go on.
const PAUSE: Duration = Duration::from_millis(1);

/// What came of a message so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The start line and the headers.
    pub head: Option<(String, Fields)>,
    /// So much of the body.
    pub body: Vec<u8>,
    /// Its trailers, once all of it came.
    pub trailers: Fields,
    /// Whether that is all.
    pub end: bool,
    /// Whether the connection broke before that.
    pub broken: bool,
}

/// Servers, and the requests that reached them, in the order in which they came.
#[derive(Debug, Default)]
pub struct Servers {
    arrived: Arc<Mutex<Vec<Arrival>>>,
    answers_alone: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
    addresses: Vec<SocketAddr>,
}

/// A request that reached a server.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The server.
    pub server: String,
    /// What came of it.
    received: Arc<Mutex<Received>>,
    answer: Arc<Mutex<Answer>>,
}

#[derive(Debug)]
struct Answer {
    stream: TcpStream,
    done: bool,
}

impl Servers {
    /// Starts a server on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(&mut self, name: &str) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = listener.local_addr().context("no address")?;
        let (name, arrived) = (name.to_owned(), Arc::clone(&self.arrived));
        let (alone, ends) = (Arc::clone(&self.answers_alone), Arc::clone(&self.ends));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                let (name, arrived, alone) =
                    (name.clone(), Arc::clone(&arrived), Arc::clone(&alone));
                // A connection that breaks is the test's own doing.
                thread::spawn(move || drop(serve(stream, &name, &arrived, &alone)));
            }
        });
        self.addresses.push(address);
        Ok(address)
    }

    /// The requests that came so far.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrival> {
        lock(&self.arrived).clone()
    }

    /// From now on requests are answered with 200 at once and not written down, or not.
    pub fn answer_alone(&self, alone: bool) {
        self.answers_alone.store(alone, Ordering::SeqCst);
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        for address in &self.addresses {
            // Wakes the thread that accepts.
            drop(TcpStream::connect(address));
        }
    }
}

impl Arrival {
    /// What came of it so far.
    #[must_use]
    pub fn received(&self) -> Received {
        lock(&self.received).clone()
    }

    /// Whether an answer was begun and ended.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        lock(&self.answer).done
    }

    /// Sends a part of the answer.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&self, bytes: &[u8], last: bool) -> Result<()> {
        let mut answer = lock(&self.answer);
        answer.done |= last;
        answer
            .stream
            .write_all(bytes)
            .context("the proxy took its connection away")
    }

    /// Closes the connection in place of an answer.
    pub fn break_off(&self) {
        let mut answer = lock(&self.answer);
        answer.done = true;
        // It may be closed already, which is what we want.
        drop(answer.stream.shutdown(Shutdown::Both));
    }
}

fn serve(
    stream: TcpStream,
    name: &str,
    arrived: &Mutex<Vec<Arrival>>,
    alone: &AtomicBool,
) -> Result<()> {
    let mut writer = stream.try_clone().context("cannot share the connection")?;
    let mut reader = BufReader::new(stream);
    while let Some(head) = read_head(&mut reader)? {
        let headers = head.1.clone();
        if alone.load(Ordering::SeqCst) {
            read_parts(&mut reader, &headers, |_| {})?;
            writer
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .context("cannot answer")?;
            continue;
        }
        let received = Arc::new(Mutex::new(Received {
            head: Some(head),
            ..Received::default()
        }));
        let stream = writer.try_clone().context("cannot share the connection")?;
        let answer = Arc::new(Mutex::new(Answer {
            stream,
            done: false,
        }));
        let arrival = Arrival {
            server: name.to_owned(),
            received: Arc::clone(&received),
            answer: Arc::clone(&answer),
        };
        lock(arrived).push(arrival);
        rest(&mut reader, &headers, &received)?;
        while !lock(&answer).done {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// Writes the body down as it comes.
fn rest(
    reader: &mut BufReader<TcpStream>,
    headers: &Fields,
    received: &Mutex<Received>,
) -> Result<()> {
    let read = read_parts(reader, headers, |part| {
        lock(received).body.extend_from_slice(part);
    });
    let mut received = lock(received);
    received.end = read.is_ok();
    received.broken = read.is_err();
    received.trailers = read?;
    Ok(())
}

/// A request on its way, on a connection of its own.
#[derive(Debug)]
pub struct Sent {
    stream: TcpStream,
    received: Arc<Mutex<Received>>,
}

impl Sent {
    /// Sends the first bytes on `stream` and watches what comes back. An answer to a HEAD request is `bodiless`.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn start(stream: TcpStream, bytes: &[u8], bodiless: bool) -> Result<Self> {
        let received = Arc::<Mutex<Received>>::default();
        let reader = stream.try_clone().context("cannot share the connection")?;
        let shared = Arc::clone(&received);
        thread::spawn(move || {
            if watch(reader, &shared, bodiless).is_err() {
                lock(&shared).broken = true;
            }
        });
        let mut sent = Self { stream, received };
        sent.send(bytes)?;
        Ok(sent)
    }

    /// Sends more of the request.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream
            .write_all(bytes)
            .context("the proxy took the client's connection away")
    }

    /// What came back so far.
    #[must_use]
    pub fn received(&self) -> Received {
        lock(&self.received).clone()
    }

    /// The client goes away.
    pub fn go_away(&self) {
        // It may be closed already, which is what we want.
        drop(self.stream.shutdown(Shutdown::Both));
    }
}

fn watch(stream: TcpStream, received: &Mutex<Received>, bodiless: bool) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader)?.context("the connection was closed instead of an answer")?;
    let headers = head.1.clone();
    lock(received).head = Some(head);
    if bodiless {
        lock(received).end = true;
        return Ok(());
    }
    rest(&mut reader, &headers, received)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::proxy::wait;

    #[test]
    fn both_ends_are_watched_while_a_message_is_on_its_way() {
        let mut servers = Servers::default();
        let address = servers.start("up").unwrap();
        let client = TcpStream::connect(address).unwrap();
        let mut sent = Sent::start(
            client,
            b"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nab",
            false,
        )
        .unwrap();
        wait("the first half", || {
            Ok(servers
                .arrived()
                .first()
                .is_some_and(|arrival| arrival.received().body == b"ab"))
        })
        .unwrap();
        let arrival = servers.arrived().remove(0);
        assert!(!arrival.received().end);
        sent.send(b"cd").unwrap();
        wait("the second half", || Ok(arrival.received().end)).unwrap();
        arrival
            .send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", false)
            .unwrap();
        wait("the head of the answer", || {
            Ok(sent.received().head.is_some())
        })
        .unwrap();
        assert!(!sent.received().end && !arrival.is_answered());
        arrival.send(b"ok", true).unwrap();
        wait("the answer", || Ok(sent.received().end)).unwrap();
        assert_eq!(sent.received().body, b"ok");
    }

    #[test]
    fn an_answer_that_breaks_off_is_seen() {
        let mut servers = Servers::default();
        let address = servers.start("up").unwrap();
        let sent = Sent::start(
            TcpStream::connect(address).unwrap(),
            b"GET / HTTP/1.1\r\n\r\n",
            false,
        )
        .unwrap();
        wait("the request", || Ok(servers.arrived().len() == 1)).unwrap();
        servers.arrived()[0].break_off();
        wait("the end", || Ok(sent.received().broken)).unwrap();
    }
}
