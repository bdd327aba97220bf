//! A bare cluster, a registry with charts, and `weft` on both.

use lab::{Cluster, ClusterOptions, Session};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::charts;

/// What is installed: as a stock Envoy and a small machine need it.
const MESH: &str = r#"
apiVersion: weft.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  version: 1.30.0
  charts: oci://ADDRESS/charts
  images: {pullPolicy: IfNotPresent}
  values:
    istiod:
      autoscaleEnabled: false
      env: {PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false"}
      telemetry: {enabled: false}
      resources: {requests: {cpu: 50m, memory: 128Mi}}
      global: {proxy: {resources: {requests: {cpu: 10m, memory: 40Mi}}}}
"#;

/// All that the test has.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    /// Where images go.
    pub(crate) registry: String,
    folder: tempfile::TempDir,
    // Takes all of it down, last.
    _session: Session,
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
        let name = format!("life-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let registry = session.registry(&format!("{name}-registry")).unwrap();
        let address = registry.address().to_owned();
        charts::push(&session, folder.path(), &address);
        let world = Self {
            cluster: session.cluster(&ClusterOptions::named(&name)).unwrap(),
            registry: address,
            folder,
            _session: session,
        };
        world.write(
            "mesh.yaml",
            MESH.replace("ADDRESS", &world.registry).as_bytes(),
        );
        world
    }

    /// Where a file of the test is.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `weft`.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        ended(line, self.begin(line), Instant::now())
    }

    /// Runs it, without a cluster.
    pub(crate) fn local(&self, words: &[&str]) -> Ran {
        let child = self.command().args(words).spawn().unwrap();
        ended(&words.join(" "), child, Instant::now())
    }

    /// Starts it, to do something else meanwhile.
    pub(crate) fn begin(&self, line: &str) -> Child {
        let mut command = self.command();
        command
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig());
        command.spawn().unwrap()
    }

    fn command(&self) -> Command {
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

    /// Runs it, and kills it after so long, wherever it is.
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    pub(crate) fn killed(&self, line: &str, after: Duration) {
        let mut child = self.begin(line);
        std::thread::sleep(after);
        child.kill().unwrap();
        let ran = child.wait_with_output().unwrap();
        let talk = String::from_utf8_lossy(&ran.stderr);
        println!(
            "weft {line} (killed after {after:?})\n{talk}[{}]",
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

    /// Runs a line of shell in a pod of a Deployment of the application.
    pub(crate) fn shell(&self, name: &str, script: &str) -> String {
        let pod = format!("deploy/{name}");
        let words = [
            "-n", "app", "exec", &pod, "-c", "app", "--", "bash", "-c", script,
        ];
        self.cluster.kubectl(&words).unwrap()
    }

    /// Writes a file where weft runs.
    pub(crate) fn write(&self, name: impl AsRef<Path>, data: &[u8]) {
        std::fs::write(self.folder.path().join(name), data).unwrap();
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the harness shows it when the test fails: the whole story"
)]
fn ended(line: &str, child: Child, start: Instant) -> Ran {
    let ran = Ran::of(child);
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "weft {line}\n{}{}[{}, {seconds:.1} s]",
        ran.talk, ran.data, ran.code
    );
    ran
}

impl Ran {
    /// Of a process, once it has ended.
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().unwrap(),
            data: String::from_utf8(output.stdout).unwrap(),
            talk: String::from_utf8(output.stderr).unwrap(),
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

/// Waits until something is well; what it says otherwise is why it is not.
pub(crate) fn eventually(what: &str, mut look: impl FnMut() -> Result<(), String>) {
    let start = Instant::now();
    while let Err(why) = look() {
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "{what}: not yet: {why}"
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}
