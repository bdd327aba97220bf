//! The kinds of workloads that a mesh declares beside those of every cluster: read from its record, held against what the
//! cluster serves, and found again in what was written on the command line.

use super::target::{Named, Target};
use super::view::Kind;
use crate::cluster::access::Cluster;
use crate::cluster::discovery::{self, discover};
use crate::cluster::object::ObjectId;
use crate::failure::{Exit, Failure};
use crate::mesh::record::{self, MeshRecord};
use crate::mesh::spec::WorkloadKind;
use crate::mesh::spec::document::parse;
use crate::mesh::spec::read::read as read_mesh;

/// What a mesh declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// What the cluster serves as it is declared.
    pub(crate) served: Vec<Kind>,
    /// The rest, with the reason why weft passes over it.
    pub(crate) missing: Vec<(Kind, String)>,
    /// Why the record does not tell.
    pub(crate) unread: Option<String>,
}

impl Kinds {
    /// Of the mesh of that name, or of whatever is recorded in the root namespace.
    pub(crate) async fn read(
        cluster: &Cluster,
        root: &str,
        mesh: Option<&str>,
    ) -> Result<Self, Failure> {
        let (declared, unread) = match record::of_root(cluster, root).await {
            Ok(records) => {
                let meant = |name: &str| mesh.is_none_or(|mesh| mesh == name);
                let all = records.into_iter().map(|record| match record {
                    Ok(record) if !meant(&record.name) => Ok(Vec::new()),
                    Ok(record) => declared(&record),
                    Err(error) => Err(error.to_string()),
                });
                gathered(all)
            }
            // Who may not read the record works with the usual kinds as before.
            Err(error) if error.is_forbidden() => (Vec::new(), Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let known = if declared.is_empty() {
            discovery::Kinds::default()
        } else {
            discover(cluster).await?
        };
        Ok(Self {
            unread,
            ..Self::among(declared, &known)
        })
    }

    /// Holds what is declared against what is served.
    fn among(declared: Vec<WorkloadKind>, known: &discovery::Kinds) -> Self {
        let mut kinds = Self::default();
        for one in declared {
            let trouble = unserved(&one, known);
            // A kind lives as long as the command: there are few, and each is read once.
            let kind = Kind::Declared(Box::leak(Box::new(one)));
            match trouble {
                None => kinds.served.push(kind),
                Some(why) => kinds.missing.push((kind, why)),
            }
        }
        kinds
    }

    /// What was written, with the kinds known; every kind that is not is told.
    pub(crate) fn resolve(&self, written: &[Named]) -> Result<Vec<Target>, Failure> {
        let (mut found, mut wrong, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        for one in written {
            let (kind, name) = match one {
                Named::Known(target) => {
                    found.push(target.clone());
                    continue;
                }
                Named::Other { kind, name } => (kind, name),
            };
            let is_meant = |one: &Kind| is_called(*one, kind);
            let missing = self.missing.iter().find(|(one, _)| is_meant(one));
            if let Some(served) = self.served.iter().find(|one| is_meant(one)) {
                found.push(Target::Workload(*served, name.clone()));
            } else if let Some((_, why)) = missing {
                absent.push(format!("{kind}/{name}: {why}"));
            } else {
                wrong.push(format!("{kind}/{name}: {}", self.unknown(kind)));
            }
        }
        let exit = if wrong.is_empty() {
            Exit::Failure
        } else {
            Exit::Usage
        };
        wrong.extend(absent);
        if wrong.is_empty() {
            return Ok(found);
        }
        Err(Failure::text(exit, wrong.join("\n")))
    }

    fn unknown(&self, kind: &str) -> String {
        let declared: Vec<_> = self.served.iter().map(|one| one.word()).collect();
        let known = if declared.is_empty() {
            String::new()
        } else {
            format!(", or for {}", declared.join(", "))
        };
        let unread = self.unread.as_ref();
        let unread = unread.map_or_else(String::new, |why| format!(" ({why})"));
        format!(
            "no kind is called {kind}: write a namespace, deploy/NAME, sts/NAME, ds/NAME or pod/NAME{known}; other kinds of workloads are declared under spec.workloadKinds of the mesh file, or by `weft mesh adopt --workload-kinds`{unread}"
        )
    }
}

fn is_called(kind: Kind, word: &str) -> bool {
    match kind {
        Kind::Declared(kind) => kind.words().iter().any(|one| one == word),
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => false,
    }
}

/// Those of several records, each once, and the first thing that could not be read.
fn gathered(
    records: impl Iterator<Item = Result<Vec<WorkloadKind>, String>>,
) -> (Vec<WorkloadKind>, Option<String>) {
    let (mut all, mut unread) = (Vec::new(), None);
    for record in records {
        match record {
            Ok(kinds) => all.extend(kinds),
            Err(why) => unread = unread.or(Some(why)),
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    // Of two meshes with one root namespace, the first one that names a kind says where its fields are.
    all.retain(|kind| seen.insert(kind.kind.clone()));
    (all, unread)
}

/// What a record declares: a mesh file does, or what was said when the mesh was adopted.
fn declared(record: &MeshRecord) -> Result<Vec<WorkloadKind>, String> {
    let Some(text) = &record.spec else {
        return Ok(record.state.workload_kinds.clone());
    };
    let mesh = parse(text.as_bytes()).and_then(|document| read_mesh(document, &[]));
    mesh.map(|mesh| mesh.spec.workload_kinds)
        .map_err(|mistakes| {
            format!(
                "the mesh file in {} cannot be read: {mistakes}",
                record.id()
            )
        })
}

/// Why a kind cannot be worked with on this cluster.
fn unserved(kind: &WorkloadKind, known: &discovery::Kinds) -> Option<String> {
    let id = ObjectId {
        group: kind.group.clone(),
        version: kind.version.clone(),
        kind: kind.kind.clone(),
        namespace: None,
        name: String::new(),
    };
    let word = &kind.kind;
    let Some(found) = known.find(&id) else {
        let versions = known.versions(&id.group_kind());
        let others = if versions.is_empty() {
            String::new()
        } else {
            format!(", only {}", versions.join(", "))
        };
        return Some(format!(
            "this cluster does not serve {word} ({kind}){others}"
        ));
    };
    if found.plural != kind.resource {
        let plural = &found.plural;
        return Some(format!(
            "this cluster serves {word} as {plural}.{}, and the mesh declares {kind}: correct its resource",
            kind.group
        ));
    }
    (!found.namespaced).then(|| format!("{word} ({kind}) is not in namespaces, as workloads are"))
}

#[cfg(test)]
mod tests;
