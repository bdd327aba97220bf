//! What belongs together, by the `ApplySet` convention of Kubernetes (KEP-3659): a parent object says which kinds in which
//! namespaces its set has, and each member carries the set's id. Pruning then looks in those places only, and other tools
//! see the same set.
//!
//! The parent promises more before the first member is written and less after the last one is gone, so that a command
//! that is killed leaves no member that the next one does not find.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::discovery::Resource;
use super::object::{GroupKind, ObjectId};
use super::peek::{annotation, label};

/// The label of members: the id of their set.
pub(crate) const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// The label of parents: the id of their set.
const ID: &str = "applyset.kubernetes.io/id";
const TOOLING: &str = "applyset.kubernetes.io/tooling";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
/// Our own: which members there have to be. The convention only says where to look, and what somebody deleted is not there.
const MEMBERS: &str = "weft.dev/members";
/// Annotations may have 256 KiB together; of a set with more members than fit, what is missing is not noticed.
const LARGEST: usize = 128 * 1024;
/// As whom the parent's marks are written; what else is in the parent is somebody else's concern.
pub(crate) const MANAGER: &str = "weft-applyset";

/// The `ConfigMap` that is the parent of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    /// Where.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
}

impl Parent {
    /// The id of its set, as the convention computes it.
    pub(crate) fn set(&self) -> String {
        let parent = format!("{}.{}.ConfigMap.", self.name, self.namespace);
        format!(
            "applyset-{}-v1",
            URL_SAFE_NO_PAD.encode(Sha256::digest(parent))
        )
    }

    /// Which object it is.
    pub(crate) fn id(&self) -> ObjectId {
        ObjectId {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            namespace: Some(self.namespace.clone()),
            name: self.name.clone(),
        }
    }

    /// Where such objects are.
    pub(crate) fn resource() -> Resource {
        Resource::core("ConfigMap", "configmaps")
    }

    /// The parent without any marks.
    pub(crate) fn unmarked(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "namespace": self.namespace, "name": self.name },
        })
    }

    /// The marks that say which set this is and where its members are.
    pub(crate) fn marked(&self, inventory: &Inventory) -> Value {
        let others = inventory
            .namespaces
            .iter()
            .filter(|namespace| **namespace != self.namespace);
        let mut annotations = json!({
            TOOLING: format!("weft/{}", env!("CARGO_PKG_VERSION")),
            KINDS: joined(inventory.kinds.iter()),
            NAMESPACES: joined(others),
        });
        let members = json!(inventory.members).to_string();
        if let Some(annotations) = annotations.as_object_mut()
            && members.len() <= LARGEST
        {
            annotations.insert(MEMBERS.to_owned(), json!(members));
        }
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "namespace": self.namespace,
                "name": self.name,
                "labels": { ID: self.set() },
                "annotations": annotations,
            },
        })
    }
}

/// Names by namespace by kind, in the notations of the convention; the namespace is empty for cluster-scoped objects.
type Members = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Which kinds in which namespaces a set has, and which members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// The kinds.
    pub(crate) kinds: BTreeSet<GroupKind>,
    /// The namespaces; that of the parent is always one of them.
    pub(crate) namespaces: BTreeSet<String>,
    members: Members,
}

impl Inventory {
    /// Reads the parent as it is; the mistake is what is in our way.
    pub(crate) fn read(parent: &Parent, object: &Value) -> Result<Self, String> {
        let set = parent.set();
        match label(object, ID) {
            None => return Ok(Self::default()),
            Some(id) if id != set => {
                return Err(format!(
                    "its label {ID} is {id:?} instead of {set:?}: remove the label if no other tool uses it"
                ));
            }
            Some(_) => {}
        }
        let tooling = annotation(object, TOOLING).unwrap_or_default();
        if !tooling.is_empty() && tooling.split('/').next() != Some("weft") {
            return Err(format!(
                "its set belongs to {tooling}: use another name, or remove the annotation {TOOLING} to hand it over"
            ));
        }
        let words = |key| annotation(object, key).unwrap_or_default().split(',');
        let some = |word: &&str| !word.is_empty();
        let mut namespaces: BTreeSet<String> =
            words(NAMESPACES).filter(some).map(str::to_owned).collect();
        namespaces.insert(parent.namespace.clone());
        let members = annotation(object, MEMBERS).map_or(Ok(Members::new()), |members| {
            serde_json::from_str(members).map_err(|error| {
                format!("its annotation {MEMBERS} is damaged: {error}: remove it, the next apply writes it anew")
            })
        })?;
        Ok(Self {
            kinds: words(KINDS).filter(some).map(GroupKind::parse).collect(),
            namespaces,
            members,
        })
    }

    /// Where these objects are.
    pub(crate) fn of<'a>(parent: &Parent, members: impl IntoIterator<Item = &'a ObjectId>) -> Self {
        let mut inventory = Self {
            kinds: BTreeSet::new(),
            namespaces: BTreeSet::from([parent.namespace.clone()]),
            members: Members::new(),
        };
        for member in members {
            inventory.kinds.insert(member.group_kind());
            let places = inventory
                .members
                .entry(member.group_kind().to_string())
                .or_default();
            places
                .entry(member.namespace.clone().unwrap_or_default())
                .or_default()
                .insert(member.name.clone());
            inventory.namespaces.extend(member.namespace.clone());
        }
        inventory
    }

    /// Where both are, with these members: what is on its way out has not to be there.
    pub(crate) fn around(&self, wanted: &Self) -> Self {
        Self {
            kinds: self.kinds.union(&wanted.kinds).cloned().collect(),
            namespaces: self.namespaces.union(&wanted.namespaces).cloned().collect(),
            members: wanted.members.clone(),
        }
    }

    /// Which members there have to be: kind, namespace (nothing for cluster-scoped objects) and name.
    pub(crate) fn members(&self) -> impl Iterator<Item = (GroupKind, Option<&str>, &str)> {
        self.members.iter().flat_map(|(kind, places)| {
            places.iter().flat_map(move |(namespace, names)| {
                let namespace = Some(namespace.as_str()).filter(|namespace| !namespace.is_empty());
                names
                    .iter()
                    .map(move |name| (GroupKind::parse(kind), namespace, name.as_str()))
            })
        })
    }
}

fn joined(words: impl Iterator<Item = impl ToString>) -> String {
    let mut words: Vec<_> = words.map(|word| word.to_string()).collect();
    words.sort();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parent() -> Parent {
        Parent {
            namespace: "istio-system".to_owned(),
            name: "weft-mesh-a".to_owned(),
        }
    }

    fn inventory() -> impl Strategy<Value = Inventory> {
        let kinds = proptest::collection::btree_set("[A-Z][a-z]{1,5}(\\.[a-z]{1,5}){0,2}", 0..5);
        let namespaces = proptest::collection::btree_set("[a-z]{1,5}", 0..5);
        let members =
            proptest::collection::vec(("[A-Z][a-z]{1,5}", "[a-z]{0,2}", "[a-z:]{1,3}"), 0..9);
        (kinds, namespaces, members).prop_map(|(kinds, mut namespaces, names)| {
            namespaces.insert(parent().namespace);
            let mut members = Members::new();
            for (kind, namespace, name) in names {
                let places = members.entry(kind).or_default();
                places.entry(namespace).or_default().insert(name);
            }
            Inventory {
                kinds: kinds.iter().map(|kind| GroupKind::parse(kind)).collect(),
                namespaces,
                members,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(inventory in inventory()) {
            let written = parent().marked(&inventory);
            prop_assert_eq!(Inventory::read(&parent(), &written), Ok(inventory));
        }

        #[test]
        fn what_is_around_both_is_where_both_are(a in inventory(), b in inventory()) {
            let both = a.around(&b);
            prop_assert_eq!(&both.around(&b), &both);
            prop_assert_eq!(&b.around(&a).namespaces, &both.namespaces);
            prop_assert_eq!(&b.around(&a).kinds, &both.kinds);
            prop_assert_eq!(both.members, b.members);
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let mut foreign = parent().marked(&Inventory::default());
        foreign["metadata"]["annotations"][TOOLING] = json!("kubectl/v1.34.0");
        let mut other = parent().marked(&Inventory::default());
        other["metadata"]["labels"][ID] = json!("applyset-x-v1");
        let mut damaged = parent().marked(&Inventory::default());
        damaged["metadata"]["annotations"][MEMBERS] = json!("istiod");
        let plain = json!({"metadata": {"name": "weft-mesh-a"}});

        for (object, words) in [
            (&foreign, "belongs to kubectl/v1.34.0"),
            (&other, "applyset-x-v1"),
            (&damaged, "weft.dev/members is damaged"),
        ] {
            let error = Inventory::read(&parent(), object).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(Inventory::read(&parent(), &plain), Ok(Inventory::default()));
    }
}
