//! What `weft mesh adopt` and `list` do.

mod list;

pub(crate) use list::list;

use serde_json::{Value, json};

use super::super::record::lock::while_held;
use super::super::record::{self, MeshRecord, MeshState, Mode, Phase};
use super::super::spec::WorkloadKind;
use super::installer::Installer;
use super::report::MeshesReport;
use super::{Found, find, snapshot};
use crate::cluster::access::Cluster;
use crate::cluster::mode;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::report::ChangesReport;
use crate::history::{Change, note};
use crate::output::{Format, Output};

/// What is asked of `weft mesh adopt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adoption {
    /// What weft is to call the mesh.
    pub(crate) name: String,
    /// Which Istio, where there are several.
    pub(crate) root: Option<String>,
    /// The kinds of workloads that it has besides; nothing for those that the record has.
    pub(crate) kinds: Option<Vec<WorkloadKind>>,
    /// What may be done.
    pub(crate) mode: mode::Mode,
    /// Take over fields of the record that somebody else wrote.
    pub(crate) force: bool,
}

/// Records an Istio that somebody else runs.
pub(crate) async fn adopt(cluster: &Cluster, output: &Output, asked: &Adoption) -> Outcome {
    record::check_name(&asked.name)?;
    let snapshot = snapshot::take(cluster).await?;
    for gap in &snapshot.unread {
        output.warn(format!(
            "{gap}; what it would tell is missing in the record"
        ));
    }
    let known = record::all(cluster).await?;
    let root = root(asked, &known);
    let found = choose(find(&snapshot), root)?;
    let before = known
        .iter()
        .find(|record| record.root_namespace == found.root_namespace);
    let mut after = recorded(&asked.name, &found, &known)?;
    if let Some(kinds) = &asked.kinds {
        after.state.workload_kinds.clone_from(kinds);
    }
    if before.is_some_and(|before| before.state == after.state) {
        output.say(format!(
            "mesh {} is recorded already, and as it is",
            asked.name
        ));
        output.report(&MeshesReport::of(&[after], &[found]))?;
        return Ok(Exit::Ok);
    }
    let change = Change {
        object: after.id(),
        manager: record::MANAGER,
        before: before.map(MeshRecord::object).transpose()?,
        after: Some(after.object()?),
    };
    match asked.mode {
        mode::Mode::Client | mode::Mode::Server => print(output, &after.object()?),
        mode::Mode::Diff => {
            output.report(&ChangesReport::of(&[change]))?;
            Ok(Exit::Drift)
        }
        mode::Mode::Act => {
            let written = write(cluster, after, change, asked.force).await?;
            output.say(format!(
                "recorded in {}; nothing else was written",
                written.id()
            ));
            output.report(&MeshesReport::of(&[written], &[found]))?;
            Ok(Exit::Ok)
        }
    }
}

async fn write(
    cluster: &Cluster,
    mut record: MeshRecord,
    change: Change,
    force: bool,
) -> Result<MeshRecord, Failure> {
    let verb = format!("mesh adopt {}", record.name);
    let root = record.root_namespace.clone();
    let act = async {
        record.write(cluster, force).await?;
        note(cluster, &root, &verb, vec![change]).await?;
        Ok(())
    };
    while_held(cluster, &root, &verb, act).await?;
    Ok(record)
}

/// Where the Istio is, as the command says it, or the record of that name.
fn root<'a>(asked: &'a Adoption, known: &'a [MeshRecord]) -> Option<&'a str> {
    let recorded = known.iter().find(|record| record.name == asked.name);
    let recorded = recorded.map(|record| record.root_namespace.as_str());
    asked.root.as_deref().or(recorded)
}

/// The one that is meant.
fn choose(mut found: Vec<Found>, root: Option<&str>) -> Result<Found, Failure> {
    let all: Vec<_> = found.iter().map(described).collect();
    found.retain(|mesh| root.is_none_or(|root| mesh.root_namespace == root));
    match (found.pop(), root) {
        (Some(mesh), _) if found.is_empty() => Ok(mesh),
        (Some(_), _) => Err(Failure::text(
            Exit::Usage,
            format!(
                "there are several: say which with --root-namespace:\n  {}",
                all.join("\n  ")
            ),
        )),
        (None, Some(root)) if !all.is_empty() => Err(Failure::text(
            Exit::Usage,
            format!(
                "no Istio has the root namespace {root}; there is:\n  {}",
                all.join("\n  ")
            ),
        )),
        (None, _) => Err(Failure::text(
            Exit::Failure,
            "no Istio was found: there is no Deployment with the label app=istiod; `weft mesh create` installs one",
        )),
    }
}

fn described(mesh: &Found) -> String {
    let planes: Vec<_> = mesh
        .control_planes
        .iter()
        .map(|plane| {
            format!(
                "revision {} {} in {}, {}",
                plane.revision,
                plane
                    .part
                    .version
                    .as_deref()
                    .unwrap_or("of unknown version"),
                plane.part.namespace,
                plane.part.installed_by
            )
        })
        .collect();
    format!("{}: {}", mesh.root_namespace, planes.join("; "))
}

/// The record that it gets, or why it cannot have it.
fn recorded(name: &str, found: &Found, known: &[MeshRecord]) -> Result<MeshRecord, Failure> {
    let here = known
        .iter()
        .find(|record| record.root_namespace == found.root_namespace);
    if let Some(text) = refusal(name, found, here, known) {
        return Err(Failure::text(Exit::Failure, text));
    }
    let serving = found.default_revision.as_ref();
    let plane = found
        .control_planes
        .iter()
        .find(|plane| Some(&plane.revision) == serving)
        .or(found.control_planes.last());
    Ok(MeshRecord {
        name: name.to_owned(),
        root_namespace: found.root_namespace.clone(),
        spec: None,
        state: MeshState {
            revision: plane.map(|plane| plane.revision.clone()),
            version: plane.and_then(|plane| plane.part.version.clone()),
            protected: here.is_some_and(|record| record.state.protected),
            adopted: Some(json!(found)),
            workload_kinds: here
                .map(|record| record.state.workload_kinds.clone())
                .unwrap_or_default(),
            ..MeshState::new(Mode::External, Phase::Succeeded)
        },
        resource_version: here.and_then(|record| record.resource_version.clone()),
    })
}

fn refusal(
    name: &str,
    found: &Found,
    here: Option<&MeshRecord>,
    known: &[MeshRecord],
) -> Option<String> {
    let ours = found
        .control_planes
        .iter()
        .find_map(|plane| match &plane.part.installed_by {
            Installer::Weft { mesh } => Some(mesh),
            Installer::Helm { .. }
            | Installer::Sail { .. }
            | Installer::Istioctl
            | Installer::Manifests { .. }
            | Installer::Unknown => None,
        });
    if let Some(mesh) = ours {
        return Some(format!(
            "weft itself installed this Istio, as mesh {mesh}: there is nothing to adopt"
        ));
    }
    if let Some(other) = here.filter(|record| record.name != name) {
        let other = &other.name;
        return Some(format!(
            "this Istio is recorded as mesh {other}: `weft mesh adopt {other}` brings that record up to date"
        ));
    }
    if let Some(other) = here.filter(|record| record.state.mode != Mode::External) {
        return Some(format!(
            "mesh {} is weft's own: `weft mesh apply` brings it up to date",
            other.name
        ));
    }
    let mut others = known
        .iter()
        .filter(|record| record.root_namespace != found.root_namespace);
    let taken = others.find(|record| record.name == name)?;
    Some(format!(
        "there is a mesh {name} already, in {}: give this one another name",
        taken.root_namespace
    ))
}

fn print(output: &Output, object: &Value) -> Outcome {
    let text = match output.settings().format {
        Format::Json => format!("{object:#}\n"),
        Format::Table | Format::Wide | Format::Yaml | Format::Name => {
            serde_saphyr::to_string(object).map_err(|error| {
                Failure::text(
                    Exit::Failure,
                    format!("cannot write the record as YAML: {error}"),
                )
            })?
        }
    };
    output.raw(text.as_bytes())?;
    Ok(Exit::Ok)
}

#[cfg(test)]
#[path = "verbs/tests.rs"]
mod tests;
