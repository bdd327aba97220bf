//! What comes next: a command that would do something, or words where no command of weft does. It follows from how far the upgrade
//! is and from who uses what, and from nothing else, so that the same answer is given wherever it is asked for.

use std::collections::BTreeSet;
use std::fmt;

use super::facts::Facts;
use super::state::{Stage, Strategy, Upgrade};
use super::steps::{Step, Verb};
use super::usage::Usage;
use crate::sidecar::wish::guard;

/// What is left to do, as the cluster shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// Namespaces in which moving all of them would change anything.
    pub(crate) moves: BTreeSet<String>,
    /// Namespaces in which a restart would change proxies.
    pub(crate) restarts: BTreeSet<String>,
    /// Whether anything has to be started anew only because its proxy is of another version or revision.
    pub(crate) outdated: bool,
    /// The gateways that weft made, by namespace and name.
    pub(crate) made: BTreeSet<String>,
    /// Those of them that are not what they would be now.
    pub(crate) behind: BTreeSet<String>,
    /// Who uses the revision that is to go.
    pub(crate) uses: Usage,
    /// The root namespace of the mesh.
    pub(crate) root: String,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// As it is pasted.
    Command(String),
    /// For hands.
    Words(String),
}

impl Act {
    /// Without marks around a command.
    pub(crate) fn bare(self) -> String {
        match self {
            Self::Command(text) | Self::Words(text) => text,
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(text) => write!(out, "`{text}`"),
            Self::Words(text) => out.write_str(text),
        }
    }
}

impl Left {
    /// By what is there, for the revision that is to go.
    pub(crate) fn of(facts: &Facts, upgrade: Option<&Upgrade>, goes: &str) -> Self {
        let mut left = Self {
            made: facts.made().clone(),
            uses: facts.usage(goes),
            root: facts.root().to_owned(),
            ..Self::default()
        };
        for workload in facts.survey().into_iter().flat_map(|row| row.workloads) {
            let name = format!("{}/{}", workload.namespace, workload.name);
            let restarts = workload.has_stale_proxies() && workload.workload_name().is_some();
            if workload.is_gateway && restarts && left.made.contains(&name) {
                left.behind.insert(name);
            } else if !workload.is_gateway && restarts && left.counts(&workload.namespace) {
                left.outdated |= workload.is_only_old();
                left.restarts.insert(workload.namespace);
            }
        }
        if let Some(upgrade) = upgrade {
            left.moves = moves(upgrade, facts, &left);
        }
        left
    }

    /// Whether weft touches a namespace.
    fn counts(&self, namespace: &str) -> bool {
        guard(namespace, &self.root).is_ok()
    }

    /// What ends the use of a revision that is to go, in the order in which it is done.
    pub(crate) fn acts(&self, mesh: &str, stays: &str) -> Vec<Act> {
        let mut acts = self.of_pods(mesh, stays);
        acts.extend(self.of_gateways(stays));
        let rest = self.uses.namespaces.iter();
        let rest = rest.filter(|name| !self.moves.contains(*name));
        acts.extend(
            rest.map(|name| Act::Command(format!("weft sidecar enable {name} --revision {stays}"))),
        );
        acts.extend(self.uses.tags.iter().map(|tag| {
            Act::Words(format!(
                "tag {tag}, which this mesh does not have in spec.tags, has to stand for {stays} (`istioctl tag set {tag} --revision {stays} --overwrite`), or to go"
            ))
        }));
        acts
    }

    /// The same for pods with sidecars, and templates that will make some.
    pub(crate) fn of_pods(&self, mesh: &str, stays: &str) -> Vec<Act> {
        let mut acts = Vec::new();
        if !self.moves.is_empty() {
            acts.push(Act::Command(format!("weft mesh upgrade move {mesh} --all")));
        }
        let places = self.uses.pods.keys();
        let places: Vec<_> = places.filter(|name| !self.moves.contains(*name)).collect();
        let (restarts, alone): (Vec<_>, Vec<_>) = places
            .into_iter()
            .partition(|name| self.restarts.contains(*name));
        acts.extend(
            restarts
                .iter()
                .map(|name| Act::Command(format!("weft sidecar restart {name} --needed"))),
        );
        let asking: Vec<_> = self
            .uses
            .workloads
            .iter()
            .filter_map(|name| asking(name, stays))
            .collect();
        let asks = |name: &&&String| asking.iter().any(|(namespace, _)| namespace == **name);
        let alone: Vec<_> = alone
            .iter()
            .filter(|name| !asks(name))
            .map(|name| name.as_str())
            .collect();
        acts.extend(asking.iter().map(|(_, act)| act.clone()));
        if !alone.is_empty() {
            acts.push(Act::Words(format!(
                "pods in {} have to be created anew: nothing that weft restarts makes them",
                alone.join(", ")
            )));
        }
        acts
    }

    fn of_gateways(&self, stays: &str) -> Vec<Act> {
        let act = |name: &String| {
            let parts = name.split_once('/').filter(|_| self.made.contains(name));
            match parts {
                Some((namespace, gateway)) => {
                    Act::Command(format!("weft gateway upgrade {gateway} -n {namespace}"))
                }
                None => Act::Words(format!(
                    "gateway {name}, which weft did not make, has to have istio.io/rev={stays} on its pods"
                )),
            }
        };
        self.uses.gateways.iter().map(act).collect()
    }

    /// Whether pods are left that an upgrade moves.
    fn has_pods(&self) -> bool {
        self.uses.remaining(&self.root).is_some()
    }
}

/// Where moving all would change anything: labels, a tag, or proxies.
fn moves(upgrade: &Upgrade, facts: &Facts, left: &Left) -> BTreeSet<String> {
    let shown = facts.shown(upgrade);
    let Ok(steps) = upgrade.steps(&Verb::Move(None), &shown) else {
        return BTreeSet::new();
    };
    let noted = steps.iter().find_map(|step| {
        let Step::Note(noted) = step else {
            return None;
        };
        Some(&noted.tags)
    });
    let comes = |name: &str| {
        let tag = shown.namespaces.get(name).and_then(|said| said.name());
        tag.is_some_and(|tag| {
            !upgrade.tags.contains(tag) && noted.is_some_and(|tags| tags.contains(tag))
        })
    };
    let found = steps.iter().filter_map(|step| {
        if let Step::Say(name, _) = step {
            return Some(name);
        }
        let Step::Restart(name) = step else {
            return None;
        };
        (left.restarts.contains(name) || comes(name)).then_some(name)
    });
    found.cloned().collect()
}

/// `Deployment shop/cart` is told to name another revision.
fn asking(workload: &str, stays: &str) -> Option<(String, Act)> {
    let (kind, name) = workload.split_once(' ')?;
    let (namespace, name) = name.split_once('/')?;
    let text = if kind == "CronJob" {
        format!(
            "kubectl -n {namespace} patch cronjob {name} --type merge -p \
             '{{\"spec\":{{\"jobTemplate\":{{\"spec\":{{\"template\":{{\"metadata\":{{\"labels\":{{\"istio.io/rev\":\"{stays}\"}}}}}}}}}}}}}}'"
        )
    } else {
        let kind = kind.to_lowercase();
        format!("weft sidecar enable {kind}/{name} -n {namespace} --revision {stays}")
    };
    Some((namespace.to_owned(), Act::Command(text)))
}

/// What comes next; nothing where nothing is left to do.
pub(crate) fn next(mesh: &str, upgrade: Option<&Upgrade>, left: &Left) -> Option<Act> {
    let Some(upgrade) = upgrade else {
        let sidecars = left.outdated.then(|| "weft sidecar upgrade -A".to_owned());
        let gateways = || {
            let some = !left.behind.is_empty();
            some.then(|| format!("weft gateway upgrade --all --mesh {mesh}"))
        };
        return sidecars.or_else(gateways).map(Act::Command);
    };
    let canary = upgrade.strategy == Strategy::Canary;
    let first = match upgrade.stage {
        Stage::Ready if canary && (left.has_pods() || !left.moves.is_empty()) => {
            left.of_pods(mesh, upgrade.new_one()).into_iter().next()
        }
        Stage::Promoted if canary => left.acts(mesh, upgrade.new_one()).into_iter().next(),
        Stage::Ready
        | Stage::Promoted
        | Stage::Installing
        | Stage::Promoting
        | Stage::Finishing
        | Stage::RollingBack
        | Stage::Leaving => None,
    };
    Some(first.unwrap_or_else(|| Act::Command(upgrade.next())))
}

#[cfg(test)]
mod tests {
    use super::super::steps::tests::upgrade;
    use super::*;

    fn names(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Every stage, with each thing that can be left.
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table, row by row")]
    fn what_comes_next_is_what_is_left() {
        use Stage::{Finishing, Installing, Leaving, Promoted, Promoting, Ready, RollingBack};
        let none = Left {
            root: "istio-system".to_owned(),
            made: names(&["edge/front"]),
            ..Left::default()
        };
        let uses = |uses: Usage| Left {
            uses,
            ..none.clone()
        };
        let pods = |name: &str| Usage {
            pods: [(name.to_owned(), 2)].into(),
            ..Usage::default()
        };
        let moves = Left {
            moves: names(&["shop"]),
            ..uses(pods("shop"))
        };
        let stale = Left {
            restarts: names(&["odd"]),
            ..uses(pods("odd"))
        };
        let gateways = |name: &str| {
            uses(Usage {
                gateways: names(&[name]),
                ..Usage::default()
            })
        };
        let asks = |name: &str| {
            uses(Usage {
                workloads: names(&[name]),
                ..pods("shop")
            })
        };
        let named = uses(Usage {
            namespaces: names(&["other"]),
            ..Usage::default()
        });
        let tagged = uses(Usage {
            tags: names(&["theirs"]),
            ..Usage::default()
        });
        let start = "weft mesh upgrade shop --to 1.31.0 --strategy canary --revision 1-31-0";
        let all = "weft mesh upgrade move shop --all";
        let (promote, finish) = (
            "weft mesh upgrade promote shop",
            "weft mesh upgrade finish shop",
        );
        let back = "weft mesh upgrade rollback shop";
        let enable = "weft sidecar enable deployment/cart -n shop --revision 1-31-0";
        let cases = [
            (Installing, &moves, start),
            (Ready, &none, promote),
            (Ready, &moves, all),
            (Ready, &stale, "weft sidecar restart odd --needed"),
            (Ready, &asks("Deployment shop/cart"), enable),
            (
                Ready,
                &uses(pods("shop")),
                "pods in shop have to be created anew",
            ),
            // What only finishing needs does not keep anybody from promoting.
            (Ready, &uses(pods("istio-system")), promote),
            (Ready, &gateways("edge/front"), promote),
            (Ready, &named, promote),
            (Ready, &tagged, promote),
            (Promoting, &moves, promote),
            (Promoted, &none, finish),
            (Promoted, &moves, all),
            (Promoted, &stale, "weft sidecar restart odd --needed"),
            (Promoted, &asks("Deployment shop/cart"), enable),
            (
                Promoted,
                &asks("CronJob shop/nightly"),
                "kubectl -n shop patch cronjob nightly --type merge",
            ),
            (
                Promoted,
                &uses(pods("istio-system")),
                "pods in istio-system have to be created anew",
            ),
            (
                Promoted,
                &gateways("edge/front"),
                "weft gateway upgrade front -n edge",
            ),
            (
                Promoted,
                &gateways("edge/helm"),
                "gateway edge/helm, which weft did not make",
            ),
            (
                Promoted,
                &named,
                "weft sidecar enable other --revision 1-31-0",
            ),
            (
                Promoted,
                &tagged,
                "tag theirs, which this mesh does not have",
            ),
            (Finishing, &moves, finish),
            (RollingBack, &moves, back),
            (Leaving, &none, back),
        ];
        for (stage, left, wanted) in cases {
            let mut upgrade = upgrade("{version: 1.30.0}");
            upgrade.stage = stage;
            let found = next("shop", Some(&upgrade), left).unwrap().bare();
            assert!(found.starts_with(wanted), "{stage:?} {left:?}: {found}");
        }
        let behind = Left {
            behind: names(&["edge/front"]),
            ..none.clone()
        };
        let outdated = Left {
            outdated: true,
            ..behind.clone()
        };
        let over = [
            (&none, None),
            (&stale, None),
            (&behind, Some("weft gateway upgrade --all --mesh shop")),
            (&outdated, Some("weft sidecar upgrade -A")),
        ];
        for (left, wanted) in over {
            let found = next("shop", None, left).map(Act::bare);
            assert_eq!(found.as_deref(), wanted, "{left:?}");
        }
    }
}
