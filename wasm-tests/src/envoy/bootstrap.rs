//! The configuration of the proxy: listeners with filters in front of one upstream.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

static GRPC_SOCKETS: AtomicU32 = AtomicU32::new(0);

/// What a proxy is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub(crate) workers: usize,
    pub(crate) listeners: Vec<Value>,
    /// The file that the listeners are read from, again whenever it is replaced; without one they are fixed.
    pub(crate) discovery: bool,
    clusters: Vec<Value>,
    routes: Vec<Value>,
}

/// A filter of the HTTP chain.
#[derive(Clone, Debug)]
pub struct Filter(Value);

impl Filter {
    /// A module with a configuration. All filters share one VM identity, as under Istio.
    #[must_use]
    pub fn wasm(name: &str, module: &Path, configuration: &str) -> Self {
        Self::typed(
            name,
            "http.wasm.v3.Wasm",
            json!({"config": {
                "name": name,
                "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}},
                "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": configuration},
            }}),
        )
    }

    /// The same for a network filter.
    #[must_use]
    pub fn network_wasm(name: &str, module: &Path, configuration: &str) -> Self {
        let Self(http) = Self::wasm(name, module, configuration);
        let config = http.pointer("/typed_config/config").cloned();
        Self::typed(name, "network.wasm.v3.Wasm", json!({"config": config}))
    }

    /// One of Envoy's own; `kind` is its type after `envoy.extensions.filters.`.
    #[must_use]
    pub fn typed(name: &str, kind: &str, configuration: Value) -> Self {
        Self(typed(name, kind, configuration))
    }
}

impl Setup {
    /// One worker, no listener yet, and everything goes to `upstream`. There is also the cluster `dead`, on which nobody
    /// listens.
    #[must_use]
    pub fn new(upstream: SocketAddr) -> Self {
        let dead = SocketAddr::from(([127, 0, 0, 1], 1));
        Self {
            workers: 1,
            listeners: Vec::new(),
            discovery: false,
            clusters: vec![
                cluster("upstream", &address(upstream)),
                cluster("dead", &address(dead)),
            ],
            routes: vec![json!({
                "name": "everything",
                "match": {"prefix": "/"},
                "route": {"cluster": "upstream", "timeout": "10s"},
            })],
        }
    }

    /// The same with so many workers.
    #[must_use]
    pub const fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// The same with a route before the others; add it before the listeners that are to have it.
    #[must_use]
    pub fn route(mut self, route: Value) -> Self {
        self.routes.insert(0, route);
        self
    }

    /// The same with a listener of that name on a free port, and these filters.
    #[must_use]
    pub fn listener(mut self, name: &str, filters: &[Filter]) -> Self {
        let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
        self.listeners
            .push(listener(name, &address, filters, &self.routes));
        self
    }

    /// The same with a listener of that name for connections of any kind, which these network filters see on their way to the cluster
    /// `upstream`.
    #[must_use]
    pub fn tcp(mut self, name: &str, filters: &[Filter]) -> Self {
        let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": 0}});
        let last = Filter::typed(
            "envoy.filters.network.tcp_proxy",
            "network.tcp_proxy.v3.TcpProxy",
            json!({"stat_prefix": name, "cluster": "upstream"}),
        );
        let filters: Vec<&Value> = filters
            .iter()
            .chain([&last])
            .map(|filter| &filter.0)
            .collect();
        self.listeners.push(json!({
            "name": name,
            "stat_prefix": name,
            "address": address,
            "filter_chains": [{"filters": filters}],
        }));
        self
    }

    /// The same, but listeners are discovered: [`crate::envoy::Proxy::replace`] changes them.
    #[must_use]
    pub const fn discovered(mut self) -> Self {
        self.discovery = true;
        self
    }

    /// The same with a cluster of that name.
    #[must_use]
    pub fn cluster(mut self, name: &str, server: SocketAddr) -> Self {
        self.clusters.push(cluster(name, &address(server)));
        self
    }

    /// The same with a gRPC service of that name, whose answer to a message is what `server` answers to it as the body of a
    /// POST. gRPC needs HTTP/2, which our servers do not speak, so Envoy itself translates.
    #[must_use]
    pub fn grpc(mut self, name: &str, server: SocketAddr) -> Self {
        let behind = format!("behind-{name}");
        let bridge = Filter::typed(
            "bridge",
            "http.grpc_http1_reverse_bridge.v3.FilterConfig",
            json!({"content_type": "application/x-protobuf", "withhold_grpc_frames": true}),
        );
        // An abstract socket, whose name must be ours alone.
        let number = GRPC_SOCKETS.fetch_add(1, Ordering::Relaxed);
        let pipe = json!({"pipe": {"path": format!("@weft-grpc-{}-{number}", std::process::id())}});
        let route =
            json!({"match": {"prefix": "/"}, "route": {"cluster": behind, "timeout": "10s"}});
        self.listeners
            .push(listener(&behind, &pipe, &[bridge], &[route]));
        self.clusters.push(http2(cluster(name, &pipe)));
        self.cluster(&behind, server)
    }

    /// The same with a cluster of that name that speaks HTTP/2.
    #[must_use]
    pub fn http2(mut self, name: &str, server: SocketAddr) -> Self {
        self.clusters.push(http2(cluster(name, &address(server))));
        self
    }

    /// The bootstrap configuration; discovered listeners are read from `listeners`.
    pub(crate) fn bootstrap(&self, listeners: &Path) -> Value {
        let fixed = if self.discovery {
            &[][..]
        } else {
            &self.listeners
        };
        let mut bootstrap = json!({
            "node": {"id": "weft-test", "cluster": "weft-test"},
            // Histograms show their values after this.
            "stats_flush_interval": "0.1s",
            "static_resources": {"listeners": fixed, "clusters": self.clusters},
        });
        if let (true, Some(fields)) = (self.discovery, bootstrap.as_object_mut()) {
            let source =
                json!({"path_config_source": {"path": listeners}, "resource_api_version": "V3"});
            fields.insert(
                "dynamic_resources".to_owned(),
                json!({"lds_config": source}),
            );
        }
        bootstrap
    }

    /// What stands in the file of discovered listeners.
    pub(crate) fn discovery(&self, version: u32) -> Value {
        let kind = "type.googleapis.com/envoy.config.listener.v3.Listener";
        let with_type = |listener: &Value| {
            let mut listener = listener.clone();
            if let Some(fields) = listener.as_object_mut() {
                fields.insert("@type".to_owned(), kind.into());
            }
            listener
        };
        let resources: Vec<Value> = self.listeners.iter().map(with_type).collect();
        json!({"version_info": version.to_string(), "resources": resources})
    }
}

/// A line that starts with the request's id, which tests choose, so that each finds its own.
const ACCESS_LOG: &str = "access id=%REQ(X-REQUEST-ID)% status=%RESPONSE_CODE% details=%RESPONSE_CODE_DETAILS% \
                          flags=%RESPONSE_FLAGS% route=%ROUTE_NAME% state=%FILTER_STATE(envoy.string:PLAIN)%\n";

fn listener(name: &str, address: &Value, filters: &[Filter], routes: &[Value]) -> Value {
    let last = Filter::typed(
        "envoy.filters.http.router",
        "http.router.v3.Router",
        json!({}),
    );
    let filters: Vec<&Value> = filters
        .iter()
        .chain([&last])
        .map(|filter| &filter.0)
        .collect();
    // On stderr, and so in the proxy's log: a file would have to be waited for.
    let log = json!({
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog",
        "log_format": {"text_format_source": {"inline_string": ACCESS_LOG}},
    });
    let manager = typed(
        "envoy.filters.network.http_connection_manager",
        "network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": name,
            "codec_type": "AUTO",
            "http_protocol_options": {"enable_trailers": true},
            "preserve_external_request_id": true,
            "max_request_headers_kb": 1024,
            "common_http_protocol_options": {"max_headers_count": 2000},
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            "http_filters": filters,
            "access_log": [{"name": "stderr", "typed_config": log}],
        }),
    );
    json!({
        "name": name,
        "stat_prefix": name,
        "address": address,
        "filter_chains": [{"filters": [manager]}],
    })
}

fn typed(name: &str, kind: &str, mut configuration: Value) -> Value {
    if let Some(fields) = configuration.as_object_mut() {
        let kind = format!("type.googleapis.com/envoy.extensions.filters.{kind}");
        fields.insert("@type".to_owned(), kind.into());
    }
    json!({"name": name, "typed_config": configuration})
}

fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

/// How a cluster says what it speaks.
const PROTOCOL: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

fn cluster(name: &str, address: &Value) -> Value {
    let options = json!({
        "@type": format!("type.googleapis.com/{PROTOCOL}"),
        "explicit_http_config": {"http_protocol_options": {"enable_trailers": true}},
    });
    json!({
        "name": name,
        "typed_extension_protocol_options": {PROTOCOL: options},
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    })
}

fn http2(mut cluster: Value) -> Value {
    let options = json!({
        "@type": format!("type.googleapis.com/{PROTOCOL}"),
        "explicit_http_config": {"http2_protocol_options": {}},
    });
    if let Some(fields) = cluster.as_object_mut() {
        fields.insert(
            "typed_extension_protocol_options".to_owned(),
            json!({PROTOCOL: options}),
        );
    }
    cluster
}
