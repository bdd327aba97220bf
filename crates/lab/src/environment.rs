//! What is installed and running, as lines for a shell: `eval "$(lab env)"`.

use crate::cache::Cache;
use crate::cluster::Cluster;
use crate::process::ProcId;
use crate::state::{self, Kind, Part};
use std::path::Path;

/// Programs in `<cache>/bin` and the variable that names each.
const PROGRAMS: [(&str, &str); 9] = [
    ("WEFT_WASM_CARGO", "wasm-cargo"),
    ("WEFT_WASM_OPT", "wasm-opt"),
    ("WEFT_ENVOY", "envoy"),
    ("WEFT_ENVOY_OLDEST", "envoy-1.36"),
    ("WEFT_KUBECTL", "kubectl"),
    ("WEFT_ISTIOCTL", "istioctl"),
    ("WEFT_CARGO_DENY", "cargo-deny"),
    // Cargo reads this one itself: cargo test --target wasm32-unknown-unknown then runs in Node.
    (
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
        "wasm-bindgen-test-runner",
    ),
    ("WEFT_GO", "go"),
];

/// The export lines for everything that is there.
#[must_use]
pub fn exports(cache: &Cache) -> String {
    let mut parts = state::parts(cache);
    parts.retain(|part| part.is_alive(ProcId::is_alive));
    lines(cache, &parts, Path::exists)
}

fn lines(cache: &Cache, parts: &[Part], exists: impl Fn(&Path) -> bool) -> String {
    let mut set: Vec<(&str, String)> = vec![("WEFT_CACHE", cache.root().display().to_string())];
    let there = PROGRAMS
        .iter()
        .map(|(variable, name)| (*variable, cache.bin(name)));
    let there = there.filter(|(_, path)| exists(path));
    set.extend(there.map(|(variable, path)| (variable, path.display().to_string())));
    let registry = parts.iter().find_map(|part| match &part.kind {
        Kind::Registry { address } => Some(address.clone()),
        Kind::Cluster(_) => None,
    });
    set.extend(registry.map(|address| ("WEFT_REGISTRY", address)));
    let clusters = parts
        .iter()
        .filter_map(|part| Cluster::from_part(cache, part).ok());
    let kubeconfigs: Vec<String> = clusters
        .map(|cluster| cluster.kubeconfig().display().to_string())
        .collect();
    if !kubeconfigs.is_empty() {
        set.push(("KUBECONFIG", kubeconfigs.join(":")));
    }
    let lines = set
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quoted(value)));
    lines.collect::<Vec<_>>().concat()
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::cluster;

    #[test]
    fn only_what_is_there_is_exported() {
        let cache = Cache::at("/c");
        let text = lines(&cache, &[], |path| path.ends_with("envoy"));
        assert_eq!(
            text,
            "export WEFT_CACHE='/c'\nexport WEFT_ENVOY='/c/bin/envoy'\n"
        );
    }

    #[test]
    fn running_clusters_share_one_kubeconfig_variable() {
        let registry = Part {
            kind: Kind::Registry {
                address: "10.77.0.1:5".into(),
            },
            ..cluster("r", 9)
        };
        let parts = [cluster("a", 1), cluster("b", 2), registry];
        let text = lines(&Cache::at("/c"), &parts, |_| false);
        let expected =
            "export KUBECONFIG='/c/lab/a/pki/admin.kubeconfig:/c/lab/b/pki/admin.kubeconfig'\n";
        assert!(text.ends_with(expected), "{text}");
        assert!(
            text.contains("export WEFT_REGISTRY='10.77.0.1:5'\n"),
            "{text}"
        );
    }

    #[test]
    fn values_survive_the_shell() {
        assert_eq!(quoted("a b'c"), r"'a b'\''c'");
    }
}
