//! What an upgrade looks at: namespaces, pods and the webhooks that inject.

use std::collections::{BTreeMap, BTreeSet};

use super::state::{Said, Upgrade};
use super::steps::Shown;
use super::usage::{Cron, Usage, asking, crons};
use crate::cluster::access::Cluster;
use crate::failure::Failure;
use crate::gateway;
use crate::sidecar::kinds::Kinds;
use crate::sidecar::read::Reader;
use crate::sidecar::state::{NamespaceStatus, Snapshot, survey};
use crate::sidecar::wish::guard;

/// Proxies of one sort.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sort {
    /// Their revision.
    pub(crate) revision: String,
    /// Their version.
    pub(crate) version: String,
}

/// A cluster as it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    snapshot: Snapshot,
    crons: Vec<Cron>,
    made: BTreeSet<String>,
    root: String,
}

impl Facts {
    /// Reads it, but for who made gateways.
    pub(crate) async fn read(cluster: &Cluster, root: &str) -> Result<Self, Failure> {
        let kinds = Kinds::read(cluster, root, None).await?;
        let reader = Reader::new(cluster.clone()).with(kinds.served);
        Ok(Self {
            made: BTreeSet::new(),
            snapshot: reader.snapshot(None, root).await?,
            crons: crons(cluster).await?,
            root: root.to_owned(),
        })
    }

    /// The same with who made the gateways.
    pub(crate) async fn with_gateways(cluster: &Cluster, root: &str) -> Result<Self, Failure> {
        let read = Self::read(cluster, root).await?;
        // A record of a gateway that is not in order keeps nobody from an upgrade: then nobody knows who made any.
        let made = gateway::record::all(cluster, None).await;
        let made = made.unwrap_or_default().good.into_iter();
        let made = made.filter(|one| one.state.root_namespace == root);
        Ok(Self {
            made: made
                .map(|one| format!("{}/{}", one.namespace, one.name()))
                .collect(),
            ..read
        })
    }

    /// The gateways that weft made for this mesh, by namespace and name, if that was read.
    pub(crate) fn made(&self) -> &BTreeSet<String> {
        &self.made
    }

    /// The root namespace of the mesh.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// What decides the next steps.
    pub(crate) fn shown(&self, upgrade: &Upgrade) -> Shown {
        let ours = |name: &&String| guard(name, &self.root).is_ok();
        let pods = self.snapshot.pods.iter();
        let new = pods.filter(|pod| {
            let proxy = pod.proxy.as_ref();
            proxy.is_some_and(|proxy| proxy.revision == upgrade.new_one())
        });
        let on_new: BTreeSet<_> = new.map(|pod| pod.namespace.clone()).collect();
        let asking = asking(&self.snapshot, &self.crons).into_iter();
        // Gateways go back by a verb of their own.
        let asking = asking.filter(|one| one.name == upgrade.new_one() && !one.is_gateway);
        Shown {
            namespaces: self.said(),
            on_new: on_new.into_iter().filter(|name| ours(&name)).collect(),
            asking: asking.map(|one| one.workload).collect(),
        }
    }

    /// What each namespace says, but those of the system.
    pub(crate) fn said(&self) -> BTreeMap<String, Said> {
        let all = self.snapshot.namespaces.iter();
        all.filter(|(name, _)| guard(name, &self.root).is_ok())
            .map(|(name, labels)| (name.clone(), Said::of(labels)))
            .collect()
    }

    /// Who uses a revision.
    pub(crate) fn usage(&self, revision: &str) -> Usage {
        Usage::of(revision, &self.snapshot, &self.crons, &self.root)
    }

    /// Gateways that control planes of others serve, by namespace and name: what becomes of this mesh does not concern them.
    pub(crate) fn gateways_of_others(&self, upgrade: &Upgrade) -> BTreeSet<String> {
        let gateways = |revision: &str| self.usage(revision).gateways;
        let ours = [upgrade.old(), upgrade.new_one()];
        let own: BTreeSet<_> = ours.into_iter().flat_map(gateways).collect();
        let hooks = self.snapshot.injectors.hooks.iter();
        let served = hooks.map(|hook| hook.revision.as_str());
        let proxies = self.snapshot.pods.iter();
        let run = proxies.filter_map(|pod| Some(pod.proxy.as_ref()?.revision.as_str()));
        let others: BTreeSet<_> = served
            .chain(run)
            .filter(|one| !ours.contains(one))
            .collect();
        let theirs = others.into_iter().flat_map(gateways);
        theirs.filter(|name| !own.contains(name)).collect()
    }

    /// The namespaces and workloads that name this revision or tag.
    pub(crate) fn naming(&self, name: &str) -> Vec<String> {
        let said = self.said().into_iter();
        let places = said.filter(|(_, said)| said.name() == Some(name));
        let places = places.map(|(place, _)| format!("Namespace {place}"));
        let asking = asking(&self.snapshot, &self.crons).into_iter();
        let asking = asking.filter(|one| one.name == name);
        places.chain(asking.map(|one| one.workload)).collect()
    }

    /// How each namespace and its workloads are.
    pub(crate) fn survey(&self) -> Vec<NamespaceStatus> {
        survey(&self.snapshot)
    }

    /// How many proxies of which sort each namespace has.
    pub(crate) fn proxies(&self) -> BTreeMap<String, BTreeMap<Sort, usize>> {
        let mut found: BTreeMap<String, BTreeMap<Sort, usize>> = BTreeMap::new();
        for pod in &self.snapshot.pods {
            if let Some(proxy) = &pod.proxy {
                let sort = Sort {
                    revision: proxy.revision.clone(),
                    version: proxy.version.clone(),
                };
                let sorts = found.entry(pod.namespace.clone()).or_default();
                let count = sorts.entry(sort).or_default();
                *count = count.saturating_add(1);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::next::{Left, next};
    use super::super::preflight::versions;
    use super::super::state::Stage;
    use super::super::steps::tests::upgrade;
    use super::super::usage::tests::{hook, labels, pod};
    use super::*;
    use crate::sidecar::injector::Injectors;

    #[test]
    fn what_another_mesh_runs_does_not_concern_an_upgrade() {
        let hooks =
            ["one", "1-31-0", "theirs"].map(|name| hook(name, &json!({"istio.io/rev": name})));
        let facts = Facts {
            snapshot: Snapshot {
                injectors: Injectors::of(&hooks),
                pods: vec![
                    pod("shop", "a", Some("one"), false),
                    pod("moved", "b", Some("1-31-0"), false),
                    pod("else", "c", Some("theirs"), false),
                    pod("gone", "d", Some("orphaned"), false),
                    pod("shop", "ours", Some("one"), true),
                    pod("else", "in", Some("theirs"), true),
                ],
                ..Snapshot::default()
            },
            root: "istio-system".to_owned(),
            ..Facts::default()
        };
        let upgrade = upgrade("{version: 1.30.0, revision: one}");
        let places: Vec<_> = versions(&facts, &upgrade).into_values().flatten().collect();
        assert_eq!(places, ["moved", "shop"]);
        let others: Vec<_> = facts.gateways_of_others(&upgrade).into_iter().collect();
        assert_eq!(others, ["else/in"]);
    }

    #[test]
    fn who_names_a_tag_is_told() {
        let tag = hook(
            "prod",
            &json!({"istio.io/rev": "one", "istio.io/tag": "prod"}),
        );
        let place = |name: &str, rev: &str| (name.to_owned(), labels(&[("istio.io/rev", rev)]));
        let facts = Facts {
            snapshot: Snapshot {
                injectors: Injectors::of(&[tag]),
                namespaces: [
                    place("shop", "prod"),
                    place("other", "one"),
                    place("istio-system", "prod"),
                ]
                .into(),
                ..Snapshot::default()
            },
            root: "istio-system".to_owned(),
            ..Facts::default()
        };
        assert_eq!(facts.naming("prod"), ["Namespace shop"]);
        assert!(facts.naming("canary").is_empty());
    }

    /// Moving all again would change nothing: then it is not what comes next.
    #[test]
    fn what_no_restart_changes_is_not_left_to_move() {
        let hooks = ["one", "1-31-0"].map(|name| hook(name, &json!({"istio.io/rev": name})));
        let mut facts = Facts {
            snapshot: Snapshot {
                injectors: Injectors::of(&hooks),
                namespaces: [("shop".to_owned(), labels(&[("istio.io/rev", "1-31-0")]))].into(),
                pods: vec![pod("shop", "alone", Some("one"), false)],
                ..Snapshot::default()
            },
            root: "istio-system".to_owned(),
            ..Facts::default()
        };
        let mut upgrade = upgrade("{version: 1.30.0, revision: one}");
        upgrade.stage = Stage::Ready;
        let told = |facts: &Facts| {
            let left = Left::of(facts, Some(&upgrade), "one");
            next("shop", Some(&upgrade), &left).unwrap().bare()
        };
        let found = told(&facts);
        assert!(found.starts_with("pods in shop have to"), "{found}");
        // One that still names the old revision is moved.
        facts.snapshot.namespaces =
            [("shop".to_owned(), labels(&[("istio.io/rev", "one")]))].into();
        assert_eq!(told(&facts), "weft mesh upgrade move shop --all");
    }
}
