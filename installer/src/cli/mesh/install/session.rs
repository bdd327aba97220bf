//! What a verb that installs works with: a cluster, charts, and a look before anything is written.

use super::Common;
use crate::charts::Charts;
use crate::cli::Context;
use crate::cli::connection::ProgressArgs;
use crate::cluster::access::Cluster;
use crate::failure::{Exit, Failure};
use crate::mesh::install::Installer;
use crate::mesh::preflight::{self, Wish};
use crate::mesh::spec::Mesh;
use crate::mesh::wish::wish;

/// A connection, and a way to charts.
pub(super) struct Session {
    cluster: Cluster,
    charts: Charts,
}

impl Session {
    pub(super) async fn open(common: &Common, context: &Context) -> Result<Self, Failure> {
        Ok(Self {
            cluster: common.server.access().connect(&context.environment).await?,
            charts: Charts::new(common.registry.registry(context), &context.environment),
        })
    }

    pub(super) fn installer<'a>(
        &'a self,
        progress: ProgressArgs,
        context: &'a Context,
    ) -> Installer<'a> {
        Installer {
            cluster: &self.cluster,
            charts: &self.charts,
            output: &context.output,
            progress: progress.progress,
        }
    }

    /// What would not work stops us; what may not is said.
    pub(super) async fn preflight(&self, mesh: &Mesh, context: &Context) -> Result<(), Failure> {
        let wish = Wish {
            serves: false,
            ..wish(mesh)
        };
        let checks = preflight::run(&self.cluster, &wish).await?;
        for check in checks
            .iter()
            .filter(|check| check.verdict == preflight::Verdict::Warn)
        {
            context.output.warn(check.line());
        }
        let failing: Vec<_> = checks
            .iter()
            .filter(|check| check.verdict == preflight::Verdict::Fail)
            .collect();
        let denied = failing.iter().all(|check| check.is_permission());
        let failing: Vec<_> = failing.into_iter().map(preflight::Check::line).collect();
        if failing.is_empty() {
            return Ok(());
        }
        let exit = if denied {
            Exit::NoPermission
        } else {
            Exit::Failure
        };
        let text = format!(
            "nothing was written: this would not work (--skip-preflight goes on all the same):\n  {}",
            failing.join("\n  ")
        );
        Err(Failure::text(exit, text))
    }
}
