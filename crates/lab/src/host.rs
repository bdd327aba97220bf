//! The host's side: takes the snapshot for [`crate::cleanup`], carries its plan out, and owns the bridge.
//!
//! Everything here happens under one lock, so that two runs never build and tear down the same bridge.

mod bridge;

use crate::cache::{Cache, Lock};
use crate::cleanup::{self, Observed, Scope, Snapshot, Step};
use crate::command::{Run, which};
use crate::output::say;
use crate::process::{self, ProcId};
use crate::state::{self, Found};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use bridge::{ensure_bridge, refuse_overlap, routed};

/// Where containers put their control groups: version 1 has a tree for each controller, version 2 one.
const CGROUPS: &str = "/sys/fs/cgroup";

/// The lock on everything that the host shares between runs.
pub(crate) fn lock(cache: &Cache) -> Result<Lock> {
    cache.lock("lab")
}

/// Makes the scope true. The caller holds the lock.
pub(crate) fn clean(cache: &Cache, scope: &Scope, _lock: &Lock) -> Result<()> {
    crate::tools::remove_stale_policy();
    let snapshot = observe(cache)?;
    let steps = cleanup::plan(&snapshot, scope);
    for step in &steps {
        apply(step).with_context(|| format!("cannot clean up: {step:?}"))?;
    }
    remove_empty_cgroup_parents(cache);
    Ok(())
}

fn observe(cache: &Cache) -> Result<Snapshot> {
    let parts = state::all(cache).into_iter().map(observe_part).collect();
    if which("ip").is_none() {
        return Ok(Snapshot {
            parts,
            ..Snapshot::default()
        });
    }
    let links = ip_json(&["-d", "link", "show"])?;
    let ours = bridge::alias(cache);
    let is_ours = |link: &&Value| text(link, "ifalias") == ours;
    let routes = ip_json(&["-4", "route", "show"])?;
    Ok(Snapshot {
        parts,
        bridges: links
            .iter()
            .filter(is_ours)
            .map(|link| text(link, "ifname"))
            .collect(),
        links: links.iter().map(|link| text(link, "ifname")).collect(),
        routes: routes
            .iter()
            .map(|route| (text(route, "dst"), text(route, "dev")))
            .collect(),
    })
}

fn observe_part(found: Found) -> Observed {
    let alive = found
        .part
        .as_ref()
        .is_some_and(|part| part.is_alive(ProcId::is_alive));
    let recorded = found
        .part
        .iter()
        .flat_map(|part| part.processes.iter().cloned());
    let mut processes: Vec<ProcId> = recorded.filter(ProcId::is_alive).collect();
    // A run may die between starting something and writing it down.
    for running in servers(&found.dir) {
        if !processes.contains(&running) {
            processes.push(running);
        }
    }
    let cgroups = cgroups_of(&found.dir);
    Observed {
        found,
        alive,
        processes,
        cgroups,
    }
}

/// What the lab started in that directory and still runs. What only names it is not taken: somebody may have a log of
/// it open.
pub(crate) fn servers(dir: &Path) -> Vec<ProcId> {
    process::below(dir)
        .into_iter()
        .filter(|running| is_server(&running.command, dir))
        .map(|running| running.id)
        .collect()
}

/// Whether a command line is one of those that the lab starts in that directory.
fn is_server(command: &[String], dir: &Path) -> bool {
    let script = dir.join("init.sh").display().to_string();
    let config = dir.join("registry.yaml").display().to_string();
    let program = command
        .first()
        .and_then(|program| program.rsplit('/').next())
        .unwrap_or_default();
    match program {
        "unshare" | "bash" | "setsid" => command.contains(&script),
        "registry" => command.contains(&config),
        _ => false,
    }
}

/// Containers have the control group `/k8s.io/ID`; containerd keeps a directory of that name for each.
fn cgroups_of(dir: &Path) -> Vec<PathBuf> {
    let tasks = dir.join("containerd/io.containerd.runtime.v2.task/k8s.io");
    let ids: Vec<_> = names(&tasks).collect();
    let parents = cgroup_parents();
    let paths = parents
        .iter()
        .flat_map(|parent| ids.iter().map(move |id| parent.join(id)));
    paths.filter(|path| path.is_dir()).collect()
}

fn cgroup_parents() -> Vec<PathBuf> {
    let root = Path::new(CGROUPS);
    let trees = names(root).map(|name| root.join(name).join("k8s.io"));
    trees
        .chain([root.join("k8s.io")])
        .filter(|path| path.is_dir())
        .collect()
}

/// The last cluster takes the groups' parents, too. One that is in use, by whomever, cannot be removed.
fn remove_empty_cgroup_parents(cache: &Cache) {
    if state::parts(cache)
        .iter()
        .all(|part| part.member().is_none())
    {
        for parent in cgroup_parents() {
            drop(fs::remove_dir(parent));
        }
    }
}

fn names(dir: &Path) -> impl Iterator<Item = std::ffi::OsString> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name())
}

fn apply(step: &Step) -> Result<()> {
    match step {
        Step::Kill(id) => {
            id.kill();
            Ok(())
        }
        Step::DeleteRoute {
            destination,
            device,
        } => gone(&["route", "del", destination, "dev", device]),
        Step::DeleteLink(name) => gone(&["link", "del", name]),
        Step::RemoveCgroup(path) => {
            remove_cgroup(path);
            Ok(())
        }
        Step::RemoveDir(path) => remove_dir(path),
        Step::DeleteBridge(name) => {
            bridge::forbid_forwarding(name);
            gone(&["link", "del", name])
        }
    }
}

/// Links vanish by themselves when the namespace of their other end is torn down, which takes the kernel a moment: so
/// a failure to delete is fine when the thing is gone.
fn gone(arguments: &[&str]) -> Result<()> {
    match Run::new("ip").args(arguments).stdout() {
        Ok(_) => Ok(()),
        Err(error)
            if ["Cannot find device", "No such process", "No such device"]
                .iter()
                .any(|text| format!("{error:#}").contains(text)) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Groups of killed processes stay busy until the kernel has collected them.
fn remove_cgroup(path: &Path) {
    for _ in 0..50 {
        if fs::remove_dir(path).is_ok() || !path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    say(&format!(
        "{} is still in use; lab clean removes it",
        path.display()
    ));
}

fn remove_dir(path: &Path) -> Result<()> {
    // Files of processes that are just ending may still appear in it.
    for _ in 0..50 {
        if fs::remove_dir_all(path).is_ok() || !path.exists() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))
}

pub(crate) fn ip(arguments: &[&str]) -> Result<()> {
    Run::new("ip").args(arguments).stdout().map(drop)
}

fn ip_json(arguments: &[&str]) -> Result<Vec<Value>> {
    let text = Run::new("ip").args(["-j"]).args(arguments).stdout()?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&text).context("ip -j printed no JSON; is iproute2 older than 4.16?")
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_lab_starts_counts_as_a_server() {
        let dir = Path::new("/lab/x");
        let table = [
            ("unshare --fork bash /lab/x/init.sh /lab/x", true),
            ("/usr/bin/bash /lab/x/init.sh /lab/x", true),
            ("/c/registry serve /lab/x/registry.yaml", true),
            ("vi /lab/x/init.sh", false),
            ("tail -f /lab/x/log/etcd.log", false),
            ("bash /lab/xy/init.sh", false),
        ];
        for (line, expected) in table {
            let command: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(is_server(&command, dir), expected, "{line}");
        }
    }

    #[test]
    fn a_missing_thing_counts_as_deleted() {
        if which("ip").is_some() {
            gone(&["link", "del", "no-such-link"]).unwrap();
        }
    }
}
