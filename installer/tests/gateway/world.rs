//! The mesh that the parts share: a cluster with an istiod that weft adopted, and a workload behind a Service.

use lab::{Cluster, ClusterOptions, IstioOptions, Session, Tool};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A cluster with istiod.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    charts: PathBuf,
    // Takes all of it down, last.
    _session: Session,
}

/// How a run of `weft` ended.
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
        let name = format!("weft-gateway-{}", std::process::id());
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        session.istio(&cluster, &IstioOptions::default()).unwrap();
        let cache = lab::Cache::from_env().unwrap();
        let charts = lab::tools::ensure(&cache, Tool::Charts).unwrap();
        let world = Self {
            cluster,
            charts: charts.join("1.31"),
            _session: session,
        };
        world.run("mesh adopt lab").must(0, &[]);
        world
    }

    /// Runs `weft gateway`, with the lab's charts where that takes charts.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        self.run(&format!("gateway {line}"))
    }

    /// Its answer as JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        let ran = self.weft(&format!("{line} -o json"));
        serde_json::from_str(&ran.data).unwrap_or_else(|error| panic!("{error}: {ran:#?}"))
    }

    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    fn run(&self, line: &str) -> Ran {
        let ran = Ran::of(self.begin(line));
        println!("weft {line}\n{}{}[{}]", ran.talk, ran.data, ran.code);
        ran
    }

    /// Starts it, to go on with something else meanwhile.
    pub(crate) fn begin(&self, line: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig());
        let takes_charts = ["create", "update", "upgrade", "validate"];
        if takes_charts
            .iter()
            .any(|verb| line.starts_with(&format!("gateway {verb}")))
        {
            command.arg("--charts").arg(&self.charts);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
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

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(1), "not yet: {what}");
        std::thread::sleep(Duration::from_millis(300));
    }
}
