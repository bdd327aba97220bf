//! Who says how many instances there are: the wish, or the autoscaler. The number of instances of a gateway that serves must not
//! drop while one hands over to the other.

use serde_json::json;

use super::Gateways;
use super::write::Prepared;
use crate::cluster::error::ClusterError;
use crate::cluster::ownership::OwnedField;
use crate::cluster::peek::number;
use crate::cluster::plan::{Action, Plan, Step};
use crate::cluster::request::Write;

/// Who holds the number while the autoscaler takes over.
const HOLDER: &str = "weft-scale";
const REPLICAS: &str = ".spec.replicas";
/// Under which names an autoscaler's number is written: by Kubernetes, and by us while it takes over.
const SCALERS: [&str; 2] = ["kube-controller-manager", HOLDER];

/// Takes the number back that the gateway's own autoscaler has set, where that goes. What anybody else has set, and every other
/// field, stays contested.
pub(super) fn take_number_back(plan: &mut Plan) {
    if scaler(plan).is_none_or(|step| step.action != Action::Prune) {
        return;
    }
    for step in &mut plan.steps {
        if step.action == Action::Conflict
            && step.id.group == "apps"
            && step.conflicts.iter().all(is_scaled)
        {
            step.action = Action::Update;
            step.work.force = true;
        }
    }
}

fn is_scaled(field: &OwnedField) -> bool {
    field.field == REPLICAS && SCALERS.contains(&field.manager.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::inventory::{Inventory, Parent};
    use crate::cluster::object::ObjectId;
    use crate::cluster::plan::Work;

    fn step(group: &str, kind: &str, action: Action, conflicts: &[(&str, &str)]) -> Step {
        let conflicts = conflicts.iter().map(|(field, manager)| OwnedField {
            field: (*field).to_owned(),
            manager: (*manager).to_owned(),
        });
        Step {
            id: ObjectId {
                group: group.to_owned(),
                version: "v1".to_owned(),
                kind: kind.to_owned(),
                namespace: Some("edge".to_owned()),
                name: "edge".to_owned(),
            },
            component: String::new(),
            action,
            changes: Vec::new(),
            conflicts: conflicts.collect(),
            unsure: None,
            work: Work {
                current: None,
                stage: 0,
                resource: Parent::resource(),
                object: json!({}),
                force: false,
                takes: false,
                uid: String::new(),
                going: false,
            },
        }
    }

    #[test]
    fn only_the_autoscalers_own_number_is_taken_back() {
        let number = |manager| vec![(REPLICAS, manager)];
        let cases = [
            (
                "the autoscaler's",
                Action::Prune,
                number("kube-controller-manager"),
                true,
            ),
            ("held by us", Action::Prune, number(HOLDER), true),
            ("a person's", Action::Prune, number("kubectl"), false),
            (
                "another autoscaler's",
                Action::Prune,
                number("keda-operator"),
                false,
            ),
            (
                "the autoscaler stays",
                Action::Unchanged,
                number("kube-controller-manager"),
                false,
            ),
            (
                "another field besides",
                Action::Prune,
                vec![
                    (REPLICAS, "kube-controller-manager"),
                    (".spec.paused", "kubectl"),
                ],
                false,
            ),
        ];
        for (what, scaler, conflicts, wanted) in cases {
            let parent = Parent {
                namespace: "edge".to_owned(),
                name: "weft-gateway-edge".to_owned(),
            };
            let mut plan = Plan {
                steps: vec![
                    step("apps", "Deployment", Action::Conflict, &conflicts),
                    step(
                        "",
                        "Service",
                        Action::Conflict,
                        &[(".spec.type", "kubectl")],
                    ),
                    step("autoscaling", "HorizontalPodAutoscaler", scaler, &[]),
                ],
                parent,
                before: None,
                is_lost: false,
                after: Inventory::default(),
            };
            take_number_back(&mut plan);
            let taken: Vec<_> = plan.steps.iter().map(|step| step.work.force).collect();
            assert_eq!(taken, [wanted, false, false], "{what}");
            assert_eq!(plan.conflicts().len(), if wanted { 1 } else { 2 }, "{what}");
        }
    }
}
