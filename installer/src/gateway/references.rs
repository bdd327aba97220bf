//! What refers to a gateway: Istio's Gateways that select its pods, `VirtualServices` that name those, and Gateways of Kubernetes'
//! own API that give its Service as their address. Without the gateway, none of them is served any more.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::selector::{Labels, labels, selects};
use crate::mesh::read::{items, name, namespace, text};

/// Objects that may refer to gateways, of the whole cluster: what is in one namespace may refer to a gateway in another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    /// Istio's.
    pub(crate) gateways: Vec<Value>,
    /// Istio's.
    pub(crate) virtual_services: Vec<Value>,
    /// Those of gateway.networking.k8s.io.
    pub(crate) api_gateways: Vec<Value>,
}

/// What refers to one gateway, each as `NAMESPACE/NAME`, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// Istio's Gateways.
    pub(crate) gateways: BTreeSet<String>,
    /// `VirtualServices`.
    pub(crate) virtual_services: BTreeSet<String>,
    /// Gateways of Kubernetes' own API.
    pub(crate) api_gateways: BTreeSet<String>,
}

/// A gateway, as others see it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its Service.
    pub(crate) service: String,
    /// The labels of its pods.
    pub(crate) labels: Labels,
}

/// Everything that refers to it.
pub(crate) fn search(gateway: &Seen, objects: &Objects) -> References {
    let gateways: BTreeSet<String> = objects
        .gateways
        .iter()
        .filter(|one| selects(&labels(one.pointer("/spec/selector")), &gateway.labels))
        .map(full)
        .collect();
    let named = |one: &&Value| bound(one).iter().any(|name| gateways.contains(name));
    let virtual_services = objects.virtual_services.iter().filter(named).map(full);
    let api = objects.api_gateways.iter();
    References {
        virtual_services: virtual_services.collect(),
        api_gateways: api.filter(|one| points(one, gateway)).map(full).collect(),
        gateways,
    }
}

fn full(object: &Value) -> String {
    format!("{}/{}", namespace(object), name(object))
}

/// The Gateways that a `VirtualService` names, as `NAMESPACE/NAME`.
fn bound(service: &Value) -> BTreeSet<String> {
    let routes = ["/spec/http", "/spec/tls", "/spec/tcp"];
    let matches = routes
        .into_iter()
        .flat_map(|routes| items(service, routes))
        .flat_map(|route| items(route, "/match"));
    let names = matches
        .flat_map(|one| items(one, "/gateways"))
        .chain(items(service, "/spec/gateways"));
    names
        .filter_map(Value::as_str)
        .filter(|name| *name != "mesh")
        .map(|name| qualified(name, namespace(service)))
        .collect()
}

/// `NAMESPACE/NAME`, `NAME`, or as it was written of old, `NAME.NAMESPACE.svc.cluster.local`.
fn qualified(name: &str, own: &str) -> String {
    if name.contains('/') {
        return name
            .strip_prefix("./")
            .map_or_else(|| name.to_owned(), |name| format!("{own}/{name}"));
    }
    let mut parts = name.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(namespace), Some("svc")) => format!("{namespace}/{name}"),
        _ => format!("{own}/{name}"),
    }
}

/// Whether the Service of a gateway is an address of this one.
fn points(object: &Value, gateway: &Seen) -> bool {
    items(object, "/spec/addresses")
        .filter(|address| text(address, "/type") == Some("Hostname"))
        .filter_map(|address| text(address, "/value"))
        .any(|host| {
            let mut parts = host.split('.');
            let service = parts.next() == Some(gateway.service.as_str());
            let place = parts.next().unwrap_or_else(|| namespace(object));
            service && place == gateway.namespace
        })
}

impl References {
    /// Whether nothing refers to it.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// With counts, and every name.
impl fmt::Display for References {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("Gateway", &self.gateways),
            ("VirtualService", &self.virtual_services),
            ("Gateway (gateway.networking.k8s.io)", &self.api_gateways),
        ];
        let parts: Vec<_> = kinds
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                format!("{} {kind}: {}", names.len(), names.join(", "))
            })
            .collect();
        out.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(objects: &Objects) -> String {
        let labels = [("app", "edge"), ("istio", "ingressgateway")];
        let gateway = Seen {
            namespace: "edge-system".to_owned(),
            service: "edge".to_owned(),
            labels: labels
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        };
        search(&gateway, objects).to_string()
    }

    fn object(namespace: &str, name: &str, spec: &Value) -> Value {
        json!({"metadata": {"namespace": namespace, "name": name}, "spec": spec})
    }

    #[test]
    fn gateways_and_who_names_them() {
        let selecting = |selector: Value| json!({"selector": selector});
        let objects = Objects {
            gateways: vec![
                object(
                    "shop",
                    "web",
                    &selecting(json!({"istio": "ingressgateway"})),
                ),
                object(
                    "shop",
                    "other",
                    &selecting(json!({"istio": "egressgateway"})),
                ),
                object("shop", "all", &json!({})),
            ],
            virtual_services: vec![
                object("shop", "short", &json!({"gateways": ["mesh", "web"]})),
                object("blog", "long", &json!({"gateways": ["shop/web"]})),
                object(
                    "blog",
                    "old",
                    &json!({"gateways": ["web.shop.svc.cluster.local"]}),
                ),
                object("shop", "dot", &json!({"gateways": ["./web"]})),
                object("blog", "elsewhere", &json!({"gateways": ["web"]})),
                object("shop", "others", &json!({"gateways": ["other"]})),
                object(
                    "shop",
                    "match",
                    &json!({"tcp": [{"match": [{"gateways": ["web"]}]}]}),
                ),
                object("shop", "inside", &json!({"hosts": ["web"]})),
            ],
            api_gateways: Vec::new(),
        };
        assert_eq!(
            found(&objects),
            "1 Gateway: shop/web; 5 VirtualService: blog/long, blog/old, shop/dot, shop/match, shop/short"
        );
    }

    #[test]
    fn gateways_of_the_other_api() {
        let at = |namespace: &str, name: &str, kind: &str, value: &str| {
            object(
                namespace,
                name,
                &json!({"addresses": [{"type": kind, "value": value}]}),
            )
        };
        let objects = Objects {
            api_gateways: vec![
                at("edge-system", "short", "Hostname", "edge"),
                at(
                    "shop",
                    "long",
                    "Hostname",
                    "edge.edge-system.svc.cluster.local",
                ),
                at("shop", "elsewhere", "Hostname", "edge"),
                at("shop", "longer", "Hostname", "edge.edge-system-2.svc"),
                at("shop", "ip", "IPAddress", "192.0.2.1"),
                object("shop", "own", &json!({"gatewayClassName": "istio"})),
            ],
            ..Objects::default()
        };
        assert_eq!(
            found(&objects),
            "2 Gateway (gateway.networking.k8s.io): edge-system/short, shop/long"
        );
        assert!(
            search(
                &Seen {
                    namespace: String::new(),
                    service: String::new(),
                    labels: Labels::new()
                },
                &objects
            )
            .is_empty()
        );
    }
}
