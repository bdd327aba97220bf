//! A cluster with an Istio that somebody else installed, and `weft` on it.

use lab::{Cluster, ClusterOptions, IstioOptions, Session};
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// The cluster.
pub(crate) struct World {
    cluster: Cluster,
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
        let name = format!("weft-record-{}", std::process::id());
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        session.istio(&cluster, &IstioOptions::default()).unwrap();
        Self {
            cluster,
            _session: session,
        }
    }

    /// Runs `weft`.
    #[expect(
        clippy::print_stdout,
        reason = "the harness shows it when the test fails: the whole story"
    )]
    pub(crate) fn weft(&self, line: &str) -> Ran {
        let ran = Ran::of(&self.command(line).output().unwrap());
        println!("weft {line}\n{}{}[{}]", ran.talk, ran.data, ran.code);
        ran
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
        let ran = self.weft(&format!("{line} -o json"));
        serde_json::from_str(&ran.data).unwrap()
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

impl Ran {
    /// Of a process that has ended.
    pub(crate) fn of(output: &Output) -> Self {
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
