//! What the operator asks for: flags and a file in, one complete `WasmPlugin` without a digest yet out.
//!
//! The file is either the plugin's configuration or a whole `WasmPlugin`; flags win over it. Every mistake is reported at
//! once. What would be refused later by somebody else, with a worse text or silently, is refused here: names that are no
//! DNS labels, modules that cannot be pinned, numbers that a protobuf `Struct` cannot carry.

use kube::api::ObjectMeta;
use serde_json::Value;

use super::lossless;
use super::notation::{self, NotationError};
use super::record;
use super::wasmplugin::{WasmPlugin, WasmPluginSpec};

use manifest::base;
pub(crate) use mistake::Mistake;

mod manifest;
mod mistake;

/// What was written on the command line and in the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    /// NAME; may be left out when the file is a manifest.
    pub(crate) name: Option<String>,
    /// `-n`.
    pub(crate) namespace: Option<String>,
    /// `--image`.
    pub(crate) image: Option<String>,
    /// `-f`, parsed.
    pub(crate) document: Option<Value>,
    /// `--selector`.
    pub(crate) selector: Vec<String>,
    /// `--target-ref`.
    pub(crate) targets: Vec<String>,
    /// `--match`.
    pub(crate) matches: Vec<String>,
    /// `--phase`, in Istio's spelling.
    pub(crate) phase: Option<&'static str>,
    /// `--priority`.
    pub(crate) priority: Option<i32>,
    /// `--fail-strategy`, in Istio's spelling.
    pub(crate) fail_strategy: Option<&'static str>,
    /// `--type`, in Istio's spelling.
    pub(crate) kind: Option<&'static str>,
    /// `--image-pull-secret`.
    pub(crate) pull_secret: Option<String>,
}

/// A plugin that may be deployed, but for the digest of its image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Desired {
    /// Name of the resource.
    pub(crate) name: String,
    /// Its namespace, when the flags or the manifest named one.
    pub(crate) namespace: Option<String>,
    /// The image as written, without a scheme.
    pub(crate) image: String,
    /// Labels and annotations that the operator asked for.
    pub(crate) metadata: ObjectMeta,
    /// All the rest; `url` is not pinned yet.
    pub(crate) spec: WasmPluginSpec,
}

impl Desired {
    /// Puts flags and file together.
    pub(crate) fn read(written: &Written) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut base = base(written.document.as_ref(), &mut mistakes);
        let name = name(written, &base, &mut mistakes);
        let namespace = namespace(written, &base, &mut mistakes);
        let image = image(written, &base, &mut mistakes);
        overlay(written, &mut base.spec, &mut mistakes);
        let lost = lossless::lost(&base.spec.configuration());
        mistakes.extend(lost.into_iter().map(|lost| Mistake::LossyNumber {
            pointer: lost.pointer,
            number: lost.number,
        }));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let metadata = ObjectMeta {
            labels: base.metadata.labels,
            annotations: base.metadata.annotations.map(record::without_notes),
            ..ObjectMeta::default()
        };
        Ok(Self {
            name,
            namespace,
            image,
            metadata,
            spec: base.spec,
        })
    }
}

fn name(written: &Written, base: &WasmPlugin, mistakes: &mut Vec<Mistake>) -> String {
    let file = base.metadata.name.clone().filter(|name| !name.is_empty());
    let name = match (written.name.clone(), file) {
        (Some(flag), Some(file)) if flag != file => {
            mistakes.push(Mistake::TwoNames { flag, file });
            return String::new();
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => {
            mistakes.push(Mistake::NoName);
            return String::new();
        }
    };
    if !is_dns_name(&name) {
        mistakes.push(Mistake::BadName(name.clone()));
    }
    name
}

fn namespace(written: &Written, base: &WasmPlugin, mistakes: &mut Vec<Mistake>) -> Option<String> {
    match (written.namespace.clone(), base.metadata.namespace.clone()) {
        (Some(flag), Some(file)) if flag != file => {
            mistakes.push(Mistake::TwoNamespaces { flag, file });
            None
        }
        (flag, file) => flag.or(file),
    }
}

fn image(written: &Written, base: &WasmPlugin, mistakes: &mut Vec<Mistake>) -> String {
    let image = written
        .image
        .clone()
        .unwrap_or_else(|| base.spec.url.clone());
    let image = image.strip_prefix("oci://").unwrap_or(&image).to_owned();
    if image.is_empty() {
        mistakes.push(Mistake::NoImage);
    } else if image.contains("://") {
        mistakes.push(Mistake::NotAnImage(image.clone()));
    }
    image
}

/// Flags win over the file.
fn overlay(written: &Written, spec: &mut WasmPluginSpec, mistakes: &mut Vec<Mistake>) {
    match notation::selector(&written.selector) {
        Ok(Some(selector)) => spec.selector = Some(selector),
        Ok(None) => {}
        Err(error) => mistakes.push(error.into()),
    }
    let mut take =
        |result: Result<_, NotationError>| result.map_err(|error| mistakes.push(error.into())).ok();
    let matches: Vec<_> = written
        .matches
        .iter()
        .filter_map(|flag| take(notation::traffic(flag)))
        .collect();
    let mut take =
        |result: Result<_, NotationError>| result.map_err(|error| mistakes.push(error.into())).ok();
    let targets: Vec<_> = written
        .targets
        .iter()
        .filter_map(|flag| take(notation::target(flag)))
        .collect();
    if !matches.is_empty() {
        spec.matches = matches;
    }
    if !targets.is_empty() {
        spec.target_refs = targets;
    }
    if spec.selector.is_some() && !spec.target_refs.is_empty() {
        mistakes.push(Mistake::TwoTargets);
    }
    overlay_words(written, spec);
}

fn overlay_words(written: &Written, spec: &mut WasmPluginSpec) {
    let text = |word: Option<&str>| word.map(str::to_owned);
    spec.phase = text(written.phase).or(spec.phase.take());
    spec.priority = written.priority.or(spec.priority);
    // Said and not left to Istio's default, so that the object shows what a broken module does to traffic.
    spec.fail_strategy = text(written.fail_strategy)
        .or(spec.fail_strategy.take())
        .or_else(|| Some("FAIL_CLOSE".to_owned()));
    spec.image_pull_secret = written
        .pull_secret
        .clone()
        .or(spec.image_pull_secret.take());
    if let Some(kind) = written.kind {
        spec.rest
            .insert("type".to_owned(), Value::String(kind.to_owned()));
    }
}

fn is_dns_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(part)
}

#[cfg(test)]
mod tests;
