//! Real clusters come up, talk, and go without a trace; so does what a killed run left.
//!
//! Needs root on Linux and a quarter of an hour the first time, so it runs in the ladder (`WEFT_LADDER=1`), which also
//! fails when it is skipped. Everything happens on a link of its own, with state of its own: a lab in use is not touched.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: what goes wrong is the test's result"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

const NET: &str = "10.79.0.0/24";
const BRIDGE: &str = "wl0a4f00";

/// The lab as a user runs it: tools from the real cache, state from a directory of the test.
struct Lab {
    apart: lab::Apart,
}

impl Lab {
    /// `None`, loudly, where it cannot or should not run.
    fn new(test: &str) -> Option<Self> {
        if lab::trial::is_left_out(test) {
            return None;
        }
        let real = lab::Cache::from_env().unwrap();
        lab::tools::ensure(&real, lab::Tool::Cluster).unwrap();
        lab::tools::ensure(&real, lab::Tool::Registry).unwrap();
        let apart = lab::Apart::new(&real, "lab", NET).unwrap();
        Some(Self { apart })
    }

    fn root(&self) -> &Path {
        self.apart.cache().root()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command
            .args(line.split_whitespace())
            .envs(self.apart.variables());
        command
    }

    fn run(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "lab {line}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn kubectl(&self, cluster: &str, line: &str) -> String {
        let kubeconfig = self.run(&format!("kubeconfig {cluster}"));
        let program = self.apart.cache().bin("kubectl");
        let output = Command::new(program)
            .args(["--kubeconfig", kubeconfig.trim()])
            .args(line.split_whitespace())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {line}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn pod(&self, cluster: &str, name: &str) -> String {
        let image = lab::tools::echo_image();
        self.kubectl(
            cluster,
            &format!("run {name} --image={image} -- --port 8080"),
        );
        self.kubectl(
            cluster,
            &format!("wait --for=condition=Ready pod/{name} --timeout=60s"),
        );
        self.kubectl(
            cluster,
            &format!("get pod/{name} -o jsonpath={{.status.podIP}}"),
        )
    }

    /// Asks from inside a pod; a Service's address takes kube-proxy a moment.
    fn curl(&self, cluster: &str, pod: &str, url: &str) -> String {
        let curl = "curl -sS -m 10 --retry 20 --retry-all-errors --retry-delay 1";
        self.kubectl(
            cluster,
            &format!("exec {pod} -- {curl} -w %{{http_code}} {url}"),
        )
    }

    fn containers(&self, cluster: &str) -> Vec<String> {
        let tasks = "containerd/io.containerd.runtime.v2.task/k8s.io";
        let dir = self.root().join("lab").join(cluster).join(tasks);
        fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    fn state_file(&self, name: &str) -> PathBuf {
        self.root().join("lab").join(name).join("state.json")
    }
}

/// What a lab could leave on a machine.
#[derive(Debug, PartialEq, Eq)]
struct Traces {
    links: BTreeSet<String>,
    routes: BTreeSet<String>,
    rules: BTreeSet<String>,
    mounts: BTreeSet<String>,
    sysctls: Vec<String>,
    processes: BTreeSet<String>,
}

/// Other labs may come and go beside the test.
fn is_anothers(line: &str) -> bool {
    line.contains("wl0a") && !line.contains(BRIDGE)
}

fn lines(program: &str, arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter(|line| !is_anothers(line))
        .map(str::to_owned)
        .collect()
}

fn traces(lab: &Lab) -> Traces {
    let ladder = [
        "vm/overcommit_memory",
        "vm/panic_on_oom",
        "kernel/panic",
        "kernel/panic_on_oops",
        "kernel/keys/root_maxkeys",
    ];
    let read =
        |name: &str| fs::read_to_string(Path::new("/proc/sys").join(name)).unwrap_or_default();
    let names = lines("ip", &["-o", "link", "show"]);
    let without_comments = |text: BTreeSet<String>| {
        text.into_iter()
            .filter(|l| !l.starts_with('#') && !l.starts_with(':'))
            .collect()
    };
    Traces {
        links: names
            .iter()
            .filter_map(|line| line.split(": ").nth(1))
            .map(str::to_owned)
            .collect(),
        routes: lines("ip", &["route", "show", "table", "all"]),
        rules: without_comments(lines("iptables-save", &[])),
        mounts: lines("cut", &["-d", " ", "-f", "5-", "/proc/self/mountinfo"]),
        sysctls: ladder.map(read).to_vec(),
        processes: processes(lab.root()),
    }
}

fn assert_no_trace(before: &Traces, after: &Traces) {
    let rows = |traces: &Traces| {
        format!("{traces:#?}")
            .lines()
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let (before, after) = (rows(before), rows(after));
    let changed: Vec<&String> = before.symmetric_difference(&after).collect();
    assert!(
        changed.is_empty(),
        "left behind, or taken away: {changed:#?}"
    );
}

/// Other clusters of the machine have groups beside ours; ours are told by the containers' names.
fn cgroups(containers: &BTreeSet<String>) -> BTreeSet<String> {
    let all = lines(
        "find",
        &["/sys/fs/cgroup", "-type", "d", "-path", "*k8s.io/*"],
    );
    all.into_iter()
        .filter(|path| containers.iter().any(|id| path.contains(id)))
        .collect()
}

fn processes(dir: &Path) -> BTreeSet<String> {
    let needle = dir.display().to_string();
    let all = lines("ps", &["-ewwo", "pid,args"]);
    all.into_iter()
        .filter(|line| line.contains(&needle))
        .collect()
}

#[test]
fn two_clusters_talk_and_leave_no_trace() {
    let Some(lab) = Lab::new("two_clusters_talk_and_leave_no_trace") else {
        return;
    };
    let before = traces(&lab);
    // At once: they share the bridge and each other's routes.
    let both: [Child; 2] = [("a", "10.221.0.0/16"), ("b", "10.222.0.0/16")].map(|(name, pods)| {
        let line = format!("up cluster --name {name} --pod-cidr {pods}");
        lab.command(&line).spawn().unwrap()
    });
    for mut child in both {
        assert!(child.wait().unwrap().success());
    }
    let (_, echo) = (lab.pod("a", "client"), lab.pod("b", "echo"));
    they_talk(&lab, &echo);

    let names = ["a", "b"].iter().flat_map(|name| lab.containers(name));
    let containers: BTreeSet<String> = names.collect();
    assert!(
        !cgroups(&containers).is_empty(),
        "containers have groups while they run"
    );
    lab.run("down a");
    assert!(
        lab.kubectl("b", "get --raw /readyz").contains("ok"),
        "b lives on"
    );
    lab.run("down --all");
    assert_eq!(cgroups(&containers), BTreeSet::new());
    assert_no_trace(&before, &traces(&lab));
}

fn they_talk(lab: &Lab, echo: &str) {
    let answer = lab.curl("a", "client", &format!("http://{echo}:8080/"));
    assert!(answer.contains("Hostname=echo"), "{answer}");
    // Pods reach the registry that the host uses, under the same address.
    let registry = lab.run("up registry");
    let answer = lab.curl("a", "client", &format!("http://{}/v2/", registry.trim()));
    assert!(answer.ends_with("200"), "{answer}");
    // The address that a Service is given works.
    lab.kubectl(
        "b",
        "expose pod echo --port=80 --target-port=8080 --type=LoadBalancer",
    );
    let node = lab.run("lb b default echo");
    let answer = lab.curl("a", "client", &format!("http://{}/", node.trim()));
    assert!(answer.contains("Hostname=echo"), "{answer}");
    // Names resolve.
    let answer = lab.curl("b", "echo", "http://echo.default.svc.cluster.local/");
    assert!(answer.contains("Hostname=echo"), "{answer}");
    // Nothing leaves the machine.
    assert!(!lab.run("exec a ip route").contains("default"));
    assert!(lab.run("status -o json").contains("\"up\""));
}

#[test]
fn an_isolated_cluster_is_not_reached() {
    let Some(lab) = Lab::new("an_isolated_cluster_is_not_reached") else {
        return;
    };
    lab.run("up cluster --name c --pod-cidr 10.223.0.0/16 --isolated");
    let url = format!("http://{}:8080/", lab.pod("c", "echo"));
    // Whatever answers for that address elsewhere is not the pod.
    let answer = Command::new("curl")
        .args(["-sS", "-m", "2", &url])
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&answer.stdout).contains("Hostname=echo"));
    // It reaches the host's side of the link by NAT.
    let registry = lab.run("up registry");
    let answer = lab.curl("c", "echo", &format!("http://{}/v2/", registry.trim()));
    assert!(answer.ends_with("200"), "{answer}");
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let Some(lab) = Lab::new("what_a_killed_run_left_is_removed_by_the_next") else {
        return;
    };
    let before = traces(&lab);
    // Once killed after, once while it comes up.
    // An owner that does not outlive the test, should that be killed itself.
    let mut owner = Command::new("tail")
        .args(["-f", "/dev/null", "--pid"])
        .arg(std::process::id().to_string())
        .spawn()
        .unwrap();
    lab.run(&format!(
        "up cluster --name owned --api-only --owner {}",
        owner.id()
    ));
    let half = "up cluster --name half --pod-cidr 10.224.0.0/16";
    let mut half = lab.command(half).spawn().unwrap();
    wait_for("half's processes", || {
        let state = fs::read_to_string(lab.state_file("half")).unwrap_or_default();
        state.matches("\"pid\"").count() > 1
    });
    for killed in [&mut half, &mut owner] {
        killed.kill().unwrap();
        killed.wait().unwrap();
    }
    assert!(!processes(lab.root()).is_empty(), "they run on");
    assert_eq!(lab.run("status").matches("dead").count(), 2);

    lab.run("up registry");
    assert_eq!(lab.run("status").matches("dead").count(), 0);
    assert!(!lab.state_file("half").exists() && !lab.state_file("owned").exists());
    lab.run("down registry");
    // A kubectl of the killed run gives up by itself.
    wait_for("the end of its helpers", || {
        processes(lab.root()).is_empty()
    });
    assert_no_trace(&before, &traces(&lab));
}

#[test]
fn a_network_in_use_is_refused() {
    let Some(lab) = Lab::new("a_network_in_use_is_refused") else {
        return;
    };
    let own = Command::new("ip")
        .args(["-4", "-o", "addr", "show", "scope", "global"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&own.stdout).into_owned();
    let Some(address) = text
        .split_whitespace()
        .skip_while(|word| *word != "inet")
        .nth(1)
    else {
        return;
    };
    let octets: Vec<&str> = address.split('.').collect();
    let net = format!("{}.0/24", octets[..3].join("."));
    let output = lab
        .command("up registry")
        .env("WEFT_LAB_NET", &net)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("overlaps") && error.contains("WEFT_LAB_NET="),
        "{error}"
    );
    assert!(
        !lines("ip", &["-o", "link", "show"])
            .iter()
            .any(|line| line.contains(BRIDGE))
    );
}

fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    for _ in 0..600 {
        if ready() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} did not come");
}
