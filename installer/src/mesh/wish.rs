//! What a mesh file asks of a cluster, as `preflight` looks at it.

use serde_json::Value;

use super::preflight::{Extra, Resources, Sail, Wish};
use super::render::release_name;
use super::sail;
use super::spec::Mesh;
use super::upgrade::state::revision;
use super::values::{Component, values};

/// What this mesh will need. What the file does not say is as Istio's charts come.
pub(crate) fn wish(mesh: &Mesh) -> Wish {
    let usual = Wish::usual(mesh.root_namespace().to_owned());
    let istiod = values(mesh, Component::Istiod);
    let replicas = ["/autoscaleMin", "/replicaCount"]
        .iter()
        .find_map(|at| istiod.pointer(at)?.as_u64());
    let extras = [
        (Extra::Cni, mesh.has_cni()),
        (Extra::Ambient, mesh.spec.ambient),
    ];
    let with = extras
        .into_iter()
        .filter(|(_, has)| *has)
        .map(|(extra, _)| extra)
        .collect();
    Wish {
        mesh: Some(mesh.metadata.name.clone()),
        istio: mesh.spec.version.as_ref().map(ToString::to_string),
        revision: Some(revision(mesh).to_owned()),
        selects: selects(mesh),
        with,
        sail: sail::installs(mesh).then(|| Sail {
            plane: sail::objects::plane_name(mesh).to_owned(),
        }),
        istiod: Resources {
            replicas: replicas
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(1),
            ..resources(istiod.pointer("/resources"), usual.istiod)
        },
        proxy: resources(istiod.pointer("/global/proxy/resources"), usual.proxy),
        images: distroless(mesh),
        seccomp: istiod
            .pointer("/seccompProfile/type")
            .is_some_and(|kind| kind != "Unconfined"),
        // The chart scales unless it is told not to.
        scaler: istiod
            .pointer("/autoscaleEnabled")
            .is_none_or(|said| said == true)
            .then(|| release_name(mesh)),
        ..usual
    }
}

/// Whether its control plane looks at some namespaces only.
pub(crate) fn selects(mesh: &Mesh) -> bool {
    let values = values(mesh, Component::Istiod);
    let selectors = values.pointer("/meshConfig/discoverySelectors");
    let selectors = selectors.and_then(Value::as_array);
    selectors.is_some_and(|selectors| !selectors.is_empty())
}

/// Where the images are a site's own: those that Istio's ambient profile asks for under another tag than the file says.
pub(crate) fn distroless(mesh: &Mesh) -> Option<String> {
    let images = mesh.spec.images.as_ref()?;
    if !mesh.spec.ambient || (images.hub.is_none() && images.tag.is_none()) {
        return None;
    }
    let is_plain = |component: &Component| {
        let said = values(mesh, *component);
        ["/variant", "/global/variant"]
            .iter()
            .all(|at| said.pointer(at).is_none())
    };
    let parts = [Component::Istiod, Component::Cni];
    let names: Vec<_> = parts
        .iter()
        .filter(|part| is_plain(part))
        .map(|part| part.name())
        .collect();
    if names.is_empty() {
        return None;
    }
    let settings: Vec<_> = names
        .iter()
        .map(|name| format!("values.{name}.global.variant"))
        .collect();
    let tag = images.tag.clone();
    let tag = tag.or_else(|| mesh.spec.version.as_ref().map(ToString::to_string));
    Some(format!(
        "ambient makes the tag of the images of {} {}-distroless (Istio's ambient profile): have them at {}, or set {} to \"\"",
        names.join(" and "),
        tag.unwrap_or_else(|| "VERSION".to_owned()),
        images.hub.as_deref().unwrap_or("the hub"),
        settings.join(" and ")
    ))
}

fn resources(said: Option<&Value>, usual: Resources) -> Resources {
    let text = |at: &str| said?.pointer(at)?.as_str().map(str::to_owned);
    let limits = match (text("/limits/cpu"), text("/limits/memory")) {
        (Some(cpu), Some(memory)) => Some((cpu, memory)),
        // Said to be without.
        _ if said
            .and_then(|said| said.get("limits"))
            .is_some_and(Value::is_null) =>
        {
            None
        }
        _ => usual.limits,
    };
    Resources {
        cpu: text("/requests/cpu").unwrap_or(usual.cpu),
        memory: text("/requests/memory").unwrap_or(usual.memory),
        limits,
        replicas: usual.replicas,
    }
}

#[cfg(test)]
mod tests {
    use super::super::spec::document::parse;
    use super::super::spec::read::read;
    use super::*;

    fn of(spec: &str) -> Wish {
        let text = format!(
            "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {spec}\n"
        );
        wish(&read(parse(text.as_bytes()).unwrap(), &[]).unwrap())
    }

    #[test]
    fn what_is_said_counts_and_the_rest_is_as_it_comes() {
        let plain = of("{version: 1.31.0}");
        let usual = Wish::usual("istio-system".to_owned());
        assert_eq!(
            (plain.istio.as_deref(), &plain.istiod, &plain.proxy),
            (Some("1.31.0"), &usual.istiod, &usual.proxy)
        );

        let large =
            of("{version: 1.31.0, scale: S200P1000, highAvailability: true, ambient: true}");
        assert_eq!(
            (large.istiod.memory.as_str(), large.istiod.replicas),
            ("500Mi", 2)
        );
        assert_eq!(large.with, [Extra::Cni, Extra::Ambient]);

        let bounded =
            "{version: 1.31.0, values: {istiod: {seccompProfile: {type: RuntimeDefault}}}}";
        assert!(of(bounded).seccomp && !plain.seccomp);

        let selective = "{version: 1.31.0, revision: blue, values: {istiod: {meshConfig: {discoverySelectors: [{matchLabels: {mesh: blue}}]}}}}";
        let selective = of(selective);
        assert!(selective.selects && !plain.selects);
        assert_eq!(selective.scaler.as_deref(), Some("istiod-blue"));
        let fixed = "{version: 1.31.0, sizes: {istiod: {replicas: {min: 2, max: 2}}}}";
        assert_eq!(of(fixed).scaler, None);
    }

    #[test]
    fn images_of_ones_own_are_told_by_the_name_that_they_get() {
        let own = "ambient: true, images: {hub: lab.local/istio, tag: 1.31.0-lab}";
        let is_set = "values: {istiod: {global: {variant: \"\"}}, cni: {global: {variant: \"\"}}}";
        let both = "images of istiod and cni 1.31.0-lab-distroless (Istio's ambient profile): have them at lab.local/istio, \
            or set values.istiod.global.variant and values.cni.global.variant to \"\"";
        let one = "images of cni 1.31.0-lab-distroless";
        let cases = [
            (format!("{{version: 1.31.0, {own}}}"), Some(both)),
            (
                format!("{{version: 1.31.0, {own}, values: {{istiod: {{variant: debug}}}}}}"),
                Some(one),
            ),
            (format!("{{version: 1.31.0, {own}, {is_set}}}"), None),
            ("{version: 1.31.0, ambient: true}".to_owned(), None),
            (
                "{version: 1.31.0, images: {tag: 1.31.0-lab}}".to_owned(),
                None,
            ),
        ];
        for (spec, wanted) in cases {
            let told = of(&spec).images;
            match (told, wanted) {
                (None, None) => {}
                (Some(told), Some(wanted)) => assert!(told.contains(wanted), "{spec}: {told}"),
                (told, wanted) => panic!("{spec}: {told:?}, not {wanted:?}"),
            }
        }
    }
}
