//! Which patch of a minor version an upgrade leads to.

use super::super::target::Asked;
use super::{Upgrader, mesh_of};
use crate::failure::{Exit, ExitWith as _, Failure};
use crate::mesh::record::MeshRecord;
use crate::mesh::resolve::look_up;

impl Upgrader<'_> {
    /// What is asked for, with the patch of its version. An upgrade that is under way keeps the one that it found.
    pub(super) async fn exact(&self, record: &MeshRecord, asked: &Asked) -> Result<Asked, Failure> {
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
            asked.to = found.version;
        }
        Ok(asked)
    }
}
