//! A stand-in for the Sail operator: it makes of the resources what the real one does, with Istio's own charts, and says in their
//! status what the real one says. What the real one does was read in its source; it itself never ran here.

use chart::{Chart, Kubernetes, Release, Values, render};
use lab::Cluster;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const FINALIZER: &str = "sailoperator.io/sail-operator";
const KINDS: &str = "istios,istiorevisions,istiorevisiontags,istiocnis";
/// A variable of istiod's environment that the stand-in will not have.
pub(crate) const REFUSED: &str = "STAND_IN_REFUSES";

/// Runs until it is stopped.
pub(crate) struct Operator {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Operator {
    /// Acts on the resources of a cluster, with charts from the folder of each version.
    pub(crate) fn start(cluster: &Cluster, charts: &Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut state = Acting {
            cluster: cluster.clone(),
            charts: charts.to_owned(),
            done: BTreeMap::new(),
        };
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // What does not work now is tried again, as controllers do.
                drop(state.pass());
                std::thread::sleep(Duration::from_millis(300));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

struct Acting {
    cluster: Cluster,
    charts: PathBuf,
    /// The generation of each resource that was acted on.
    done: BTreeMap<String, Value>,
}

type Done = Result<(), Box<dyn std::error::Error>>;

impl Acting {
    fn pass(&mut self) -> Done {
        let found = self.cluster.kubectl(&["get", KINDS, "-o", "json"])?;
        let found: Value = serde_json::from_str(&found)?;
        let all = found["items"].as_array().cloned().unwrap_or_default();
        for object in &all {
            // One that does not work is not in the way of the others.
            drop(self.one(object, &all));
        }
        Ok(())
    }

    fn one(&mut self, object: &Value, all: &[Value]) -> Done {
        if object["metadata"]["deletionTimestamp"].is_string() {
            return self.let_go(object);
        }
        match object["kind"].as_str() {
            Some("Istio") => self.istio(object, all),
            Some("IstioRevision") => self.revision(object),
            Some("IstioRevisionTag") => self.tag(object, all),
            _ => {
                self.hold(object)?;
                let state = json!([condition("Reconciled", None), condition("Ready", None)]);
                self.say(object, json!({"conditions": state, "state": "Healthy"}))
            }
        }
    }

    /// One revision of the same name, as when it is updated in place.
    fn istio(&mut self, istio: &Value, all: &[Value]) -> Done {
        let name = name(istio);
        let mut values = istio["spec"]["values"].clone();
        values["global"]["istioNamespace"] = istio["spec"]["namespace"].clone();
        values["revision"] = json!(if name == "default" { "" } else { name });
        let spec = json!({"version": istio["spec"]["version"], "namespace": istio["spec"]["namespace"], "values": values});
        self.once(istio, |acting| {
            acting.apply(&[json!({
                "apiVersion": "sailoperator.io/v1", "kind": "IstioRevision",
                "metadata": {"name": name, "ownerReferences": [owner(istio)], "finalizers": [FINALIZER]},
                "spec": spec,
            })])
        })?;
        let revision = all
            .iter()
            .find(|one| one["kind"] == "IstioRevision" && one["metadata"]["name"] == name);
        let said = revision.map(|revision| revision["status"].clone());
        let said = said.filter(Value::is_object).unwrap_or_else(|| {
            let why = Some(("ActiveRevisionNotFound", "active IstioRevision not found"));
            json!({"conditions": [condition("Reconciled", why), condition("Ready", why)], "state": "ActiveRevisionNotFound"})
        });
        self.say(
            istio,
            json!({"conditions": said["conditions"], "state": said["state"], "activeRevisionName": name}),
        )
    }

    fn revision(&mut self, revision: &Value) -> Done {
        let spec = &revision["spec"];
        if !spec["values"]["pilot"]["env"][REFUSED].is_null() {
            let why = Some((
                "ReconcileError",
                "error reconciling resource: no such variable",
            ));
            let conditions = json!([condition("Reconciled", why), condition("Ready", None)]);
            return self.say(
                revision,
                json!({"conditions": conditions, "state": "ReconcileError"}),
            );
        }
        self.once(revision, |acting| {
            let mut objects = acting.rendered(revision, &[]);
            own(&mut objects, revision);
            acting.apply(&objects)
        })?;
        let namespace = spec["namespace"].as_str().unwrap_or_default();
        let line = ["get", "deployments", "-n", namespace, "-o", "json"];
        let deployments: Value = serde_json::from_str(&self.cluster.kubectl(&line)?)?;
        let deployments = deployments["items"].as_array().cloned().unwrap_or_default();
        let istiod = deployments.iter().find(|one| {
            one["metadata"]["ownerReferences"][0]["uid"] == revision["metadata"]["uid"]
        });
        let ready = istiod.is_some_and(|one| {
            let number = |at: &str| one["status"][at].as_u64().unwrap_or_default();
            number("replicas") > 0 && number("readyReplicas") >= number("replicas")
        });
        let why = (!ready).then_some(("IstiodNotReady", "not all istiod pods are ready"));
        let conditions = json!([
            condition("Reconciled", None),
            condition("Ready", why),
            condition("DependenciesHealthy", None)
        ]);
        let state = why.map_or("Healthy", |(reason, _)| reason);
        self.say(revision, json!({"conditions": conditions, "state": state}))
    }

    fn tag(&mut self, tag: &Value, all: &[Value]) -> Done {
        self.hold(tag)?;
        let revision = all.iter().find(|one| {
            one["kind"] == "IstioRevision"
                && one["metadata"]["name"] == tag["spec"]["targetRef"]["name"]
        });
        let Some(revision) = revision else {
            let why = Some(("RefNotFound", "referenced Istio resource does not exist"));
            return self.say(tag, json!({"conditions": [condition("Reconciled", why)]}));
        };
        self.once(tag, |acting| {
            let mut objects = acting.rendered(revision, &[name(tag)]);
            let webhook = format!("istio-revision-tag-{}", name(tag));
            objects.retain(|one| name(one).starts_with(&webhook));
            own(&mut objects, tag);
            acting.apply(&objects)
        })?;
        self.say(
            tag,
            json!({"conditions": [condition("Reconciled", None)], "istioRevision": name(revision)}),
        )
    }

    /// What Istio's chart makes of a revision.
    fn rendered(&self, revision: &Value, tags: &[&str]) -> Vec<Value> {
        let spec = &revision["spec"];
        let version = spec["version"].as_str().unwrap().trim_start_matches('v');
        let (minor, tag) = if version.starts_with("1.31") {
            ("1.31", lab::tools::istio_tag())
        } else {
            ("1.30", lab::tools::istio_tag_before())
        };
        let folder = self
            .charts
            .join(minor)
            .join("istio-control/istio-discovery");
        let mut files = Vec::new();
        read(&folder, &folder, &mut files);
        let chart = Chart::from_files(files).unwrap();
        // The real one has the images of each version in its own configuration.
        let mut values = spec["values"].clone();
        values["global"]["hub"] = json!(lab::tools::image_hub());
        values["global"]["tag"] = json!(tag);
        values["revisionTags"] = json!(tags);
        let release = Release {
            name: format!("{}-istiod", name(revision)),
            namespace: spec["namespace"].as_str().unwrap().to_owned(),
            is_upgrade: true,
            revision: 1,
            service: "Helm".to_owned(),
        };
        let cluster = Kubernetes {
            version: "v1.34.4".to_owned(),
            api_versions: vec!["policy/v1".to_owned(), "autoscaling/v2".to_owned()],
        };
        let rendered = render(
            &chart,
            &Values::from_json(values).unwrap(),
            &release,
            &cluster,
        );
        let objects = rendered.unwrap().into_iter();
        objects.map(|one| one.object).collect()
    }

    /// Does what is to be done once for each generation of a resource.
    fn once(&mut self, object: &Value, act: impl FnOnce(&Self) -> Done) -> Done {
        let key = format!("{}/{}", object["kind"], object["metadata"]["uid"]);
        let now = object["metadata"]["generation"].clone();
        if self.done.get(&key) != Some(&now) {
            act(self)?;
            self.done.insert(key, now);
        }
        Ok(())
    }

    fn apply(&self, objects: &[Value]) -> Done {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let line = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager=sail-operator",
            "-f",
            "-",
        ];
        self.cluster.kubectl_from(&line, &list.to_string())?;
        Ok(())
    }

    fn hold(&self, object: &Value) -> Done {
        if object["metadata"]["finalizers"].is_null() {
            self.patch(
                object,
                &json!({"metadata": {"finalizers": [FINALIZER]}}),
                &[],
            )?;
        }
        Ok(())
    }

    /// What it owns goes with it, and with what that owns: here the API server's collector does it.
    fn let_go(&self, object: &Value) -> Done {
        let finalizers = object["metadata"]["finalizers"].as_array();
        let Some(finalizers) = finalizers.filter(|all| all.iter().any(|one| one == FINALIZER))
        else {
            return Ok(());
        };
        let rest: Vec<_> = finalizers.iter().filter(|one| *one != FINALIZER).collect();
        self.patch(object, &json!({"metadata": {"finalizers": rest}}), &[])
    }

    fn say(&self, object: &Value, mut status: Value) -> Done {
        status["observedGeneration"] = object["metadata"]["generation"].clone();
        if object["status"] == status {
            return Ok(());
        }
        self.patch(
            object,
            &json!({"status": status}),
            &["--subresource=status"],
        )
    }

    fn patch(&self, object: &Value, patch: &Value, more: &[&str]) -> Done {
        let kind = format!(
            "{}.sailoperator.io",
            object["kind"].as_str().unwrap().to_lowercase()
        );
        let text = patch.to_string();
        let mut line = vec!["patch", &kind, name(object), "--type=merge", "-p", &text];
        line.extend(more);
        self.cluster.kubectl(&line)?;
        Ok(())
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn owner(object: &Value) -> Value {
    json!({
        "apiVersion": "sailoperator.io/v1", "kind": object["kind"], "name": name(object), "uid": object["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

fn own(objects: &mut [Value], by: &Value) {
    for object in objects {
        object["metadata"]["ownerReferences"] = json!([owner(by)]);
    }
}

/// True, or not for this reason.
fn condition(kind: &str, why: Option<(&str, &str)>) -> Value {
    let (reason, message) = why.unwrap_or_default();
    let status = if why.is_some() { "False" } else { "True" };
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

fn read(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.push((name, std::fs::read(&path).unwrap()));
        }
    }
}
