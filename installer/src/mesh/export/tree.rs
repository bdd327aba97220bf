//! The values of all charts as one tree, which istioctl takes: what is every chart's stands at the top, what
//! is one chart's under its name there (`pilot`, `cni`, `ztunnel`).

use serde_json::{Map, Value};

use super::super::spec::Mesh;
use super::super::values::{Component, values};

/// What stands at the top, in its API.
const TOP: [&str; 15] = [
    "base",
    "compatibilityVersion",
    "defaultRevision",
    "experimental",
    "gatewayClasses",
    "gateways",
    "global",
    "istiodRemote",
    "meshConfig",
    "ownerName",
    "profile",
    "revision",
    "revisionTags",
    "sidecarInjectorWebhook",
    "telemetry",
];

/// One tree, and where charts are told different things.
pub(super) struct Tree {
    pub(super) values: Map<String, Value>,
    pub(super) losses: Vec<String>,
}

pub(super) fn tree(mesh: &Mesh) -> Tree {
    let mut tree = Tree {
        values: Map::new(),
        losses: Vec::new(),
    };
    // istiod's first: it has the most to say, and says it for injected proxies too.
    let charts = [
        (Component::Istiod, "pilot"),
        (Component::Base, "base"),
        (Component::Cni, "cni"),
        (Component::Ztunnel, "ztunnel"),
    ];
    for (component, own) in charts {
        if component.is_in(mesh) {
            tree.add(values(mesh, component), component, own);
        }
    }
    tree
}

impl Tree {
    fn add(&mut self, values: Value, component: Component, own: &str) {
        let Value::Object(values) = values else {
            return;
        };
        for (key, value) in values {
            // The chart ztunnel has everything at its own top.
            let is_shared =
                TOP.contains(&key.as_str()) && (component != Component::Ztunnel || key == "global");
            let path = if is_shared {
                vec![key]
            } else {
                vec![own.to_owned(), key]
            };
            join(&mut self.values, &path, value, component, &mut self.losses);
        }
    }
}

fn join(
    into: &mut Map<String, Value>,
    path: &[String],
    value: Value,
    component: Component,
    losses: &mut Vec<String>,
) {
    let mut object = into;
    let Some((last, above)) = path.split_last() else {
        return;
    };
    for key in above {
        let inner = object
            .entry(key.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = inner else {
            losses.push(different(path, inner, &value, component));
            return;
        };
        object = inner;
    }
    match (object.get_mut(last), value) {
        (None, value) => {
            object.insert(last.clone(), value);
        }
        (Some(Value::Object(there)), Value::Object(value)) => {
            for (key, value) in value {
                let mut inner = Vec::new();
                join(
                    there,
                    std::slice::from_ref(&key),
                    value,
                    component,
                    &mut inner,
                );
                let at = path.join(".");
                losses.extend(inner.iter().map(|loss| format!("{at}.{loss}")));
            }
        }
        (Some(there), value) if *there == value => {}
        (Some(there), value) => losses.push(different(path, there, &value, component)),
    }
}

fn different(path: &[String], there: &Value, value: &Value, component: Component) -> String {
    format!(
        "{} is {value} for the chart {} in weft, and has one value for all charts here: {there}",
        path.join("."),
        component.name()
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::spec::document::parse;
    use super::super::super::spec::read::read;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_two_charts_are_told_differently_is_told() {
        let text = "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: shop}\nspec:
  version: 1.31.0
  ambient: true
  values:
    istiod: {env: {A: '1'}, global: {logAsJson: true}}
    cni: {logging: {level: debug}, global: {logAsJson: false}}
    ztunnel: {logLevel: debug}
";
        let tree = tree(&read(parse(text.as_bytes()).unwrap(), &[]).unwrap());
        let at = |pointer: &str| Value::Object(tree.values.clone()).pointer(pointer).cloned();
        assert_eq!(at("/pilot/env/A"), Some(json!("1")));
        assert_eq!(at("/cni/logging/level"), Some(json!("debug")));
        assert_eq!(at("/ztunnel/logLevel"), Some(json!("debug")));
        assert_eq!(at("/global/logAsJson"), Some(json!(true)));
        assert_eq!(
            tree.losses,
            [
                "global.logAsJson is false for the chart cni in weft, and has one value for all charts here: true"
            ]
        );
    }
}
