//! All objects of all kinds that a cluster has, as values that can be compared.

use super::world::World;
use serde_json::Value;
use std::collections::BTreeMap;

/// The label of what belongs to a mesh.
const MEMBER: &str = "/metadata/labels/applyset.kubernetes.io~1part-of";

/// Objects by what they are called.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Objects(BTreeMap<String, Value>);

impl Objects {
    /// Reads all that can be listed, but what comes and goes by itself: events, and signs of life.
    pub(crate) fn read(world: &World) -> Self {
        Self::without(world, &[])
    }

    /// The same without definitions: they are most of it.
    pub(crate) fn read_what_moves(world: &World) -> Self {
        Self::without(world, &["customresourcedefinitions"])
    }

    fn without(world: &World, more: &[&str]) -> Self {
        let kinds = world.kubectl("api-resources --verbs=list -o name");
        let passing = ["events", "leases.coordination", "componentstatuses"];
        let left_out = [&passing, more].concat();
        let kinds: Vec<_> = kinds
            .lines()
            .filter(|kind| !left_out.iter().any(|start| kind.starts_with(start)))
            .collect();
        let text = world.kubectl(&format!("get {} -A -o json", kinds.join(",")));
        let list: Value = serde_json::from_str(&text).unwrap();
        let named = list["items"].as_array().unwrap().iter();
        Self(named.map(|object| (name(object), object.clone())).collect())
    }

    /// What a mesh that is gone may leave, and the rest: Istio's definitions have an entry each with the API server, too.
    pub(crate) fn definitions_and_rest(self) -> (Self, Self) {
        let may_stay = |object: &Value| match text(object, "/kind") {
            "APIService" => text(object, "/metadata/name").ends_with(".istio.io"),
            _ => is_definition(object),
        };
        (
            self.clone().that(may_stay),
            self.that(|object| !may_stay(object)),
        )
    }

    /// With nothing in them but what is wanted, and without what controllers make of that, or count.
    pub(crate) fn settled(self) -> Self {
        let made = |object: &Value| {
            let name = text(object, "/metadata/name");
            let kinds = ["Endpoints", "EndpointSlice", "IPAddress", "Node", "Pod"];
            kinds.contains(&text(object, "/kind"))
                || name.starts_with("weft-history-")
                || object.pointer("/metadata/ownerReferences").is_some()
        };
        let all = self.that(|object| !made(object)).0.into_iter();
        Self(all.map(|(name, object)| (name, settled(object))).collect())
    }

    /// The members of the mesh, its record and Istio's definitions, but for what controllers make of them.
    pub(crate) fn members(&self) -> Self {
        let ours = |object: &Value| {
            let is_record = text(object, "/metadata/name") == "weft-mesh-shop";
            object.pointer(MEMBER).is_some() || is_record || is_definition(object)
        };
        let made = |object: &Value| object.pointer("/metadata/ownerReferences").is_some();
        self.clone().that(|object| ours(object) && !made(object))
    }

    /// The version of each.
    pub(crate) fn versions(&self) -> BTreeMap<&str, &str> {
        let version = |object| text(object, "/metadata/resourceVersion");
        let all = self.0.iter();
        all.map(|(name, object)| (name.as_str(), version(object)))
            .collect()
    }

    /// What differs, in a line each.
    pub(crate) fn must_be(&self, wanted: &Self) -> Result<(), String> {
        let mut lines = Vec::new();
        for name in wanted.0.keys().filter(|name| !self.0.contains_key(*name)) {
            lines.push(format!("{name} is missing"));
        }
        for (name, object) in &self.0 {
            match wanted.0.get(name) {
                None => lines.push(format!("{name} is there")),
                Some(other) if other != object => {
                    lines.push(format!("{name} is\n  {object}\nand not\n  {other}"));
                }
                Some(_) => {}
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        Err(lines.join("\n"))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn that(self, kept: impl Fn(&Value) -> bool) -> Self {
        Self(
            self.0
                .into_iter()
                .filter(|(_, object)| kept(object))
                .collect(),
        )
    }
}

fn is_definition(object: &Value) -> bool {
    text(object, "/kind") == "CustomResourceDefinition"
        && text(object, "/metadata/name").ends_with(".istio.io")
}

fn name(object: &Value) -> String {
    let place = text(object, "/metadata/namespace");
    let group = text(object, "/apiVersion");
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    format!("{group} {kind} {place}/{name}")
}

fn text<'a>(object: &'a Value, at: &str) -> &'a str {
    object
        .pointer(at)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Without what is said of an object and not of what it is to be.
fn settled(mut object: Value) -> Value {
    // Each mesh has a certificate of its own.
    let is_of_the_authority = object
        .pointer("/metadata/labels/istio.io~1config")
        .is_some();
    if is_of_the_authority || text(&object, "/kind") == "Secret" {
        return Value::Null;
    }
    object.as_object_mut().unwrap().remove("status");
    forget(&mut object);
    object
}

/// What is different each time: who wrote it when, and what is given by the cluster.
const PASSING: [&str; 14] = [
    "resourceVersion",
    "managedFields",
    "generation",
    "uid",
    "creationTimestamp",
    "caBundle",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "healthCheckNodePort",
    "kubectl.kubernetes.io/restartedAt",
    "weft.dev/deployed-at",
    "deployment.kubernetes.io/revision",
    "control-plane.alpha.kubernetes.io/leader",
];

fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !PASSING.contains(&key.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
