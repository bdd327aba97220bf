//! The mesh that the parts share: a cluster with two istiods, and a tag for the second.

use lab::trial::{Ran, run};
use lab::{Cluster, ClusterOptions, IstioOptions, Session};
use serde_json::Value;
use std::fmt::Write as _;
use std::process::Command;

/// The revision beside the default one.
pub(crate) const CANARY: &str = "canary";

/// A cluster with istiod of revision `default`.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    // Takes all of it down, last.
    session: Session,
}

impl World {
    /// Starts it; about 20 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("weft-sidecar-{}", std::process::id());
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        session.istio(&cluster, &IstioOptions::default()).unwrap();
        Self { cluster, session }
    }

    /// Installs istiod once more, with these settings of istioctl's.
    pub(crate) fn istio(&self, set: &[&str]) {
        let set = set.iter().map(|one| (*one).to_owned()).collect();
        self.session
            .istio(&self.cluster, &IstioOptions { set })
            .unwrap();
    }

    /// Runs `weft sidecar`.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        self.run(&format!("sidecar {line}"))
    }

    /// Runs `weft`.
    pub(crate) fn run(&self, line: &str) -> Ran {
        run(line, &mut self.command(line))
    }

    /// `weft`, not yet started.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig())
            .stdin(std::process::Stdio::null());
        command
    }

    /// Its answer as JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        self.weft(&format!("{line} -o json")).json()
    }

    /// The state of a namespace and of each of its workloads, as `ENABLED cart=INJECTED`.
    pub(crate) fn states(&self, namespace: &str) -> String {
        let status = self.json(&format!("status {namespace}"));
        let mut text = status[0]["state"].as_str().unwrap().to_owned();
        for workload in status[0]["workloads"].as_array().unwrap() {
            let word = |key: &str| workload[key].as_str().unwrap();
            write!(text, " {}={}", word("name"), word("state")).unwrap();
        }
        text
    }

    /// Runs kubectl.
    pub(crate) fn kubectl(&self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        self.cluster.kubectl(&words).unwrap()
    }

    /// The names of the pods that count: one on its way out may be listed for a while yet.
    pub(crate) fn pods(&self, namespace: &str) -> Vec<String> {
        let names = "{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}";
        let line = [
            "-n",
            namespace,
            "get",
            "pods",
            "-o",
            "go-template",
            "--template",
            names,
        ];
        let names = self.cluster.kubectl(&line).unwrap();
        let mut names: Vec<_> = names.split_whitespace().map(str::to_owned).collect();
        names.sort();
        names
    }

    /// A namespace with these labels (`{a: b}`).
    pub(crate) fn namespace(&self, name: &str, labels: &str) {
        let text = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {labels}}}\n"
        );
        self.cluster.apply(&text).unwrap();
    }

    /// A Deployment behind a Service of its name, and a wait until it is available.
    pub(crate) fn workload(&self, namespace: &str, name: &str, replicas: u8, strategy: &str) {
        let image = lab::tools::echo_image();
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
             spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}\n\
             ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
             replicas: {replicas}\n  strategy: {strategy}\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
             terminationGracePeriodSeconds: 1\n      containers:\n      - {{name: app, image: \"{image}\", args: [\"--port\", \"8080\"]}}\n"
        );
        self.cluster.apply(&text).unwrap();
        self.kubectl(&format!(
            "-n {namespace} rollout status deployment/{name} --timeout=120s"
        ));
    }
}

/// A rollout that starts a new pod before it stops an old one.
pub(crate) const SURGE: &str = "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
