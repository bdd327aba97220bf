//! The mesh that the parts share: a cluster with two istiods, and a tag for the second.

use lab::{Cluster, ClusterOptions, IstioOptions, Session};
use serde_json::Value;
use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

/// The revision beside the default one.
pub(crate) const CANARY: &str = "canary";

/// A cluster with istiod of revision `default`.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    // Takes all of it down, last.
    session: Session,
}

/// How a run of `weft sidecar` ended.
#[derive(Debug)]
pub(crate) struct Ran {
    code: i32,
    /// Standard output.
    pub(crate) data: String,
    talk: String,
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
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    pub(crate) fn weft(&self, line: &str) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_weft"))
            .arg("sidecar")
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let ran = Ran {
            code: output.status.code().unwrap(),
            data: String::from_utf8(output.stdout).unwrap(),
            talk: String::from_utf8(output.stderr).unwrap(),
        };
        println!(
            "weft sidecar {line}\n{}{}[{}]",
            ran.talk, ran.data, ran.code
        );
        ran
    }

    /// Its answer as JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        let ran = self.weft(&format!("{line} -o json"));
        serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
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

impl Ran {
    /// Checks the exit code, and that it said all of this.
    pub(crate) fn must(&self, code: i32, said: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        for text in said {
            assert!(
                self.talk.contains(text) || self.data.contains(text),
                "{text:?} is missing in {self:#?}"
            );
        }
        self
    }
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(1), "not yet: {what}");
        std::thread::sleep(Duration::from_millis(300));
    }
}
