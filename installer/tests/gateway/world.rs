//! The mesh that the parts share: a cluster with an istiod that weft adopted, and a workload behind a Service.

use lab::trial::{Ran, run};
use lab::{Cluster, ClusterOptions, IstioOptions, Session, Tool};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A cluster with istiod.
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
    charts: PathBuf,
    // Takes all of it down, last.
    _session: Session,
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
        self.weft(&format!("{line} -o json")).json()
    }

    fn run(&self, line: &str) -> Ran {
        run(line, &mut self.command(line))
    }

    /// The same, not started yet.
    pub(crate) fn command(&self, line: &str) -> Command {
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
            .stderr(Stdio::piped());
        command
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
