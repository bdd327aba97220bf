//! What an export is made from: the mesh file or the record of a mesh, its charts, and its gateways.

use chart::Kubernetes;
use serde_json::Value;

use super::{Export, Form, Gateway, Given};
use crate::charts::{Charts, Source};
use crate::cluster::access::Cluster;
use crate::cluster::discovery::discover;
use crate::failure::{Exit, Failure};
use crate::gateway::home::{self, Asked, Home};
use crate::gateway::{self, record as gateways};
use crate::mesh::fetch::{self, Release};
use crate::mesh::record::find;
use crate::mesh::render::{self, Plane};
use crate::mesh::resolve::{Resolved, exact};
use crate::mesh::spec::{Mesh, Mode};
use crate::mesh::values::{Component, unknown};
use crate::mesh::version::IstioVersion;

/// The Kubernetes that charts are rendered for when no cluster is asked. Istio's charts look for vendors' words in it only.
pub(crate) const KUBERNETES: &str = "v1.34.0";

/// A Kubernetes of that version, which has what Istio's charts look for.
pub(crate) fn kubernetes(version: &str) -> Kubernetes {
    Kubernetes {
        version: version.to_owned(),
        api_versions: ["v1", "apps/v1", "autoscaling/v2", "policy/v1"]
            .map(str::to_owned)
            .to_vec(),
    }
}

/// A mesh and its charts.
struct Read {
    mesh: Mesh,
    release: Release,
    kubernetes: Kubernetes,
    found: Option<Resolved>,
}

/// A mesh that only a file describes.
pub(crate) async fn of_file(
    charts: &Charts,
    mesh: Mesh,
    kubernetes: &str,
    form: Form,
) -> Result<(Export, Source), Failure> {
    let read = read(charts, form.fitted(mesh), self::kubernetes(kubernetes)).await?;
    written(&read, None, false, form)
}

/// A mesh that is recorded in a cluster, with its gateways.
pub(crate) async fn of_record(
    cluster: &Cluster,
    charts: &Charts,
    name: Option<&str>,
    form: Form,
) -> Result<(Export, Source), Failure> {
    let record = find::one(cluster, name).await?;
    if let Some(upgrade) = &record.state.upgrade {
        let text = format!(
            "mesh {} is being upgraded, with two control planes: finish that, or go back, before it is exported; {}",
            record.name,
            upgrade.next()
        );
        return Err(Failure::text(Exit::Failure, text));
    }
    let asked = Asked {
        mesh: Some(record.name.clone()),
        ..Asked::default()
    };
    let home = home::find(cluster, &asked).await?;
    let version = cluster.call(
        "ask the API server for its version",
        cluster.client.apiserver_version(),
    );
    let kubernetes = render::capabilities(&version.await?.git_version, &discover(cluster).await?);
    let read = read(charts, form.fitted(home.mesh.clone()), kubernetes).await?;
    let mut found = Vec::new();
    let recorded = gateways::all(cluster, None).await?;
    for one in recorded.all_of(&home.root, home.name.as_deref())? {
        found.push(rendered(charts, &home, &one, &read.kubernetes).await?);
    }
    written(&read, Some(found), record.state.protected, form)
}

async fn read(charts: &Charts, mut mesh: Mesh, kubernetes: Kubernetes) -> Result<Read, Failure> {
    if mesh.spec.mode == Mode::External {
        let text = "an external mesh is run by somebody else: what installed it has what there is to export";
        return Err(Failure::text(Exit::BadInput, text));
    }
    let (version, found) = exact(charts, &mut mesh).await?;
    let release = fetch::release(charts, &mesh, &version, &render::rendered(&mesh)).await?;
    Ok(Read {
        mesh,
        release,
        kubernetes,
        found,
    })
}

async fn rendered(
    charts: &Charts,
    home: &Home,
    record: &gateways::GatewayRecord,
    kubernetes: &Kubernetes,
) -> Result<Gateway, Failure> {
    let version: IstioVersion = record
        .state
        .version
        .parse()
        .map_err(|error| Failure::new(Exit::Failure, error).context(record.id()))?;
    let release = fetch::release(charts, &home.mesh, &version, &[Component::Gateway]).await?;
    let chart = release.chart(Component::Gateway)?;
    let namespace = &record.namespace;
    let wanted = gateway::render::wanted(home, chart, &record.wish, namespace, kubernetes)?;
    let objects: Vec<Value> = wanted
        .stages
        .into_iter()
        .flat_map(|stage| stage.objects)
        .collect();
    Ok(Gateway {
        name: record.name().to_owned(),
        namespace: namespace.clone(),
        version: version.to_string(),
        values: gateway::values::values(&home.mesh, &record.wish),
        objects,
    })
}

fn written(
    read: &Read,
    gateways: Option<Vec<Gateway>>,
    is_protected: bool,
    form: Form,
) -> Result<(Export, Source), Failure> {
    let plane = Plane {
        mesh: &read.mesh,
        release: &read.release,
    };
    let namespace = Some(render::namespace(&read.mesh));
    let wanted = render::wanted(&[plane], namespace, &read.kubernetes)?;
    let source = fetch::source(&read.mesh)?;
    let given = Given {
        mesh: &read.mesh,
        version: &read.release.version,
        source: &source,
        stages: wanted.stages,
        gateways,
        is_protected,
    };
    let mut export = super::export(&given, form)?;
    export.notes.extend(unknown(&read.mesh, &read.release));
    export.notes.extend(read.found.iter().map(Resolved::words));
    Ok((export, source))
}
