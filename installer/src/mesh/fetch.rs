//! The charts of a mesh: fetched from where its file says, and read.

use std::collections::BTreeMap;

use chart::{Chart, ChartError};

use super::spec::Mesh;
use super::values::Component;
use super::version::IstioVersion;
use crate::charts::{Charts, Source};
use crate::failure::{Exit, Failure};

/// Istio's charts of one version.
#[derive(Debug)]
pub(crate) struct Release {
    /// Of which version.
    pub(crate) version: IstioVersion,
    charts: BTreeMap<Component, Chart>,
}

impl Release {
    /// A chart of it; the mistake is one of ours, since what a mesh has is fetched.
    pub(crate) fn chart(&self, component: Component) -> Result<&Chart, Failure> {
        self.charts.get(&component).ok_or_else(|| {
            let text = format!(
                "chart {} of Istio {} was not fetched",
                component.name(),
                self.version
            );
            Failure::text(Exit::Failure, text)
        })
    }
}

/// Fetches what a mesh of that version is made of.
pub(crate) async fn release(
    charts: &Charts,
    mesh: &Mesh,
    version: &IstioVersion,
    components: &[Component],
) -> Result<Release, Failure> {
    let source = source(mesh)?;
    let named = exact(version)?;
    let mut found = BTreeMap::new();
    for component in components {
        let fetched = charts.fetch(&source, component.name(), &named).await?;
        let chart = Chart::from_archive(&fetched.archive)
            .map_err(|error| refused(error).context(&fetched.origin))?;
        found.insert(*component, chart);
    }
    Ok(Release {
        version: version.clone(),
        charts: found,
    })
}

/// Where the charts of a mesh are.
pub(crate) fn source(mesh: &Mesh) -> Result<Source, Failure> {
    Ok(match &mesh.spec.charts {
        None => Source::UPSTREAM.parse()?,
        Some(charts) => charts.source()?,
    })
}

/// A chart that cannot be used, or whose templates refuse the values.
pub(crate) fn refused(error: ChartError) -> Failure {
    Failure::new(Exit::BadInput, error)
}

/// Charts are asked for by the whole version: what is installed today must be what is installed tomorrow.
fn exact(version: &IstioVersion) -> Result<String, Failure> {
    if version.patch.is_some() {
        return Ok(version.to_string());
    }
    let text = format!(
        "Istio {version} is any patch of it, and charts are fetched of one: write the version as {version}.N"
    );
    Err(Failure::text(Exit::BadInput, text))
}
