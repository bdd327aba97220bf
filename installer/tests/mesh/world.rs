//! The mesh that the scenarios share, and a scenario's own corner of it.

use super::gate::Gate;
use lab::trial::{Ran, eventually, run};
use lab::{Cluster, ClusterOptions, IstioOptions, Session};
use serde_json::Value;
use std::process::Command;
use std::time::Instant;

/// A cluster with istiod, and a registry.
pub(crate) struct World {
    cluster: Cluster,
    registry: String,
    // Takes all of it down, last.
    _session: Session,
}

/// What a scenario has to itself.
pub(crate) struct Corner<'a> {
    world: &'a World,
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its way to the registry.
    pub(crate) gate: Gate,
    folder: tempfile::TempDir,
}

impl World {
    /// Starts it; about 20 s.
    pub(crate) fn start() -> Self {
        let session = Session::start().unwrap();
        let name = format!("weft-mesh-{}", std::process::id());
        let registry = session
            .registry(&format!("{name}-registry"))
            .unwrap()
            .address()
            .to_owned();
        let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
        session.istio(&cluster, &IstioOptions::default()).unwrap();
        Self {
            cluster,
            registry,
            _session: session,
        }
    }

    /// A namespace in which only mTLS is spoken, with a client and these workloads, each behind a Service of its name.
    pub(crate) fn corner(&self, namespace: &str, workloads: &[&str]) -> Corner<'_> {
        let mut manifests = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}, labels: {{istio-injection: enabled}}}}\n---\n\
             apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: strict, namespace: {namespace}}}\n\
             spec: {{mtls: {{mode: STRICT}}}}\n"
        );
        for name in workloads.iter().chain(&["client"]) {
            manifests += &workload(namespace, name);
        }
        self.cluster.apply(&manifests).unwrap();
        let corner = Corner {
            world: self,
            namespace: namespace.to_owned(),
            gate: Gate::before(&self.registry),
            folder: tempfile::tempdir().unwrap(),
        };
        corner.kubectl(&[
            "wait",
            "deployment",
            "--all",
            "--for=condition=Available",
            "--timeout=120s",
        ]);
        corner
    }
}

impl Corner<'_> {
    /// Runs `weft plugin` on this corner.
    pub(crate) fn weft(&self, arguments: &[&str]) -> Ran {
        let line = format!("[{}] plugin {}", self.namespace, arguments.join(" "));
        run(&line, &mut self.command(arguments))
    }

    /// The same, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let kubeconfig = self.world.cluster.kubeconfig();
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.arg("plugin").args(arguments);
        if !matches!(arguments.first(), Some(&"push" | &"build")) {
            command
                .arg("--kubeconfig")
                .arg(kubeconfig)
                .args(["-n", &self.namespace]);
        }
        command
            .current_dir(self.folder.path())
            .env("DOCKER_CONFIG", self.folder.path())
            .stdin(std::process::Stdio::null());
        command
    }

    /// Deploys `NAME` to the workload of that name.
    pub(crate) fn deploy(
        &self,
        name: &str,
        image: &str,
        configuration: &str,
        more: &[&str],
    ) -> Ran {
        self.write("config.yaml", configuration.as_bytes());
        let selector = format!("app={name}");
        let arguments = [
            "deploy",
            name,
            "--image",
            image,
            "-f",
            "config.yaml",
            "-l",
            &selector,
            "--match",
            "mode=server",
            "--plain-http",
        ];
        self.weft(&[&arguments, more].concat())
    }

    /// The state of one plugin, out of `status -o json`.
    pub(crate) fn status(&self, name: &str) -> Value {
        let ran = self.weft(&["status", name, "-o", "json"]);
        let status = ran.json()[0].clone();
        ran.must(if status["state"] == "running" { 0 } else { 2 }, &[]);
        status
    }

    /// Pushes a module through the gate, and gives the image's name.
    pub(crate) fn push(&self, module: &[u8], tag: &str) -> String {
        let image = format!("{}/{}/stopper:{tag}", self.gate.address(), self.namespace);
        self.write("module.wasm", module);
        self.weft(&["push", "./module.wasm", &image, "--plain-http"])
            .must(0, &[]);
        image
    }

    /// Runs kubectl in this namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        self.world
            .cluster
            .kubectl(&[&["-n", &self.namespace], arguments].concat())
            .unwrap()
    }

    /// Writes objects with kubectl, as somebody else would.
    pub(crate) fn apply(&self, manifests: &str) {
        self.world.cluster.apply(manifests).unwrap();
    }

    /// What requests from the client get, as `CODE BODY` a line: each a new connection, after one another, as many.
    pub(crate) fn requests(&self, to: &str, headers: &str, count: usize) -> Vec<String> {
        let script = format!(
            "for i in $(seq {count}); do curl -s -m 10 {headers} -o /tmp/body -w '%{{http_code}} ' http://{to}/; \
             head -c 40 /tmp/body | head -n 1 | tr -d '\\n'; echo; done"
        );
        let text = self.kubectl(&[
            "exec",
            "deploy/client",
            "-c",
            "app",
            "--",
            "bash",
            "-c",
            &script,
        ]);
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }

    /// Waits until requests to a workload are answered so. A connection that was open before a change of the listener
    /// goes on as before, for some seconds.
    pub(crate) fn eventually(&self, to: &str, answer: &str) {
        eventually(
            &format!("{}: {to} answers {answer}", self.namespace),
            || {
                let answers = self.requests(to, "", 3);
                let same = answers.iter().all(|line| line.starts_with(answer));
                same.then_some(()).ok_or_else(|| format!("{answers:?}"))
            },
        );
    }

    /// Waits until each user gets so many requests through, of one more, and no more.
    pub(crate) fn eventually_limited(&self, limit: usize) {
        let start = Instant::now();
        eventually(&format!("{limit} are let through"), || {
            // A user of its own for each try: the hour of the last one's bucket has just begun.
            let user = format!("-H 'x-user: user-{}'", start.elapsed().as_nanos());
            let answers = self.requests("shop", &user, limit.saturating_add(2));
            let through = answers
                .iter()
                .filter(|line| line.starts_with("200"))
                .count();
            let limited = answers
                .iter()
                .filter(|line| line.starts_with("429 rate limit exceeded"))
                .count();
            let right = (through, limited) == (limit, 2);
            right.then_some(()).ok_or_else(|| format!("{answers:?}"))
        });
    }

    fn write(&self, name: &str, data: &[u8]) {
        std::fs::write(self.folder.path().join(name), data).unwrap();
    }
}

fn workload(namespace: &str, name: &str) -> String {
    let image = lab::tools::echo_image();
    format!(
        "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}\n\
         ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
         terminationGracePeriodSeconds: 1\n      containers:\n      - {{name: app, image: \"{image}\", args: [\"--port\", \"8080\"]}}\n"
    )
}
