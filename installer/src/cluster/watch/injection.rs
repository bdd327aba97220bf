//! Why pods that an injector should have filled in were left as they were written.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::access::Cluster;
use crate::cluster::peek::{list, text};
use crate::sidecar::decision::{Place, Template, decide};
use crate::sidecar::gateway::{AUTO, uninjected};
use crate::sidecar::read::Reader;

/// Where the settings of an injector are whose webhook does not say.
const ROOT: &str = "istio-system";

/// What is wrong with those of these pods that lack the injector's image, and what to do about it, by their names. The
/// webhooks are read only where there is such a pod.
pub(super) async fn missing(cluster: &Cluster, pods: &[Value]) -> BTreeMap<String, [String; 2]> {
    let mut found = BTreeMap::new();
    let lacking: Vec<_> = pods.iter().filter(|pod| lacks_image(pod)).collect();
    let Some(first) = lacking.first() else {
        return found;
    };
    let name = text(first, "/metadata/namespace");
    let outline = Reader::new(cluster.clone()).outline(Some(name), ROOT).await;
    for pod in lacking {
        let told = match &outline {
            Ok(outline) => {
                let labels = outline.namespaces.get(name).cloned().unwrap_or_default();
                let place = Place {
                    name,
                    labels: &labels,
                };
                uninjected(&decide(&outline.injectors, place, &Template::of(pod)))
            }
            Err(error) => [
                format!("not injected: its image is still {AUTO}; why is not known: {error}"),
                "have it injected, then delete the pod".to_owned(),
            ],
        };
        found.insert(text(pod, "/metadata/name").to_owned(), told);
    }
    found
}

fn lacks_image(pod: &Value) -> bool {
    let containers = list(pod, "/spec/containers").iter();
    containers
        .map(|one| text(one, "/image"))
        .any(|image| image == AUTO)
}
