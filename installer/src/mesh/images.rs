//! The images that a mesh runs: those that its charts name in pods, and the proxy's, which istiod puts into pods by its own settings.

use std::collections::BTreeSet;

use serde_json::Value;

use super::export::gather::{KUBERNETES, kubernetes};
use super::fetch;
use super::read::{items, text};
use super::render::{self, Plane};
use super::resolve::exact;
use super::spec::{Engine, Mesh};
use super::values::Component;
use crate::charts::Charts;
use crate::failure::Failure;
use crate::sidecar::gateway::AUTO;

/// The images of a mesh, by name.
pub(crate) async fn needed(charts: &Charts, mut mesh: Mesh) -> Result<BTreeSet<String>, Failure> {
    // What the operator runs comes from the same charts.
    mesh.spec.engine = Some(Engine::Charts);
    let (version, _) = exact(charts, &mut mesh).await?;
    let components: Vec<_> = render::rendered(&mesh)
        .into_iter()
        .filter(|component| *component != Component::Base)
        .collect();
    let release = fetch::release(charts, &mesh, &version, &components).await?;
    let plane = Plane {
        mesh: &mesh,
        release: &release,
    };
    let kubernetes = kubernetes(KUBERNETES);
    let mut found = BTreeSet::new();
    for component in components {
        let stage = render::stage(plane, component, component.name(), &kubernetes)?;
        found.extend(stage.objects.iter().flat_map(of_object));
    }
    Ok(found)
}

fn of_object(object: &Value) -> Vec<String> {
    let lists = ["containers", "initContainers"];
    let pods = lists.map(|list| format!("/spec/template/spec/{list}"));
    let named = pods.iter().flat_map(|list| items(object, list));
    let named = named.filter_map(|container| text(container, "/image"));
    let named = named.filter(|image| *image != AUTO).map(str::to_owned);
    named.chain(proxy(object)).collect()
}

/// The proxy, as istiod names it: by the settings of the injector.
fn proxy(object: &Value) -> Option<String> {
    let settings = text(object, "/data/values")?;
    let settings: Value = serde_json::from_str(settings).ok()?;
    let image = text(&settings, "/global/proxy/image")?;
    if image.contains('/') {
        return Some(image.to_owned());
    }
    let global = |field: &str| settings.pointer(&format!("/global/{field}"));
    let hub = global("hub")?.as_str()?;
    let tag = global("tag")?;
    // One that looks like a number is one.
    let tag = tag.as_str().map_or_else(|| tag.to_string(), str::to_owned);
    let mut variants = ["proxy/variant", "variant"].into_iter();
    let end = variants
        .find_map(|field| {
            global(field)?
                .as_str()
                .filter(|variant| !variant.is_empty())
        })
        .filter(|variant| !tag.ends_with(&format!("-{variant}")))
        .map_or_else(String::new, |variant| format!("-{variant}"));
    Some(format!("{hub}/{image}:{tag}{end}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn images_of_pods_and_of_the_injector() {
        let pod = json!({"spec": {"template": {"spec": {
            "containers": [{"image": "r.example/pilot:1"}, {"image": "auto"}],
            "initContainers": [{"image": "r.example/start:1"}],
        }}}});
        let injector = |global: Value| json!({"data": {"config": "x", "values": json!({"global": global}).to_string()}});
        let cases = [
            (pod, &["r.example/pilot:1", "r.example/start:1"][..]),
            (
                injector(
                    json!({"hub": "r.example/istio", "tag": "1.31.0", "variant": "", "proxy": {"image": "proxyv2"}}),
                ),
                &["r.example/istio/proxyv2:1.31.0"],
            ),
            (
                injector(
                    json!({"hub": "r.example/istio", "tag": "1.31.0", "variant": "distroless", "proxy": {"image": "proxyv2"}}),
                ),
                &["r.example/istio/proxyv2:1.31.0-distroless"],
            ),
            (
                injector(json!({"hub": "r", "tag": 1, "proxy": {"image": "own.example/proxy:2"}})),
                &["own.example/proxy:2"],
            ),
            (json!({"kind": "ConfigMap", "data": {"mesh": "a: b"}}), &[]),
        ];
        for (object, wanted) in cases {
            assert_eq!(of_object(&object), wanted, "{object}");
        }
    }
}
