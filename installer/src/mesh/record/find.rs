//! Which mesh, and which namespace, a command means.

use super::{MeshRecord, RecordError};
use crate::cluster::access::Cluster;
use crate::failure::{Exit, Failure};

/// Where an Istio is when nobody says so.
pub(crate) const DEFAULT_ROOT: &str = "istio-system";

/// Where a command line says which mesh is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// After the verb.
    Argument,
    /// Behind `--mesh`.
    Flag,
}

impl Place {
    const fn words(self) -> &'static str {
        match self {
            Self::Argument => "with its name after the verb",
            Self::Flag => "with --mesh",
        }
    }
}

/// Why no mesh can be chosen.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// There is none.
    #[error(
        "no mesh is recorded in this cluster: `weft mesh create` installs one, `weft mesh adopt` records one that is there"
    )]
    None,
    /// There is none of that name.
    #[error("there is no mesh {name:?}; recorded are: {}", others.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those that there are.
        others: Vec<String>,
    },
    /// There are several.
    #[error("there are several meshes: say which {}: {}", place.words(), others.join(", "))]
    Several {
        /// Where that is said.
        place: Place,
        /// Those that there are.
        others: Vec<String>,
    },
}

impl Unclear {
    /// Whether there is no such mesh.
    pub(crate) const fn is_nobody(&self) -> bool {
        matches!(self, Self::None | Self::Unknown { .. })
    }
}

impl From<Unclear> for Failure {
    fn from(unclear: Unclear) -> Self {
        let exit = match unclear {
            Unclear::None => Exit::Failure,
            Unclear::Unknown { .. } | Unclear::Several { .. } => Exit::Usage,
        };
        Self::new(exit, unclear)
    }
}

/// The mesh of that name, or the only one.
pub(crate) fn meant(
    records: Vec<MeshRecord>,
    name: Option<&str>,
    place: Place,
) -> Result<MeshRecord, Unclear> {
    let names: Vec<_> = records
        .iter()
        .map(|record| format!("{} (in {})", record.name, record.root_namespace))
        .collect();
    let mut fitting: Vec<_> = records
        .into_iter()
        .filter(|record| name.is_none_or(|name| record.name == name))
        .collect();
    match (fitting.pop(), name) {
        (Some(record), _) if fitting.is_empty() => Ok(record),
        (Some(_), _) => Err(Unclear::Several {
            place,
            others: names,
        }),
        (None, Some(name)) if !names.is_empty() => Err(Unclear::Unknown {
            name: name.to_owned(),
            others: names,
        }),
        (None, _) => Err(Unclear::None),
    }
}

/// The same among records of which some may be broken: those matter only where no other is meant.
fn found(
    records: Vec<Result<MeshRecord, RecordError>>,
    name: Option<&str>,
    place: Place,
) -> Result<Result<MeshRecord, Unclear>, RecordError> {
    let (good, broken) = super::parted(records);
    let found = meant(good, name, place);
    let is_meant = |error: &RecordError| {
        let named = name.map(super::object_name);
        named
            .is_none_or(|named| matches!(error, RecordError::Broken { name, .. } if *name == named))
    };
    match (&found, broken.into_iter().find(is_meant)) {
        (Err(Unclear::None | Unclear::Unknown { .. }), Some(error)) => Err(error),
        _ => Ok(found),
    }
}

/// The mesh that is named after the verb, or the only one of the cluster.
pub(crate) async fn one(cluster: &Cluster, name: Option<&str>) -> Result<MeshRecord, Failure> {
    Ok(sought(cluster, name).await??)
}

/// The same, where it matters that there is none. The record of another mesh may be broken.
pub(crate) async fn sought(
    cluster: &Cluster,
    name: Option<&str>,
) -> Result<Result<MeshRecord, Unclear>, Failure> {
    Ok(found(super::each(cluster).await?, name, Place::Argument)?)
}

/// The root namespace that is meant: that of the mesh; without any record, the one that is named.
pub(crate) async fn home(
    cluster: &Cluster,
    mesh: Option<&str>,
    root: Option<&str>,
) -> Result<String, Failure> {
    if let (None, Some(root)) = (mesh, root) {
        return Ok(root.to_owned());
    }
    match found(super::each(cluster).await?, mesh, Place::Flag)? {
        Ok(record) => Ok(record.root_namespace),
        Err(Unclear::None) if mesh.is_none() => Ok(DEFAULT_ROOT.to_owned()),
        Err(unclear) => Err(unclear.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MeshState, Mode, Phase};
    use super::*;

    fn records(names: &[&str]) -> Vec<MeshRecord> {
        let record = |name: &&str| MeshRecord {
            name: (*name).to_owned(),
            root_namespace: format!("{name}-system"),
            spec: None,
            state: MeshState::new(Mode::External, Phase::Succeeded),
            resource_version: None,
        };
        names.iter().map(record).collect()
    }

    #[test]
    fn the_only_one_is_meant_and_several_are_listed() {
        let cases = [
            (
                vec![],
                None,
                "no mesh is recorded in this cluster: `weft mesh create` installs one, `weft mesh adopt` records one that is there",
            ),
            (
                vec![],
                Some("a"),
                "no mesh is recorded in this cluster: `weft mesh create` installs one, `weft mesh adopt` records one that is there",
            ),
            (vec!["a"], None, "a"),
            (vec!["a", "b"], Some("b"), "b"),
            (
                vec!["a", "b"],
                None,
                "there are several meshes: say which with --mesh: a (in a-system), b (in b-system)",
            ),
            (
                vec!["a", "b"],
                Some("c"),
                "there is no mesh \"c\"; recorded are: a (in a-system), b (in b-system)",
            ),
        ];
        for (names, name, wanted) in cases {
            for (place, words) in [
                (Place::Flag, wanted.to_owned()),
                (
                    Place::Argument,
                    wanted.replace("with --mesh", "with its name after the verb"),
                ),
            ] {
                let found = meant(records(&names), name, place);
                let found = found.map_or_else(|unclear| unclear.to_string(), |record| record.name);
                assert_eq!(found, words);
            }
        }
    }

    #[test]
    fn a_broken_record_is_told_where_no_other_is_meant() {
        let broken = || RecordError::Broken {
            namespace: "tenant".to_owned(),
            name: "weft-mesh-x".to_owned(),
            key: "state.json",
            why: "it is missing".to_owned(),
        };
        let cases = [
            (vec!["a"], None, Ok("a")),
            (vec!["a"], Some("a"), Ok("a")),
            (vec!["a"], Some("x"), Err(broken())),
            (vec!["a"], Some("y"), Ok("none")),
            (vec![], None, Err(broken())),
        ];
        for (names, name, wanted) in cases {
            let all = records(&names).into_iter().map(Ok).chain([Err(broken())]);
            let found = found(all.collect(), name, Place::Argument);
            let found = found.map(|found| found.map_or("none".to_owned(), |one| one.name));
            assert_eq!(found, wanted.map(str::to_owned), "{names:?} {name:?}");
        }
    }
}
