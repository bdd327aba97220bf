//! Which proxies a `WasmPlugin` concerns, by the rules that istiod applies.
//!
//! | proxy | target references | none |
//! | --- | --- | --- |
//! | sidecar, classic gateway | never | the selector, or all |
//! | gateway of the Gateway API | those that name it | the selector, or all |
//! | waypoint | those that name it, its class, or a Service behind it | never |
//!
//! The namespace must be the plugin's own, unless that is the mesh's root namespace, which stands for all of them.

use super::snapshot::{PodName, PodView, ProxyView};
use super::wasmplugin::{TargetRef, WasmPluginSpec};
use crate::sidecar::gateway::{GATEWAY_NAME, MANAGED, WAYPOINT};

/// The pods that a plugin concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Proxies that run, and so can be asked.
    pub(crate) running: Vec<PodName>,
    /// Proxies that do not run, and why.
    pub(crate) waiting: Vec<(PodName, String)>,
    /// Pods that match but have no proxy.
    pub(crate) without_proxy: usize,
    /// Whether sidecars are among the proxies, which carry the calls of their workload, too.
    pub(crate) sidecars: bool,
}

impl Selection {
    /// Whether there is no proxy at all to run the plugin.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Why there is none, for a person.
    pub(crate) fn why_empty(&self, spec: &WasmPluginSpec, namespace: &str) -> String {
        let what = describe(spec);
        match self.without_proxy {
            0 => format!(
                "{what} matches no pod in namespace {namespace}: compare with `kubectl get pods -n {namespace} --show-labels`"
            ),
            count => format!(
                "{what} matches {count} pod(s) in namespace {namespace}, but none of them has a proxy: is the namespace labelled for injection, and were the pods created after that?"
            ),
        }
    }
}

/// Where a plugin is, and which namespace stands for the whole mesh.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The plugin's namespace.
    pub(crate) namespace: &'a str,
    /// The mesh's root namespace.
    pub(crate) root: &'a str,
}

impl Scope<'_> {
    /// Whether the plugin concerns the whole mesh.
    pub(crate) fn is_mesh(self) -> bool {
        self.namespace == self.root
    }

    fn covers(self, namespace: &str) -> bool {
        self.is_mesh() || self.namespace == namespace
    }
}

/// The pods, of those given, that a plugin concerns.
pub(crate) fn select(spec: &WasmPluginSpec, scope: Scope<'_>, pods: &[PodView]) -> Selection {
    let mut selection = Selection::default();
    let targets = spec.targets();
    for pod in pods
        .iter()
        .filter(|pod| concerns(spec, &targets, scope, pod))
    {
        selection.sidecars |= pod.proxy != ProxyView::Absent && !pod.is_gateway;
        match &pod.proxy {
            ProxyView::Absent => {
                selection.without_proxy = selection.without_proxy.saturating_add(1);
            }
            ProxyView::Running => selection.running.push(pod.name.clone()),
            ProxyView::Waiting(reason) => {
                selection.waiting.push((pod.name.clone(), reason.clone()));
            }
        }
    }
    selection.running.sort();
    selection.waiting.sort();
    selection
}

/// The selector or the targets, for a person.
pub(crate) fn describe(spec: &WasmPluginSpec) -> String {
    let targets = spec.targets();
    if !targets.is_empty() {
        let targets: Vec<_> = targets
            .iter()
            .map(|target| format!("{}/{}", target.kind, target.name))
            .collect();
        return targets.join(",");
    }
    let labels: Vec<_> = spec
        .selector
        .iter()
        .flat_map(|selector| &selector.match_labels)
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if labels.is_empty() {
        "no selector (every workload)".to_owned()
    } else {
        format!("selector {}", labels.join(","))
    }
}

fn concerns(spec: &WasmPluginSpec, targets: &[TargetRef], scope: Scope<'_>, pod: &PodView) -> bool {
    let label = |key: &str| pod.labels.get(key).map(String::as_str);
    let waypoint = label(MANAGED) == Some(WAYPOINT);
    match (label(GATEWAY_NAME), targets.is_empty()) {
        (None, true) => scope.covers(&pod.name.namespace) && selected(spec, pod),
        (None, false) => false,
        (Some(_), true) => !waypoint && scope.covers(&pod.name.namespace) && selected(spec, pod),
        (Some(gateway), false) => targets
            .iter()
            .any(|target| targeted(target, gateway, waypoint, scope, pod)),
    }
}

fn selected(spec: &WasmPluginSpec, pod: &PodView) -> bool {
    let wanted = spec
        .selector
        .iter()
        .flat_map(|selector| &selector.match_labels);
    wanted
        .into_iter()
        .all(|(key, value)| pod.labels.get(key) == Some(value))
}

fn targeted(
    target: &TargetRef,
    gateway: &str,
    waypoint: bool,
    scope: Scope<'_>,
    pod: &PodView,
) -> bool {
    let here = scope.namespace == pod.name.namespace;
    match target.kind.as_str() {
        "Gateway" => here && target.name == gateway,
        "GatewayClass" => waypoint && scope.is_mesh() && target.name == "istio-waypoint",
        // Which waypoint serves a Service is decided by labels on it or its namespace; its waypoints here are the candidates.
        "Service" | "ServiceEntry" => waypoint && here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::notation;

    const MESH: &str = "istio-system";

    fn pod(namespace: &str, name: &str, labels: &[(&str, &str)]) -> PodView {
        PodView {
            name: PodName {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            },
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            proxy: ProxyView::Running,
            is_gateway: false,
        }
    }

    fn pods() -> Vec<PodView> {
        vec![
            pod("shop", "front", &[("app", "front")]),
            pod("shop", "back", &[("app", "back")]),
            pod("bank", "front", &[("app", "front")]),
            pod(
                "shop",
                "public",
                &[(GATEWAY_NAME, "public"), ("app", "front")],
            ),
            pod(
                "shop",
                "waypoint",
                &[
                    (GATEWAY_NAME, "waypoint"),
                    (MANAGED, WAYPOINT),
                    ("app", "front"),
                ],
            ),
            PodView {
                proxy: ProxyView::Absent,
                ..pod("shop", "bare", &[("app", "bare")])
            },
            PodView {
                proxy: ProxyView::Waiting("x".to_owned()),
                ..pod("shop", "slow", &[("app", "slow")])
            },
        ]
    }

    fn names(spec: &WasmPluginSpec, namespace: &str) -> Vec<String> {
        let selection = select(
            spec,
            Scope {
                namespace,
                root: MESH,
            },
            &pods(),
        );
        selection.running.iter().map(ToString::to_string).collect()
    }

    fn by_labels(flag: &str) -> WasmPluginSpec {
        let selector = notation::selector(&[flag.to_owned()]).unwrap();
        WasmPluginSpec {
            selector,
            ..WasmPluginSpec::default()
        }
    }

    fn by_target(flag: &str) -> WasmPluginSpec {
        WasmPluginSpec {
            target_refs: vec![notation::target(flag).unwrap()],
            ..WasmPluginSpec::default()
        }
    }

    #[test]
    fn selectors_choose_sidecars_and_gateways_but_no_waypoints() {
        assert_eq!(
            names(&by_labels("app=front"), "shop"),
            ["shop/front", "shop/public"]
        );
        assert_eq!(
            names(&by_labels("app=front"), MESH),
            ["bank/front", "shop/front", "shop/public"]
        );
        assert_eq!(names(&WasmPluginSpec::default(), "bank"), ["bank/front"]);
    }

    #[test]
    fn targets_choose_gateways_and_waypoints_only() {
        assert_eq!(names(&by_target("Gateway/public"), "shop"), ["shop/public"]);
        assert_eq!(names(&by_target("Gateway/public"), "bank"), [""; 0]);
        let single =
            serde_json::json!({"url": "", "targetRef": {"kind": "Gateway", "name": "public"}});
        let single: WasmPluginSpec = serde_json::from_value(single).unwrap();
        assert_eq!(names(&single, "shop"), ["shop/public"]);
        assert_eq!(describe(&single), "Gateway/public");
        assert_eq!(
            names(&by_target("GatewayClass/istio-waypoint"), MESH),
            ["shop/waypoint"]
        );
        assert_eq!(
            names(&by_target("Service/front"), "shop"),
            ["shop/waypoint"]
        );
    }

    #[test]
    fn an_empty_selection_says_why() {
        let scope = Scope {
            namespace: "shop",
            root: MESH,
        };
        let nothing = by_labels("app=typo");
        let bare = by_labels("app=bare");

        let why = |spec: &WasmPluginSpec| select(spec, scope, &pods()).why_empty(spec, "shop");

        assert!(
            why(&nothing).starts_with("selector app=typo matches no pod in namespace shop"),
            "{}",
            why(&nothing)
        );
        assert!(
            why(&bare).contains("matches 1 pod(s) in namespace shop, but none of them has a proxy")
        );
        assert!(!select(&by_labels("app=slow"), scope, &pods()).is_empty());
    }
}
