//! The mesh that a gateway belongs to: recorded by weft, adopted, or an Istio that nobody recorded.

use chart::Chart;

use super::record::GatewayRecord;
use crate::charts::Charts;
use crate::cluster::access::Cluster;
use crate::failure::{Exit, Failure};
use crate::mesh::adopt::{self, snapshot};
use crate::mesh::fetch;
use crate::mesh::record::find::{DEFAULT_ROOT, Place, meant};
use crate::mesh::record::{self, MeshRecord};
use crate::mesh::spec::document;
use crate::mesh::spec::read::read;
use crate::mesh::spec::{ApiVersion, ChartSource, Kind, Mesh, Metadata, Mode, Spec};
use crate::mesh::values::Component;
use crate::mesh::version::IstioVersion;

/// How istiod calls the revision without a name.
const UNNAMED: &str = "default";

/// A mesh, as far as a gateway needs to know it.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// Its name, where it has a record.
    pub(crate) name: Option<String>,
    /// Its root namespace.
    pub(crate) root: String,
    /// What it is to be; of a mesh that somebody else runs, only what is known.
    pub(crate) mesh: Mesh,
    /// The version of its Istio, in words; nothing where it cannot be told.
    pub(crate) version: Option<String>,
    /// The record that says so; nothing where it has none, or nobody looked.
    pub(crate) record: Option<MeshRecord>,
}

/// What the command line says about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The mesh.
    pub(crate) mesh: Option<String>,
    /// Its root namespace.
    pub(crate) root: Option<String>,
    /// Where charts are.
    pub(crate) charts: Option<ChartSource>,
    /// The version of Istio.
    pub(crate) version: Option<IstioVersion>,
}

/// Finds the mesh that is meant.
pub(crate) async fn find(cluster: &Cluster, asked: &Asked) -> Result<Home, Failure> {
    let records = record::all(cluster).await?;
    let root = asked.root.as_deref();
    let known = match (&asked.mesh, root) {
        (None, Some(root)) => records
            .into_iter()
            .find(|record| record.root_namespace == root),
        (None, None) if records.is_empty() => None,
        (mesh, _) => Some(meant(records, mesh.as_deref(), Place::Flag)?),
    };
    let mut home = match known {
        Some(record) => recorded(record)?,
        None => unrecorded(cluster, root.unwrap_or(DEFAULT_ROOT)).await?,
    };
    if let Some(charts) = &asked.charts {
        home.mesh.spec.charts = Some(charts.clone());
    }
    if let Some(version) = &asked.version {
        home.version = Some(version.to_string());
    }
    Ok(home)
}

/// The mesh of a gateway that is to go: its record says all that is needed, also when the mesh is gone.
pub(crate) fn left(gateway: &GatewayRecord) -> Home {
    let root = &gateway.state.root_namespace;
    Home {
        name: gateway.mesh.clone(),
        root: root.clone(),
        mesh: bare(gateway.mesh.as_deref().unwrap_or("mesh"), root),
        version: Some(gateway.state.version.clone()),
        record: None,
    }
}

fn recorded(record: MeshRecord) -> Result<Home, Failure> {
    let kept = Some(record.clone());
    let mut mesh = match &record.spec {
        Some(text) => document::parse(text.as_bytes())
            .and_then(|document| read(document, &[]))
            .map_err(|mistakes| Failure::from(mistakes).context(record.id()))?,
        None => bare(&record.name, &record.root_namespace),
    };
    mesh.spec.revision = named(record.state.revision);
    Ok(Home {
        mesh,
        root: record.root_namespace,
        name: Some(record.name),
        version: record.state.version,
        record: kept,
    })
}

/// What the istiods of that root namespace say themselves.
async fn unrecorded(cluster: &Cluster, root: &str) -> Result<Home, Failure> {
    let found = adopt::find(&snapshot::take(cluster).await?);
    let Some(found) = found.into_iter().find(|one| one.root_namespace == root) else {
        let text = format!(
            "no Istio has the root namespace {root}: `weft mesh create` installs one, and --root-namespace names another"
        );
        return Err(Failure::text(Exit::Failure, text));
    };
    let serving = found.default_revision.as_ref();
    let planes = &found.control_planes;
    let plane = planes
        .iter()
        .find(|plane| Some(&plane.revision) == serving)
        .or(planes.last());
    let mut mesh = bare("mesh", root);
    mesh.spec.revision = named(plane.map(|plane| plane.revision.clone()));
    Ok(Home {
        name: None,
        root: root.to_owned(),
        mesh,
        version: plane.and_then(|plane| plane.part.version.clone()),
        record: None,
    })
}

fn named(revision: Option<String>) -> Option<String> {
    revision.filter(|revision| revision != UNNAMED)
}

/// A mesh of which nothing is known but where it is.
fn bare(name: &str, root: &str) -> Mesh {
    Mesh {
        api_version: ApiVersion::V1,
        kind: Kind::Mesh,
        metadata: Metadata {
            name: name.to_owned(),
        },
        spec: Spec {
            mode: Mode::External,
            root_namespace: Some(root.to_owned()),
            ..Spec::default()
        },
    }
}

impl Home {
    /// The version of its Istio, whose chart a gateway is made from.
    pub(crate) fn version(&self) -> Result<IstioVersion, Failure> {
        let text = self.version.as_deref().unwrap_or_default();
        text.parse().map_err(|_| {
            let text = format!(
                "the version of the Istio in {} cannot be told ({text:?}): give it with --istio-version",
                self.root
            );
            Failure::text(Exit::Failure, text)
        })
    }

    /// The chart of a gateway.
    pub(crate) async fn chart(&self, charts: &Charts) -> Result<Chart, Failure> {
        let (version, gateway) = (self.version()?, Component::Gateway);
        let release = fetch::release(charts, &self.mesh, &version, &[gateway]).await?;
        release.chart(gateway).cloned()
    }
}
