//! Charts on a web server: a repository of Helm's, or archives without an index.

use super::{Charts, ChartsError, Index, LARGEST, Release, Wanted};
use crate::measure;
use crate::registry::reference::Digest;
use crate::registry::{Credentials, causes};
use futures_util::StreamExt as _;
use oci_client::secrets::RegistryAuth;
use reqwest::{Client, Response, Url};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// The largest index; Istio's is below 1 MB.
const LARGEST_INDEX: u64 = 32 * 1024 * 1024;

/// A client of web servers, which reads each index once.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Result<Client, String>,
    credentials: Credentials,
    is_plain_fine: bool,
    indexes: Arc<Mutex<BTreeMap<String, Option<Index>>>>,
}

impl Http {
    pub(super) fn new(credentials: Credentials, plain_http: bool) -> Self {
        let client = Client::builder()
            .https_only(!plain_http)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_mins(1))
            .timeout(Duration::from_mins(5))
            .user_agent(concat!("weft/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| causes(&error));
        Self {
            client,
            credentials,
            is_plain_fine: plain_http,
            indexes: Arc::default(),
        }
    }

    /// What is at an address; nothing when the server has nothing there.
    async fn get(
        &self,
        base: &Url,
        url: &Url,
        largest: u64,
    ) -> Result<Option<Vec<u8>>, ChartsError> {
        if url.scheme() == "http" && !self.is_plain_fine {
            return Err(ChartsError::Unreachable {
                url: url.to_string(),
                reason: "it is plain HTTP: write https://, or pass --plain-http if you trust the network on the way to it".to_owned(),
            });
        }
        let client = self.client.as_ref();
        let client = client.map_err(|reason| ChartsError::Unreachable {
            url: url.to_string(),
            reason: format!("{reason}; TLS cannot be used on this machine"),
        })?;
        let mut request = client.get(url.clone());
        let host = authority(url);
        // An index may name another server, which has no business with these.
        if is_of(base, url) {
            let found = self.credentials.of(&host).await;
            let found = found.map_err(|error| ChartsError::Registry {
                chart: url.to_string(),
                error,
            })?;
            if let RegistryAuth::Basic(name, password) = found {
                request = request.basic_auth(name, Some(password));
            }
        }
        let response = request.send().await;
        let response = response.map_err(|error| unanswered(url, &error))?;
        match response.status().as_u16() {
            200..300 => body(url, response, largest).await.map(Some),
            404 | 410 => Ok(None),
            status @ (401 | 407) => Err(ChartsError::Unauthorized {
                url: url.to_string(),
                host,
                status,
            }),
            status => Err(ChartsError::Refused {
                url: url.to_string(),
                status,
            }),
        }
    }

    /// The index below an address, when there is one. Some stores say 403 of what is not there.
    async fn index(&self, base: &Url) -> Result<Option<Index>, ChartsError> {
        let mut indexes = self.indexes.lock().await;
        if let Some(index) = indexes.get(base.as_str()) {
            return Ok(index.clone());
        }
        let url = below(base, "index.yaml")?;
        let yaml = match self.get(base, &url, LARGEST_INDEX).await {
            Err(ChartsError::Refused { status: 403, .. }) => None,
            other => other?,
        };
        let index = yaml.map(|yaml| Index::parse(&yaml)).transpose();
        let index = index.map_err(|reason| ChartsError::Damaged {
            origin: url.to_string(),
            reason: format!("it is no index of a Helm repository: {reason}"),
        })?;
        indexes.insert(base.to_string(), index.clone());
        Ok(index)
    }
}

/// The archive of a chart, and where it was.
pub(super) async fn archive(
    charts: &Charts,
    wanted: Wanted<'_>,
    base: &Url,
) -> Result<(Vec<u8>, String), ChartsError> {
    let file = format!("{}-{}.tgz", wanted.name, wanted.version);
    let index = charts.http.index(base).await?;
    let release = match &index {
        Some(index) => Some(
            index
                .find(wanted.name, wanted.version)
                .map_err(|there| wanted.missing(format!("{there}; ask for one of those")))?,
        ),
        None => None,
    };
    let url = below(base, release.and_then(Release::url).unwrap_or(&file))?;
    let digest = release.and_then(Release::digest);
    let cached = digest
        .as_deref()
        .and_then(|digest| Digest::parse(digest).ok())
        .zip(charts.cache.as_ref())
        .and_then(|(digest, cache)| cache.get(&digest));
    if let Some(archive) = cached {
        return Ok((archive, url.to_string()));
    }
    let archive = charts.http.get(base, &url, LARGEST).await?.ok_or_else(|| {
        wanted.missing(format!("there is no {url}; check the version, and that the address ends where the names of charts begin"))
    })?;
    if let Some(wanted) = digest {
        keep(charts, &url, &archive, wanted)?;
    }
    Ok((archive, url.to_string()))
}

/// The versions in the index.
pub(super) async fn versions(
    charts: &Charts,
    base: &Url,
    name: &str,
) -> Result<Vec<String>, ChartsError> {
    let index = charts.http.index(base).await?;
    let index = index.ok_or_else(|| ChartsError::NoList {
        place: base.to_string(),
        why: "it has no index.yaml".to_owned(),
    })?;
    Ok(index.versions(name).map(str::to_owned).collect())
}

fn keep(charts: &Charts, url: &Url, archive: &[u8], wanted: String) -> Result<(), ChartsError> {
    let found = Digest::of(archive);
    if found.as_str() != wanted {
        return Err(ChartsError::WrongDigest {
            what: url.to_string(),
            wanted,
            found: found.to_string(),
        });
    }
    if let Some(cache) = &charts.cache {
        cache.put(&found, archive);
    }
    Ok(())
}

async fn body(url: &Url, response: Response, largest: u64) -> Result<Vec<u8>, ChartsError> {
    let mut data = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        data.extend_from_slice(&chunk.map_err(|error| unanswered(url, &error))?);
        if measure::length(&data) > largest {
            return Err(ChartsError::TooLarge {
                what: url.to_string(),
                largest,
            });
        }
    }
    Ok(data)
}

fn below(base: &Url, path: &str) -> Result<Url, ChartsError> {
    let url = base.join(path).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| ChartsError::Damaged {
            origin: base.to_string(),
            reason: format!("its index names {path:?}, which is no address on a web server"),
        })
}

/// Whether an address is on the server that was named, spoken to in the same way: what goes there by TLS goes nowhere without.
fn is_of(base: &Url, url: &Url) -> bool {
    base.origin() == url.origin()
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn unanswered(url: &Url, error: &reqwest::Error) -> ChartsError {
    let reason = causes(error);
    let remedy = if reason.contains("InvalidContentType") {
        "it speaks plain HTTP, and a mesh takes charts over HTTPS only: fetch them with `weft charts pull`, which takes http:// with --plain-http, unpack them into a directory and name that"
    } else if reason.contains("certificate") {
        "add its authority to the system's, or name a file with SSL_CERT_FILE"
    } else if error.is_redirect() || error.is_builder() {
        "it leads on to plain HTTP or around in a circle; ask its owner"
    } else {
        "check the address, and that this machine may reach it"
    };
    ChartsError::Unreachable {
        url: url.to_string(),
        reason: format!("{reason}; {remedy}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_only_where_it_belongs() {
        let cases = [
            (
                "https://charts.example/istio/",
                "https://charts.example/x.tgz",
                true,
            ),
            (
                "https://charts.example/",
                "https://charts.example:443/x.tgz",
                true,
            ),
            (
                "https://charts.example/",
                "http://charts.example/x.tgz",
                false,
            ),
            (
                "https://charts.example:8443/",
                "http://charts.example:8443/x.tgz",
                false,
            ),
            (
                "http://charts.example/",
                "https://charts.example/x.tgz",
                false,
            ),
            (
                "https://charts.example/",
                "https://charts.example:8443/x.tgz",
                false,
            ),
            (
                "https://charts.example/",
                "https://other.example/x.tgz",
                false,
            ),
        ];
        for (base, url, wanted) in cases {
            let found = is_of(&base.parse().unwrap(), &url.parse().unwrap());
            assert_eq!(found, wanted, "{base} {url}");
        }
    }
}
