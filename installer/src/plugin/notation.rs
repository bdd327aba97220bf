//! The short notations of the command line: `--selector k=v`, `--target-ref Kind/NAME`, `--match mode=…,port=…`.

use super::wasmplugin::{Port, Selector, TargetRef, TrafficMatch};

/// A flag that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotationError {
    /// A selector without `=` or without a name.
    #[error(
        "--selector {0:?}: write KEY=VALUE, for example app=shop; several are joined with commas"
    )]
    Selector(String),
    /// A target without `/`, or of a kind that Istio does not know.
    #[error(
        "--target-ref {0:?}: write KIND/NAME, where KIND is Gateway, GatewayClass, Service or ServiceEntry"
    )]
    Target(String),
    /// A match with a word that is neither mode nor port.
    #[error(
        "--match {0:?}: write mode=client|server|both and port=NUMBER, joined with commas, for example mode=server,port=8080"
    )]
    Match(String),
}

/// Labels from `a=b` or `a=b,c=d`.
pub(crate) fn selector(flags: &[String]) -> Result<Option<Selector>, NotationError> {
    let mut selector = Selector::default();
    for flag in flags {
        for pair in flag.split(',') {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| NotationError::Selector(flag.clone()))?;
            // `==` is what kubectl also takes; a wildcard is refused by the CRD, so say it here.
            let value = value.strip_prefix('=').unwrap_or(value);
            if key.is_empty() || key.ends_with('!') || key.contains('*') || value.contains('*') {
                return Err(NotationError::Selector(flag.clone()));
            }
            selector
                .match_labels
                .insert(key.to_owned(), value.to_owned());
        }
    }
    Ok((!flags.is_empty()).then_some(selector))
}

/// One target from `Gateway/public`.
pub(crate) fn target(flag: &str) -> Result<TargetRef, NotationError> {
    let refused = || NotationError::Target(flag.to_owned());
    let (kind, name) = flag.split_once('/').ok_or_else(refused)?;
    let (kind, group) = match kind.to_ascii_lowercase().as_str() {
        "gateway" => ("Gateway", "gateway.networking.k8s.io"),
        "gatewayclass" => ("GatewayClass", "gateway.networking.k8s.io"),
        "service" => ("Service", ""),
        "serviceentry" => ("ServiceEntry", "networking.istio.io"),
        _ => return Err(refused()),
    };
    if name.is_empty() {
        return Err(refused());
    }
    Ok(TargetRef {
        group: group.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        ..TargetRef::default()
    })
}

/// One match from `mode=server,port=8080,port=8443`.
pub(crate) fn traffic(flag: &str) -> Result<TrafficMatch, NotationError> {
    let refused = || NotationError::Match(flag.to_owned());
    let mut found = TrafficMatch::default();
    for word in flag.split(',') {
        match word.split_once('=').ok_or_else(refused)? {
            ("mode", mode) if found.mode.is_none() => {
                found.mode = Some(self::mode(mode).ok_or_else(refused)?.to_owned());
            }
            ("port", number) => {
                let number = number
                    .parse()
                    .ok()
                    .filter(|number| *number != 0)
                    .ok_or_else(refused)?;
                found.ports.push(Port { number });
            }
            _ => return Err(refused()),
        }
    }
    Ok(found)
}

fn mode(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "client" => Some("CLIENT"),
        "server" => Some("SERVER"),
        "both" | "client_and_server" => Some("CLIENT_AND_SERVER"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(of: &[&str]) -> Vec<String> {
        of.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn selectors() {
        let found = selector(&strings(&["app=shop,tier==front", "v="]))
            .unwrap()
            .unwrap();
        assert_eq!(
            found.match_labels.into_iter().collect::<Vec<_>>(),
            [("app", "shop"), ("tier", "front"), ("v", "")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert_eq!(selector(&[]), Ok(None));
        for wrong in ["app", "=x", "app!=x", "app=*", "a=b,"] {
            assert_eq!(
                selector(&strings(&[wrong])),
                Err(NotationError::Selector(wrong.to_owned()))
            );
        }
    }

    #[test]
    fn targets() {
        let cases = [
            ("Gateway/public", "gateway.networking.k8s.io", "Gateway"),
            (
                "gatewayclass/istio-waypoint",
                "gateway.networking.k8s.io",
                "GatewayClass",
            ),
            ("Service/shop", "", "Service"),
            ("ServiceEntry/ext", "networking.istio.io", "ServiceEntry"),
        ];
        for (flag, group, kind) in cases {
            let found = target(flag).unwrap();
            assert_eq!(
                (found.group.as_str(), found.kind.as_str()),
                (group, kind),
                "{flag}"
            );
        }
        for wrong in ["public", "Pod/x", "Gateway/"] {
            assert_eq!(target(wrong), Err(NotationError::Target(wrong.to_owned())));
        }
    }

    #[test]
    fn matches() {
        let found = traffic("mode=server,port=8080,port=8443").unwrap();
        assert_eq!(found.mode.as_deref(), Some("SERVER"));
        assert_eq!(found.ports, [Port { number: 8080 }, Port { number: 8443 }]);
        assert_eq!(
            traffic("mode=both").unwrap().mode.as_deref(),
            Some("CLIENT_AND_SERVER")
        );
        for wrong in [
            "",
            "server",
            "mode=in",
            "port=0",
            "port=70000",
            "mode=server,mode=client",
            "path=/",
        ] {
            assert_eq!(traffic(wrong), Err(NotationError::Match(wrong.to_owned())));
        }
    }
}
