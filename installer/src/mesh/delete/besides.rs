//! What a deletion takes along besides the set of the mesh, which its plan does not show.

/// What goes besides the set, and where the history can be kept.
pub(super) fn besides(root: &str, namespace: bool, in_use: bool) -> String {
    let mut goes = vec![
        "ConfigMaps istio-ca-root-cert and istio-ca-crl of all namespaces, unless another control plane writes them too".to_owned(),
        format!("what istiod keeps in namespace {root}: Leases and ConfigMaps"),
        "the mesh's record and its whole history".to_owned(),
    ];
    if !in_use {
        goes.push("Secret istio-ca-secret: the root CA and its key".to_owned());
    }
    if namespace {
        let ca = if in_use {
            ", with Secret istio-ca-secret, the root CA"
        } else {
            ""
        };
        goes.push(format!(
            "namespace {root}{ca}, unless somebody else has anything in it"
        ));
    }
    format!(
        "besides, these go:\n  {}\n`weft history --root-namespace {root} -o yaml > history.yaml` keeps the history",
        goes.join("\n  ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_besides_the_set_is_told() {
        let secret = "Secret istio-ca-secret";
        let cases = [
            (false, false, true, false),
            (false, true, false, false),
            (true, false, true, true),
            (true, true, true, true),
        ];
        for (namespace, in_use, ca, home) in cases {
            let text = besides("meshes", namespace, in_use);
            assert_eq!(text.contains(secret), ca, "{text}");
            assert_eq!(text.contains("namespace meshes, "), home, "{text}");
            assert!(text.ends_with("keeps the history"), "{text}");
        }
    }
}
