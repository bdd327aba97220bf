//! The upstream that `weft plugin run` brings along: it answers every request with what reached it, as JSON, so that
//! one sees what the plugins before it did.

use anyhow::Context as _;
use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// What reached the upstream.
#[derive(Debug, Serialize)]
struct Seen {
    method: String,
    path: String,
    headers: BTreeMap<String, Vec<String>>,
}

/// Starts it on a port of its own; it serves until the runtime ends.
///
/// # Errors
/// When no port can be had.
pub async fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("cannot open a port for the echo upstream")?;
    let address = listener
        .local_addr()
        .context("the echo upstream has no address")?;
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn answer(request: Request) -> impl IntoResponse {
    let seen = Seen {
        method: request.method().to_string(),
        path: request
            .uri()
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default(),
        headers: headers(request.headers()),
    };
    // Only a value that cannot be JSON fails, and texts can.
    let body = serde_json::to_string(&seen).unwrap_or_default() + "\n";
    (
        [(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
        body,
    )
}

/// Every value of every header; bytes that are no UTF-8 show as replacement characters.
fn headers(map: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in map {
        all.entry(name.to_string())
            .or_default()
            .push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_tells_what_reached_it() {
        let address = start().await.unwrap();
        let (status, body) = crate::plugin::run::get(address, "/a?b=c").await.unwrap();
        let seen: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200);
        assert_eq!(seen["method"], "GET");
        assert_eq!(seen["path"], "/a?b=c");
        assert_eq!(
            seen["headers"]["host"],
            serde_json::json!([address.to_string()])
        );
    }

    #[test]
    fn every_value_is_kept() {
        let mut map = HeaderMap::new();
        map.append("x", HeaderValue::from_static("1"));
        map.append("x", HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(headers(&map)["x"], ["1", "\u{fffd}"]);
    }
}
