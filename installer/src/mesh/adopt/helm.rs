//! Releases of Helm, as it keeps them: a Secret for each, holding JSON that is compressed and encoded.

use std::fmt;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use super::super::read::text;

/// More than this is no release: Helm's own Secret holds 1 MiB, compressed.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What weft wants to know of a release.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Release {
    /// Its name.
    pub(crate) name: String,
    /// Its namespace.
    pub(crate) namespace: String,
    /// The chart.
    #[serde(deserialize_with = "metadata")]
    pub(crate) chart: Chart,
}

/// A chart with its version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Chart {
    /// For example `istiod`.
    pub(crate) name: String,
    /// For example `1.30.3`.
    pub(crate) version: String,
}

/// As the charts' label says it: `istiod-1.30.3`.
impl fmt::Display for Chart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.name, self.version)
    }
}

fn metadata<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Chart, D::Error> {
    #[derive(Deserialize)]
    struct Whole {
        metadata: Chart,
    }
    Whole::deserialize(from).map(|whole| whole.metadata)
}

/// The release in a Secret of type `helm.sh/release.v1`.
pub(crate) fn release(secret: &Value) -> Result<Release, String> {
    let kind = text(secret, "/type").unwrap_or_default();
    if kind != "helm.sh/release.v1" {
        return Err(format!("its type is {kind:?} and not helm.sh/release.v1"));
    }
    let data = text(secret, "/data/release").ok_or("it has no data.release")?;
    // Once by Helm, once by Kubernetes.
    let inner = STANDARD.decode(data).map_err(|error| error.to_string())?;
    let bytes = STANDARD.decode(inner).map_err(|error| error.to_string())?;
    let mut json = Vec::new();
    // Releases of Helm's first days are not compressed.
    if bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
        GzDecoder::new(bytes.as_slice())
            .take(LARGEST)
            .read_to_end(&mut json)
            .map_err(|error| error.to_string())?;
    } else {
        json = bytes;
    }
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use serde_json::json;

    use super::*;

    /// A Secret as Helm writes it.
    pub(crate) fn secret(name: &str, namespace: &str, chart: &str, version: &str) -> Value {
        let release = json!({
            "name": name, "namespace": namespace, "version": 1, "info": {"status": "deployed"}, "manifest": "---\n", "config": {},
            "chart": {"metadata": {"name": chart, "version": version, "appVersion": version}, "templates": [], "values": {}},
        });
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(release.to_string().as_bytes()).unwrap();
        let text = STANDARD.encode(STANDARD.encode(packed.finish().unwrap()));
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": text},
            "metadata": {
                "name": format!("sh.helm.release.v1.{name}.v1"), "namespace": namespace,
                "labels": {"owner": "helm", "name": name, "status": "deployed", "version": "1"},
            },
        })
    }

    #[test]
    fn a_release_says_its_chart() {
        let found = release(&secret("mesh", "istio-system", "istiod", "1.30.3")).unwrap();
        assert_eq!(
            (found.name.as_str(), found.namespace.as_str()),
            ("mesh", "istio-system")
        );
        assert_eq!(found.chart.to_string(), "istiod-1.30.3");
    }

    #[test]
    fn what_is_no_release_says_why() {
        let wrong = |at: &str, value: Value| {
            let mut secret = secret("a", "b", "c", "d");
            *secret.pointer_mut(at).unwrap() = value;
            release(&secret).unwrap_err()
        };
        assert!(wrong("/type", json!("Opaque")).contains("its type is \"Opaque\""));
        assert!(wrong("/data", json!({})).contains("no data.release"));
        assert!(wrong("/data/release", json!("%")).contains("Invalid symbol"));
        assert!(
            wrong(
                "/data/release",
                json!(STANDARD.encode(STANDARD.encode("{}")))
            )
            .contains("missing field")
        );
        let bomb = STANDARD.encode(STANDARD.encode([0x1f, 0x8b, 0x08, 0]));
        assert!(!wrong("/data/release", json!(bomb)).is_empty());
    }
}
