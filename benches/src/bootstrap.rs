//! The Envoy that is measured: one listener that answers every request itself, behind the filters in question.

use serde_json::{Value, json};

/// The listener's name.
pub(crate) const LISTENER: &str = "bench";

/// The configuration of an Envoy with these HTTP filters.
pub(crate) fn bootstrap(filters: &[Value]) -> Value {
    let router = typed(
        "envoy.filters.http.router",
        "http.router.v3.Router",
        json!({}),
    );
    let filters: Vec<&Value> = filters.iter().chain([&router]).collect();
    let route = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "ok\n"}}});
    let manager = typed(
        "envoy.filters.network.http_connection_manager",
        "network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": LISTENER,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": filters,
        }),
    );
    json!({"static_resources": {"listeners": [{
        "name": LISTENER,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [manager]}],
    }]}})
}

/// A Wasm filter. Filters with the same `vm` share one VM on each worker.
pub(crate) fn wasm(name: &str, vm: &str, module: &str, configuration: &Value) -> Value {
    typed(
        name,
        "http.wasm.v3.Wasm",
        json!({"config": {
            "name": name,
            "vm_config": {
                "vm_id": vm,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": module}},
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": configuration.to_string(),
            },
        }}),
    )
}

/// A filter of Envoy's extensions: its configuration with its type.
fn typed(name: &str, kind: &str, mut configuration: Value) -> Value {
    if let Some(fields) = configuration.as_object_mut() {
        let kind = format!("type.googleapis.com/envoy.extensions.filters.{kind}");
        fields.insert("@type".to_owned(), kind.into());
    }
    json!({"name": name, "typed_config": configuration})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_comes_last_and_filters_stay_in_order() {
        let filters = [
            wasm("a", "v", "m", &json!({})),
            wasm("b", "v", "m", &json!({})),
        ];
        let bootstrap = bootstrap(&filters);
        let manager =
            "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
        let names: Vec<_> = bootstrap
            .pointer(manager)
            .and_then(Value::as_array)
            .unwrap()
            .iter()
            .map(|filter| filter["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["a", "b", "envoy.filters.http.router"]);
    }

    #[test]
    fn the_configuration_reaches_the_plugin_as_text() {
        let filter = wasm("a", "v", "m", &json!({"b": 1}));
        assert_eq!(
            filter.pointer("/typed_config/config/configuration/value"),
            Some(&json!("{\"b\":1}"))
        );
    }
}
