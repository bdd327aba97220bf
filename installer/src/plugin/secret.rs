//! The Secret with a registry's credentials: would Istio's agent find in it what it needs to pull the image?
//!
//! When it does not, every proxy denies every request, so this is looked at before anything is written.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Secret;
use serde_json::Value;

use super::refusal::Refusal;
use super::wasmplugin::WasmPluginSpec;

/// The Secret with the registry's credentials, as far as the proxies will be able to use it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum SecretView {
    /// None was asked for.
    #[default]
    NotAsked,
    /// It is there, and has credentials for these registries.
    For(Vec<String>),
    /// There is none of that name.
    Missing,
    /// It has another type than the one that Istio reads.
    WrongType(String),
    /// We may not read it.
    Unreadable,
}

impl SecretView {
    /// The view of a Secret.
    pub(crate) fn of(secret: &Secret) -> Self {
        view(secret)
    }
}

/// Which registries a Secret of Docker's form has credentials for, as Istio's agent will look them up.
fn view(secret: &Secret) -> SecretView {
    const DOCKER: &str = "kubernetes.io/dockerconfigjson";
    let kind = secret.type_.clone().unwrap_or_default();
    if kind != DOCKER {
        return SecretView::WrongType(kind);
    }
    let written = secret
        .data
        .as_ref()
        .and_then(|data| data.get(".dockerconfigjson"));
    let parsed: Option<Value> = written.and_then(|bytes| serde_json::from_slice(&bytes.0).ok());
    let hosts = parsed
        .as_ref()
        .and_then(|config| config.get("auths"))
        .and_then(Value::as_object);
    let hosts: BTreeSet<String> = hosts
        .into_iter()
        .flat_map(|hosts| hosts.keys())
        .map(|key| host_of(key))
        .collect();
    SecretView::For(hosts.into_iter().collect())
}

/// `https://registry.example/v1/` and `registry.example` are one registry; so are Docker Hub's names.
pub(crate) fn host_of(key: &str) -> String {
    let bare = key
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    match bare.split('/').next().unwrap_or(bare) {
        "docker.io" | "registry-1.docker.io" => "index.docker.io".to_owned(),
        host => host.to_owned(),
    }
}

/// Would the proxies find credentials for the registry in the Secret that the plugin names?
pub(crate) fn check_secret(
    secret: &SecretView,
    spec: &WasmPluginSpec,
    namespace: &str,
    registry: &str,
) -> Result<(), Refusal> {
    let name = spec.image_pull_secret.clone().unwrap_or_default();
    match secret {
        SecretView::NotAsked | SecretView::Unreadable => Ok(()),
        SecretView::Missing => Err(Refusal::SecretMissing(name, namespace.to_owned())),
        SecretView::WrongType(kind) => Err(Refusal::SecretType(name, kind.clone())),
        SecretView::For(hosts) if hosts.iter().any(|host| host == registry) => Ok(()),
        SecretView::For(hosts) => Err(Refusal::SecretHost {
            name,
            registry: registry.to_owned(),
            hosts: hosts.join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;

    fn secret(kind: &str, text: &str) -> Secret {
        Secret {
            type_: Some(kind.to_owned()),
            data: Some(
                [(
                    ".dockerconfigjson".to_owned(),
                    ByteString(text.as_bytes().to_vec()),
                )]
                .into(),
            ),
            ..Secret::default()
        }
    }

    #[test]
    fn registries_of_a_secret() {
        let text = r#"{"auths": {"https://index.docker.io/v1/": {}, "docker.io": {}, "10.0.0.1:5000": {}}}"#;
        let view = SecretView::of(&secret("kubernetes.io/dockerconfigjson", text));

        assert_eq!(
            view,
            SecretView::For(vec![
                "10.0.0.1:5000".to_owned(),
                "index.docker.io".to_owned()
            ])
        );
        assert_eq!(
            SecretView::of(&secret("Opaque", "")),
            SecretView::WrongType("Opaque".to_owned())
        );
        assert_eq!(
            SecretView::of(&secret("kubernetes.io/dockerconfigjson", "x")),
            SecretView::For(Vec::new())
        );
    }

    #[test]
    fn a_secret_that_would_not_help_is_refused() {
        let spec = WasmPluginSpec {
            image_pull_secret: Some("regcred".to_owned()),
            ..WasmPluginSpec::default()
        };
        let check = |view: SecretView| {
            check_secret(&view, &spec, "shop", "r.example").map_err(|error| error.to_string())
        };

        assert_eq!(check(SecretView::For(vec!["r.example".to_owned()])), Ok(()));
        assert_eq!(check(SecretView::Unreadable), Ok(()));
        let cases = [
            (
                SecretView::Missing,
                "Secret regcred does not exist in namespace shop",
            ),
            (
                SecretView::WrongType("Opaque".to_owned()),
                "Secret regcred has type Opaque",
            ),
            (
                SecretView::For(vec!["other".to_owned()]),
                "Secret regcred has no credentials for r.example, only for other",
            ),
        ];
        for (view, text) in cases {
            assert!(
                check(view.clone()).unwrap_err().starts_with(text),
                "{view:?}"
            );
        }
    }
}
