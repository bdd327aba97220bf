//! What can be wrong with flags and file, in words that say what to do.

use crate::plugin::notation::NotationError;

/// One thing that is wrong with what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistake {
    /// A flag that cannot be read.
    #[error(transparent)]
    Notation(#[from] NotationError),
    /// Neither NAME nor a manifest.
    #[error("a name is missing: give NAME, or a file of kind WasmPlugin with metadata.name")]
    NoName,
    /// NAME and the manifest name two plugins.
    #[error(
        "NAME is {flag:?} but the file's metadata.name is {file:?}: leave NAME out, or change one of them"
    )]
    TwoNames {
        /// On the command line.
        flag: String,
        /// In the file.
        file: String,
    },
    /// `-n` and the manifest name two namespaces.
    #[error(
        "-n is {flag:?} but the file's metadata.namespace is {file:?}: leave -n out, or change one of them"
    )]
    TwoNamespaces {
        /// On the command line.
        flag: String,
        /// In the file.
        file: String,
    },
    /// Kubernetes would refuse this name.
    #[error(
        "{0:?} is no name for a resource: use at most 253 of a-z, 0-9, '-' and '.', beginning and ending with a letter or digit"
    )]
    BadName(String),
    /// No image anywhere.
    #[error("an image is missing: give --image REGISTRY/NAME:TAG")]
    NoImage,
    /// A module that is no image.
    #[error(
        "{0:?} is no image in a registry: weft pins what it deploys by digest, which only oci:// has; push the module with `weft plugin push`"
    )]
    NotAnImage(String),
    /// A manifest of another kind.
    #[error(
        "the file is a {0}, not a WasmPlugin of extensions.istio.io/v1alpha1 and not a plugin's configuration"
    )]
    WrongKind(String),
    /// A manifest that is not one.
    #[error("the file is not a WasmPlugin that can be read: {0}")]
    BadManifest(String),
    /// A configuration that is a list or a text.
    #[error("the configuration is {0}; Istio carries only an object (a mapping) in pluginConfig")]
    NotAnObject(&'static str),
    /// A number that changes on its way.
    #[error(
        "{pointer}: the number {number} does not survive the way to the proxy, where every number is a double: write it as text, or use a smaller one"
    )]
    LossyNumber {
        /// JSON pointer into the configuration.
        pointer: String,
        /// As written.
        number: String,
    },
    /// A field that weft does not write.
    #[error(
        "the file holds {0}, which weft does not write: leave it out, or write the resource with another tool"
    )]
    Unkept(String),
    /// The digest of the image stands in its name.
    #[error(
        "spec.sha256: weft pins the image by its own digest, beside which another checksum can only make every pull fail: leave it out"
    )]
    Checksum,
    /// One target and a list of them.
    #[error("spec.targetRef and spec.targetRefs exclude each other: write targetRefs alone")]
    TwoTargetFields,
    /// Both ways of choosing.
    #[error(
        "a selector and target references exclude each other: a WasmPlugin has one or the other"
    )]
    TwoTargets,
}

impl Mistake {
    /// Whether the file is to blame, rather than the command line.
    pub(crate) fn is_in_file(&self) -> bool {
        matches!(
            self,
            Self::WrongKind(_)
                | Self::BadManifest(_)
                | Self::NotAnObject(_)
                | Self::Unkept(_)
                | Self::Checksum
                | Self::TwoTargetFields
                | Self::LossyNumber { .. }
        )
    }
}
