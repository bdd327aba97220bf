//! Messages of a scenario as bytes of HTTP/1.1.

use crate::envoy::http::Fields;
use simulator::scenario::file::{RequestStep, ResponseStep};
use simulator::scenario::value::Bytes;

pub(super) fn has_length(request: &RequestStep) -> bool {
    request
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
}

pub(super) fn encode(request: &RequestStep, id: &str) -> Vec<u8> {
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

pub(super) fn answer(response: &ResponseStep) -> Vec<u8> {
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
pub(super) fn last_chunk(trailers: &[(String, Bytes)]) -> Vec<u8> {
    let trailers: Fields = trailers
        .iter()
        .map(|(name, value)| (name.clone(), value.0.clone()))
        .collect();
    head(b"0", b"", b"", &trailers)
}

pub(super) fn chunk(bytes: &[u8], end: bool) -> Vec<u8> {
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
