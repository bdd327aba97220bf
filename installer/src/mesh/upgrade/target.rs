//! The mesh that an upgrade leads to, and the commands that cannot lead to one.

use serde_json::Value;

use super::state::{Strategy, revision};
use crate::failure::{Exit, Failure};
use crate::mesh::spec::Mesh;
use crate::mesh::spec::document::{Document, parse};
use crate::mesh::spec::mistake::Mistakes;
use crate::mesh::spec::read::{Setting, read};
use crate::mesh::version::IstioVersion;

/// Where raw values name the tag of the images.
const RAW_TAG: &str = "/spec/values/istiod/global/tag";

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The version.
    pub(crate) to: IstioVersion,
    /// How to get there.
    pub(crate) strategy: Strategy,
    /// The name of the new revision.
    pub(crate) revision: Option<String>,
    /// Where the charts of the new version are, if not where those of the old one are.
    pub(crate) charts: Option<String>,
    /// The tag of its images.
    pub(crate) image_tag: Option<String>,
}

impl Asked {
    /// The same of an upgrade that is under way: where its charts are and which tag its images have is kept, unless it is said anew.
    pub(crate) fn going_on(&self, noted: &Mesh) -> Self {
        let charts = noted.spec.charts.as_ref().map(ToString::to_string);
        Self {
            charts: self.charts.clone().or(charts),
            image_tag: self.image_tag.clone().or_else(|| images_tag(noted)),
            ..self.clone()
        }
    }
}

/// Why there is no such mesh.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// Only a control plane beside the old one has another name.
    #[error(
        "--revision {0}: an upgrade in place keeps its revision; leave it out, or add --strategy canary"
    )]
    Revision(String),
    /// Two control planes of one name.
    #[error("revision {0} is the one that runs: name the new one with --revision")]
    Same(String),
    /// A tag of that name.
    #[error(
        "the mesh has a tag {0}, and a revision cannot have the name of a tag: choose another with --revision"
    )]
    Tag(String),
    /// The old images would stay.
    #[error(
        "the mesh names the tag of its images ({place}: {tag}), which is that of the old version: say with --image-tag which one Istio {to} has"
    )]
    Images {
        /// The field that names it.
        place: &'static str,
        /// What it says.
        tag: String,
        /// The version.
        to: IstioVersion,
    },
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

/// A mesh out of a record's file.
pub(crate) fn recorded(text: &str) -> Result<Mesh, Mistakes> {
    read(parse(text.as_bytes())?, &[])
}

/// The mesh that is asked for.
pub(crate) fn target(from: &Mesh, asked: &Asked) -> Result<Mesh, Failure> {
    let mut settings = vec![setting("--to", "/spec/version", asked.to.to_string())];
    if let Some(charts) = &asked.charts {
        settings.push(setting("--charts", "/spec/charts", charts.clone()));
    }
    if let Some(tag) = &asked.image_tag {
        let raw = raw_tag(from).is_some();
        let pointer = if raw { RAW_TAG } else { "/spec/images/tag" };
        settings.push(setting("--image-tag", pointer, tag.clone()));
    } else if let Some(error) = images(from, &asked.to) {
        return Err(error.into());
    }
    let mut base = from.clone();
    if asked.strategy == Strategy::Canary {
        let name = name(from, asked)?;
        settings.push(setting("--revision", "/spec/revision", name));
        // Which control plane validates follows from the revision.
        if let Some(values) = &mut base.spec.values {
            values.base.remove("defaultRevision");
        }
    } else if let Some(revision) = &asked.revision {
        return Err(TargetError::Revision(revision.clone()).into());
    }
    let document = Document::from(serde_json::to_value(&base).map_err(anyhow::Error::from)?);
    Ok(read(document, &settings)?)
}

fn setting(flag: &'static str, pointer: &str, value: String) -> Setting {
    Setting {
        flag,
        pointer: pointer.to_owned(),
        value: Value::String(value),
    }
}

/// The name of the new revision.
fn name(from: &Mesh, asked: &Asked) -> Result<String, TargetError> {
    let named = asked.revision.clone();
    let name = named.unwrap_or_else(|| asked.to.to_string().replace('.', "-"));
    if name == revision(from) {
        return Err(TargetError::Same(name));
    }
    if from.spec.tags.contains(&name) {
        return Err(TargetError::Tag(name));
    }
    Ok(name)
}

/// The tag that raw values name.
fn raw_tag(mesh: &Mesh) -> Option<String> {
    let values = mesh.spec.values.as_ref()?;
    let tag = values.istiod.get("global")?.get("tag")?;
    Some(tag.as_str().map_or_else(|| tag.to_string(), str::to_owned))
}

/// The tag of the images, where the mesh itself names it.
fn images(from: &Mesh, to: &IstioVersion) -> Option<TargetError> {
    if from.spec.version.as_ref() == Some(to) {
        return None;
    }
    let raw = || Some(("spec.values.istiod.global.tag", raw_tag(from)?));
    let field = field_tag(from).map(|tag| ("spec.images.tag", tag));
    let (place, tag) = field.or_else(raw)?;
    Some(TargetError::Images {
        place,
        tag,
        to: to.clone(),
    })
}

fn field_tag(mesh: &Mesh) -> Option<String> {
    mesh.spec.images.as_ref()?.tag.clone()
}

/// The tag that `--image-tag` has set, or would set.
pub(super) fn images_tag(mesh: &Mesh) -> Option<String> {
    raw_tag(mesh).or_else(|| field_tag(mesh))
}

#[cfg(test)]
mod tests {
    use super::super::steps::tests::mesh;
    use super::*;

    fn asked(strategy: Strategy) -> Asked {
        Asked {
            to: "1.31.0".parse().unwrap(),
            strategy,
            revision: None,
            charts: None,
            image_tag: None,
        }
    }

    #[test]
    fn what_is_asked_for_is_all_that_changes() {
        let from = mesh(
            "{version: 1.30.0, scale: S200P1000, charts: ./old, values: {base: {defaultRevision: default}}}",
        );
        let canary = target(
            &from,
            &Asked {
                charts: Some("oci://registry.example/charts".to_owned()),
                image_tag: Some("1.31.0-ours".to_owned()),
                ..asked(Strategy::Canary)
            },
        );
        let wanted = mesh(
            "{version: 1.31.0, revision: 1-31-0, scale: S200P1000, charts: 'oci://registry.example/charts', images: {tag: 1.31.0-ours}, values: {}}",
        );
        assert_eq!(canary.unwrap(), wanted);
        let in_place = target(&mesh("{version: 1.30.0}"), &asked(Strategy::InPlace));
        assert_eq!(in_place.unwrap(), mesh("{version: 1.31.0}"));
        let raw = mesh("{version: 1.30.0, values: {istiod: {global: {tag: old}}}}");
        let tagged = Asked {
            image_tag: Some("new".to_owned()),
            ..asked(Strategy::InPlace)
        };
        assert_eq!(
            target(&raw, &tagged).unwrap(),
            mesh("{version: 1.31.0, values: {istiod: {global: {tag: new}}}}")
        );
    }

    #[test]
    fn what_was_said_once_holds_until_it_is_said_anew() {
        let plain = asked(Strategy::InPlace);
        let said = |charts: &str, tag: &str| Asked {
            charts: Some(charts.to_owned()),
            image_tag: Some(tag.to_owned()),
            ..plain.clone()
        };
        for spec in [
            "{version: 1.30.0}",
            "{version: 1.30.0, charts: ./old, images: {tag: old}}",
            "{version: 1.30.0, values: {istiod: {global: {tag: old}}}}",
        ] {
            let from = mesh(spec);
            let noted = target(&from, &said("./mirror", "fips")).unwrap();
            let goes_on = target(&from, &plain.going_on(&noted));
            assert_eq!(goes_on.unwrap(), noted, "{spec}");
            let corrected = said("./other", "right");
            let wanted = target(&from, &corrected).unwrap();
            let goes_on = target(&from, &corrected.going_on(&noted));
            assert_eq!(goes_on.unwrap(), wanted, "{spec}");
        }
    }

    #[test]
    fn what_cannot_be_says_what_to_do() {
        let cases = [
            (
                "{version: 1.30.0, revision: 1-31-0}",
                None,
                "name the new one with --revision",
            ),
            (
                "{version: 1.30.0, tags: [next]}",
                Some("next"),
                "the mesh has a tag next",
            ),
            (
                "{version: 1.30.0, images: {tag: x}}",
                None,
                "spec.images.tag: x",
            ),
            (
                "{version: 1.30.0, values: {istiod: {global: {tag: 7}}}}",
                None,
                "istiod.global.tag: 7",
            ),
            ("{version: 1.30.0}", Some("No"), "--revision"),
        ];
        for (spec, revision, words) in cases {
            let asked = Asked {
                revision: revision.map(str::to_owned),
                ..asked(Strategy::Canary)
            };
            let text = target(&mesh(spec), &asked).unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
        let named = Asked {
            revision: Some("x".to_owned()),
            ..asked(Strategy::InPlace)
        };
        let text = target(&mesh("{version: 1.30.0}"), &named)
            .unwrap_err()
            .to_string();
        assert!(text.contains("--strategy canary"), "{text}");
    }
}
