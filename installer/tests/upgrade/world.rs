//! A cluster, a registry with charts, and `weft` on both.

use lab::{Cluster, ClusterOptions, Session};
use serde_json::Value;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::charts;

/// What is installed: as a stock Envoy and a small machine need it, and without retries that would hide a failure.
const MESH: &str = r#"
apiVersion: weft.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  version: 1.30.0
  tags: [prod]
  charts: oci://ADDRESS/charts
  images: {pullPolicy: IfNotPresent}
  traffic: {retries: {attempts: 0}}
  values:
    istiod:
      autoscaleEnabled: false
      env: {PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false"}
      telemetry: {enabled: false}
      resources: {requests: {cpu: 50m, memory: 128Mi}}
      global: {proxy: {resources: {requests: {cpu: 10m, memory: 40Mi}}}}
"#;

/// A server of two pods that takes its leave.
const SERVER: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: server, namespace: app}
spec: {selector: {app: server}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server, namespace: app}
spec:
  replicas: 2
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: server}}
  template:
    # A busy machine takes a while to tell everybody that a pod goes: until then it answers, and so does its proxy.
    metadata: {labels: {app: server}, annotations: {proxy.istio.io/config: "{terminationDrainDuration: 15s}"}}
    spec:
      containers:
      - name: app
        image: IMAGE
        args: ["--port", "8080"]
        lifecycle: {preStop: {exec: {command: [sleep, "15"]}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: server, namespace: app}
spec: {minAvailable: 1, selector: {matchLabels: {app: server}}}
"#;

/// A workload of a namespace that names a tag.
const TAGGED: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: one, namespace: tagged}
spec:
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: one}}
  template:
    metadata: {labels: {app: one}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: IMAGE, args: ["--port", "8080"]}]
"#;

/// A gateway as charts of long ago made it. It does not run: nobody has to ask it anything.
pub(crate) const OLD_GATEWAY: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: edge, labels: {app: edge, istio: edge}}
spec:
  replicas: 0
  selector: {matchLabels: {app: edge, istio: edge, chart: gateways}}
  template:
    metadata:
      labels: {app: edge, istio: edge, chart: gateways}
      annotations: {inject.istio.io/templates: gateway}
    spec:
      containers: [{name: istio-proxy, image: auto}]
";

/// A client that asks it all the time and says how that goes. Names are not looked up: how well a cluster's DNS does is another
/// matter.
const CLIENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: app}
spec:
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  selector: {matchLabels: {app: client}}
  template:
    metadata: {labels: {app: client}}
    spec:
      containers:
      - name: app
        image: IMAGE
        command: [bash, -c]
        args:
        - |
          trap 'stop=1' TERM
          while [ -z "$stop" ]; do
            if said=$(curl -sS -f -m 5 -o /dev/null --resolve "server:80:$SERVER_SERVICE_HOST" http://server/ 2>&1); then echo OK; else echo "FAIL $(date +%T.%N) $said"; fi
            sleep 0.005
          done
"#;

/// All that a test has.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    /// Where the mesh file is.
    pub(crate) folder: tempfile::TempDir,
    // Takes all of it down, last.
    pub(crate) session: Session,
}

/// How a run of `weft` ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) data: String,
    /// Standard error.
    pub(crate) talk: String,
}

impl World {
    /// Starts it; about 20 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("upgrade-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let registry = session.registry(&format!("{name}-registry")).unwrap();
        charts::push(&session, folder.path(), registry.address());
        let mesh = MESH.replace("ADDRESS", registry.address());
        std::fs::write(folder.path().join("mesh.yaml"), mesh).unwrap();
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        Self {
            cluster,
            folder,
            session,
        }
    }

    /// A server and a client, with sidecars.
    pub(crate) fn application(&self) {
        self.namespace("app", "istio-injection: enabled");
        let image = lab::tools::echo_image();
        self.namespace("tagged", "istio.io/rev: prod");
        let parts = [
            ("app", "server", SERVER),
            ("app", "client", CLIENT),
            ("tagged", "one", TAGGED),
        ];
        for (namespace, name, objects) in parts {
            let objects = objects.replace("IMAGE", &image);
            self.cluster.apply(&objects).unwrap();
            self.kubectl(&format!(
                "-n {namespace} rollout status deployment/{name} --timeout=120s"
            ));
        }
    }

    /// Runs `weft`.
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    pub(crate) fn weft(&self, line: &str) -> Ran {
        let start = Instant::now();
        let ran = Ran::of(&self.command(line).output().unwrap());
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "weft {line}\n{}{}[{}, {seconds:.1} s]",
            ran.talk, ran.data, ran.code
        );
        ran
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args(line.split_whitespace());
        if line.starts_with("mesh ") && !line.contains(" status ") {
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
            .stderr(Stdio::piped());
        command
    }

    /// Runs it, and kills it after so many milliseconds, wherever it is.
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    pub(crate) fn killed(&self, line: &str, milliseconds: u64) {
        let mut child = self.command(line).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        let ran = child.wait_with_output().unwrap();
        println!(
            "weft {line} (killed)\n{}[{:?}]",
            String::from_utf8_lossy(&ran.stderr),
            ran.status
        );
    }

    /// What a run printed with `-o json`.
    pub(crate) fn json(&self, line: &str) -> Value {
        let ran = self.weft(&format!("{line} -o json"));
        serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
    }

    /// Runs kubectl.
    pub(crate) fn kubectl(&self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        self.cluster.kubectl(&words).unwrap()
    }

    /// A namespace with these labels, as somebody else makes it.
    pub(crate) fn namespace(&self, name: &str, labels: &str) {
        let text = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n"
        );
        self.cluster.apply(&text).unwrap();
    }

    /// The labels of a namespace.
    pub(crate) fn labels(&self, name: &str) -> String {
        self.kubectl(&format!(
            "get namespace {name} -o jsonpath={{.metadata.labels}}"
        ))
    }

    /// What weft writes, by version.
    pub(crate) fn objects(&self) -> String {
        let path = "jsonpath={.items[*].metadata.resourceVersion}";
        self.kubectl(&format!(
            "-n istio-system get configmaps,services,serviceaccounts -l weft.dev/mesh=shop -o {path}"
        ))
    }

    /// The Service that validates for the whole mesh.
    pub(crate) fn validator(&self) -> String {
        let path = "jsonpath={.webhooks[0].clientConfig.service.name}";
        self.kubectl(&format!(
            "get validatingwebhookconfiguration istiod-default-validator -o {path}"
        ))
    }

    /// Nothing of a control plane is left.
    pub(crate) fn has_no(&self, istiod: &str) {
        let kinds = "deployments,services,serviceaccounts,configmaps,mutatingwebhookconfigurations,clusterroles";
        let left = self.kubectl(&format!(
            "get {kinds} -A -l weft.dev/component={istiod} -o name"
        ));
        assert_eq!(left, "", "of {istiod}");
    }

    /// Waits until all proxies of a namespace are these.
    pub(crate) fn all_run(&self, namespace: &str, count: u8, version: &str, revision: &str) {
        let start = Instant::now();
        loop {
            let status = self.json("mesh upgrade status shop");
            let rows = status["namespaces"].as_array().unwrap();
            let row = rows
                .iter()
                .find(|row| row["namespace"] == namespace)
                .unwrap();
            let wanted =
                serde_json::json!([{"revision": revision, "version": version, "count": count}]);
            if row["proxies"] == wanted {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{row}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            data: String::from_utf8(output.stdout.clone()).unwrap(),
            talk: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

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
