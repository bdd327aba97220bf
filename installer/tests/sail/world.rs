//! A cluster without charts, a stand-in for the Sail operator, and `weft` on both.

use lab::trial::{Ran, eventually, run};
use lab::{Cluster, ClusterOptions, Session};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::operator::Operator;

/// What is installed: as a stock Envoy and a small machine need it.
const MESH: &str = r#"
apiVersion: weft.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  engine: sail
  version: 1.30.0
  tags: [prod]
  images: {pullPolicy: IfNotPresent}
  values:
    istiod:
      autoscaleEnabled: false
      env: {PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false"}
      telemetry: {enabled: false}
      resources: {requests: {cpu: 50m, memory: 128Mi}}
      global: {proxy: {resources: {requests: {cpu: 10m, memory: 40Mi}}}}
"#;

/// The operator's own Deployment: that it runs is all that is asked of it here.
const DEPLOYMENT: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: sail-operator}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sail-operator, namespace: sail-operator, labels: {control-plane: sail-operator}}
spec:
  selector: {matchLabels: {control-plane: sail-operator}}
  template:
    metadata: {labels: {control-plane: sail-operator}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: manager, image: IMAGE, args: ["--port", "8080"]}]
"#;

/// A workload of a namespace that asks for proxies, and one of a namespace that names a tag.
const WORKLOAD: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: NAME, labels: {LABEL}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: one, namespace: NAME}
spec:
  selector: {matchLabels: {app: one}}
  template:
    metadata: {labels: {app: one}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: IMAGE, args: ["--port", "8080"]}]
"#;

/// All that the test has.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    charts: PathBuf,
    folder: tempfile::TempDir,
    // Takes all of it down, last.
    _session: Session,
}

impl World {
    /// Starts it; about 20 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("sail-{}", std::process::id());
        let charts = session.tool(lab::tools::Tool::Charts).unwrap();
        let world = Self {
            cluster: session.cluster(&ClusterOptions::named(&name)).unwrap(),
            charts,
            folder: tempfile::tempdir().unwrap(),
            _session: session,
        };
        world.write("mesh.yaml", "");
        world
    }

    /// What the operator's own installation brings: its definitions, and those of Istio.
    pub(crate) fn definitions(&self) {
        self.cluster.apply(&super::definitions::all()).unwrap();
        let istio = self.charts.join("1.31/base/files/crd-all.gen.yaml");
        let istio = std::fs::read_to_string(istio).unwrap();
        self.cluster.apply(&istio).unwrap();
    }

    /// Its Deployment.
    pub(crate) fn deployment(&self) {
        let text = DEPLOYMENT.replace("IMAGE", &lab::tools::echo_image());
        self.cluster.apply(&text).unwrap();
        self.scale(1);
    }

    /// Lets it act.
    pub(crate) fn operator(&self) -> Operator {
        Operator::start(&self.cluster, &self.charts)
    }

    /// How many pods its Deployment has.
    pub(crate) fn scale(&self, count: u8) {
        self.kubectl(&format!(
            "-n sail-operator scale deployment/sail-operator --replicas {count}"
        ));
        self.kubectl("-n sail-operator rollout status deployment/sail-operator --timeout=120s");
    }

    /// A namespace with this label, and a workload in it.
    pub(crate) fn workload(&self, name: &str, label: &str) {
        let text = WORKLOAD
            .replace("NAME", name)
            .replace("LABEL", label)
            .replace("IMAGE", &lab::tools::echo_image());
        self.cluster.apply(&text).unwrap();
        self.kubectl(&format!(
            "-n {name} rollout status deployment/one --timeout=120s"
        ));
    }

    /// The mesh file, with this beside what it says.
    pub(crate) fn write(&self, name: &str, more: &str) {
        std::fs::write(self.folder.path().join(name), format!("{MESH}{more}")).unwrap();
    }

    /// Another mesh file.
    pub(crate) fn changed(&self, name: &str, from: &str, to: &str) {
        assert!(MESH.contains(from), "{from}");
        std::fs::write(self.folder.path().join(name), MESH.replace(from, to)).unwrap();
    }

    /// Runs `weft`.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        run(line, &mut self.command(line))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig())
            .env("WEFT_CACHE", self.folder.path().join("cache"))
            .env("DOCKER_CONFIG", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs it, and kills it after so long, wherever it is.
    pub(crate) fn killed(&self, line: &str, after: Duration) {
        let mut command = self.command(line);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// What a run printed with `-o json`.
    pub(crate) fn json(&self, line: &str) -> Value {
        self.weft(&format!("{line} -o json")).json()
    }

    /// Runs kubectl.
    pub(crate) fn kubectl(&self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        self.cluster.kubectl(&words).unwrap()
    }

    /// The images of the istiods that serve: a pod on its way out is listed for a moment yet.
    pub(crate) fn istiods(&self) -> String {
        let image = "{{range .items}}{{if not .metadata.deletionTimestamp}}{{(index .spec.containers 0).image}} {{end}}{{end}}";
        let line = ["-n", "istio-system", "get", "pods", "-l", "app=istiod"];
        let form = format!("go-template={image}");
        let words: Vec<_> = line.into_iter().chain(["-o", &form]).collect();
        let images = self.cluster.kubectl(&words).unwrap();
        images.trim().to_owned()
    }

    /// The operator's resources, as `kind/name`.
    pub(crate) fn resources(&self) -> Vec<String> {
        let kinds = "istios,istiorevisions,istiorevisiontags,istiocnis";
        let found = self.kubectl(&format!("get {kinds} -o name"));
        let names = found
            .lines()
            .map(|line| line.replace(".sailoperator.io", ""));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Waits until the proxies of a namespace are these.
    pub(crate) fn runs(&self, namespace: &str, version: &str, revision: &str) {
        let wanted = serde_json::json!([{"revision": revision, "version": version, "count": 1}]);
        eventually("the proxies are those", || {
            let status = self.json("mesh upgrade status shop");
            let mut rows = status["namespaces"].as_array().unwrap().iter();
            let row = rows.find(|row| row["namespace"] == namespace).unwrap();
            let same = row["proxies"] == wanted;
            same.then_some(()).ok_or_else(|| row.to_string())
        });
    }
}
