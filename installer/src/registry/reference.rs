//! Names of images, as people write them and as manifests pin them.

pub use oci_client::Reference;

use crate::failure::{Exit, Failure};
use std::fmt;

/// The scheme of images in a `WasmPlugin`'s `url`.
const SCHEME: &str = "oci://";

/// The digest of an image's manifest, `sha256:` and 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Digest(String);

/// Why a text names no image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// Another kind of URL.
    #[error("{0} is no image: write oci://REGISTRY/NAME:TAG, or leave the scheme away")]
    Scheme(String),
    /// Not a name.
    #[error(
        "{text} is no name of an image: {reason}. Write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST"
    )]
    Invalid {
        /// As written.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// Nothing that names could begin with.
    #[error("{text} is no place for several images: {reason}. Write REGISTRY/PREFIX")]
    Destination {
        /// As written.
        text: String,
        /// What is wrong.
        reason: String,
    },
}

impl From<ReferenceError> for Failure {
    fn from(error: ReferenceError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl Digest {
    /// The digest in a text.
    ///
    /// # Errors
    /// When it is no SHA-256 digest.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let is_hex = |hex: &str| {
            hex.len() == 64
                && hex
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if text.strip_prefix("sha256:").is_some_and(is_hex) {
            return Ok(Self(text.to_owned()));
        }
        Err(ReferenceError::Invalid {
            text: text.to_owned(),
            reason: "it is no SHA-256 digest".to_owned(),
        })
    }

    /// Of these bytes.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self(crate::measure::digest(data))
    }

    /// As registries write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hex digits alone.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.strip_prefix("sha256:").unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// Reads a name, with or without `oci://`. Without tag and digest it means `latest`.
///
/// # Errors
/// When it is none.
pub fn parse(text: &str) -> Result<Reference, ReferenceError> {
    let name = text.strip_prefix(SCHEME).unwrap_or(text);
    if name.contains("://") {
        return Err(ReferenceError::Scheme(text.to_owned()));
    }
    name.parse()
        .map_err(|error: oci_client::ParseError| ReferenceError::Invalid {
            text: text.to_owned(),
            reason: error.to_string(),
        })
}

/// Reads a name to push to: one without a tag takes `version`, and a digest cannot be chosen.
///
/// # Errors
/// When it is none, or has a digest.
pub fn parse_destination(text: &str, version: &str) -> Result<Reference, ReferenceError> {
    let reference = parse(text)?;
    if reference.digest().is_some() {
        let reason =
            "a digest follows from the content, so nothing can be pushed to one".to_owned();
        return Err(ReferenceError::Invalid {
            text: text.to_owned(),
            reason,
        });
    }
    let last = text.rsplit('/').next().unwrap_or(text);
    if last.contains(':') {
        return Ok(reference);
    }
    // A version may carry build metadata after a plus, which no tag can hold.
    let tag = version.replace('+', "_");
    Ok(Reference::with_tag(
        reference.registry().to_owned(),
        reference.repository().to_owned(),
        tag,
    ))
}

/// The reference of exactly this content, as a `WasmPlugin` should name it.
#[must_use]
pub fn pinned(reference: &Reference, digest: &Digest) -> String {
    format!(
        "{SCHEME}{}/{}@{digest}",
        reference.registry(),
        reference.repository()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_scheme_are_the_same() {
        let cases = [
            ("oci://r.example/weft/x:1", "r.example/weft/x:1"),
            ("r.example/weft/x:1", "r.example/weft/x:1"),
            ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"),
            ("x:1", "docker.io/library/x:1"),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse(text).unwrap().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn what_names_no_image_is_refused_with_what_to_write() {
        for text in [
            "https://r.example/x.wasm",
            "file:///x.wasm",
            "r.example/X:1",
            "",
            "r.example/x:",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("NAME:TAG"), "{text}: {error}");
        }
    }

    #[test]
    fn a_destination_without_a_tag_takes_the_version() {
        let cases = [
            ("r.example:5000/weft/x", "r.example:5000/weft/x:1.2.0_a"),
            ("r.example:5000/weft/x:dev", "r.example:5000/weft/x:dev"),
            ("oci://r.example/x", "r.example/x:1.2.0_a"),
        ];
        for (text, wanted) in cases {
            assert_eq!(
                parse_destination(text, "1.2.0+a").unwrap().to_string(),
                wanted
            );
        }
        let digest = Digest::of(b"");
        assert!(parse_destination(&format!("r.example/x@{digest}"), "1").is_err());
    }

    #[test]
    fn a_pinned_reference_has_no_tag() {
        let digest = Digest::of(b"");
        let reference = parse("127.0.0.1:5000/weft/x:1").unwrap();
        assert_eq!(
            pinned(&reference, &digest),
            format!("oci://127.0.0.1:5000/weft/x@{digest}")
        );
        assert_eq!(Digest::parse(digest.as_str()), Ok(digest));
    }

    #[test]
    fn only_sha_256_is_a_digest() {
        for text in [
            "sha256:abc",
            "sha512:00",
            "",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert!(Digest::parse(text).is_err(), "{text}");
        }
    }
}
