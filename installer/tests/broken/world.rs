//! The cluster that all cases share, kubeconfigs that are wrong, charts that are wrong, and `weft` on them.

use lab::tools::Tool;
use lab::trial::{Ran, run};
use lab::{Cluster, ClusterOptions, Session};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where a command looks for its cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Config {
    /// The kubeconfig of the cluster.
    Right,
    /// There is none.
    None,
    /// A file of the scratch folder.
    File(&'static str),
}

/// What is there.
pub(crate) struct World {
    cluster: Cluster,
    charts: PathBuf,
    folder: tempfile::TempDir,
    // Takes connections, and nobody serves them.
    silent: TcpListener,
    // Takes the cluster down, last.
    _session: Session,
}

impl World {
    /// Starts it; about 10 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("weft-broken-{}", std::process::id());
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let world = Self {
            charts: session.tool(Tool::Charts).unwrap().join("1.31"),
            folder: tempfile::tempdir().unwrap(),
            cluster,
            silent,
            _session: session,
        };
        world.write_kubeconfigs();
        world.write_charts();
        world
    }

    fn write_kubeconfigs(&self) {
        let text = self.kubectl("config view --raw -o json");
        let right: Value = serde_json::from_str(&text).unwrap();
        let silent = self.silent.local_addr().unwrap();
        let with = |file: &str, pointer: &str, value: Value| {
            let mut changed = right.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            self.file(file, &changed.to_string());
        };
        let server = "/clusters/0/cluster/server";
        with("away", server, json!("https://127.0.0.1:1"));
        with("silent", server, json!(format!("https://{silent}")));
        with(
            "expired",
            "/users/0/user",
            json!({"token": "a.token.of.yesterday"}),
        );
    }

    fn write_charts(&self) {
        let broken = self.folder.path().join("broken-charts");
        std::fs::create_dir(&broken).unwrap();
        std::fs::write(broken.join("base-1.31.0.tgz"), "no archive").unwrap();
        let demanding = self.folder.path().join("demanding-charts");
        std::fs::create_dir_all(demanding.join("base")).unwrap();
        let chart = "apiVersion: v2\nname: base\nversion: 1.31.0\nkubeVersion: '>=1.99.0'\n";
        std::fs::write(demanding.join("base/Chart.yaml"), chart).unwrap();
        let istiod = self.charts.join("istio-control/istio-discovery");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(istiod)
            .arg(demanding.join("istiod"))
            .status();
        assert!(copied.unwrap().success());
    }

    /// Writes a file of the scratch folder.
    pub(crate) fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Runs `weft` in the scratch folder. `CHARTS` in the line is what every mesh needs: a version, and
    /// charts; `SOURCE` is only the charts.
    pub(crate) fn weft(&self, config: Config, line: &str) -> Ran {
        let source = format!("--charts {}", self.charts.display());
        let line = line
            .replace("CHARTS", "--istio-version 1.31.0 SOURCE")
            .replace("SOURCE", &source);
        let folder: &Path = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(line.split_whitespace())
            .current_dir(folder)
            .env("HOME", folder)
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null());
        match config {
            Config::Right => command.env("KUBECONFIG", self.cluster.kubeconfig()),
            Config::None => &mut command,
            Config::File(name) => command.env("KUBECONFIG", folder.join(name)),
        };
        run(&line, &mut command)
    }

    /// Runs kubectl; it has to work.
    pub(crate) fn kubectl(&self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        self.cluster.kubectl(&words).unwrap()
    }

    /// Runs kubectl on manifests.
    pub(crate) fn kubectl_from(&self, line: &str, manifests: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        self.cluster.kubectl_from(&words, manifests).unwrap()
    }

    /// Deletes a mesh again; that is to work whatever was wrong.
    pub(crate) fn delete_mesh(&self, name: &str) {
        let line = format!("mesh delete {name} --yes --force --timeout 30s");
        self.weft(Config::Right, &line).must(0, &[]);
    }
}

/// Whether one message has all of these words: an error or a warning with the lines that belong to it, or a row of a report.
pub(crate) fn in_one_message(ran: &Ran, words: &[&str]) -> bool {
    let mut messages: Vec<String> = ran.data.lines().map(str::to_owned).collect();
    for line in ran.talk.lines() {
        let begins = line.starts_with("error: ") || line.starts_with("warning: ");
        match messages.last_mut().filter(|_| !begins) {
            Some(message) if message.starts_with("error: ") || message.starts_with("warning: ") => {
                message.push('\n');
                message.push_str(line);
            }
            _ => messages.push(line.to_owned()),
        }
    }
    messages
        .iter()
        .any(|message| words.iter().all(|word| message.contains(word)))
}
