//! A cluster on which Helm and istioctl installed an Istio each, and `weft` on both.

use std::path::Path;
use std::process::{Command, Stdio};

use lab::trial::{Ran, run};
use lab::{Cluster, ClusterOptions, Session};
use serde_json::Value;

use super::charts;

/// What both are installed with: as a stock Envoy and a small machine need it.
const SETTINGS: [(&str, &str); 8] = [
    ("autoscaleEnabled", "false"),
    ("env.PILOT_ENABLE_ALPN_FILTER", "false"),
    ("env.PILOT_ENABLE_METADATA_EXCHANGE", "false"),
    ("resources.requests.cpu", "50m"),
    ("resources.requests.memory", "128Mi"),
    ("telemetry.enabled", "false"),
    ("global.imagePullPolicy", "IfNotPresent"),
    ("global.proxy.resources.requests.cpu", "10m"),
];

/// A workload of each mesh.
const WORKLOAD: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: NAME, labels: {LABEL}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NAME}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: IMAGE, args: ["--port", "8080"]}]
"#;

/// All that a test has.
pub(crate) struct World {
    /// The registry with charts of both versions, and a plugin.
    pub(crate) registry: String,
    cluster: Cluster,
    folder: tempfile::TempDir,
    // Takes all of it down, last.
    session: Session,
}

impl World {
    /// Starts it; about 30 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        session.tool(lab::tools::Tool::Istio).unwrap();
        let name = format!("adopt-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let registry = session.registry(&format!("{name}-registry")).unwrap();
        let registry = registry.address().to_owned();
        charts::push(&session, folder.path(), &registry);
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        let world = Self {
            registry,
            cluster,
            folder,
            session,
        };
        // The definitions are Helm's, for both.
        world.helm("install istio-base base-1.30.0.tgz -n mesh-blue --create-namespace --set defaultRevision=blue --set global.istioNamespace=mesh-blue");
        std::thread::scope(|scope| {
            scope.spawn(|| world.install_with_helm());
            scope.spawn(|| world.install_with_istioctl());
        });
        world.apply(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: edge, labels: {mesh: blue}}\n",
        );
        for (name, label) in [
            ("app", "istio-injection: enabled, mesh: front"),
            ("blues", "istio.io/rev: blue, mesh: blue"),
        ] {
            // Each mesh has namespaces of its own: both would write their root certificate into all.
            let workload = WORKLOAD.replace("NAME", name).replace("LABEL", label);
            world.apply(&workload.replace("IMAGE", &lab::tools::echo_image()));
            world.kubectl(&format!(
                "-n {name} rollout status deployment/web --timeout=120s"
            ));
        }
        world
    }

    fn install_with_helm(&self) {
        let mut line =
            "install blue-mesh istiod-1.30.0.tgz -n mesh-blue --wait --set revision=blue \
             --set global.istioNamespace=mesh-blue --set global.proxy.image=proxyv2 \
             --set meshConfig.discoverySelectors[0].matchLabels.mesh=blue"
                .to_owned();
        for (name, value) in SETTINGS {
            let flag = if name.starts_with("env.") {
                "--set-string"
            } else {
                "--set"
            };
            line = format!("{line} {flag} {name}={value}");
        }
        self.helm(&line);
    }

    fn install_with_istioctl(&self) {
        let mut line = format!(
            "install -y --set profile=minimal --set components.base.enabled=false --set hub={} --set tag={} \
             --set values.global.proxy.image=proxyv2 --set meshConfig.discoverySelectors[0].matchLabels.mesh=front",
            lab::tools::image_hub(),
            lab::tools::istio_tag()
        );
        for (name, value) in SETTINGS {
            let place = if name.starts_with("global.") || name.starts_with("telemetry.") {
                "values"
            } else {
                "values.pilot"
            };
            line = format!("{line} --set {place}.{name}={value}");
        }
        self.istioctl(&line);
    }

    /// Runs Helm, as its owner would.
    pub(crate) fn helm(&self, line: &str) {
        self.tool("helm", line);
    }

    /// Runs istioctl, as its owner would.
    pub(crate) fn istioctl(&self, line: &str) {
        self.tool("istioctl", line);
    }

    fn tool(&self, name: &str, line: &str) {
        let mut command = Command::new(self.session.cache().bin(name));
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(variable, self.folder.path().join("helm"));
        }
        let output = command
            .args(line.split_whitespace())
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} {line}: {said}");
    }

    /// Runs `weft`.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        let mut command = self.command();
        command
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig());
        run(line, &mut command)
    }

    /// Runs it, without a cluster.
    pub(crate) fn local(&self, line: &str) -> Ran {
        run(line, self.command().args(line.split_whitespace()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .env("WEFT_CACHE", self.folder.path().join("cache"))
            .env("DOCKER_CONFIG", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
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

    /// Writes objects as somebody else would.
    pub(crate) fn apply(&self, manifests: &str) {
        self.cluster.apply(manifests).unwrap();
    }

    /// An object, or many.
    pub(crate) fn object(&self, which: &str) -> Value {
        let line = format!("get {which} -o json --show-managed-fields");
        serde_json::from_str(&self.kubectl(&line)).unwrap()
    }

    /// Writes a file where weft runs.
    pub(crate) fn write(&self, name: impl AsRef<Path>, data: &[u8]) {
        std::fs::write(self.folder.path().join(name), data).unwrap();
    }
}
