//! `weft plugin render | deploy | status | …` as far as no cluster is needed: what they print, and how they exit.

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    const IMAGE: &str = "registry.example/weft/rate-limit@sha256:\
                         0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
        contexts: [{name: c, context: {cluster: c, user: u, namespace: shop}}]\n\
        clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {}}]\n";

    /// Command lines that end without a cluster: how they exit, and what they say.
    const EXITS: [(&str, i32, &str); 21] = [
        ("render", 64, "a name is missing"),
        ("render limit", 64, "an image is missing"),
        (
            "render limit --image https://r/x.wasm",
            64,
            "is no image in a registry",
        ),
        ("render limit --image IMAGE -l app", 64, "write KEY=VALUE"),
        (
            "render limit --image IMAGE -l a=b --target-ref Gateway/x",
            64,
            "cannot be used with",
        ),
        (
            "render other -f plugin.yaml --image IMAGE",
            64,
            "metadata.name is \"mine\"",
        ),
        (
            "render limit --image IMAGE -f nope.yaml",
            65,
            "cannot read nope.yaml",
        ),
        ("render limit --image IMAGE -f list.yaml", 65, "is a list"),
        (
            "render limit --image IMAGE -f lossy.yaml",
            65,
            "/rules/0/limit: the number 9007199254740993",
        ),
        (
            "render limit --image IMAGE -f pod.yaml",
            65,
            "is a Pod of v1",
        ),
        (
            "deploy limit --image IMAGE --diff --dry-run=nowhere",
            64,
            "invalid value",
        ),
        (
            "deploy limit --image IMAGE --timeout soon",
            64,
            "is no time",
        ),
        ("deploy limit --image IMAGE", 65, "no kubeconfig"),
        ("status", 65, "no kubeconfig"),
        (
            "status --kubeconfig nope",
            65,
            "cannot use the kubeconfig nope",
        ),
        (
            "status --kubeconfig kubeconfig --context other",
            65,
            "other",
        ),
        (
            "status --kubeconfig kubeconfig",
            69,
            "https://127.0.0.1:1/ cannot be reached",
        ),
        (
            "list -A --kubeconfig kubeconfig",
            69,
            "cannot list WasmPlugins",
        ),
        (
            "rollback limit --kubeconfig kubeconfig",
            69,
            "cannot read WasmPlugin shop/limit",
        ),
        (
            "remove limit --kubeconfig kubeconfig --yes",
            69,
            "cannot read WasmPlugin shop/limit",
        ),
        ("status -A -n shop", 64, "cannot be used with"),
    ];

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "limits.yaml",
            "rules: [{name: all, limit: {requests: 5, per: 1s}}]\n",
        );
        write("list.yaml", "[1, 2]\n");
        write("lossy.yaml", "rules: [{limit: 9007199254740993}]\n");
        write("pod.yaml", "apiVersion: v1\nkind: Pod\n");
        write(
            "plugin.yaml",
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: mine, namespace: shop}\n\
             spec: {url: 'oci://registry.example/weft/rate-limit:1', vmConfig: {env: [{name: A, value: b}]}}\n",
        );
        write("kubeconfig", KUBECONFIG);
        folder
    }

    fn weft(folder: &Path, line: &str) -> Output {
        let arguments = line
            .split_whitespace()
            .map(|word| word.replace("IMAGE", IMAGE));
        Command::new(env!("CARGO_BIN_EXE_weft"))
            .arg("plugin")
            .args(arguments)
            .current_dir(folder)
            .env_remove("KUBECONFIG")
            .env_remove("KUBERNETES_SERVICE_HOST")
            .env("HOME", folder)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn talk(output: &Output) -> String {
        String::from_utf8(output.stderr.clone()).unwrap()
    }

    #[test]
    fn render_prints_the_object_and_asks_nobody_when_the_image_is_pinned() {
        let folder = folder();
        let line = "render limit --image IMAGE -f limits.yaml -l app=shop,tier=front --match mode=server,port=8080 \
                    --phase authz --priority -5 --image-pull-secret regcred -n shop -o json";
        let output = weft(folder.path(), line);

        assert_eq!(output.status.code(), Some(0), "{}", talk(&output));
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let hash = &object["metadata"]["annotations"]["weft.dev/config-hash"];
        assert!(hash.as_str().unwrap().starts_with("sha256:"), "{object:#}");
        assert_eq!(
            object,
            serde_json::json!({
                "apiVersion": "extensions.istio.io/v1alpha1",
                "kind": "WasmPlugin",
                "metadata": {
                    "name": "limit",
                    "namespace": "shop",
                    "labels": {"app.kubernetes.io/managed-by": "weft"},
                    "annotations": {"weft.dev/image": IMAGE, "weft.dev/config-hash": hash},
                },
                "spec": {
                    "url": format!("oci://{IMAGE}"),
                    "selector": {"matchLabels": {"app": "shop", "tier": "front"}},
                    "match": [{"mode": "SERVER", "ports": [{"number": 8080}]}],
                    "phase": "AUTHZ",
                    "priority": -5,
                    "failStrategy": "FAIL_CLOSE",
                    "imagePullSecret": "regcred",
                    "pluginConfig": {"rules": [{"name": "all", "limit": {"requests": 5, "per": "1s"}}]},
                },
            })
        );
    }

    #[test]
    fn what_render_prints_it_also_takes() {
        let folder = folder();
        let first = weft(
            folder.path(),
            "render limit --image IMAGE -f limits.yaml -l app=shop --phase authz",
        );
        assert!(!String::from_utf8_lossy(&first.stdout).contains("namespace"));
        std::fs::write(folder.path().join("again.yaml"), &first.stdout).unwrap();
        let second = weft(folder.path(), "render -f again.yaml");

        assert_eq!(second.status.code(), Some(0), "{}", talk(&second));
        assert_eq!(
            String::from_utf8(second.stdout),
            String::from_utf8(first.stdout)
        );
    }

    #[test]
    fn a_manifest_is_taken_whole_and_flags_win() {
        let folder = folder();
        let output = weft(
            folder.path(),
            "render -f plugin.yaml --image IMAGE --fail-strategy open --phase authn -o json",
        );
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

        assert_eq!(object["metadata"]["name"], "mine");
        assert_eq!(object["spec"]["url"], format!("oci://{IMAGE}"));
        assert_eq!(object["spec"]["failStrategy"], "FAIL_OPEN");
        assert_eq!(
            object["spec"]["vmConfig"]["env"][0]["name"], "A",
            "what weft does not know stays"
        );
    }

    #[test]
    fn exits_without_a_cluster() {
        let folder = folder();
        for (line, code, text) in EXITS {
            let output = weft(folder.path(), line);
            assert_eq!(
                output.status.code(),
                Some(code),
                "{line}: {}",
                talk(&output)
            );
            assert!(
                talk(&output).contains(text),
                "{line}: {text:?} is missing in {}",
                talk(&output)
            );
            assert!(output.stdout.is_empty(), "{line}: data although it failed");
        }
    }

    #[test]
    fn the_api_server_is_asked_through_the_proxy() {
        use std::io::Read as _;
        let folder = folder();
        let kubeconfig = KUBECONFIG.replace("https://127.0.0.1:1", "https://k.example:6443");
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let read = stream.read(&mut request).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });

        let output = Command::new(env!("CARGO_BIN_EXE_weft"))
            .args(["plugin", "list", "--kubeconfig", "kubeconfig"])
            .current_dir(folder.path())
            .env("HTTPS_PROXY", proxy)
            .env("NO_PROXY", "other.example")
            .output()
            .unwrap();

        assert_eq!(output.status.code(), Some(69), "{}", talk(&output));
        let heard = heard.join().unwrap();
        assert!(heard.starts_with("CONNECT k.example:6443 "), "{heard}");
    }
}
