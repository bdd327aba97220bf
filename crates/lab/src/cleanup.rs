//! What has to go, computed from a snapshot of what is. Pure: [`crate::host`] takes the snapshot and carries it out.

use crate::network::Link;
use crate::process::ProcId;
use crate::state::{Found, Part};
use std::path::PathBuf;

/// What the lab has on this machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) parts: Vec<Observed>,
    /// Bridges that carry this cache's name.
    pub(crate) bridges: Vec<String>,
    /// Every network link of the host.
    pub(crate) links: Vec<String>,
    /// Every route of the host: destination, device.
    pub(crate) routes: Vec<(String, String)>,
}

/// One directory of the lab and what of it lives.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) found: Found,
    pub(crate) alive: bool,
    /// Running processes, recorded or recognised by the directory that they name; the recorded ones first.
    pub(crate) processes: Vec<ProcId>,
    pub(crate) cgroups: Vec<PathBuf>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What dead runs left.
    Dead,
    /// That, and these.
    Named(Vec<String>),
    /// Everything.
    All,
}

/// One step. They are carried out in order, and a step whose object is gone already is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Kill(ProcId),
    DeleteRoute {
        destination: String,
        device: String,
    },
    DeleteLink(String),
    RemoveCgroup(PathBuf),
    RemoveDir(PathBuf),
    /// The firewall rules of a bridge, and the bridge.
    DeleteBridge(String),
}

/// The steps that make the scope true.
pub(crate) fn plan(snapshot: &Snapshot, scope: &Scope) -> Vec<Step> {
    let (go, stay): (Vec<&Observed>, Vec<&Observed>) = snapshot
        .parts
        .iter()
        .partition(|observed| goes(observed, scope));
    let mut steps: Vec<Step> = Vec::new();
    for observed in &go {
        steps.extend(observed.processes.iter().cloned().map(Step::Kill));
    }
    steps.extend(stray_links(snapshot, &stay));
    steps.extend(stray_routes(snapshot, &stay));
    for observed in &go {
        steps.extend(observed.cgroups.iter().cloned().map(Step::RemoveCgroup));
        steps.push(Step::RemoveDir(observed.found.dir.clone()));
    }
    let used: Vec<String> = stay
        .iter()
        .filter_map(|o| link(o))
        .map(Link::bridge)
        .collect();
    let unused = snapshot
        .bridges
        .iter()
        .filter(|bridge| !used.contains(bridge));
    steps.extend(unused.cloned().map(Step::DeleteBridge));
    steps
}

fn goes(observed: &Observed, scope: &Scope) -> bool {
    let name = observed
        .found
        .dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    match scope {
        Scope::All => true,
        Scope::Dead => !observed.alive,
        Scope::Named(names) => !observed.alive || names.iter().any(|wanted| *wanted == name),
    }
}

fn part(observed: &Observed) -> Option<&Part> {
    observed.found.part.as_ref()
}

fn link(observed: &Observed) -> Option<Link> {
    part(observed)?.link
}

/// Cables of our bridges that no remaining member is plugged into.
fn stray_links(snapshot: &Snapshot, stay: &[&Observed]) -> Vec<Step> {
    let ports: Vec<String> = stay.iter().filter_map(|o| port(o)).collect();
    let ours = |name: &str| {
        snapshot
            .bridges
            .iter()
            .any(|bridge| name.starts_with(&format!("{bridge}-")))
    };
    let unplugged = snapshot
        .links
        .iter()
        .filter(|name| ours(name) && !ports.contains(name));
    unplugged.cloned().map(Step::DeleteLink).collect()
}

fn port(observed: &Observed) -> Option<String> {
    let number = part(observed)?.member()?.number;
    Some(link(observed)?.port(number))
}

/// Routes over our bridges to pods that are no more; the bridge's own network goes with the bridge.
fn stray_routes(snapshot: &Snapshot, stay: &[&Observed]) -> Vec<Step> {
    let wanted = |destination: &str| {
        stay.iter().filter_map(|o| part(o)).any(|part| {
            let link = part
                .link
                .is_some_and(|link| link.net.to_string() == destination);
            link || part
                .member()
                .is_some_and(|member| member.pods.to_string() == destination)
        })
    };
    let leftover = snapshot
        .routes
        .iter()
        .filter(|(destination, device)| snapshot.bridges.contains(device) && !wanted(destination));
    leftover
        .map(|(destination, device)| Step::DeleteRoute {
            destination: destination.clone(),
            device: device.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::{cluster, process};

    fn observed(part: Part, alive: bool, pid: i32) -> Observed {
        let dir = PathBuf::from("/lab").join(&part.name);
        Observed {
            cgroups: vec![PathBuf::from(format!("/cg/{}", part.name))],
            found: Found {
                dir,
                part: Some(part),
            },
            alive,
            processes: vec![process(pid)],
        }
    }

    fn snapshot() -> Snapshot {
        let bridge = "wl0a4d00".to_owned();
        let route = |text: &str| (text.to_owned(), bridge.clone());
        Snapshot {
            parts: vec![
                observed(cluster("a", 1), true, 1),
                observed(cluster("b", 2), false, 2),
            ],
            bridges: vec![bridge.clone()],
            links: [
                "lo",
                "eth0",
                "wl0a4d00",
                "wl0a4d00-1",
                "wl0a4d00-2",
                "wl0a4d00-9",
                "wl0b0000-1",
            ]
            .map(str::to_owned)
            .to_vec(),
            routes: vec![
                route("10.77.0.0/24"),
                route("10.101.0.0/16"),
                route("10.102.0.0/16"),
                ("10.102.0.0/16".into(), "eth0".into()),
            ],
        }
    }

    #[test]
    fn only_the_dead_go_and_the_living_keep_the_bridge() {
        let delete = |name: &str| Step::DeleteLink(name.into());
        let expected = [
            Step::Kill(process(2)),
            delete("wl0a4d00-2"),
            delete("wl0a4d00-9"),
            Step::DeleteRoute {
                destination: "10.102.0.0/16".into(),
                device: "wl0a4d00".into(),
            },
            Step::RemoveCgroup("/cg/b".into()),
            Step::RemoveDir("/lab/b".into()),
        ];
        assert_eq!(plan(&snapshot(), &Scope::Dead), expected);
    }

    #[test]
    fn the_last_one_takes_the_bridge() {
        for scope in [Scope::All, Scope::Named(vec!["a".into()])] {
            let steps = plan(&snapshot(), &scope);
            assert_eq!(steps.last(), Some(&Step::DeleteBridge("wl0a4d00".into())));
            assert!(steps.contains(&Step::Kill(process(1))));
            // Somebody else's link of a similar name, and routes elsewhere, are not ours.
            assert!(!steps.contains(&Step::DeleteLink("wl0b0000-1".into())));
            assert!(
                !steps.iter().any(
                    |step| matches!(step, Step::DeleteRoute { device, .. } if device == "eth0")
                )
            );
        }
    }

    #[test]
    fn a_directory_that_says_nothing_is_removed() {
        let mut snapshot = snapshot();
        let dir = PathBuf::from("/lab/half");
        snapshot.parts.push(Observed {
            found: Found {
                dir: dir.clone(),
                part: None,
            },
            alive: false,
            processes: Vec::new(),
            cgroups: Vec::new(),
        });
        assert!(plan(&snapshot, &Scope::Dead).contains(&Step::RemoveDir(dir)));
    }

    #[test]
    fn nothing_running_means_nothing_to_do() {
        assert_eq!(plan(&Snapshot::default(), &Scope::All), []);
    }
}
