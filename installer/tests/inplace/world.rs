//! A cluster, a registry with charts, and `weft` on both, stopped where a test says.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use lab::trial::{Ran, until};
use lab::{Cluster, ClusterOptions, Session};
use serde_json::Value;

use super::charts;

/// What is installed: as a stock Envoy and a small machine need it. The charts are in a folder, those of the next version are not.
const MESH: &str = r#"
apiVersion: weft.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  version: 1.30.0
  charts: FOLDER/old
  images: {pullPolicy: IfNotPresent, tag: TAG}
  values:
    istiod:
      autoscaleEnabled: false
      env: {PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false"}
      telemetry: {enabled: false}
      resources: {requests: {cpu: 50m, memory: 128Mi}}
      global: {proxy: {resources: {requests: {cpu: 10m, memory: 40Mi}}}}
"#;

/// A workload that runs all the time.
const WORKLOAD: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: app}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: IMAGE, args: ["--port", "8080"]}]
"#;

/// All that a test has.
pub(crate) struct World {
    /// Where the charts of both versions are.
    pub(crate) charts: String,
    cluster: Cluster,
    folder: tempfile::TempDir,
    // Takes all of it down, last.
    session: Session,
}

impl World {
    /// Starts it; about 20 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("inplace-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let registry = session.registry(&format!("{name}-registry")).unwrap();
        charts::push(&session, folder.path(), registry.address());
        let old = folder.path().join("old");
        std::fs::create_dir(&old).unwrap();
        for chart in ["base", "gateway", "istiod"] {
            let file = format!("{chart}-1.30.0.tgz");
            std::fs::copy(folder.path().join(&file), old.join(&file)).unwrap();
        }
        let world = Self {
            charts: format!("oci://{}/charts", registry.address()),
            cluster: session.cluster(&ClusterOptions::named(&name)).unwrap(),
            folder,
            session,
        };
        let mesh = MESH
            .replace("FOLDER", world.folder.path().to_str().unwrap())
            .replace("TAG", lab::tools::istio_tag_before());
        world.write("mesh.yaml", &mesh);
        let debug = mesh.replace("spec:", "spec:\n  sidecar: {logLevel: debug}");
        world.write("debug.yaml", &debug);
        let kind = "{group: argoproj.io, version: v1alpha1, kind: Rollout, resource: rollouts}";
        let kinds = mesh.replace("spec:", &format!("spec:\n  workloadKinds: [{kind}]"));
        world.write("kinds.yaml", &kinds);
        let usual = "spec:\n  # As it is anyway.\n  engine: charts\n  rootNamespace: istio-system";
        world.write("usual.yaml", &mesh.replace("spec:", usual));
        world
    }

    /// Workloads with sidecars, and a namespace for gateways.
    pub(crate) fn application(&self) {
        let namespace = |name: &str, labels: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n"
            );
            self.cluster.apply(&text).unwrap();
        };
        namespace("edge", "");
        namespace("app", "istio-injection: enabled");
        for name in ["one", "two"] {
            let workload = WORKLOAD
                .replace("NAME", name)
                .replace("IMAGE", &lab::tools::echo_image());
            self.cluster.apply(&workload).unwrap();
        }
        self.kubectl("-n app wait deployment --all --for=condition=Available --timeout=120s");
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Runs `weft`.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        self.stopped(line, None)
    }

    /// Runs it, and presses Ctrl-C once it has said something.
    pub(crate) fn interrupted(&self, line: &str, once: &str) -> Ran {
        self.stopped(line, Some((once, "-INT")))
    }

    /// Runs it, and kills it once it has said something.
    pub(crate) fn killed(&self, line: &str, once: &str) {
        let ran = self.stopped(line, Some((once, "-KILL")));
        assert_eq!(ran.code, None, "it was too fast: {ran:#?}");
    }

    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    fn stopped(&self, line: &str, stop: Option<(&str, &str)>) -> Ran {
        let start = Instant::now();
        let mut child = self.begin(line);
        let talk = BufReader::new(child.stderr.take().unwrap());
        let mut data = child.stdout.take().unwrap();
        let data = std::thread::spawn(move || {
            let mut text = String::new();
            data.read_to_string(&mut text).unwrap();
            text
        });
        let (mut said, mut stop) = (String::new(), stop);
        for line in talk.lines().map(Result::unwrap) {
            said = format!("{said}{line}\n");
            if let Some((_, signal)) = stop.take_if(|(once, _)| line.contains(*once)) {
                let sent = Command::new("kill")
                    .args([signal, &child.id().to_string()])
                    .status();
                assert!(sent.unwrap().success(), "it ended before it was stopped");
            }
        }
        assert_eq!(stop, None, "it never said so: {said}");
        let ran = Ran {
            code: child.wait().unwrap().code(),
            data: data.join().unwrap(),
            talk: said,
        };
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "weft {line}\n{}{}[{:?}, {seconds:.1} s]",
            ran.talk, ran.data, ran.code
        );
        ran
    }

    fn begin(&self, line: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args(line.split_whitespace());
        if line.contains(" --charts ") {
            command.arg("--plain-http");
        }
        command
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig())
            .env("WEFT_CACHE", self.folder.path().join("cache"))
            .env("DOCKER_CONFIG", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// What a run printed with `-o json`.
    pub(crate) fn json(&self, line: &str) -> Value {
        self.weft(&format!("{line} -o json")).json()
    }

    /// How far a namespace has moved.
    pub(crate) fn moved(&self, namespace: &str) -> String {
        let status = self.json("mesh upgrade status shop");
        let rows = status["namespaces"].as_array().unwrap();
        let row = rows.iter().find(|row| row["namespace"] == namespace);
        row.unwrap()["moved"].as_str().unwrap().to_owned()
    }

    /// Runs helm.
    pub(crate) fn helm(&self, line: &str) {
        let mut command = Command::new(self.session.cache().bin("helm"));
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(variable, self.folder.path().join("helm"));
        }
        command
            .args(line.split_whitespace())
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .current_dir(self.folder.path());
        let done = command.output().unwrap();
        let talk = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "helm {line}: {talk}");
    }

    /// Runs kubectl.
    pub(crate) fn kubectl(&self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        self.cluster.kubectl(&words).unwrap()
    }

    /// The pods of a namespace that are not on their way out, and so the same ones as long as nothing is restarted.
    pub(crate) fn pods(&self, namespace: &str) -> String {
        self.kubectl(&format!(
            "-n {namespace} get pods --field-selector=status.phase=Running -o name"
        ))
    }

    /// Waits until all proxies of a namespace are these.
    pub(crate) fn all_run(&self, namespace: &str, count: u8, version: &str, revision: &str) {
        let wanted =
            serde_json::json!([{"revision": revision, "version": version, "count": count}]);
        until("all proxies are of that version", || {
            let status = self.json("mesh upgrade status shop");
            let rows = status["namespaces"].as_array().unwrap();
            rows.iter()
                .any(|row| row["namespace"] == namespace && row["proxies"] == wanted)
        });
    }
}
