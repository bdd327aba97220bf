//! Envoy's own interface: is it ready, where does it listen, did it take a configuration.

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// How often Envoy took and refused a plugin's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) taken: u64,
    pub(super) refused: u64,
}

/// One GET over plain HTTP.
///
/// # Errors
/// When there is no connection, or no response.
pub async fn get(address: SocketAddr, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = hyper::Request::get(path)
        .header(hyper::header::HOST, address.to_string())
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, body.to_vec()))
}

/// Whether Envoy serves.
pub(super) async fn is_ready(admin: SocketAddr) -> bool {
    get(admin, "/ready")
        .await
        .is_ok_and(|(status, _)| status == 200)
}

/// Where the listener is, which matters when its port was for Envoy to choose.
pub(super) async fn listener(admin: SocketAddr) -> anyhow::Result<SocketAddr> {
    let (_, body) = get(admin, "/listeners?format=json").await?;
    address(&body).context("Envoy has no listener")
}

/// The counts of one plugin.
pub(super) async fn counts(admin: SocketAddr, plugin: &str) -> anyhow::Result<Counts> {
    let (_, body) = get(admin, "/stats?usedonly&filter=extension_config_discovery").await?;
    Ok(count(&String::from_utf8_lossy(&body), plugin))
}

fn count(stats: &str, plugin: &str) -> Counts {
    let prefix = format!("extension_config_discovery.http_filter.{plugin}.");
    let mut counts = Counts::default();
    for (name, value) in stats
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix)?.split_once(": "))
    {
        let value: u64 = value.parse().unwrap_or_default();
        match name {
            "config_reload" => counts.taken = value,
            // A file that cannot be read, and one that can and is wrong.
            "config_fail" | "update_rejected" => {
                counts.refused = counts.refused.saturating_add(value);
            }
            _ => {}
        }
    }
    counts
}

#[derive(Deserialize)]
struct Listeners {
    listener_statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    local_address: Local,
}

#[derive(Deserialize)]
struct Local {
    socket_address: Socket,
}

#[derive(Deserialize)]
struct Socket {
    address: std::net::IpAddr,
    port_value: u16,
}

fn address(json: &[u8]) -> Option<SocketAddr> {
    let listeners: Listeners = serde_json::from_slice(json).ok()?;
    let socket = &listeners
        .listener_statuses
        .first()?
        .local_address
        .socket_address;
    Some(SocketAddr::new(socket.address, socket.port_value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_plugin_alone() {
        let stats = "extension_config_discovery.http_filter.x.config_reload: 3\n\
                     extension_config_discovery.http_filter.x.config_fail: 1\n\
                     extension_config_discovery.http_filter.x.update_rejected: 2\n\
                     extension_config_discovery.http_filter.x-2.config_reload: 9\n\
                     extension_config_discovery.http_filter.x.version_text: \"7\"\n";
        assert_eq!(
            count(stats, "x"),
            Counts {
                taken: 3,
                refused: 3
            }
        );
        assert_eq!(count(stats, "y"), Counts::default());
    }

    #[test]
    fn the_listeners_address_is_read() {
        let json = br#"{"listener_statuses": [{"name": "weft", "local_address":
            {"socket_address": {"address": "127.0.0.1", "port_value": 43829}}}]}"#;
        assert_eq!(address(json), Some("127.0.0.1:43829".parse().unwrap()));
        assert_eq!(address(b"{}"), None);
        assert_eq!(address(br#"{"listener_statuses": []}"#), None);
    }
}
