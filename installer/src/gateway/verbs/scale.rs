//! Who says how many instances there are: the wish, or the autoscaler. The number of instances of a gateway that serves must not
//! drop while one hands over to the other.

use serde_json::json;

use super::Gateways;
use super::write::Prepared;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;
use crate::cluster::ownership::OwnedField;
use crate::cluster::peek::number;
use crate::cluster::plan::{Action, Plan, Step};
use crate::cluster::request::Write;

/// Who holds the number while the autoscaler takes over.
const HOLDER: &str = "weft-scale";
const REPLICAS: &str = ".spec.replicas";

/// Whether all that is in the way is the number that the gateway's own autoscaler has set, which goes.
pub(super) fn takes_number_back(plan: &Plan) -> bool {
    let conflicts = plan.conflicts();
    let only_number = |(id, fields): &(ObjectId, Vec<OwnedField>)| {
        id.group == "apps" && fields.iter().all(|field| field.field == REPLICAS)
    };
    !conflicts.is_empty()
        && conflicts.iter().all(only_number)
        && scaler(plan).is_some_and(|step| step.action == Action::Prune)
}

fn scaler(plan: &Plan) -> Option<&Step> {
    plan.steps
        .iter()
        .find(|step| step.id.is("autoscaling", "HorizontalPodAutoscaler"))
}

impl Gateways {
    /// A field that nobody says any more gets its default, which is one instance: so somebody goes on saying it until the
    /// autoscaler has looked.
    pub(super) async fn hold_number(&self, prepared: &Prepared) -> Result<(), ClusterError> {
        let plan = &prepared.plan;
        let comes = scaler(plan).is_some_and(|step| step.action == Action::Create);
        let workload = plan
            .steps
            .iter()
            .find(|step| step.id.is("apps", "Deployment") && step.action == Action::Update);
        let Some(step) = workload.filter(|_| comes) else {
            return Ok(());
        };
        let resource = &step.work.resource;
        let Some(live) = self.cluster.read(resource, &step.id).await? else {
            return Ok(());
        };
        let object = json!({
            "apiVersion": step.id.api_version(),
            "kind": step.id.kind,
            "metadata": { "name": step.id.name, "namespace": step.id.namespace },
            "spec": { "replicas": number(&live, "/spec/replicas") },
        });
        let write = Write {
            manager: HOLDER,
            force: true,
            dry_run: false,
        };
        self.cluster
            .apply(resource, &step.id, &object, write)
            .await
            .map(drop)
    }
}
