//! Which Helm values of Istio's charts (1.30 and 1.31) a mesh means.
//!
//! Each value comes with the field of the mesh file that asks for it. What a field says in so many words is firm: a raw value
//! that says something else is a mistake, since one of the two would silently lose. What weft chooses for a field that stands
//! for several values (a scale, high availability, a platform) gives way to raw values, which is what raw values are for.

mod components;
mod mesh_config;
pub(crate) mod tree;
mod unknown;

use super::spec::mistake::{Mistake, escaped};
use super::spec::{Mesh, RawValues};
use serde::Serialize;
use serde_json::{Map, Value};
use tree::{merge, put};
pub(crate) use unknown::{unknown, unknown_to};

/// A chart of Istio's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Component {
    /// Custom resource definitions and the default validation webhook
    Base,
    /// The control plane
    Istiod,
    /// The node agent
    Cni,
    /// The node proxy of ambient
    Ztunnel,
    /// A gateway
    Gateway,
}

impl Component {
    /// All of them, in Istio's own order of installation.
    pub(crate) const ALL: [Self; 5] = [
        Self::Base,
        Self::Istiod,
        Self::Cni,
        Self::Ztunnel,
        Self::Gateway,
    ];

    /// The chart's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Istiod => "istiod",
            Self::Cni => "cni",
            Self::Ztunnel => "ztunnel",
            Self::Gateway => "gateway",
        }
    }

    /// Whether a mesh has it; the values of a gateway hold for each gateway it gets.
    pub(crate) fn is_in(self, mesh: &Mesh) -> bool {
        match self {
            Self::Base | Self::Istiod | Self::Gateway => true,
            Self::Cni => mesh.has_cni(),
            Self::Ztunnel => mesh.spec.ambient,
        }
    }

    fn raw(self, raw: &RawValues) -> &Map<String, Value> {
        match self {
            Self::Base => &raw.base,
            Self::Istiod => &raw.istiod,
            Self::Cni => &raw.cni,
            Self::Ztunnel => &raw.ztunnel,
            Self::Gateway => &raw.gateway,
        }
    }
}

/// One value that a field of the mesh asks for.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    path: Vec<String>,
    value: Value,
    /// JSON pointer to the field.
    from: &'static str,
    firm: bool,
}

/// What the fields of a mesh ask of one chart.
#[derive(Debug, Default)]
struct Wanted(Vec<Asked>);

impl Wanted {
    /// The field says this value; none asks for nothing.
    fn firm(&mut self, from: &'static str, path: &[&str], value: Option<impl Into<Value>>) {
        self.ask(from, path, value, true);
    }

    /// The field stands for this value among others.
    fn soft(&mut self, from: &'static str, path: &[&str], value: Option<impl Into<Value>>) {
        self.ask(from, path, value, false);
    }

    fn ask(
        &mut self,
        from: &'static str,
        path: &[&str],
        value: Option<impl Into<Value>>,
        firm: bool,
    ) {
        self.0.extend(value.map(|value| Asked {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            value: value.into(),
            from,
            firm,
        }));
    }
}

/// The values with which a chart is rendered.
pub(crate) fn values(mesh: &Mesh, component: Component) -> Value {
    let mut values = Value::Object(Map::new());
    for asked in components::wanted(mesh, component).0 {
        put(&mut values, &asked.path, asked.value);
    }
    if let Some(raw) = &mesh.spec.values {
        merge(&mut values, &levelled(component.raw(raw), component));
    }
    values
}

/// Raw values that contradict what a field says.
pub(crate) fn clashes(mesh: &Mesh) -> Vec<Mistake> {
    let Some(raw) = &mesh.spec.values else {
        return Vec::new();
    };
    Component::ALL
        .into_iter()
        .flat_map(|component| {
            let values = levelled(component.raw(raw), component);
            let asked = components::wanted(mesh, component).0;
            asked
                .into_iter()
                .filter_map(|asked| clash(&asked, &values, component))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn clash(asked: &Asked, raw: &Value, component: Component) -> Option<Mistake> {
    // The first part of the way at which raw values say something that is no set of values.
    let (path, there) = (1..=asked.path.len()).find_map(|length| {
        let path = asked.path.get(..length)?;
        let there = tree::get(raw, path)?;
        (length == asked.path.len() || !there.is_object()).then_some((path, there))
    })?;
    if !asked.firm || *there == asked.value {
        return None;
    }
    let start = format!("/spec/values/{}", component.name());
    let pointer = path
        .iter()
        .fold(start, |pointer, part| pointer + "/" + &escaped(part));
    let text = format!(
        "contradicts {}, which means {}: leave one of the two out",
        asked.from, asked.value
    );
    Some(Mistake::at(pointer, text).with(there))
}

/// Raw values in the one way that both istiod's and our own are written: the chart of istiod takes `pilot.x` for `x`, and that of
/// cni `cni.x`, and either would win over what stands beside it.
fn levelled(raw: &Map<String, Value>, component: Component) -> Value {
    let legacy = match component {
        Component::Istiod => "pilot",
        Component::Cni => "cni",
        Component::Base | Component::Ztunnel | Component::Gateway => {
            return Value::Object(raw.clone());
        }
    };
    let mut values = raw.clone();
    let inner = match values.get(legacy) {
        Some(Value::Object(_)) => values.remove(legacy),
        _ => None,
    };
    let mut values = Value::Object(values);
    if let Some(inner) = inner {
        merge(&mut values, &inner);
    }
    values
}

#[cfg(test)]
mod tests;
