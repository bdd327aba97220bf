//! Bootstraps as values. That Envoy takes them is tested with a real one, in `tests/`.

use super::*;

fn plan() -> Plan {
    Plan {
        listen: "127.0.0.1:8080".parse().unwrap(),
        admin: "127.0.0.1:0".parse().unwrap(),
        upstream: Upstream::at("127.0.0.1:9000".parse().unwrap()),
        filters: vec![
            ("one".into(), "/run/one.json".into()),
            ("two".into(), "/run/two.json".into()),
        ],
    }
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

const CHAIN: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

#[test]
fn plugins_stand_in_order_before_the_router() {
    let bootstrap = bootstrap(&plan());
    let filters = at(&bootstrap, &format!("{CHAIN}/http_filters"))
        .as_array()
        .unwrap();
    let names: Vec<_> = filters
        .iter()
        .map(|filter| filter["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["one", "two", "envoy.filters.http.router"]);
    assert_eq!(
        at(
            &filters[1],
            "/config_discovery/config_source/path_config_source/path"
        ),
        "/run/two.json"
    );
}

#[test]
fn a_plugin_gets_its_configuration_as_text() {
    let filter = Filter {
        name: "one",
        code: Path::new("/run/x.wasm"),
        configuration: r#"{"a":18446744073709551615}"#,
    };
    let file = extension(&filter, 7);
    let config = "/resources/0/typed_config/config";
    assert_eq!(at(&file, "/version_info"), "7");
    assert_eq!(at(&file, "/resources/0/name"), "one");
    assert_eq!(
        at(&file, &format!("{config}/vm_config/code/local/filename")),
        "/run/x.wasm"
    );
    assert_eq!(
        at(&file, &format!("{config}/configuration/value")),
        r#"{"a":18446744073709551615}"#
    );
    // All plugins of a mesh's proxy share one key space, so they do here too.
    assert_eq!(
        at(&file, &format!("{config}/vm_config/vm_id")),
        &Value::Null
    );
}

#[test]
fn an_upstream_elsewhere_is_asked_by_its_own_name_and_over_tls_when_it_says_so() {
    let trusted = Path::new("/ca.pem");
    let cases = [
        ("http://localhost:3000", None, None),
        ("http://127.0.0.1:3000/", None, None),
        ("http://shop.example", Some("shop.example"), None),
        (
            "https://shop.example:8443",
            Some("shop.example"),
            Some("/ca.pem"),
        ),
    ];
    for (url, host, authorities) in cases {
        let plan = Plan {
            upstream: Upstream::parse(url, Some(trusted)).unwrap(),
            ..plan()
        };
        let bootstrap = bootstrap(&plan);
        let route = at(
            &bootstrap,
            &format!("{CHAIN}/route_config/virtual_hosts/0/routes/0/route/host_rewrite_literal"),
        );
        assert_eq!(route.as_str(), host, "{url}");
        let tls = "/static_resources/clusters/0/transport_socket/typed_config";
        let trust = at(
            &bootstrap,
            &format!("{tls}/common_tls_context/validation_context/trusted_ca/filename"),
        );
        assert_eq!(trust.as_str(), authorities, "{url}");
        let names = format!(
            "{tls}/common_tls_context/validation_context/match_typed_subject_alt_names/0/matcher/exact"
        );
        let name = at(&bootstrap, &names).as_str();
        assert_eq!(name, authorities.map(|_| "shop.example"), "{url}");
    }
}

#[test]
fn urls_are_read_or_refused() {
    let parsed = |url: &str| {
        Upstream::parse(url, Some(Path::new("/ca"))).map(|found| (found.host, found.port))
    };
    let cases = [
        ("http://a", ("a", 80)),
        ("https://a/", ("a", 443)),
        ("http://a:81", ("a", 81)),
        ("http://[::1]:81", ("::1", 81)),
        ("http://[::1]", ("::1", 80)),
    ];
    for (url, (host, port)) in cases {
        assert_eq!(parsed(url), Ok((host.to_owned(), port)), "{url}");
    }
    for url in [
        "a:80",
        "ftp://a",
        "http://",
        "http://:80",
        "http://a:x",
        "http://a:70000",
        "http://a/b",
        "http://u@a",
        "http://::1",
    ] {
        assert!(parsed(url).is_err(), "{url}");
    }
    assert!(
        Upstream::parse("https://a", None)
            .unwrap_err()
            .contains("SSL_CERT_FILE")
    );
}
