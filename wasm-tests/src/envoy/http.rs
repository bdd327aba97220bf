//! HTTP/1.1 by hand.
//!
//! A proper client validates, lower-cases and joins headers. These tests send what it would not: values that are no
//! UTF-8, names twice, headers of many kilobytes; and they look at every header of an answer, in order.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long to wait for bytes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Names and values, in order.
pub type Fields = Vec<(String, Vec<u8>)>;

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// With its query.
    pub path: Vec<u8>,
    /// `Host` first, when it is to be sent.
    pub headers: Fields,
    /// Sent with a content-length unless empty.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET of `path` on host `weft.test`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A request without a body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.as_bytes().to_vec(),
            headers: vec![("host".to_owned(), b"weft.test".to_vec())],
            body: Vec::new(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// The bytes that are sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [self.method.as_bytes(), b" ", &self.path, b" HTTP/1.1\r\n"].concat();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if !self.body.is_empty() {
            bytes.extend(format!("content-length: {}\r\n", self.body.len()).into_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

/// What a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Every header, names in lower case.
    pub headers: Fields,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The values of a header, in order.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<String> {
        let found = self.headers.iter().filter(|(found, _)| found == name);
        found
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// The only value of a header; `None` when it is absent or repeated.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let mut all = self.all(name);
        let last = all.pop();
        last.filter(|_| all.is_empty())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One connection, kept open between requests.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address);
        Self::on(stream.with_context(|| format!("nobody listens on {address}"))?)
    }

    /// Speaks on a connection that is already there.
    ///
    /// # Errors
    /// When it is gone.
    pub fn on(stream: TcpStream) -> Result<Self> {
        stream
            .set_read_timeout(Some(PATIENCE))
            .context("no timeout")?;
        stream.set_nodelay(true).context("no nodelay")?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        self.write(&request.encode())?;
        self.response(request.method == "HEAD")
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream
            .get_mut()
            .write_all(bytes)
            .context("cannot send the request")
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// When the connection ends before the answer does.
    pub fn response(&mut self, bodiless: bool) -> Result<Response> {
        let (start, headers) = read_head(&mut self.stream)?
            .context("the connection was closed instead of an answer")?;
        let status = start
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status: u16 = status.with_context(|| format!("no status in {start:?}"))?;
        let bodiless = bodiless || status == 204 || status == 304;
        let body = if bodiless {
            Vec::new()
        } else {
            read_body(&mut self.stream, &headers)?
        };
        Ok(Response {
            status,
            headers,
            body,
        })
    }
}

/// The start line and the headers; `None` when the peer is gone.
pub(crate) fn read_head(stream: &mut impl BufRead) -> Result<Option<(String, Fields)>> {
    let Some(start) = read_line(stream)? else {
        return Ok(None);
    };
    let start = String::from_utf8_lossy(&start).into_owned();
    Ok(Some((start, read_fields(stream, "headers")?)))
}

/// Names and values up to an empty line.
fn read_fields(stream: &mut impl BufRead, what: &str) -> Result<Fields> {
    let mut fields = Fields::new();
    loop {
        let line = read_line(stream)?
            .with_context(|| format!("the connection was closed within the {what}"))?;
        if line.is_empty() {
            return Ok(fields);
        }
        let colon = line
            .iter()
            .position(|byte| *byte == b':')
            .context("a header without a colon")?;
        let (name, value) = line.split_at(colon);
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        fields.push((
            name,
            value.get(1..).unwrap_or_default().trim_ascii().to_vec(),
        ));
    }
}

/// The body that `headers` announce.
pub(crate) fn read_body(stream: &mut impl BufRead, headers: &Fields) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    read_parts(stream, headers, |part| body.extend_from_slice(part))?;
    Ok(body)
}

/// Hands the parts of the body that `headers` announce to `take` as they come, and gives the trailers.
pub(crate) fn read_parts(
    stream: &mut impl BufRead,
    headers: &Fields,
    mut take: impl FnMut(&[u8]),
) -> Result<Fields> {
    let value = |name: &str| {
        let found = headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    if value("transfer-encoding").is_some_and(|encoding| encoding.contains("chunked")) {
        return read_chunks(stream, take);
    }
    let Some(length) = value("content-length") else {
        return Ok(Fields::new());
    };
    let length = length
        .parse()
        .with_context(|| format!("no content-length: {length:?}"))?;
    read_exactly(stream, length, &mut take)?;
    Ok(Fields::new())
}

fn read_chunks(stream: &mut impl BufRead, mut take: impl FnMut(&[u8])) -> Result<Fields> {
    loop {
        let line = read_line(stream)?.context("the connection was closed within the body")?;
        let text = String::from_utf8_lossy(&line).into_owned();
        let size = text.split(';').next().unwrap_or_default().trim();
        let size =
            usize::from_str_radix(size, 16).with_context(|| format!("no chunk size: {text:?}"))?;
        if size == 0 {
            break;
        }
        read_exactly(stream, size, &mut take)?;
        read_line(stream)?;
    }
    read_fields(stream, "trailers")
}

fn read_exactly(
    stream: &mut impl BufRead,
    length: usize,
    take: &mut impl FnMut(&[u8]),
) -> Result<()> {
    let mut left = length;
    while left > 0 {
        let there = stream.fill_buf().context("the body did not come")?;
        let part = there.get(..left.min(there.len())).unwrap_or_default();
        if part.is_empty() {
            bail!("the body ended {left} bytes early, of {length}");
        }
        take(part);
        let read = part.len();
        stream.consume(read);
        left = left.saturating_sub(read);
    }
    Ok(())
}

/// A line without its end; `None` when the peer is gone.
fn read_line(stream: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).context("no answer")?;
    if line.pop().is_none() {
        return Ok(None);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Fields, Vec<u8>)> {
        let mut stream = text.as_bytes();
        let (start, headers) = read_head(&mut stream)?.context("nothing")?;
        let body = read_body(&mut stream, &headers)?;
        Ok((start, headers, body))
    }

    #[test]
    fn a_request_is_sent_as_it_is_written() {
        let request = Request::new("POST", "/p")
            .with("x", b"\xff")
            .with("x", "2")
            .body("hi");
        let expected = b"POST /p HTTP/1.1\r\nhost: weft.test\r\nx: \xff\r\nx: 2\r\ncontent-length: 2\r\n\r\nhi";
        assert_eq!(request.encode(), expected);
    }

    #[test]
    fn both_kinds_of_body_are_read() {
        let (start, headers, body) =
            read("HTTP/1.1 200 OK\r\nA:  b \r\ncontent-length: 2\r\n\r\nhi!").unwrap();
        assert_eq!(
            (start.as_str(), body.as_slice()),
            ("HTTP/1.1 200 OK", &b"hi"[..])
        );
        assert_eq!(headers[0], ("a".to_owned(), b"b".to_vec()));
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n1;x\r\n!\r\n0\r\nt: 1\r\n\r\n";
        assert_eq!(read(chunked).unwrap().2.as_slice(), &b"hi!"[..]);
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\na: b\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
