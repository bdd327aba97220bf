//! The cluster that the scenarios share, and a scenario's own corner of it.

use lab::trial::{Ran, run};
use lab::{Cluster, ClusterOptions, Session};
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// A cluster with a node.
pub(crate) struct World {
    cluster: Cluster,
    // Takes it down, last.
    _session: Session,
}

/// What a scenario has to itself.
pub(crate) struct Corner<'a> {
    world: &'a World,
    /// Its namespace, and the name of its set.
    pub(crate) name: String,
    folder: tempfile::TempDir,
}

impl World {
    /// Starts it; about 10 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("weft-engine-{}", std::process::id());
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        Self {
            cluster,
            _session: session,
        }
    }

    /// A corner of that name, without a namespace yet.
    pub(crate) fn corner(&self, name: &str) -> Corner<'_> {
        Corner {
            world: self,
            name: name.to_owned(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A corner with its namespace.
    pub(crate) fn room(&self, name: &str) -> Corner<'_> {
        self.cluster
            .kubectl(&["create", "namespace", name])
            .unwrap();
        self.corner(name)
    }
}

impl Corner<'_> {
    /// Runs `weft objects apply` on these files, which are written first, each a stage.
    pub(crate) fn apply(&self, files: &[&str], more: &[&str]) -> Ran {
        run(
            &format!("apply in {}", self.name),
            &mut self.command(files, more),
        )
    }

    /// Runs `weft objects status`.
    pub(crate) fn status(&self) -> Ran {
        run(
            &format!("status in {}", self.name),
            &mut self.weft("status"),
        )
    }

    /// `weft objects apply` on these files, not started yet.
    pub(crate) fn command(&self, files: &[&str], more: &[&str]) -> Command {
        let mut command = self.weft("apply");
        for (number, text) in files.iter().enumerate() {
            let file = self.folder.path().join(format!("stage-{number}.yaml"));
            std::fs::write(&file, text.replace("NS", &self.name)).unwrap();
            command.arg("-f").arg(file);
        }
        command.args(more);
        command
    }

    fn weft(&self, verb: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command
            .args(["objects", verb, "--set-name", "set", "-n", &self.name])
            .arg("--kubeconfig")
            .arg(self.world.cluster.kubeconfig())
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null());
        command
    }

    /// Runs kubectl in the namespace; it has to work.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let all = [&["-n", &self.name], arguments].concat();
        self.world.cluster.kubectl(&all).unwrap()
    }

    /// What kubectl lists, as JSON.
    pub(crate) fn list(&self, arguments: &[&str]) -> Vec<Value> {
        let text = self.kubectl(&[&["get", "-o", "json"], arguments].concat());
        let found: Value = serde_json::from_str(&text).unwrap();
        found["items"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![found])
    }

    /// `kind/name` and resourceVersion of these kinds in the namespace.
    pub(crate) fn versions(&self, kinds: &str) -> Vec<(String, String)> {
        let of = |object: &Value, pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap()
                .to_owned()
        };
        let objects = self.list(&[kinds]);
        let named = objects.iter().map(|object| {
            (
                format!("{}/{}", of(object, "/kind"), of(object, "/metadata/name")),
                of(object, "/metadata/resourceVersion"),
            )
        });
        named.collect()
    }

    /// Applies manifests as somebody else.
    pub(crate) fn other(&self, manager: &str, manifests: &str) {
        let manager = format!("--field-manager={manager}");
        let arguments = [
            "apply",
            "--server-side",
            "--force-conflicts",
            &manager,
            "-f",
            "-",
        ];
        let text = manifests.replace("NS", &self.name);
        self.world.cluster.kubectl_from(&arguments, &text).unwrap();
    }

    /// Runs kubectl with a variable of the environment, whatever comes of it.
    pub(crate) fn raw_kubectl(&self, arguments: &[&str], variable: (&str, &str)) -> Output {
        let kubectl = lab::Cache::from_env().unwrap().bin("kubectl");
        Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(self.world.cluster.kubeconfig())
            .args(["-n", &self.name])
            .args(arguments)
            .current_dir(self.folder.path())
            .env(variable.0, variable.1)
            .output()
            .unwrap()
    }
}

/// A Deployment of one pod of the lab's echo server.
pub(crate) fn deployment(name: &str, container: &str) -> String {
    let image = lab::tools::echo_image();
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
         terminationGracePeriodSeconds: 1\n      containers:\n      - {{name: app, image: \"{image}\", args: [\"--port\", \"8080\"]{container}}}\n"
    )
}

/// A `ConfigMap`.
pub(crate) fn map(name: &str, data: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{{data}}}\n")
}
