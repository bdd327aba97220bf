//! Brings a cluster up: write it down, write its files, start its pid 1, plug it in, wait.

use super::wire::plug_in;
use super::{Cluster, ClusterOptions, Plan, containerd, files};
use crate::cache::Cache;
use crate::capabilities;
use crate::cleanup::Scope;
use crate::command::Run;
use crate::host;
use crate::network::{self, Cidr, Link};
use crate::output::say;
use crate::process::{self, ProcId};
use crate::state::{self, Kind, Member, Part};
use crate::tools::{self, Tool};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const PKI: &str = include_str!("pki.sh");
const INIT: &str = include_str!("init.sh");
/// A quiet machine needs a tenth of it.
const PATIENCE: Duration = Duration::from_mins(2);

/// Starts a cluster that belongs to `owner`, and returns when it can be used.
pub(crate) fn start(
    cache: &Cache,
    options: &ClusterOptions,
    owner: Option<ProcId>,
) -> Result<Cluster> {
    capabilities::of(cache).require_cluster()?;
    tools::ensure(cache, Tool::Cluster)?;
    let started = Instant::now();
    let mut part = reserve(cache, options, owner)?;
    let result = bring_up(cache, &mut part, started);
    if let Err(error) = result {
        // Its logs are what the reader needs: so it stays, dead, until the next run or lab down.
        let dir = part.dir(cache);
        return Err(error.context(format!(
            "cluster {} did not come up; its logs are in {}/log",
            part.name,
            dir.display()
        )));
    }
    part.starting = None;
    part.save(cache)?;
    say(&format!(
        "cluster {} is up after {:.1} s",
        part.name,
        started.elapsed().as_secs_f64()
    ));
    Cluster::from_part(cache, &part)
}

/// Takes a name and a place on the link, after cleaning up what dead runs left.
fn reserve(cache: &Cache, options: &ClusterOptions, owner: Option<ProcId>) -> Result<Part> {
    let lock = host::lock(cache)?;
    host::clean(cache, &Scope::Dead, &lock)?;
    let parts = state::parts(cache);
    if parts.iter().any(|part| part.name == options.name) {
        bail!("{0} runs already; stop it with: lab down {0}", options.name);
    }
    let taken: Vec<u8> = parts
        .iter()
        .filter_map(|part| part.member())
        .map(|member| member.number)
        .collect();
    let number = network::free_member(&taken)?;
    let link = Link::from_env()?;
    let member = Member {
        number,
        pods: options
            .pods
            .map_or_else(|| free_pods(&parts, link, number), Ok)?,
        services: options
            .services
            .map_or_else(|| network::services(number), Ok)?,
        api_only: options.api_only,
        isolated: options.isolated,
        plugged_in: false,
    };
    refuse_shared_pods(&parts, &member)?;
    if !member.isolated && !member.api_only {
        host::refuse_overlap(
            member.pods,
            "choose other pods: --pod-cidr 10.222.0.0/16",
            &link.bridge(),
        )?;
    }
    let part = Part::new(&options.name, owner, Some(link), Kind::Cluster(member))?;
    host::ensure_bridge(cache, link, &lock)?;
    part.save(cache)?;
    Ok(part)
}

fn free_pods(parts: &[Part], link: Link, number: u8) -> Result<Cidr> {
    let mut taken = host::routed(&link.bridge())?;
    taken.extend(parts.iter().filter_map(|part| Some(part.member()?.pods)));
    network::pods(link, number, &taken)
}

/// On the flat network every pod address must mean one pod.
fn refuse_shared_pods(parts: &[Part], member: &Member) -> Result<()> {
    if member.isolated {
        return Ok(());
    }
    let others = parts.iter().filter_map(|part| Some((part, part.member()?)));
    for (part, other) in others {
        if !other.isolated && other.pods.overlaps(member.pods) {
            bail!(
                "pods {} overlap those of {}; choose others with --pod-cidr, or add --isolated",
                member.pods,
                part.name
            );
        }
    }
    Ok(())
}

fn bring_up(cache: &Cache, part: &mut Part, started: Instant) -> Result<()> {
    let (Some(member), Some(link)) = (part.member().cloned(), part.link) else {
        bail!("{} is no cluster", part.name);
    };
    let plan = Plan {
        name: part.name.clone(),
        link,
        member,
    };
    let dir = part.dir(cache);
    write_files(cache, &dir, &plan)?;
    part.processes = launch(&dir)?;
    part.save(cache)?;
    plug_in(cache, part, &plan)?;
    let cluster = Cluster::from_part(cache, part)?;
    // Bounded: a kubectl whose starter is killed must not wait on for a cluster that will not come.
    let ready = ["get", "--raw", "/readyz", "--request-timeout=2s"];
    wait_until(&cluster, "the API server", || {
        cluster.kubectl(&ready).is_ok()
    })?;
    say(&format!(
        "cluster {}: API server ready after {:.1} s",
        plan.name,
        started.elapsed().as_secs_f64()
    ));
    if plan.member.api_only {
        Ok(())
    } else {
        finish(&cluster)
    }
}

/// kube-proxy gets its rights, the node becomes ready, pods can be created.
fn finish(cluster: &Cluster) -> Result<()> {
    let binding = [
        "create",
        "clusterrolebinding",
        "lab-proxy",
        "--clusterrole=system:node-proxier",
        "--user=system:kube-proxy",
    ];
    wait_until(cluster, "kube-proxy's role", || {
        cluster.kubectl(&binding).is_ok()
    })?;
    let ready = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
    wait_until(cluster, "the node", || {
        cluster
            .kubectl(&["get", "node", cluster.name(), "-o", ready])
            .is_ok_and(|status| status == "True")
    })?;
    wait_until(cluster, "the default service account", || {
        cluster
            .kubectl(&["-n", "default", "get", "serviceaccount", "default"])
            .is_ok()
    })
}

fn write_files(cache: &Cache, dir: &Path, plan: &Plan) -> Result<()> {
    let [kubernetes, coredns] =
        [Tool::Kubernetes, Tool::Coredns].map(|tool| tools::ensure(cache, tool));
    for sub in ["log", "apiserver", "cniconf"] {
        fs::create_dir_all(dir.join(sub))
            .with_context(|| format!("cannot create {}", dir.display()))?;
    }
    let texts = [
        ("pki.sh", PKI.to_owned()),
        ("init.sh", INIT.to_owned()),
        ("env", files::environment(plan, &kubernetes?, &coredns?)),
        ("containerd.toml", containerd::config()),
        ("kubelet.yaml", files::kubelet(dir, plan)),
        ("kube-proxy.yaml", files::kube_proxy(dir, plan)),
        ("Corefile", files::corefile(dir, plan)),
        ("cniconf/10-lab.conflist", files::cni(plan)),
        ("resolv.conf", String::new()),
    ];
    for (name, text) in texts {
        fs::write(dir.join(name), text)
            .with_context(|| format!("cannot write {name} of {}", plan.name))?;
    }
    Run::new("bash")
        .args([dir.join("pki.sh"), dir.join("pki")])
        .args([
            plan.node().to_string(),
            plan.name.clone(),
            plan.member.services.host(1).to_string(),
        ])
        .logged(&dir.join("log/pki.log"))?;
    if plan.member.api_only {
        return Ok(());
    }
    let images = tools::ensure(cache, Tool::Images)?;
    containerd::copy_store(&images, &dir.join("containerd"))
}

/// Starts pid 1 in its namespaces, apart from our session and terminal; returns it and its keeper.
fn launch(dir: &Path) -> Result<Vec<ProcId>> {
    Run::new("setsid")
        .args(["--fork", "unshare"])
        .args(containerd::APART)
        .args(containerd::MACHINE)
        .args(["bash"])
        .args([&dir.join("init.sh"), dir])
        .logged(&dir.join("log/init.log"))?;
    let deadline = Instant::now().checked_add(Duration::from_secs(20));
    while deadline.is_some_and(|end| Instant::now() < end) {
        let found = process::below(dir);
        let (init, others): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|running| process::is_namespace_init(running.id.pid()));
        let is_keeper = |running: &process::Running| {
            running
                .command
                .first()
                .is_some_and(|name| name == "unshare")
        };
        if let Some(init) = init.into_iter().next() {
            let keeper = others.into_iter().find(is_keeper);
            return Ok([Some(init.id), keeper.map(|running| running.id)]
                .into_iter()
                .flatten()
                .collect());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let log = fs::read_to_string(dir.join("log/init.log")).unwrap_or_default();
    bail!("its namespaces could not be created: {}", log.trim())
}

fn wait_until(cluster: &Cluster, what: &str, mut ready: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now().checked_add(PATIENCE);
    while !ready() {
        cluster.init()?;
        if deadline.is_none_or(|end| Instant::now() > end) {
            bail!(
                "{what} of {} is not ready after {} s",
                cluster.name(),
                PATIENCE.as_secs()
            );
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::cluster;

    #[test]
    fn flat_pods_must_differ() {
        let running = [cluster("a", 1)];
        let mut same = cluster("b", 2).member().unwrap().clone();
        assert!(refuse_shared_pods(&running, &same).is_ok());
        same.pods = running[0].member().unwrap().pods;
        let error = refuse_shared_pods(&running, &same).unwrap_err().to_string();
        assert!(error.contains("overlap those of a"), "{error}");
        same.isolated = true;
        assert!(refuse_shared_pods(&running, &same).is_ok());
    }
}
