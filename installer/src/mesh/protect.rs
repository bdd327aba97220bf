//! `weft mesh protect`: a mesh that may not be deleted.

use super::record::MeshRecord;
use super::record::lock::while_held;
use crate::cluster::access::Cluster;
use crate::failure::{Exit, Failure, Outcome};
use crate::history::{Change, note};
use crate::output::Output;

/// Sets or lifts the lock on deletion.
pub(crate) async fn protect(
    cluster: &Cluster,
    output: &Output,
    mut record: MeshRecord,
    on: bool,
    dry_run: bool,
) -> Outcome {
    let name = record.name.clone();
    let word = if on { "protected" } else { "not protected" };
    if record.state.protected == on {
        output.say(format!("mesh {name} is {word} already"));
        return Ok(Exit::Ok);
    }
    if dry_run {
        output.say(format!("mesh {name} would be {word}"));
        return Ok(Exit::Ok);
    }
    let verb = format!("mesh protect {name}{}", if on { "" } else { " --off" });
    let root = record.root_namespace.clone();
    let before = record.object()?;
    record.state.protected = on;
    let act = write(cluster, &mut record, &verb, before);
    while_held(cluster, &root, &verb, act).await?;
    output.say(format!("mesh {name} is {word}"));
    Ok(Exit::Ok)
}

async fn write(
    cluster: &Cluster,
    record: &mut MeshRecord,
    verb: &str,
    before: serde_json::Value,
) -> Result<(), Failure> {
    record.write(cluster, false).await?;
    let change = Change {
        object: record.id(),
        manager: super::record::MANAGER,
        before: Some(before),
        after: Some(record.object()?),
    };
    Ok(note(cluster, &record.root_namespace, verb, vec![change]).await?)
}
