//! Reads the gateways of a cluster: those that weft made, and those of others, known by the proxies that they run.

mod others;

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use futures_util::try_join;
use serde_json::Value;
use tokio::time::Instant;

use super::orphan;
use super::record::{self, BrokenRecord, GatewayRecord, Records};
use super::references::Objects;
use super::report::GatewayView;
use super::selector::{query, selector};
use super::state::{self, Health, State};
use crate::cluster::access::Cluster;
use crate::cluster::discovery::Resource;
use crate::cluster::error::ClusterError;
use crate::cluster::event::{Event, Sink};
use crate::cluster::object::ObjectId;
use crate::cluster::watch::{Target, Unready, Waited, Watch};
use crate::failure::Failure;
use crate::mesh::read::{
    self, DAEMON_SETS, DEPLOYMENTS, Kind, core, label, name, namespace, of, text,
};
use crate::mesh::record::MESH_LABEL;
use crate::sidecar::gateway;
pub(crate) use others::others;

/// Services.
pub(crate) use crate::mesh::read::SERVICES;
const PODS: Kind = core("Pod", "pods");
const GATEWAYS: Kind = of("networking.istio.io", "v1", "Gateway", "gateways");
const VIRTUAL_SERVICES: Kind = of(
    "networking.istio.io",
    "v1",
    "VirtualService",
    "virtualservices",
);
const API_GATEWAYS: Kind = of("gateway.networking.k8s.io", "v1", "Gateway", "gateways");

/// Nobody is told.
struct Silent;

impl Sink for Silent {
    fn event(&self, _: &Event) {}
}

/// What weft knows of a gateway.
#[derive(Debug)]
enum Known {
    /// It is recorded.
    Recorded(Box<GatewayRecord>),
    /// Its record cannot be read.
    Broken(BrokenRecord),
    /// Somebody else made it.
    Nothing,
}

/// A gateway with its workload, as they are.
#[derive(Debug)]
struct Found {
    known: Known,
    workload: Option<Value>,
}

/// The gateways of a namespace, or of the cluster.
#[derive(Debug)]
pub(crate) struct Looked {
    /// As they are.
    pub(crate) views: Vec<GatewayView>,
    /// The records of them that cannot be read.
    pub(crate) broken: Vec<BrokenRecord>,
}

/// All gateways of a namespace, or of the cluster.
pub(crate) async fn all(cluster: &Cluster, namespace: Option<&str>) -> Result<Looked, Failure> {
    let workloads = async { workloads(cluster, namespace).await.map_err(Failure::from) };
    let (records, workloads) = try_join!(record::all(cluster, namespace), workloads)?;
    let broken = records.broken.clone();
    let gone = orphan::roots(cluster, &records.good).await?;
    let services = beside(cluster, &workloads).await?;
    let found = matched(records, workloads);
    let mut views =
        try_join_all(found.iter().map(|one| view(cluster, one, &services, &gone))).await?;
    views.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(Looked { views, broken })
}

/// Every workload that could be a gateway.
pub(crate) async fn workloads(
    cluster: &Cluster,
    namespace: Option<&str>,
) -> Result<Vec<Value>, ClusterError> {
    let of = |kind| {
        let asked = read::some(cluster, kind, namespace, "", gateway::is_workload);
        Box::pin(asked)
    };
    let (mut found, sets) = try_join!(of(DEPLOYMENTS), of(DAEMON_SETS))?;
    found.extend(sets);
    Ok(found)
}

/// The Services of the namespaces that these are in: few, where a cluster has thousands.
async fn beside(cluster: &Cluster, workloads: &[Value]) -> Result<Vec<Value>, ClusterError> {
    let places: BTreeSet<&str> = workloads.iter().map(namespace).collect();
    let asked = places
        .into_iter()
        .map(|place| read::all(cluster, SERVICES, Some(place), ""));
    Ok(try_join_all(asked).await?.concat())
}

/// What may refer to gateways.
pub(crate) async fn referring(cluster: &Cluster) -> Result<Objects, ClusterError> {
    Ok(Objects {
        gateways: read::all(cluster, GATEWAYS, None, "").await?,
        virtual_services: read::all(cluster, VIRTUAL_SERVICES, None, "").await?,
        api_gateways: read::all(cluster, API_GATEWAYS, None, "").await?,
    })
}

fn matched(records: Records, mut workloads: Vec<Value>) -> Vec<Found> {
    let good = records.good.into_iter();
    let good = good.map(|record| Known::Recorded(Box::new(record)));
    let known = good.chain(records.broken.into_iter().map(Known::Broken));
    let mut found: Vec<_> = known
        .map(|known| {
            let mut all = workloads.iter();
            let place = all.position(|one| Some([namespace(one), name(one)]) == known.names());
            Found {
                workload: place.map(|place| workloads.swap_remove(place)),
                known,
            }
        })
        .collect();
    found.extend(workloads.into_iter().map(|workload| Found {
        known: Known::Nothing,
        workload: Some(workload),
    }));
    found
}

impl Known {
    /// Namespace and name.
    fn names(&self) -> Option<[&str; 2]> {
        match self {
            Self::Recorded(record) => Some([&record.namespace, record.name()]),
            Self::Broken(broken) => Some([&broken.namespace, &broken.gateway]),
            Self::Nothing => None,
        }
    }

    fn record(&self) -> Option<&GatewayRecord> {
        match self {
            Self::Recorded(record) => Some(record),
            Self::Broken(_) | Self::Nothing => None,
        }
    }
}

async fn view(
    cluster: &Cluster,
    found: &Found,
    services: &[Value],
    gone: &BTreeSet<String>,
) -> Result<GatewayView, Failure> {
    let (record, workload) = (found.known.record(), found.workload.as_ref());
    let (services, pods) = match workload {
        Some(workload) => (
            state::services(workload, services),
            pods(cluster, workload).await?,
        ),
        None => (Vec::new(), Vec::new()),
    };
    let (health, mut reasons) = health(cluster, workload, &services).await?;
    let rolls = workload.is_some_and(state::rolls);
    let phase = record.map(|record| record.state.phase);
    let mut state = state::state(phase, health, rolls);
    if let Known::Broken(broken) = &found.known {
        state = State::Error;
        reasons.insert(0, broken.to_string());
    }
    if let Some(words) = record.and_then(|record| orphan::words(record, gone))
        && state != State::Deleting
    {
        state = State::Error;
        reasons.insert(0, words);
    }
    let direction = record.map(|record| record.wish.spec.direction.word());
    let [ready, total] = workload.map_or([0, 0], state::instances);
    let service = services.first();
    let own = || workload.map(|one| [namespace(one), name(one)]);
    let [namespace, name] = found.known.names().or_else(own).unwrap_or_default();
    Ok(GatewayView {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        direction: direction
            .or_else(|| workload.map(state::direction))
            .unwrap_or_default(),
        mesh: record
            .and_then(|record| record.mesh.clone())
            .or_else(|| workload.and_then(|one| label(one, MESH_LABEL).map(str::to_owned))),
        foreign: matches!(found.known, Known::Nothing),
        versions: state::versions(&pods),
        chart: record.map(|record| record.state.version.clone()),
        ready,
        total,
        service_type: service
            .and_then(|one| text(one, "/spec/type"))
            .map(str::to_owned),
        addresses: services
            .iter()
            .flat_map(|one| state::addresses(one))
            .collect(),
        ports: services.iter().flat_map(|one| state::ports(one)).collect(),
        failure_reasons: if state == State::Running {
            Vec::new()
        } else {
            reasons
        },
        state,
    })
}

/// The pods of a workload that are not on their way out.
pub(crate) async fn pods(cluster: &Cluster, workload: &Value) -> Result<Vec<Value>, ClusterError> {
    let labels = query(&selector(workload));
    let mut found = read::all(cluster, PODS, Some(namespace(workload)), &labels).await?;
    found.retain(|pod| pod.pointer("/metadata/deletionTimestamp").is_none());
    Ok(found)
}

/// One look at the workload and its Services, with the first thing in the way of each.
async fn health(
    cluster: &Cluster,
    workload: Option<&Value>,
    services: &[&Value],
) -> Result<(Health, Vec<String>), ClusterError> {
    let Some(workload) = workload else {
        return Ok((
            Health::Gone,
            vec!["its Deployment is gone: `weft gateway update` makes it anew".to_owned()],
        ));
    };
    let objects = std::iter::once(workload).chain(services.iter().copied());
    let watch = Watch {
        cluster,
        sink: &Silent,
        deadline: Instant::now(),
    };
    let waited = watch
        .until_ready(objects.filter_map(target).collect())
        .await?;
    let reasons = |unready: Vec<Unready>| unready.iter().map(Unready::reason).collect();
    Ok(match waited {
        Waited::Ready if state::instances(workload) == [0, 0] => (
            Health::Idle,
            vec!["it is to have no instance, so that nobody serves".to_owned()],
        ),
        Waited::Ready => (Health::Ready, Vec::new()),
        Waited::TimedOut(unready) => (Health::Coming, reasons(unready)),
        Waited::Failed(unready) => (Health::Failed, reasons(unready)),
    })
}

/// An object that is waited for.
pub(crate) fn target(object: &Value) -> Option<Target> {
    let id = ObjectId::of(object)?;
    let resource = Resource {
        group: id.group.clone(),
        version: id.version.clone(),
        plural: format!("{}s", id.kind.to_lowercase()),
        kind: id.kind.clone(),
        namespaced: true,
        served: true,
    };
    Some(Target {
        component: "gateway".to_owned(),
        id,
        resource,
    })
}
