//! A large cluster, a mesh in it, and what a run of `weft` on them costs.

use lab::tools::Tool;
use lab::{Cluster, ClusterOptions, Session};
use std::process::{Command, Stdio};

use super::crowd;

/// What operators run every day, and how it ends: an istiod that nothing runs is a finding (2), and so are its pods.
pub(crate) const COMMANDS: [(&str, i32); 10] = [
    ("mesh status", 2),
    ("mesh list", 0),
    ("mesh plan SPEC", 0),
    ("mesh diff SPEC", 0),
    ("preflight", 2),
    ("sidecar status -A", 2),
    ("sidecar status app-7", 2),
    ("gateway list", 0),
    ("plugin list -A", 0),
    ("plugin status -A", 0),
];

/// What a mesh needs: a version and where its charts are.
const SPEC: &str = "shop --istio-version 1.31.0 --charts CHARTS";

/// Runs a program and tells what it took: only who waits for a process learns its greatest size.
const ACCOUNT: &str = "
import os, sys, time
began = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
took = time.monotonic() - began
with open(sys.argv[1], 'w') as file:
    print(took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
";

/// How a run of `weft` ended, and what it took.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    /// From beginning to end.
    pub(crate) seconds: f64,
    /// On processors.
    pub(crate) cpu: f64,
    /// Resident at most.
    pub(crate) mebibytes: f64,
    /// The first that it printed.
    told: String,
}

impl std::fmt::Display for Ran {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            seconds,
            cpu,
            mebibytes,
            told,
        } = self;
        write!(
            out,
            "{told}\n[{seconds:.2} s, {cpu:.2} s of CPU, {mebibytes:.0} MiB]"
        )
    }
}

/// The cluster.
pub(crate) struct World {
    cluster: Cluster,
    spec: String,
    folder: tempfile::TempDir,
    // Takes the cluster down, last.
    _session: Session,
}

impl World {
    /// Starts it; half a minute, and a minute where others work, too.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let charts = session.tool(Tool::Charts).unwrap().join("1.31");
        let options = ClusterOptions {
            api_only: true,
            ..ClusterOptions::named(format!("weft-scale-{}", std::process::id()))
        };
        let world = Self {
            cluster: session.cluster(&options).unwrap(),
            spec: SPEC.replace("CHARTS", charts.to_str().unwrap()),
            folder: tempfile::tempdir().unwrap(),
            _session: session,
        };
        crowd::populate(&world.cluster, world.folder.path());
        world.run("mesh create SPEC --no-wait", 0);
        world
    }

    /// Runs `weft` and says what it took; it has to end with that exit code. `SPEC` in the line is what the mesh is.
    pub(crate) fn run(&self, line: &str, code: i32) -> Ran {
        let line = line.replace("SPEC", &self.spec);
        let account = self.folder.path().join("account");
        let output = Command::new("python3")
            .args(["-c", ACCOUNT])
            .arg(&account)
            .arg(env!("CARGO_BIN_EXE_weft"))
            .args(line.split_whitespace())
            .arg("--kubeconfig")
            .arg(self.cluster.kubeconfig())
            .env("WEFT_CACHE", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let begin = |bytes: &[u8]| -> String {
            let text = String::from_utf8_lossy(bytes);
            text.chars().take(2_000).collect()
        };
        let told = begin(&output.stderr) + &begin(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "weft {line}\n{told}");
        let text = std::fs::read_to_string(account).unwrap();
        let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap());
        let mut next = || -> f64 { numbers.next().unwrap() };
        Ran {
            seconds: next(),
            cpu: next(),
            mebibytes: next(),
            told,
        }
    }
}
