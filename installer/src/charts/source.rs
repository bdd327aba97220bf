//! A source of charts, as people write it.

use crate::failure::{Exit, Failure};
use crate::registry::reference;
use reqwest::Url;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where charts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A registry.
    Oci(Repository),
    /// A repository of Helm's: index.yaml, or NAME-VERSION.tgz alone.
    Http(Url),
    /// A directory or a bundle.
    Local(PathBuf),
}

/// A place in a registry: each chart is at this name, a slash, its own name, and its version as the tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The registry and a path.
    pub name: String,
    /// Whether plain HTTP is spoken to the registry, which is written `oci+http://`.
    pub plain_http: bool,
}

/// Why a text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no source of charts: {reason}. Write oci://REGISTRY/PATH (oci+http:// where the registry has no TLS), https://HOST/PATH, a directory or a bundle file"
)]
pub struct SourceError {
    text: String,
    reason: String,
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl Source {
    /// Istio's own, for every released version.
    pub const UPSTREAM: &'static str = "oci://registry.istio.io/release/charts";
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let parsed = match text.split_once("://") {
            Some(("oci", name)) => oci(name, false),
            Some(("oci+http", name)) => oci(name, true),
            Some(("https" | "http", _)) => http(text),
            Some(("file", path)) if path.starts_with('/') => Ok(Self::Local(path.into())),
            Some(("file", _)) => Err("a file:// address has no host: file:///PATH".to_owned()),
            Some((scheme, _)) => Err(format!("nothing is known about {scheme}://")),
            None if text.trim().is_empty() => Err("it is empty".to_owned()),
            None => Ok(Self::Local(text.into())),
        };
        parsed.map_err(|reason| SourceError {
            text: without_password(text),
            reason,
        })
    }
}

/// The name of a repository, which each chart's is made of.
fn oci(name: &str, plain_http: bool) -> Result<Source, String> {
    let name = name.trim_end_matches('/');
    let (host, path) = name.split_once('/').unwrap_or((name, ""));
    if path.contains([':', '@']) {
        return Err("tag and digest are each chart's own: leave them away".to_owned());
    }
    let is_host = host.contains(['.', ':']) || host == "localhost";
    let made = reference::parse(&format!("{name}/chart:1"));
    // A first part that is no host would quietly mean Docker Hub.
    if !is_host || made.is_err() {
        return Err("it is no name of a repository".to_owned());
    }
    Ok(Source::Oci(Repository {
        name: name.to_owned(),
        plain_http,
    }))
}

fn http(text: &str) -> Result<Source, String> {
    let mut url = Url::parse(text).map_err(|error| error.to_string())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "a name or password in it would be shown in many places: log in with `docker login HOST`"
                .to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or a fragment".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned() + "/";
    url.set_path(&path);
    Ok(Source::Http(url))
}

fn without_password(text: &str) -> String {
    let hidden = text.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at_checked(end)?;
        let (_, host) = host.rsplit_once('@')?;
        Some(format!("{scheme}://…@{host}{path}"))
    });
    hidden.unwrap_or_else(|| text.to_owned())
}

impl fmt::Display for Repository {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.plain_http { "oci+http" } else { "oci" };
        write!(out, "{scheme}://{}", self.name)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oci(repository) => repository.fmt(out),
            Self::Http(url) => out.write_str(url.as_str().trim_end_matches('/')),
            Self::Local(path) => write!(out, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sources_are_told_apart_by_how_they_are_written() {
        let oci = |name: &str, plain_http: bool| {
            Source::Oci(Repository {
                name: name.to_owned(),
                plain_http,
            })
        };
        let http = |text: &str| Source::Http(Url::parse(text).unwrap());
        let cases = [
            (
                "oci://r.example:5000/a/charts/",
                oci("r.example:5000/a/charts", false),
            ),
            ("oci://localhost", oci("localhost", false)),
            ("oci+http://r.example:5000/a", oci("r.example:5000/a", true)),
            ("https://h.example/c", http("https://h.example/c/")),
            ("https://h.example", http("https://h.example/")),
            (
                "http://127.0.0.1:8080/c//",
                http("http://127.0.0.1:8080/c/"),
            ),
            ("./charts", Source::Local("./charts".into())),
            ("mesh.tar", Source::Local("mesh.tar".into())),
            ("file:///srv/charts", Source::Local("/srv/charts".into())),
        ];
        for (text, wanted) in cases {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        assert!(Source::UPSTREAM.parse::<Source>().is_ok());
    }

    #[test]
    fn what_is_no_source_says_what_to_write() {
        let cases = [
            ("", "it is empty"),
            ("oci://", "no name of a repository"),
            ("oci://charts/istio", "no name of a repository"),
            ("oci://r.example/Charts", "no name of a repository"),
            ("oci://r.example/charts:1.31.0", "leave them away"),
            ("https://", "empty host"),
            ("https://me:secret@h.example/c", "docker login"),
            ("https://h.example/c?x=1", "query"),
            ("file://h/c", "file:///PATH"),
            ("s3://bucket/c", "nothing is known about s3://"),
        ];
        for (text, words) in cases {
            let error = text.parse::<Source>().unwrap_err().to_string();
            assert!(
                error.contains(words) && error.contains("oci://REGISTRY/PATH"),
                "{text}: {error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "(oci://|oci[+]http://|https://|http://|file://|)[a-z.:/@0-9-]{0,20}") {
            if let Ok(source) = text.parse::<Source>() {
                prop_assert_eq!(source.to_string().parse::<Source>(), Ok(source));
            }
        }
    }
}
