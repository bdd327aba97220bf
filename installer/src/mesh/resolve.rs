//! A minor version becomes the newest patch of it that the source of the charts has. It is looked up when a mesh is written, and
//! the record keeps what was found: what runs is always one exact version.

use super::fetch;
use super::spec::Mesh;
use super::values::Component;
use super::version::IstioVersion;
use crate::charts::Charts;
use crate::failure::{Exit, Failure};

/// What was found for a version that names no patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// As it was asked for.
    asked: IstioVersion,
    /// What it is.
    pub(crate) version: IstioVersion,
    /// Where that was looked up.
    place: String,
}

impl Resolved {
    /// For people.
    pub(crate) fn words(&self) -> String {
        format!(
            "Istio {} is {} here, the newest patch that {} has; a mesh that is written keeps that version",
            self.asked, self.version, self.place
        )
    }
}

/// Gives a mesh its exact version; nothing when it has one.
pub(crate) async fn resolve(charts: &Charts, mesh: &mut Mesh) -> Result<Option<Resolved>, Failure> {
    let Some(asked) = mesh.spec.version.clone() else {
        return Ok(None);
    };
    let found = look_up(charts, mesh, &asked).await?;
    if let Some(found) = &found {
        mesh.spec.version = Some(found.version.clone());
    }
    Ok(found)
}

/// The same of a mesh that has to have a version, with that version.
pub(crate) async fn exact(
    charts: &Charts,
    mesh: &mut Mesh,
) -> Result<(IstioVersion, Option<Resolved>), Failure> {
    let found = resolve(charts, mesh).await?;
    let version = mesh.spec.version.clone().ok_or_else(|| {
        let text = "the mesh says no version of Istio: write spec.version";
        Failure::text(Exit::BadInput, text)
    })?;
    Ok((version, found))
}

/// The exact version of one that names no patch, in the source of a mesh's charts.
pub(crate) async fn look_up(
    charts: &Charts,
    mesh: &Mesh,
    asked: &IstioVersion,
) -> Result<Option<Resolved>, Failure> {
    if asked.patch.is_some() {
        return Ok(None);
    }
    let source = fetch::source(mesh)?;
    let chart = Component::Istiod.name();
    let there = charts.versions(&source, chart).await.map_err(|error| {
        Failure::from(error).context(format!(
            "Istio {asked} is any patch of it, and which one is the newest cannot be told: write the version as {asked}.N"
        ))
    })?;
    let version = newest(asked, &there).ok_or_else(|| {
        let text = format!(
            "{source} has no released patch of Istio {asked}: it has {}; write a version that it has, or name another source",
            if there.is_empty() { "no version of the chart istiod".to_owned() } else { there.join(", ") }
        );
        Failure::text(Exit::BadInput, text)
    })?;
    Ok(Some(Resolved {
        asked: asked.clone(),
        version,
        place: source.to_string(),
    }))
}

/// The newest release among them. What comes before a release is only installed when somebody names it.
fn newest(asked: &IstioVersion, there: &[String]) -> Option<IstioVersion> {
    there
        .iter()
        .filter_map(|text| text.parse::<IstioVersion>().ok())
        .filter(|version| version.release() == asked.release())
        .filter(|version| {
            version
                .patch
                .as_ref()
                .is_some_and(|(_, pre)| pre.is_empty())
        })
        .max_by(|one, other| one.patch.cmp(&other.patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_release_is_by_number_and_of_the_same_minor_version() {
        let cases = [
            (
                &["1.31.0", "1.31.10", "1.31.9", "1.32.0"][..],
                Some("1.31.10"),
            ),
            (&["1.31.0", "1.31.1-rc.1", "v1.30.9"], Some("1.31.0")),
            (&["1.31.0-rc.1", "1.30.4", "latest", "1.31"], None),
            (&[], None),
        ];
        for (there, wanted) in cases {
            let there: Vec<_> = there.iter().map(|text| (*text).to_owned()).collect();
            let found = newest(&"1.31".parse().unwrap(), &there);
            assert_eq!(found, wanted.map(|text| text.parse().unwrap()), "{there:?}");
        }
    }
}
