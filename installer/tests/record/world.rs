//! A cluster with an Istio that somebody else installed, and `weft` on it.

use lab::trial::{Ran, run};
use lab::{Cluster, ClusterOptions, IstioOptions, Session};
use serde_json::Value;
use std::process::{Command, Stdio};

/// The cluster.
pub(crate) struct World {
    cluster: Cluster,
    // Takes all of it down, last.
    _session: Session,
}

impl World {
    /// Starts it; about 20 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("weft-record-{}", std::process::id());
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        session.istio(&cluster, &IstioOptions::default()).unwrap();
        Self {
            cluster,
            _session: session,
        }
    }

    /// Runs `weft`.
    pub(crate) fn weft(&self, line: &str) -> Ran {
        run(line, &mut self.command(line))
    }

    /// The same, not started yet.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
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

    /// Writes objects with kubectl, as somebody else would.
    pub(crate) fn apply(&self, manifests: &str) {
        self.cluster.apply(manifests).unwrap();
    }

    /// An object.
    pub(crate) fn object(&self, which: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {which} -o json --show-managed-fields")))
            .unwrap()
    }
}
