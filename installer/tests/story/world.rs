//! A bare cluster, a registry with charts and a plugin, and `weft` on all of them.

use super::charts;
use super::traffic::Traffic;
use lab::trial::{Ran, eventually, run};
use lab::{Cluster, ClusterOptions, Session};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

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

/// What the plugin does, to those who name themselves.
const LIMIT: &str = "
rules:
- name: per-user
  match: {headers: [{name: x-user, present: true}]}
  key: [{header: x-user}]
  limit: {requests: 2, per: 1h}
";

/// All that the test has.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    /// What the clients ask, while they do.
    pub(crate) traffic: Mutex<Option<Traffic>>,
    /// Where weft runs.
    pub(crate) folder: tempfile::TempDir,
    image: String,
    // Takes all of it down, last.
    pub(crate) session: Session,
}

impl World {
    /// Starts it; about 30 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("story-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let registry = session.registry(&format!("{name}-registry")).unwrap();
        let address = registry.address().to_owned();
        charts::push(&session, folder.path(), &address);
        let world = Self {
            cluster: session.cluster(&ClusterOptions::named(&name)).unwrap(),
            traffic: Mutex::default(),
            image: format!("{address}/plugins/rate-limit:1"),
            folder,
            session,
        };
        world.write("mesh.yaml", MESH.replace("ADDRESS", &address).as_bytes());
        world.write("limit.yaml", LIMIT.as_bytes());
        world.push_plugin();
        world
    }

    /// A plugin of the project's own.
    fn push_plugin(&self) {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let line = format!("plugin build rate-limit -C {} -o json", workspace.display());
        let built = self.local(&line);
        let module = built.must(0, &[]).json()[0]["path"].clone();
        self.write(
            "module.wasm",
            &std::fs::read(module.as_str().unwrap()).unwrap(),
        );
        let push = format!("plugin push ./module.wasm {} --plain-http", self.image);
        self.local(&push).must(0, &[]);
    }

    /// Runs `weft`.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        run(line, &mut self.command(line))
    }

    /// Runs it, without a cluster.
    fn local(&self, line: &str) -> Ran {
        run(line, self.program().args(line.split_whitespace()))
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.program();
        command
            .args(line.replace("IMAGE", &self.image).split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig());
        command
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .env("WEFT_CACHE", self.folder.path().join("cache"))
            .env("DOCKER_CONFIG", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it, and kills it once it has said so many lines of what it does.
    ///
    /// # Errors
    /// How many it said, if it ended by itself.
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    pub(crate) fn killed(&self, line: &str, lines: usize) -> Result<(), usize> {
        let mut child = self.command(line).stdout(Stdio::null()).spawn().unwrap();
        let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said: Vec<_> = talk.by_ref().take(lines).map(Result::unwrap).collect();
        child.kill().unwrap();
        let status = child.wait().unwrap();
        said.extend(talk.map(Result::unwrap));
        println!(
            "weft {line} (killed after {lines} lines)\n{}\n[{status}]",
            said.join("\n")
        );
        status.signal().map(drop).ok_or(said.len())
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

    /// Reads a file where weft runs.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Runs a line of shell in the client's pod.
    pub(crate) fn shell(&self, script: &str) -> String {
        let words = "-n app exec deploy/client -c app -- bash -c";
        let words: Vec<_> = words.split(' ').chain([script]).collect();
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
    pub(crate) fn all_run(&self, namespace: &str, count: u8, (version, revision): (&str, &str)) {
        let wanted = json!([{"revision": revision, "version": version, "count": count}]);
        eventually(&format!("all proxies of {namespace} are those"), || {
            let status = self.json("mesh upgrade status shop");
            let rows = status["namespaces"].as_array().unwrap();
            let row = rows.iter().find(|row| row["namespace"] == namespace);
            let row = row.ok_or("there are none")?;
            let same = row["proxies"] == wanted;
            same.then_some(()).ok_or_else(|| row.to_string())
        });
    }

    /// Writes a file where weft runs.
    pub(crate) fn write(&self, name: impl AsRef<Path>, data: &[u8]) {
        std::fs::write(self.folder.path().join(name), data).unwrap();
    }

    /// Nobody has been refused so far.
    pub(crate) fn traffic_goes_on(&self, until: &str) {
        let traffic = self.traffic.lock().unwrap();
        traffic.as_ref().unwrap().goes_on(until);
    }
}
