//! How a restart of one workload goes on, and what it may take down: decided from the object as the API server shows it.

use serde_json::Value;

use super::edit::MANAGER;
use super::view::{Kind, PodView};
use super::write::RESTARTER;
use crate::mesh::spec::WorkloadKind;

/// What a Deployment has of both when it names none.
const QUARTER: &str = "25%";

/// How the API server begins when a webhook did not answer, as that of an istiod which has just become ready and that the
/// nodes do not send anything to yet.
const UNANSWERED: &str = "failed calling webhook";

/// Where a rollout stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Every pod is new and ready.
    Done,
    /// Not yet; so many are.
    Waiting(String),
    /// Its controller tries again what did not work, and may get over it.
    Hindered(String),
    /// It will not get on by itself.
    Stuck(String),
}

/// Looks at a workload after its template has changed.
pub(crate) fn progress(kind: Kind, object: &Value) -> Progress {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
    let status = |field: &str| number(&format!("/status/{field}")).unwrap_or(0);
    let generation = number("/metadata/generation").unwrap_or(0);
    let observed = match kind {
        Kind::Declared(kind) => observed(kind, object).unwrap_or(generation),
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => status("observedGeneration"),
    };
    if observed < generation {
        return Progress::Waiting("its controller has not seen the change yet".to_owned());
    }
    if let Some(trouble) = trouble(object) {
        return trouble;
    }
    let (wanted, updated, all, ready) = match kind {
        Kind::DaemonSet => {
            let wanted = status("desiredNumberScheduled");
            let ready = status("numberAvailable");
            (wanted, status("updatedNumberScheduled"), wanted, ready)
        }
        Kind::Declared(kind) => {
            let wanted = wanted(kind, object);
            let ready = count(object, kind.paths.ready_replicas()).unwrap_or(0);
            let updated = kind.paths.updated_replicas.as_deref();
            let updated = updated.map_or(wanted, |path| count(object, path).unwrap_or(0));
            (wanted, updated, wanted, ready)
        }
        Kind::Deployment | Kind::StatefulSet => {
            let wanted = number("/spec/replicas").unwrap_or(1);
            let ready = status("availableReplicas");
            (wanted, status("updatedReplicas"), status("replicas"), ready)
        }
    };
    let renewed = wanted.saturating_sub(kept(kind, object));
    if updated >= renewed && all == wanted && ready >= wanted {
        return Progress::Done;
    }
    Progress::Waiting(format!(
        "{updated} of {renewed} pods are new, {ready} of {wanted} are ready"
    ))
}

/// How many pods a partition keeps as they are: those of the lowest ordinals.
fn kept(kind: Kind, object: &Value) -> u64 {
    let partition = object.pointer("/spec/updateStrategy/rollingUpdate/partition");
    let partition = partition.filter(|_| kind == Kind::StatefulSet);
    partition.and_then(Value::as_u64).unwrap_or(0)
}

/// Whether the pods of a declared kind were all created after weft changed its template. A controller that changes pods in
/// place may count them as new, and no webhook has seen them.
pub(crate) fn replaced(kind: &WorkloadKind, object: &Value, pods: &[PodView]) -> Progress {
    let wanted = wanted(kind, object);
    let since = changed(object).unwrap_or_default();
    let old = pods.iter().filter(|pod| pod.created.as_str() < since);
    let old = old.count();
    let new = u64::try_from(pods.len().saturating_sub(old)).unwrap_or(u64::MAX);
    if old == 0 && new >= wanted {
        return Progress::Done;
    }
    Progress::Waiting(format!(
        "{new} of {wanted} pods were created after the change, {old} before it; a controller that changes pods in place does not restart them"
    ))
}

/// When weft last wrote to it. The API server writes all of its times in one form, which sorts as text.
fn changed(object: &Value) -> Option<&str> {
    let entries = object.pointer("/metadata/managedFields")?.as_array()?;
    let text =
        |entry: &'_ Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let ours = entries.iter().filter(|entry| {
        let manager = text(entry, "manager");
        manager.is_some_and(|manager| [MANAGER, RESTARTER].contains(&manager.as_str()))
    });
    ours.filter_map(|entry| entry.get("time")?.as_str()).max()
}

fn wanted(kind: &WorkloadKind, object: &Value) -> u64 {
    count(object, kind.paths.replicas()).unwrap_or(1)
}

/// The generation that its controller has seen, where the mesh says how to know.
fn observed(kind: &WorkloadKind, object: &Value) -> Option<u64> {
    let path = kind.paths.observed_generation.as_deref()?;
    Some(count(object, path).unwrap_or(0))
}

/// A number, which some kinds write as text.
fn count(object: &Value, path: &str) -> Option<u64> {
    let field = object.pointer(&path.replace('.', "/"))?;
    field.as_u64().or_else(|| field.as_str()?.parse().ok())
}

/// What the controller itself gives up on, or cannot do.
fn trouble(object: &Value) -> Option<Progress> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find_map(|condition| {
        let text = |key: &str| {
            condition
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let failed = text("type") == "ReplicaFailure" && text("status") == "True";
        let late = text("reason") == "ProgressDeadlineExceeded" && text("status") == "False";
        let told = || format!("{}: {}", text("reason"), text("message"));
        if failed && text("message").contains(UNANSWERED) {
            return Some(Progress::Hindered(told()));
        }
        (failed || late).then(|| Progress::Stuck(told()))
    })
}

/// Why a restart would not start new pods, if so.
pub(crate) fn needs_hands(kind: Kind, object: &Value) -> Option<String> {
    let strategy = object
        .pointer("/spec/updateStrategy/type")
        .and_then(Value::as_str);
    let paused = object.pointer("/spec/paused").and_then(Value::as_bool) == Some(true);
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_u64);
    let (kept, replicas) = (kept(kind, object), replicas.unwrap_or(1));
    match (kind, strategy) {
        (Kind::StatefulSet | Kind::DaemonSet | Kind::Declared(_), Some("OnDelete")) => Some(
            "its update strategy is OnDelete: its pods are new only once somebody deletes them"
                .to_owned(),
        ),
        (Kind::Deployment, _) if paused => {
            Some("it is paused: `kubectl rollout resume` it first".to_owned())
        }
        (Kind::Declared(_), _) if paused => Some("it is paused: resume it first".to_owned()),
        (Kind::StatefulSet, _) if kept > 0 && kept >= replicas => Some(format!(
            "its partition {kept} keeps all of its {replicas} pods as they are: lower spec.updateStrategy.rollingUpdate.partition first"
        )),
        _ => None,
    }
}

/// How many of its pods a rollout takes down at once, by its strategy, as the controllers of Kubernetes calculate it: of a
/// Deployment and a `StatefulSet` rounded down, of a `DaemonSet` rounded up, and one where a percentage leaves nothing to do.
pub(crate) fn takes_down(kind: Kind, object: &Value) -> u64 {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64);
    let replicas = number("/spec/replicas").unwrap_or(1);
    match kind {
        // How a declared kind rolls out is its own: one at least, where it has any.
        Kind::Declared(kind) => wanted(kind, object).min(1),
        Kind::StatefulSet => {
            let field = object.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable");
            let down = field.map_or(1, |field| share(field, replicas, Round::Down));
            down.max(1).min(replicas)
        }
        Kind::DaemonSet => {
            let all = number("/status/desiredNumberScheduled").unwrap_or(1);
            let at =
                |name: &str| object.pointer(&format!("/spec/updateStrategy/rollingUpdate/{name}"));
            let down = at("maxUnavailable").map_or(1, |field| share(field, all, Round::Up));
            let more = at("maxSurge").map_or(0, |field| share(field, all, Round::Up));
            at_least_one(down, more).min(all)
        }
        Kind::Deployment => {
            let kind = object.pointer("/spec/strategy/type");
            if kind.and_then(Value::as_str) == Some("Recreate") {
                return replicas;
            }
            let at = |name: &str| {
                let field = object.pointer(&format!("/spec/strategy/rollingUpdate/{name}"));
                field.cloned().unwrap_or_else(|| Value::from(QUARTER))
            };
            let down = share(&at("maxUnavailable"), replicas, Round::Down);
            let more = share(&at("maxSurge"), replicas, Round::Up);
            at_least_one(down, more).min(replicas)
        }
    }
}

/// Without a pod more and without one less a rollout would not get on: the controllers then take one down.
fn at_least_one(down: u64, more: u64) -> u64 {
    if more == 0 { down.max(1) } else { down }
}

/// To which side a percentage is rounded.
#[derive(Clone, Copy, Debug)]
enum Round {
    Down,
    Up,
}

/// A number of pods, or a percentage of all.
fn share(field: &Value, of: u64, round: Round) -> u64 {
    match field {
        Value::String(text) => {
            let percent: u64 = text.trim_end_matches('%').parse().unwrap_or(0);
            let all = of.saturating_mul(percent);
            match round {
                Round::Down => all.checked_div(100).unwrap_or(0),
                Round::Up => all.div_ceil(100),
            }
        }
        Value::Number(count) => count.as_u64().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rollout_is_done_when_all_pods_are_new_and_ready() {
        let deployment = |observed: u64, updated: u64, all: u64, ready: u64| {
            json!({"metadata": {"generation": 2}, "spec": {"replicas": 2},
                "status": {"observedGeneration": observed, "updatedReplicas": updated, "replicas": all, "availableReplicas": ready}})
        };
        let cases = [
            (deployment(1, 2, 2, 2), false),
            (deployment(2, 1, 3, 2), false),
            (deployment(2, 2, 3, 2), false),
            (deployment(2, 2, 2, 1), false),
            (deployment(2, 2, 2, 2), true),
        ];
        for (object, done) in cases {
            let found = progress(Kind::Deployment, &object);
            assert_eq!(found == Progress::Done, done, "{object}");
        }
        let none = json!({"metadata": {"generation": 1}, "spec": {"replicas": 0}, "status": {"observedGeneration": 1}});
        assert_eq!(progress(Kind::StatefulSet, &none), Progress::Done);
        let set = json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1,
            "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}});
        assert_eq!(
            progress(Kind::DaemonSet, &set),
            Progress::Waiting("3 of 3 pods are new, 2 of 3 are ready".to_owned())
        );
    }

    #[test]
    fn what_the_controller_cannot_do_is_told() {
        let object = json!({"status": {"conditions": [
            {"type": "Available", "status": "True"},
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]}});
        assert_eq!(
            progress(Kind::Deployment, &object),
            Progress::Stuck("FailedCreate: exceeded quota".to_owned())
        );
    }

    /// The controller goes on trying, and a webhook that has just been installed answers a moment later.
    #[test]
    fn a_webhook_that_does_not_answer_hinders_only() {
        let message = "Internal error occurred: failed calling webhook \"rev.namespace.sidecar-injector.istio.io\": connection refused";
        let object = json!({"status": {"conditions": [
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}]}});
        assert_eq!(
            progress(Kind::Deployment, &object),
            Progress::Hindered(format!("FailedCreate: {message}"))
        );
    }

    /// Each row is what the controllers of Kubernetes resolve: of so many pods, with `maxUnavailable` and `maxSurge`.
    #[test]
    fn what_a_rollout_takes_down() {
        let deployment = |replicas: u64, down: Value, more: Value| {
            let rolling = json!({"maxUnavailable": down, "maxSurge": more});
            json!({"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}})
        };
        let stateful = |replicas: u64, down: Value| json!({"spec": {"replicas": replicas, "updateStrategy": {"rollingUpdate": {"maxUnavailable": down}}}});
        let daemon = |nodes: u64, down: Value, more: Value| {
            let rolling = json!({"maxUnavailable": down, "maxSurge": more});
            json!({"spec": {"updateStrategy": {"rollingUpdate": rolling}}, "status": {"desiredNumberScheduled": nodes}})
        };
        let recreate = json!({"spec": {"replicas": 5, "strategy": {"type": "Recreate"}}});
        let silent = |replicas: u64| json!({"spec": {"replicas": replicas}});
        let nodes = json!({"status": {"desiredNumberScheduled": 10}});
        let cases = [
            (
                Kind::Deployment,
                deployment(5, json!("25%"), json!("25%")),
                1,
            ),
            (
                Kind::Deployment,
                deployment(5, json!("10%"), json!("25%")),
                0,
            ),
            (Kind::Deployment, deployment(5, json!(2), json!(0)), 2),
            (Kind::Deployment, deployment(5, json!(9), json!(0)), 5),
            // Rounded down to nothing, and nothing more may start: one goes.
            (Kind::Deployment, deployment(1, json!("25%"), json!(0)), 1),
            (
                Kind::Deployment,
                deployment(1, json!("25%"), json!("1%")),
                0,
            ),
            (Kind::Deployment, deployment(2, json!("1%"), json!("0%")), 1),
            (Kind::Deployment, deployment(0, json!("25%"), json!(0)), 0),
            (Kind::Deployment, silent(3), 0),
            (Kind::Deployment, silent(4), 1),
            (Kind::Deployment, recreate, 5),
            (Kind::StatefulSet, silent(5), 1),
            (Kind::StatefulSet, silent(0), 0),
            (Kind::StatefulSet, stateful(5, json!("50%")), 2),
            (Kind::StatefulSet, stateful(5, json!("1%")), 1),
            (Kind::DaemonSet, nodes, 1),
            (Kind::DaemonSet, daemon(10, json!("30%"), json!(0)), 3),
            // Rounded up.
            (Kind::DaemonSet, daemon(10, json!("31%"), json!(0)), 4),
            (Kind::DaemonSet, daemon(10, json!("1%"), json!(0)), 1),
            (Kind::DaemonSet, daemon(10, json!(0), json!(1)), 0),
            (Kind::DaemonSet, daemon(10, json!(0), json!("1%")), 0),
            (Kind::DaemonSet, daemon(10, json!(0), json!(0)), 1),
            (Kind::DaemonSet, daemon(0, json!(0), json!(0)), 0),
        ];
        for (kind, object, wanted) in cases {
            assert_eq!(takes_down(kind, &object), wanted, "{object}");
        }
    }

    /// As `kubectl rollout status` has it.
    #[test]
    fn a_partition_keeps_some_pods() {
        let set = |partition: u64, updated: u64| {
            json!({"metadata": {"generation": 2}, "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": partition}}},
                "status": {"observedGeneration": 2, "updatedReplicas": updated, "replicas": 3, "availableReplicas": 3}})
        };
        let cases = [
            (set(0, 2), false),
            (set(0, 3), true),
            (set(1, 1), false),
            (set(1, 2), true),
            (set(3, 0), true),
            (set(9, 0), true),
        ];
        for (object, done) in cases {
            let found = progress(Kind::StatefulSet, &object);
            assert_eq!(found == Progress::Done, done, "{object}");
        }
        let why = needs_hands(Kind::StatefulSet, &set(3, 0)).unwrap();
        assert!(why.contains("partition 3 keeps all of its 3 pods"), "{why}");
        for partition in [0, 2] {
            assert_eq!(needs_hands(Kind::StatefulSet, &set(partition, 0)), None);
        }
    }

    #[test]
    fn some_workloads_are_not_restarted_by_their_controller() {
        let on_delete = json!({"spec": {"updateStrategy": {"type": "OnDelete"}}});
        let paused = json!({"spec": {"paused": true}});
        assert!(needs_hands(Kind::StatefulSet, &on_delete).is_some());
        assert!(needs_hands(Kind::Deployment, &paused).is_some());
        assert_eq!(needs_hands(Kind::Deployment, &json!({})), None);
    }

    fn cast(updated: bool, observed: bool) -> &'static WorkloadKind {
        let text = |said: bool, path: &str| said.then(|| path.to_owned());
        Box::leak(Box::new(WorkloadKind {
            group: "stage.example".to_owned(),
            version: "v1".to_owned(),
            kind: "Cast".to_owned(),
            resource: "casts".to_owned(),
            paths: crate::mesh::spec::workloads::Paths {
                pod_template: text(true, ".spec.pods.template"),
                replicas: text(true, ".spec.pods.count"),
                ready_replicas: None,
                updated_replicas: text(updated, ".status.new"),
                observed_generation: text(observed, ".status.seen"),
            },
        }))
    }

    #[test]
    fn a_declared_kind_counts_where_its_paths_say() {
        let object = |status: &Value| json!({"metadata": {"generation": 3}, "spec": {"pods": {"count": 2}}, "status": status});
        let cases = [
            (cast(false, false), json!({"readyReplicas": 2}), true),
            (cast(false, false), json!({"readyReplicas": 1}), false),
            (cast(false, false), json!({}), false),
            (
                cast(true, false),
                json!({"readyReplicas": 2, "new": 1}),
                false,
            ),
            (
                cast(true, false),
                json!({"readyReplicas": 2, "new": 2}),
                true,
            ),
            (
                cast(true, true),
                json!({"readyReplicas": 2, "new": 2}),
                false,
            ),
            (
                cast(true, true),
                json!({"readyReplicas": 2, "new": 2, "seen": 2}),
                false,
            ),
            // Argo's writes it as text.
            (
                cast(true, true),
                json!({"readyReplicas": 2, "new": 2, "seen": "3"}),
                true,
            ),
        ];
        for (kind, status, done) in cases {
            let found = progress(Kind::Declared(kind), &object(&status));
            assert_eq!(found == Progress::Done, done, "{status}: {found:?}");
        }
    }

    #[test]
    fn a_declared_kind_has_restarted_only_what_was_created_since() {
        let pod = |created: &str| PodView {
            namespace: "shop".to_owned(),
            name: "cart-1".to_owned(),
            created: format!("2026-11-24T{created}Z"),
            belongs: crate::sidecar::view::Belongs::Else(Box::default(), String::new()),
            proxy: None,
            brings_its_own: false,
            uninjected: false,
            trouble: None,
        };
        let object = |managers: &[(&str, &str)]| {
            let entries: Vec<_> = managers
                .iter()
                .map(|(manager, at)| json!({"manager": manager, "time": format!("2026-11-24T{at}Z")}))
                .collect();
            json!({"metadata": {"managedFields": entries}, "spec": {"pods": {"count": 2}}})
        };
        let restarted = object(&[
            (RESTARTER, "10:00:00"),
            (MANAGER, "09:00:00"),
            ("their-controller", "11:00:00"),
        ]);
        let cases = [
            (&restarted, vec!["10:00:00", "10:00:01"], true),
            (&restarted, vec!["09:59:59", "10:00:01"], false),
            (&restarted, vec!["09:30:00", "10:00:01", "10:00:02"], false),
            (&restarted, vec!["10:00:01"], false),
            (&object(&[]), vec!["00:00:00", "00:00:00"], true),
        ];
        for (object, created, done) in cases {
            let pods: Vec<_> = created.iter().map(|at| pod(at)).collect();
            let found = replaced(cast(false, false), object, &pods);
            assert_eq!(found == Progress::Done, done, "{created:?}: {found:?}");
        }
    }
}
