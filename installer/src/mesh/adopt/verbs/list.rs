//! What `weft mesh list` does.

use super::super::super::record::{self, MeshRecord};
use super::super::report::MeshesReport;
use super::super::{find, snapshot};
use crate::cluster::access::Cluster;
use crate::failure::{Exit, Failure, Outcome};
use crate::mesh::serving::{self, Serving};
use crate::output::Output;

/// Every mesh that is recorded, and every Istio that is not.
pub(crate) async fn list(cluster: &Cluster, output: &Output) -> Outcome {
    let (mut records, mut broken) = (Vec::new(), Vec::new());
    for record in record::each(cluster).await? {
        match record {
            Ok(record) => records.push(record),
            Err(error) => broken.push(error),
        }
    }
    let found = match snapshot::take(cluster).await {
        Ok(snapshot) => find(&snapshot),
        Err(error) if error.is_forbidden() => {
            output.warn(format!("{error}; only what is recorded is shown"));
            Vec::new()
        }
        Err(error) => return Err(error.into()),
    };
    let report = MeshesReport::of(&records, &found);
    let serving = serving(cluster, output, &records).await?;
    output.report(&report.with_serving(&serving).with_broken(&broken))?;
    if broken.is_empty() {
        return Ok(Exit::Ok);
    }
    for error in broken {
        output.warn(error);
    }
    Ok(Exit::Partial)
}

/// Whether the istiods of each serve. Of those at which nobody may look, nothing is said.
async fn serving(
    cluster: &Cluster,
    output: &Output,
    records: &[MeshRecord],
) -> Result<Vec<Serving>, Failure> {
    let mut all = Vec::new();
    for record in records {
        all.push(match serving::look(cluster, &record.root_namespace).await {
            Err(error) if error.is_forbidden() => {
                output.warn(format!(
                    "{error}; whether mesh {} serves is not known",
                    record.name
                ));
                Serving::Well
            }
            looked => looked?,
        });
    }
    Ok(all)
}
