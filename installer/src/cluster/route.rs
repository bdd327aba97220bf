//! Whether the API server is asked through a proxy: by the rules that kubectl follows, which are those of Go's
//! `golang.org/x/net/http/httpproxy`.
//!
//! * `proxy-url` in the kubeconfig always holds.
//! * Else `HTTPS_PROXY` for a server at `https://`, `HTTP_PROXY` for one at `http://`; the names in small letters come second.
//! * But never for `localhost`, a loopback address, and what `NO_PROXY` lists.

use std::net::IpAddr;

use hyper::Uri;
use ipnet::IpNet;

use super::error::ClusterError;
use crate::environment::Environment;

/// The proxy on the way to a server, if there is one. `named` is the kubeconfig's.
pub(crate) fn proxy(
    server: &Uri,
    named: Option<&str>,
    environment: &Environment,
) -> Result<Option<Uri>, ClusterError> {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return address(named, "proxy-url in the kubeconfig").map(Some);
    }
    let (upper, lower) = if server.scheme_str() == Some("http") {
        ("HTTP_PROXY", "http_proxy")
    } else {
        ("HTTPS_PROXY", "https_proxy")
    };
    let first = |names: [&'static str; 2]| {
        let mut found = names.into_iter();
        found.find_map(|name| environment.text(name).map(|text| (name, text)))
    };
    let Some((variable, text)) = first([upper, lower]) else {
        return Ok(None);
    };
    let exceptions = first(["NO_PROXY", "no_proxy"]).map_or("", |(_, text)| text);
    if is_direct(server, exceptions) {
        return Ok(None);
    }
    address(text, variable).map(Some)
}

/// Go takes an address without a scheme as one of an HTTP proxy. Our client leaves names to a SOCKS proxy anyway, which is
/// what `socks5h` asks for.
fn address(text: &str, from: &'static str) -> Result<Uri, ClusterError> {
    let text = match text.split_once("://") {
        Some(("socks5h", rest)) => format!("socks5://{rest}"),
        Some(_) => text.to_owned(),
        None => format!("http://{text}"),
    };
    let uri: Uri = text.parse().map_err(|_| ClusterError::Proxy(from))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https" | "socks5"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err(ClusterError::Proxy(from)),
    }
}

/// Whether a server is asked without the proxy of a variable.
fn is_direct(server: &Uri, exceptions: &str) -> bool {
    let host = bare(server.host().unwrap_or_default()).to_ascii_lowercase();
    let port = server.port_u16().unwrap_or_else(|| {
        if server.scheme_str() == Some("http") {
            80
        } else {
            443
        }
    });
    let ip: Option<IpAddr> = host.parse().ok();
    host == "localhost"
        || ip.is_some_and(|ip| ip.is_loopback())
        || exceptions
            .split(',')
            .any(|entry| covers(&entry.trim().to_ascii_lowercase(), &host, ip, port))
}

/// Whether one entry of `NO_PROXY` means this server.
fn covers(entry: &str, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(network) = entry.parse::<IpNet>() {
        return ip.is_some_and(|ip| network.contains(&ip));
    }
    let (name, wanted) = split(entry);
    if name.is_empty() || wanted.is_some_and(|wanted| wanted != port.to_string()) {
        return false;
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return ip == Some(address);
    }
    let name = name
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(name);
    match name.strip_prefix('.') {
        // Only what is below.
        Some(_) => host.ends_with(name),
        None => {
            host == name
                || host
                    .strip_suffix(name)
                    .is_some_and(|rest| rest.ends_with('.'))
        }
    }
}

/// Name and port; an IPv6 address has colons of its own.
fn split(entry: &str) -> (&str, Option<&str>) {
    if entry.parse::<IpAddr>().is_ok() {
        return (entry, None);
    }
    match entry.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (bare(name), Some(port)),
        _ => (bare(entry), None),
    }
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "http://proxy.example:3128/";

    /// `NO_PROXY`, a server, and whether it is asked without the proxy.
    const EXCEPTIONS: [(&str, &str, bool); 36] = [
        ("", "https://k.example", false),
        ("", "https://localhost:6443", true),
        ("", "https://LOCALHOST:6443", true),
        ("", "https://127.0.0.1:6443", true),
        ("", "https://127.8.0.1", true),
        ("", "https://[::1]:6443", true),
        ("*", "https://k.example", true),
        ("x.example,*", "https://k.example", true),
        ("k.example", "https://k.example:6443", true),
        ("K.Example", "https://k.example", true),
        ("k.example", "https://K.EXAMPLE", true),
        ("k.example", "https://a.k.example", true),
        ("k.example", "https://ak.example", false),
        (".k.example", "https://a.k.example", true),
        (".k.example", "https://k.example", false),
        ("*.k.example", "https://a.b.k.example", true),
        ("*.k.example", "https://k.example", false),
        ("*k.example", "https://ak.example", false),
        (" a.example , k.example ", "https://k.example", true),
        ("a.example,,k.example,", "https://k.example", true),
        ("a.example,,", "https://k.example", false),
        ("k.example:6443", "https://k.example:6443", true),
        ("k.example:6443", "https://k.example", false),
        ("k.example:443", "https://k.example", true),
        ("k.example:80", "https://k.example", false),
        (":443", "https://k.example", false),
        ("10.0.0.0/8", "https://10.1.2.3:6443", true),
        ("10.0.0.1/8", "https://10.1.2.3:6443", true),
        ("10.0.0.0/8", "https://11.1.2.3:6443", false),
        ("10.0.0.0/8", "https://k.example", false),
        ("10.1.2.3", "https://10.1.2.3:6443", true),
        ("10.1.2.3:443", "https://10.1.2.3:6443", false),
        ("10.1.2", "https://10.1.2.3", false),
        ("fd00::/8", "https://[fd12::1]:6443", true),
        ("fd12::1", "https://[fd12::1]:6443", true),
        ("[fd12::1]:6443", "https://[fd12::1]:6443", true),
    ];

    fn asked(server: &str, variables: &[(&str, &str)]) -> Option<String> {
        let environment = Environment::of("/", variables.iter().copied());
        let proxy = proxy(&server.parse().unwrap(), None, &environment);
        proxy.unwrap().map(|uri| uri.to_string())
    }

    #[test]
    fn exceptions_are_those_of_kubectl() {
        for (exceptions, server, direct) in EXCEPTIONS {
            let found = asked(server, &[("HTTPS_PROXY", PROXY), ("NO_PROXY", exceptions)]);
            let wanted = (!direct).then(|| PROXY.to_owned());
            assert_eq!(found, wanted, "NO_PROXY={exceptions} {server}");
        }
    }

    #[test]
    fn each_kind_of_server_has_a_variable() {
        let (secure, plain) = ("https://k.example", "http://k.example");
        let both = [
            ("HTTPS_PROXY", "s.example:1"),
            ("http_proxy", "p.example:2"),
        ];
        assert_eq!(asked(secure, &both).as_deref(), Some("http://s.example:1/"));
        assert_eq!(asked(plain, &both).as_deref(), Some("http://p.example:2/"));
        assert_eq!(asked(plain, &[("HTTPS_PROXY", PROXY)]), None);
        assert_eq!(asked(secure, &[]), None);
        let small = [("https_proxy", "small:1"), ("no_proxy", "k.example")];
        assert_eq!(asked(secure, &small), None);
        let two = [("https_proxy", "small:1"), ("HTTPS_PROXY", "big:1")];
        assert_eq!(asked(secure, &two).as_deref(), Some("http://big:1/"));
        let socks = [("HTTPS_PROXY", "socks5h://me:pw@s.example:1080")];
        assert_eq!(
            asked(secure, &socks).as_deref(),
            Some("socks5://me:pw@s.example:1080/")
        );
    }

    #[test]
    fn the_kubeconfig_names_a_proxy_without_exceptions() {
        let environment = Environment::of("/", [("NO_PROXY", "*"), ("HTTPS_PROXY", "other:1")]);
        let server = "https://localhost:6443".parse().unwrap();
        let found = proxy(&server, Some(PROXY), &environment).unwrap();
        assert_eq!(found.unwrap().to_string(), PROXY);
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_by_its_variable_and_not_by_its_password() {
        for wrong in ["ftp://me:secret@x", "http://", "http://me:secret@a b"] {
            let environment = Environment::of("/", [("HTTPS_PROXY", wrong)]);
            let error = proxy(&"https://k.example".parse().unwrap(), None, &environment);
            let text = error.unwrap_err().to_string();
            assert!(
                text.contains("HTTPS_PROXY") && !text.contains("secret"),
                "{text}"
            );
        }
    }
}
