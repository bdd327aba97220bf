//! The least of an HTTP client: one request to an admin port or a registry on this machine.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);

/// GET; the body of a 200.
pub(crate) fn get(address: &str, path: &str) -> Result<String> {
    request(address, "GET", path)
}

/// One request without a body; the body of a 200.
pub(crate) fn request(address: &str, method: &str, path: &str) -> Result<String> {
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("nobody listens on {address}"))?;
    stream
        .set_read_timeout(Some(TIMEOUT))
        .context("no timeout")?;
    stream
        .set_write_timeout(Some(TIMEOUT))
        .context("no timeout")?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    stream
        .write_all(head.as_bytes())
        .with_context(|| format!("cannot send to {address}"))?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .with_context(|| format!("no answer from {address}{path}"))?;
    let (status, body) =
        parse(&answer).with_context(|| format!("{address}{path} answered no HTTP"))?;
    if status != 200 {
        bail!("{method} {address}{path} answered {status}: {body}");
    }
    Ok(body)
}

fn parse(answer: &[u8]) -> Option<(u16, String)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, rest) = answer.split_at_checked(end)?;
    let body = rest.get(4..)?;
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let chunked = head.contains("transfer-encoding: chunked");
    let body = if chunked {
        unchunk(body)?
    } else {
        body.to_vec()
    };
    Some((status, String::from_utf8_lossy(&body).into_owned()))
}

fn unchunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(body.get(..end)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let (chunk, rest) = body.get(end.checked_add(2)?..)?.split_at_checked(size)?;
        whole.extend_from_slice(chunk);
        body = rest.get(2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_body_are_read() {
        let table: [(&str, Option<(u16, &str)>); 5] = [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                Some((200, "hi")),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1;x\r\n!\r\n0\r\n\r\n",
                Some((200, "hi!")),
            ),
            ("HTTP/1.1 503 no\r\n\r\n", Some((503, ""))),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi",
                None,
            ),
            ("nonsense", None),
        ];
        for (answer, expected) in table {
            let got = parse(answer.as_bytes());
            assert_eq!(
                got.as_ref().map(|(status, body)| (*status, body.as_str())),
                expected,
                "{answer}"
            );
        }
    }
}
