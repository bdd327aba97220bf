//! The server behind the proxy.
//!
//! Its answer shows the request that reached it, byte for byte, so a test sees what the proxy changed. The path says how
//! it behaves: `/status/503`, `/delay/200` (milliseconds, then the rest of the path), `/headers/a=1&b=2` (response headers),
//! `/size/5000` (a body of that length), `/reset` (closes the connection instead of answering).

use crate::envoy::http::{Fields, read_body, read_head};
use anyhow::{Context, Result};
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A running server. Its threads end with it.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    ends: Arc<AtomicBool>,
}

/// A request that reached the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Fields,
    /// Its body.
    pub body: Vec<u8>,
}

impl Seen {
    /// The values of a header, in order.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<Vec<u8>> {
        let found = self.headers.iter().filter(|(found, _)| found == name);
        found.map(|(_, value)| value.clone()).collect()
    }
}

impl Upstream {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start() -> Result<Self> {
        Self::start_always("")
    }

    /// The same, behaving as if every path began with `behaviour`.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start_always(behaviour: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let address = listener.local_addr().context("no address")?;
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let ends = Arc::<AtomicBool>::default();
        let shared = (Arc::clone(&seen), Arc::clone(&ends));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.1.load(Ordering::SeqCst) {
                    return;
                }
                let seen = Arc::clone(&shared.0);
                // A connection that breaks is the test's own doing.
                thread::spawn(move || drop(serve(stream, &seen, behaviour)));
            }
        });
        Ok(Self {
            address,
            seen,
            ends,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests that reached it since the last time somebody asked.
    #[must_use]
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Seen>>, behaviour: &str) -> Result<()> {
    let mut writer = stream.try_clone().context("cannot share the connection")?;
    let mut reader = BufReader::new(stream);
    while let Some((start, headers)) = read_head(&mut reader)? {
        let body = read_body(&mut reader, &headers)?;
        let mut words = start.split(' ').map(str::to_owned);
        let (method, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let request = Seen {
            method,
            path,
            headers,
            body,
        };
        let answer = answer(&request, behaviour);
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        let Some(answer) = answer else { return Ok(()) };
        writer.write_all(&answer).context("cannot answer")?;
    }
    Ok(())
}

/// The bytes of the answer; `None` for none at all.
fn answer(request: &Seen, behaviour: &str) -> Option<Vec<u8>> {
    let path = request.path.split('?').next().unwrap_or_default();
    let path = [behaviour, path].concat();
    let mut path = path.split('/').skip(1);
    let (mut status, mut headers, mut body) = (200, String::new(), shown(request));
    while let Some(word) = path.next() {
        let mut number = || {
            path.next()
                .and_then(|number| number.parse::<u32>().ok())
                .unwrap_or_default()
        };
        match word {
            "reset" => return None,
            "status" => status = number(),
            "delay" => thread::sleep(Duration::from_millis(number().into())),
            "size" => body = vec![b'x'; usize::try_from(number()).unwrap_or_default()],
            "headers" => {
                let pairs = path.next().unwrap_or_default().split('&');
                let lines = pairs
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(name, value)| format!("{name}: {value}\r\n"));
                headers = lines.collect();
            }
            _ => {}
        }
    }
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {length}\r\n\r\n");
    if request.method == "HEAD" {
        body.clear();
    }
    Some([head.into_bytes(), body].concat())
}

/// The request as it came, a line for each header.
fn shown(request: &Seen) -> Vec<u8> {
    let mut bytes = format!("{} {}\n", request.method, request.path).into_bytes();
    for (name, value) in &request.headers {
        bytes.extend([name.as_bytes(), b": ", value, b"\n"].concat());
    }
    bytes.push(b'\n');
    bytes.extend(&request.body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envoy::http::{Client, Request};

    #[test]
    fn the_path_says_how_it_behaves() {
        let upstream = Upstream::start().unwrap();
        let mut client = Client::connect(&upstream.address().to_string()).unwrap();
        let mut get = |path: &str| client.send(&Request::get(path));
        let shown = get("/a").unwrap();
        assert_eq!(
            (shown.status, shown.text().as_str()),
            (200, "GET /a\nhost: weft.test\n\n")
        );
        assert_eq!(get("/status/503").unwrap().status, 503);
        assert_eq!(
            get("/headers/set-cookie=a=1&set-cookie=b=2")
                .unwrap()
                .all("set-cookie"),
            ["a=1", "b=2"]
        );
        assert_eq!(get("/delay/1/size/5000").unwrap().body.len(), 5000);
        assert!(get("/reset").is_err());
        assert_eq!(upstream.take().len(), 5);
        assert_eq!(upstream.take(), []);
    }
}
