//! What weft remembers about a plugin: labels and annotations of the `WasmPlugin` itself.
//!
//! The history is on the object and not in a `ConfigMap` or a `ControllerRevision` beside it, because then one
//! server-side apply writes the new version and remembers the old one, or does neither; because it needs no further
//! permission; and because it goes when the object goes. The price is a bound: an object's annotations may hold 256 KiB
//! together, so the oldest entries go first.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use serde::{Deserialize, Serialize};

use super::wasmplugin::{WasmPlugin, WasmPluginSpec};
use crate::measure::digest;

/// The label that says who looks after an object, and our value of it.
pub(crate) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "weft");

/// The image as the operator wrote it, with its tag.
const IMAGE: &str = "weft.dev/image";
/// Counts the versions of this plugin.
const REVISION: &str = "weft.dev/revision";
/// When this version was written.
const DEPLOYED_AT: &str = "weft.dev/deployed-at";
/// Hash of the configuration, to see at a glance whether two plugins have the same.
const CONFIG_HASH: &str = "weft.dev/config-hash";
/// Present until every selected proxy was seen running this version.
const ROLLOUT: &str = "weft.dev/rollout";
/// Earlier versions, the newest first.
const HISTORY: &str = "weft.dev/history";
const NOTES: [&str; 6] = [IMAGE, REVISION, DEPLOYED_AT, CONFIG_HASH, ROLLOUT, HISTORY];
/// kubectl's own copy of an object, which says nothing new.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What an operator asked for: annotations without our notes and kubectl's. What `kubectl get` prints has them; taken for a
/// wish, a first deployment that was cut off would be so for ever.
pub(crate) fn without_notes(mut annotations: BTreeMap<String, String>) -> BTreeMap<String, String> {
    annotations.retain(|key, _| key != LAST_APPLIED && !NOTES.contains(&key.as_str()));
    annotations
}

/// How many earlier versions are kept at most …
const KEPT: usize = 10;
/// … and how many bytes they may take, well under what an object may carry.
const KEPT_BYTES: usize = 128 * 1024;

/// What the notes on one object say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Record {
    /// The image as written, with its tag.
    pub(crate) image: String,
    /// Which version this is; 0 for an object that weft did not write.
    pub(crate) revision: u64,
    /// When it was written, RFC 3339.
    pub(crate) deployed_at: Option<String>,
    /// How far its way to the proxies is.
    pub(crate) rollout: Rollout,
    /// Earlier versions, the newest first.
    pub(crate) history: Vec<Past>,
    /// Whether the history could not be read and is treated as empty.
    pub(crate) history_lost: bool,
}

/// How far a version is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Rollout {
    /// Every selected proxy was seen running it, or nobody wanted to know.
    #[default]
    Settled,
    /// It is not yet known that every proxy runs it.
    Pending,
    /// As `Pending`; and it fails open until then, though it is asked to fail closed. See `Plan::object`.
    Opening,
}

impl Rollout {
    /// Whether it is under way, or was cut off.
    pub(crate) fn is_pending(self) -> bool {
        self != Self::Settled
    }

    /// What that means, for a person; nothing when it is settled.
    pub(crate) fn explained(self) -> &'static str {
        match self {
            Self::Settled => "",
            Self::Pending => {
                "its deployment is under way, or was cut off: the same command goes on from there"
            }
            Self::Opening => {
                "its deployment is under way, or was cut off: it fails open until the same command has come to its end"
            }
        }
    }
}

/// An earlier version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Past {
    /// Which version it was.
    pub(crate) revision: u64,
    /// The image as written, with its tag.
    pub(crate) image: String,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployed_at: Option<String>,
    /// All that it asked for; its `url` holds the digest.
    pub(crate) spec: WasmPluginSpec,
}

impl Record {
    /// Reads the notes on an object; one without notes was written by somebody else, which is no mistake.
    pub(crate) fn read(object: &WasmPlugin) -> Self {
        let note = |key: &str| object.annotations().get(key).cloned();
        let (history, history_lost) = match note(HISTORY).map(|text| serde_json::from_str(&text)) {
            None => (Vec::new(), false),
            Some(Ok(history)) => (history, false),
            Some(Err(_)) => (Vec::new(), true),
        };
        Self {
            image: note(IMAGE)
                .unwrap_or_else(|| object.spec.url.trim_start_matches("oci://").to_owned()),
            revision: note(REVISION)
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            deployed_at: note(DEPLOYED_AT),
            rollout: match note(ROLLOUT).as_deref() {
                None => Rollout::Settled,
                Some("opening") => Rollout::Opening,
                Some(_) => Rollout::Pending,
            },
            history,
            history_lost,
        }
    }

    /// Puts the notes on an object.
    pub(crate) fn write(&self, spec: &WasmPluginSpec, metadata: &mut ObjectMeta) {
        let labels = metadata.labels.get_or_insert_default();
        labels.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
        let annotations = metadata.annotations.get_or_insert_default();
        let mut note = |key: &str, value: String| annotations.insert(key.to_owned(), value);
        note(IMAGE, self.image.clone());
        if self.revision > 0 {
            note(REVISION, self.revision.to_string());
        }
        note(CONFIG_HASH, config_hash(spec));
        if let Some(at) = &self.deployed_at {
            note(DEPLOYED_AT, at.clone());
        }
        match self.rollout {
            Rollout::Settled => None,
            Rollout::Pending => note(ROLLOUT, "pending".to_owned()),
            Rollout::Opening => note(ROLLOUT, "opening".to_owned()),
        };
        if let Some(text) = bounded(&self.history) {
            note(HISTORY, text);
        }
    }

    /// The record of the version that follows the one in `object`.
    pub(crate) fn next(&self, current: &WasmPluginSpec, image: String, now: &str) -> Self {
        let past = Past {
            revision: self.revision,
            image: self.image.clone(),
            deployed_at: self.deployed_at.clone(),
            spec: current.clone(),
        };
        // A version that never ran everywhere is not one to go back to.
        let past = (!self.rollout.is_pending()).then_some(past);
        Self {
            image,
            revision: self.newest().saturating_add(1),
            deployed_at: Some(now.to_owned()),
            rollout: Rollout::Pending,
            history: past
                .into_iter()
                .chain(self.history.iter().cloned())
                .take(KEPT)
                .collect(),
            history_lost: false,
        }
    }

    /// The record of a first version.
    pub(crate) fn first(image: String, now: &str) -> Self {
        Self {
            image,
            revision: 1,
            deployed_at: Some(now.to_owned()),
            rollout: Rollout::Pending,
            ..Self::default()
        }
    }

    /// The earlier version with this number, or the last one.
    pub(crate) fn past(&self, revision: Option<u64>) -> Option<&Past> {
        match revision {
            None => self.history.first(),
            Some(wanted) => self.history.iter().find(|past| past.revision == wanted),
        }
    }

    fn newest(&self) -> u64 {
        self.history
            .iter()
            .map(|past| past.revision)
            .chain([self.revision])
            .max()
            .unwrap_or_default()
    }
}

/// A short name for a configuration; equal configurations have equal names, however they are written.
pub(crate) fn config_hash(spec: &WasmPluginSpec) -> String {
    // serde_json's maps are sorted, so equal values give equal text.
    let text = spec.configuration().to_string();
    digest(text.as_bytes())
}

/// The history as text, without the oldest entries when they would not fit; nothing when there is none.
fn bounded(history: &[Past]) -> Option<String> {
    (1..=history.len().min(KEPT))
        .rev()
        .filter_map(|count| serde_json::to_string(history.get(..count)?).ok())
        .find(|text| text.len() <= KEPT_BYTES)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(url: &str, record: &Record) -> WasmPlugin {
        let spec = WasmPluginSpec {
            url: url.to_owned(),
            ..WasmPluginSpec::default()
        };
        let mut object = WasmPlugin::new("limit", spec);
        record.write(&object.spec.clone(), &mut object.metadata);
        object
    }

    fn settled(record: Record) -> Record {
        Record {
            rollout: Rollout::Settled,
            ..record
        }
    }

    #[test]
    fn notes_survive_being_written_and_read() {
        let first = settled(Record::first(
            "r/limit:1".to_owned(),
            "2026-01-01T00:00:00Z",
        ));
        let second = first.next(
            &object("oci://r/limit@sha256:1", &first).spec,
            "r/limit:2".to_owned(),
            "2026-01-02T00:00:00Z",
        );

        assert_eq!(
            Record::read(&object("oci://r/limit@sha256:2", &second)),
            second
        );
        assert_eq!(second.revision, 2);
        assert_eq!(
            second.past(None).map(|past| past.spec.url.as_str()),
            Some("oci://r/limit@sha256:1")
        );
        assert_eq!(second.past(Some(7)), None);
    }

    #[test]
    fn a_version_that_never_ran_everywhere_is_not_one_to_go_back_to() {
        let first = settled(Record::first("r/limit:1".to_owned(), "t1"));
        let failed = first.next(&object("a", &first).spec, "r/limit:2".to_owned(), "t2");
        let third = failed.next(&object("b", &failed).spec, "r/limit:3".to_owned(), "t3");

        assert_eq!(third.revision, 3);
        assert_eq!(
            third
                .history
                .iter()
                .map(|past| past.revision)
                .collect::<Vec<_>>(),
            [1]
        );
    }

    #[test]
    fn the_history_is_bounded_in_number_and_in_bytes() {
        let mut record = settled(Record::first("i".to_owned(), "t"));
        let mut spec = WasmPluginSpec {
            url: "u".to_owned(),
            ..WasmPluginSpec::default()
        };
        for _ in 0..30 {
            record = settled(record.next(&spec, "i".to_owned(), "t"));
        }
        assert_eq!(record.history.len(), KEPT);
        assert_eq!(record.history[0].revision, 30);

        spec.plugin_config = json!({"text": "x".repeat(60_000)}).as_object().cloned();
        for _ in 0..4 {
            record = settled(record.next(&spec, "i".to_owned(), "t"));
        }
        let kept = Record::read(&object("u", &record));
        assert_eq!(kept.history.len(), 2);
        assert_eq!(kept.history[0].revision, record.history[0].revision);
    }

    #[test]
    fn an_object_of_somebody_else_is_revision_0() {
        let foreign = WasmPlugin::new(
            "x",
            WasmPluginSpec {
                url: "oci://r/x:1".to_owned(),
                ..WasmPluginSpec::default()
            },
        );

        assert_eq!(
            Record::read(&foreign),
            Record {
                image: "r/x:1".to_owned(),
                ..Record::default()
            }
        );
    }

    #[test]
    fn a_damaged_history_is_noticed() {
        let mut damaged = object("u", &Record::first("i".to_owned(), "t"));
        damaged
            .annotations_mut()
            .insert(HISTORY.to_owned(), "oops".to_owned());

        assert!(Record::read(&damaged).history_lost);
    }
}
