//! Who owns the labels and annotations of an object, and which of the owners would write them again.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{MANAGER, Site, path};
use crate::cluster::ownership::{OwnedField, is_person};

/// Who owns which keys.
pub(super) struct Owners {
    /// The keys that are weft's.
    pub(super) ours: BTreeSet<String>,
    others: Vec<(String, BTreeSet<String>)>,
}

impl Owners {
    /// By the API server's account of the object.
    pub(super) fn read(object: &Value, site: Site, field: &str) -> Self {
        let mut owners = Self {
            ours: BTreeSet::new(),
            others: Vec::new(),
        };
        let pointer = format!("/fieldsV1{}/f:{field}", path(site).replace('.', "/f:"));
        let entries = object
            .pointer("/metadata/managedFields")
            .and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            let fields = entry.pointer(&pointer).and_then(Value::as_object);
            let keys: BTreeSet<String> = fields
                .into_iter()
                .flat_map(Map::keys)
                .filter_map(|key| key.strip_prefix("f:").map(str::to_owned))
                .collect();
            if text("manager") == MANAGER && text("operation") == "Apply" {
                owners.ours.extend(keys);
            } else {
                owners.others.push((text("manager").to_owned(), keys));
            }
        }
        owners
    }

    /// Whether somebody else has a key.
    pub(super) fn is_foreign(&self, key: &str) -> bool {
        self.others.iter().any(|(_, keys)| keys.contains(key))
    }

    /// Who has a key, people apart from programs where what people have set may be taken over.
    pub(super) fn contest(
        &self,
        place: &str,
        may_take: bool,
        key: &str,
    ) -> (Vec<OwnedField>, Vec<OwnedField>) {
        let owners = self.others.iter().filter(|(_, keys)| keys.contains(key));
        let mut names: Vec<_> = owners.map(|(manager, _)| Some(manager.as_str())).collect();
        if names.is_empty() {
            names.push(None);
        }
        let (people, programs): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|name| may_take && name.is_none_or(is_person));
        let owned = |name: Option<&str>| OwnedField {
            field: place.to_owned(),
            manager: name.unwrap_or("nobody").to_owned(),
        };
        let of = |names: Vec<Option<&str>>| names.into_iter().map(owned).collect();
        (of(people), of(programs))
    }
}
