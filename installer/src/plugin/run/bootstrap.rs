//! Envoy's configuration as a value: one listener, the plugins, one upstream.
//!
//! Each plugin's configuration is a file of its own that Envoy watches (ECDS), not a part of the listener: changing it
//! then replaces that filter alone, and no connection is closed, just as in a mesh, where Istio does the same.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Envoy warns when nothing limits its connections; this is more than a laptop will see.
const MOST_CONNECTIONS: u32 = 50_000;
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const TLS: &str =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const CONNECTIONS: &str = "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig";

/// What Envoy is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where its own interface is.
    pub admin: SocketAddr,
    /// Where requests go.
    pub upstream: Upstream,
    /// The plugins, in order: the name of each, and the file with its configuration.
    pub filters: Vec<(String, PathBuf)>,
}

/// A server behind the plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// For `https`, the file of the authorities to trust.
    pub trusted: Option<PathBuf>,
}

/// A plugin as Envoy gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Its name, in logs too.
    pub name: &'a str,
    /// The module.
    pub code: &'a Path,
    /// The configuration, as JSON text.
    pub configuration: &'a str,
}

/// The bootstrap.
#[must_use]
pub fn bootstrap(plan: &Plan) -> Value {
    json!({
        "node": {"id": "weft", "cluster": "weft"},
        "admin": {"address": socket(plan.admin)},
        "overload_manager": {"resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {"@type": CONNECTIONS, "max_active_downstream_connections": MOST_CONNECTIONS},
        }]},
        "static_resources": {
            "listeners": [{
                "name": "weft",
                "address": socket(plan.listen),
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": manager(plan),
                }]}],
            }],
            "clusters": [cluster(&plan.upstream)],
        },
    })
}

/// The file with one plugin's configuration. A new `version` makes Envoy say that it took it.
#[must_use]
pub fn extension(filter: &Filter<'_>, version: u64) -> Value {
    json!({
        "version_info": version.to_string(),
        "resources": [{
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
            "name": filter.name,
            "typed_config": {"@type": WASM, "config": {
                "name": filter.name,
                // The lines that a plugin logs while it starts carry this name only.
                "root_id": filter.name,
                "vm_config": {
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": filter.code}},
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": filter.configuration,
                },
            }},
        }],
    })
}

fn manager(plan: &Plan) -> Value {
    let mut filters: Vec<Value> = plan
        .filters
        .iter()
        .map(|(name, file)| {
            json!({"name": name, "config_discovery": {
                "config_source": {"path_config_source": {"path": file}, "resource_api_version": "V3"},
                "type_urls": [WASM],
            }})
        })
        .collect();
    filters.push(json!({"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}));
    json!({
        "@type": MANAGER,
        "stat_prefix": "weft",
        "use_remote_address": true,
        "route_config": {"virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": route(&plan.upstream)}],
        }]},
        "http_filters": filters,
    })
}

/// A server with a name of its own wants to be asked by it; one on this machine sees the host that the client named.
fn route(upstream: &Upstream) -> Value {
    if upstream.is_named() {
        json!({"cluster": "upstream", "host_rewrite_literal": upstream.host})
    } else {
        json!({"cluster": "upstream"})
    }
}

fn cluster(upstream: &Upstream) -> Value {
    let address =
        json!({"socket_address": {"address": upstream.host, "port_value": upstream.port}});
    let mut cluster = json!({
        "name": "upstream",
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    });
    if let (Some(file), Some(fields)) = (&upstream.trusted, cluster.as_object_mut()) {
        fields.insert("transport_socket".to_owned(), tls(&upstream.host, file));
    }
    cluster
}

/// TLS as a browser does it: the authority is trusted, and the certificate is for this host. Envoy left alone would
/// take any host's certificate.
fn tls(host: &str, authorities: &Path) -> Value {
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let kind = if is_address { "IP_ADDRESS" } else { "DNS" };
    let validation = json!({
        "trusted_ca": {"filename": authorities},
        "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": host}}],
    });
    let mut context =
        json!({"@type": TLS, "common_tls_context": {"validation_context": validation}});
    if let (false, Some(fields)) = (is_address, context.as_object_mut()) {
        fields.insert("sni".to_owned(), host.into());
    }
    json!({"name": "envoy.transport_sockets.tls", "typed_config": context})
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

impl Upstream {
    /// A server at an address.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
            trusted: None,
        }
    }

    /// The server that a URL names. `trusted` is used for `https`.
    ///
    /// # Errors
    /// With what is wrong, to be said after the URL.
    pub fn parse(url: &str, trusted: Option<&Path>) -> Result<Self, String> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or("write http://HOST:PORT or https://HOST:PORT")?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(
                "it has more than a host and a port, and requests bring their own path".to_owned(),
            );
        }
        let (default, trusted) = match (scheme, trusted) {
            ("http", _) => (80, None),
            ("https", Some(file)) => (443, Some(file.to_path_buf())),
            ("https", None) => {
                return Err(
                    "no file of trusted authorities was found: name one with SSL_CERT_FILE"
                        .to_owned(),
                );
            }
            _ => return Err(format!("{scheme} is neither http nor https")),
        };
        let (host, port) = split(authority, default)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            trusted,
        })
    }

    fn is_named(&self) -> bool {
        self.host != "localhost" && self.host.parse::<std::net::IpAddr>().is_err()
    }
}

fn split(authority: &str, default: u16) -> Result<(&str, u16), String> {
    let bracketed = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match authority.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err("an IPv6 address stands in brackets".to_owned());
            }
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err("it names no host".to_owned());
    }
    match port.map(str::parse) {
        None => Ok((host, default)),
        Some(Ok(port)) => Ok((host, port)),
        Some(Err(_)) => Err("its port is no number up to 65535".to_owned()),
    }
}

#[cfg(test)]
mod tests;
