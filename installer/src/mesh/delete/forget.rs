//! `weft mesh forget`, and `weft mesh delete` of a mesh that somebody else runs: the record goes, and nothing else does.

use super::guards::{Gateways, Maker, protection};
use super::{recorded, refuse};
use crate::cluster::access::Cluster;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::{Change, note};
use crate::mesh::record::lock::while_held;
use crate::mesh::record::{MANAGER, MeshRecord, Mode};
use crate::output::Output;

/// How to forget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forgetting {
    /// Without a question.
    pub(crate) yes: bool,
    /// Only say what would be done.
    pub(crate) dry_run: bool,
}

/// Takes the record of a mesh away. Nothing of the mesh itself is touched.
pub(crate) async fn forget(
    cluster: &Cluster,
    output: &Output,
    record: &MeshRecord,
    how: Forgetting,
) -> Outcome {
    forgettable(output, record)?;
    let told = told(record, &recorded(cluster, record).await?);
    if how.dry_run {
        output.say(told);
        return Ok(Exit::Ok);
    }
    let name = &record.name;
    let question = format!("{told}\nForget mesh {name}?");
    if !output.confirm(&question, how.yes).await? {
        return Err(Failure::text(Exit::Failure, "nothing was written"));
    }
    let verb = format!("mesh forget {name}");
    let root = &record.root_namespace;
    let act = async {
        // Somebody may have protected it, or taken it over, while the question stood there.
        let record = MeshRecord::now(cluster, name, root).await?;
        forgettable(output, &record)?;
        let change = Change {
            object: record.id(),
            manager: MANAGER,
            before: Some(record.object()?),
            after: None,
        };
        record.delete(cluster).await?;
        note(cluster, root, &verb, vec![change]).await?;
        Ok(())
    };
    while_held(cluster, root, &verb, act).await?;
    output.say(format!(
        "mesh {name} is forgotten; weft changed nothing of it"
    ));
    Ok(Exit::Ok)
}

/// What keeps a mesh from being forgotten.
fn forgettable(output: &Output, record: &MeshRecord) -> Result<(), Failure> {
    if record.state.mode != Mode::External {
        let text = format!(
            "weft runs mesh {}: forgetting it would leave all of it behind; `weft mesh delete` takes it away",
            record.name
        );
        return Err(Failure::text(Exit::Failure, text));
    }
    refuse(output, record, &[protection(record)], false)
}

/// What goes, and what stays of what weft wrote.
fn told(record: &MeshRecord, gateways: &Gateways) -> String {
    let root = &record.root_namespace;
    let mut stays = vec![
        "the mesh itself: weft does not touch it".to_owned(),
        "labels of namespaces and Sidecars that weft wrote for it".to_owned(),
        format!("its history: `weft history --root-namespace {root}` shows it"),
    ];
    stays.extend(gateways.iter().map(|((namespace, name), maker)| {
        let what = match maker {
            Maker::Broken(why) => why.clone(),
            Maker::Weft | Maker::Else => {
                format!("`weft gateway delete {name} -n {namespace}` takes it away")
            }
        };
        format!("gateway {namespace}/{name}: {what}")
    }));
    format!(
        "the record of mesh {} goes: {}\nthis stays:\n  {}",
        record.name,
        record.id(),
        stays.join("\n  ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::record::{MeshState, Phase};
    use crate::output::Settings;

    fn record(mode: Mode) -> MeshRecord {
        MeshRecord {
            name: "blue".to_owned(),
            root_namespace: "mesh-blue".to_owned(),
            spec: None,
            state: MeshState::new(mode, Phase::Succeeded),
            resource_version: None,
        }
    }

    #[test]
    fn only_a_mesh_of_others_that_is_not_protected_is_forgotten() {
        let quiet = || Box::new(std::io::sink());
        let output = Output::to(Settings::default(), quiet(), quiet());
        let ours = "weft runs mesh blue";
        let held = "`weft mesh protect blue --off` lets it go";
        let cases = [
            (Mode::External, false, None),
            (Mode::External, true, Some(held)),
            (Mode::Dedicated, false, Some(ours)),
            (Mode::Dedicated, true, Some(ours)),
            (Mode::Hosted, false, Some(ours)),
        ];
        for (mode, protected, wanted) in cases {
            let mut record = record(mode);
            record.state.protected = protected;
            let told = forgettable(&output, &record).err();
            let told = told.map(|failure| failure.to_string());
            assert_eq!(told.is_some(), wanted.is_some(), "{mode:?}: {told:?}");
            let (told, wanted) = (told.unwrap_or_default(), wanted.unwrap_or_default());
            assert!(told.contains(wanted), "{told}");
        }
    }

    #[test]
    fn what_goes_and_what_stays_is_named() {
        let gateway = |name: &str, made| (("edge".to_owned(), name.to_owned()), made);
        let odd = Maker::Broken("it is no record".to_owned());
        let two = Gateways::from([gateway("front", Maker::Weft), gateway("odd", odd)]);
        let delete = "gateway edge/front: `weft gateway delete front -n edge`";
        let both = vec![delete, "gateway edge/odd: it is no record"];
        for (gateways, wanted) in [(Gateways::new(), vec![]), (two, both)] {
            let told = told(&record(Mode::External), &gateways);
            let goes = "ConfigMap mesh-blue/weft-mesh-blue\nthis stays:\n";
            assert!(told.contains(goes), "{told}");
            let lines = told.lines().filter(|one| one.contains("gateway "));
            assert_eq!(lines.count(), wanted.len(), "{told}");
            assert!(wanted.iter().all(|words| told.contains(words)), "{told}");
        }
    }
}
