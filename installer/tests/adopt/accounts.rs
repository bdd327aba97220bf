//! The API server's account of who has which field of which object: whoever changes anything is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::world::World;

/// Every object of a cluster that holds still, by kind and name.
#[derive(Clone, PartialEq)]
pub(crate) struct Accounts(BTreeMap<String, (String, Value)>);

impl Accounts {
    /// As they are now.
    pub(crate) fn read(world: &World) -> Self {
        let kinds = world.kubectl("api-resources --verbs=list -o name");
        // These change by themselves, with every heartbeat.
        let restless = ["events", "leases", "nodes", "csinodes", "componentstatuses"];
        let holds_still = |kind: &&str| !restless.contains(&kind.split('.').next().unwrap());
        let kinds: Vec<_> = kinds.lines().filter(holds_still).collect();
        let all = world.object(&format!("{} -A", kinds.join(",")));
        let all = all["items"].as_array().unwrap();
        // istiod's older kind of lease, renewed every few seconds.
        let lease = "control-plane.alpha.kubernetes.io/leader";
        let all = all
            .iter()
            .filter(|object| object["metadata"]["annotations"][lease].is_null());
        Self(all.map(account).collect())
    }

    /// The same once nobody changes anything by itself any more: istiod goes on for some seconds after it is ready.
    pub(crate) fn settled(world: &World) -> Self {
        let mut before = Self::read(world);
        for _ in 0..30 {
            std::thread::sleep(Duration::from_secs(2));
            let after = Self::read(world);
            if after == before {
                return after;
            }
            before = after;
        }
        panic!("the cluster does not hold still");
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes out one that weft wrote, as nobody else did.
    pub(crate) fn take_ours(&mut self, name: &str) {
        let (_, managed) = self.0.remove(name).unwrap_or_else(|| panic!("no {name}"));
        for entry in managed.as_array().unwrap() {
            let by = entry["manager"].as_str().unwrap();
            assert!(by.starts_with("weft"), "{name}: {managed}");
        }
    }

    /// Only what differs is shown: all of it would fill a book.
    #[track_caller]
    pub(crate) fn must_be(&self, before: &Self) {
        let names: BTreeSet<_> = before.0.keys().chain(self.0.keys()).collect();
        let differ: Vec<_> = names
            .into_iter()
            .filter(|name| before.0.get(*name) != self.0.get(*name))
            .map(|name| (name, before.0.get(name), self.0.get(name)))
            .collect();
        assert!(differ.is_empty(), "{differ:#?}");
    }
}

fn account(object: &Value) -> (String, (String, Value)) {
    let text = |at: &str| {
        let found = object.pointer(at).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let kind = text("/kind");
    let name = format!(
        "{kind} {}/{}",
        text("/metadata/namespace"),
        text("/metadata/name")
    );
    let managed = object["metadata"]["managedFields"].clone();
    (name, (text("/metadata/resourceVersion"), managed))
}
