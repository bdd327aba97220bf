//! Which version an upgrade leads to: whether it may, and which patch of a minor version.

use super::super::target::{Asked, recorded};
use super::Upgrader;
use crate::failure::{Exit, ExitWith as _, Failure};
use crate::mesh::record::MeshRecord;
use crate::mesh::resolve::look_up;
use crate::mesh::spec::Mesh;
use crate::mesh::version::{self, IstioVersion};

impl Upgrader<'_> {
    /// What is asked for, with the patch of its version. An upgrade that is under way keeps the one that it found. What may not be
    /// is refused before any chart is looked for: no source needs to have it.
    pub(super) async fn exact(&self, record: &MeshRecord, asked: &Asked) -> Result<Asked, Failure> {
        permit(record, &asked.to)?;
        let mut asked = asked.clone();
        let under_way = record.state.upgrade.as_deref();
        let goal = under_way.and_then(|upgrade| upgrade.to.spec.version.clone());
        if let Some(goal) =
            goal.filter(|goal| asked.to.patch.is_none() && goal.release() == asked.to.release())
        {
            asked.to = goal;
            return Ok(asked);
        }
        let mut mesh = mesh_of(record)?;
        if let Some(charts) = &asked.charts {
            mesh.spec.charts = Some(charts.parse().exit_with(Exit::Usage)?);
        }
        let charts = self.installer.charts;
        if let Some(found) = look_up(charts, &mesh, &asked.to).await? {
            self.installer.output.say(found.words());
            permit(record, &found.version)?;
            asked.to = found.version;
        }
        Ok(asked)
    }
}

/// No older version, and one minor version at a time: definitions, proxies and Istio's own promises are made for nothing else. It
/// is judged from the version that the upgrade began with, and nothing lifts it.
fn permit(record: &MeshRecord, to: &IstioVersion) -> Result<(), Failure> {
    let from = match record.state.upgrade.as_deref() {
        Some(upgrade) => upgrade.from.clone(),
        None => mesh_of(record)?,
    };
    match version::upgrade(version_of(&from)?, to) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::text(
            Exit::Failure,
            format!("nothing was written: {error}"),
        )),
    }
}

/// The mesh that a record describes.
pub(super) fn mesh_of(record: &MeshRecord) -> Result<Mesh, Failure> {
    let broken = |why: String| {
        let text = format!("the record of mesh {} ({}) {why}", record.name, record.id());
        Failure::text(Exit::Failure, text)
    };
    let Some(spec) = &record.spec else {
        return Err(broken("holds no mesh file".to_owned()));
    };
    recorded(spec)
        .map_err(|mistakes| broken(format!("holds a mesh file that cannot be read: {mistakes}")))
}

/// The version that a mesh names.
pub(super) fn version_of(mesh: &Mesh) -> Result<&IstioVersion, Failure> {
    mesh.spec.version.as_ref().ok_or_else(|| {
        let text = format!("the record of mesh {} names no version", mesh.metadata.name);
        Failure::text(Exit::Failure, text)
    })
}
