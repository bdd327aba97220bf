//! istiod on a real cluster: two injected pods speak mTLS through stock Envoys, and the session takes it all down.

use lab::{ClusterOptions, IstioOptions, Session};

const APP: &str = r"
apiVersion: v1
kind: Namespace
metadata: {name: app, labels: {istio-injection: enabled}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: app}
spec: {mtls: {mode: STRICT}}
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: app}
spec: {selector: {app: echo}, ports: [{name: http, port: 80, targetPort: 8080}]}
";

fn pod(name: &str) -> String {
    let image = lab::tools::echo_image();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: app, labels: {{app: {name}}}}}\nspec:\n  \
         terminationGracePeriodSeconds: 1\n  containers:\n  - {{name: app, image: \"{image}\", args: [\"--port\", \"8080\"]}}\n"
    )
}

#[test]
fn injected_pods_speak_mtls() {
    if lab::trial::is_left_out("injected_pods_speak_mtls") {
        return;
    }
    let session = Session::start().unwrap();
    let name = format!("istio-test-{}", std::process::id());
    let cluster = session.cluster(&ClusterOptions::named(&name)).unwrap();
    session.istio(&cluster, &IstioOptions::default()).unwrap();
    cluster.apply(APP).unwrap();
    let kubectl = |line: &str| cluster.kubectl(&line.split(' ').collect::<Vec<_>>());
    kubectl("-n app wait --for=create serviceaccount/default --timeout=30s").unwrap();
    for name in ["client", "echo"] {
        cluster.apply(&pod(name)).unwrap();
    }
    kubectl("-n app wait --for=condition=Ready pod --all --timeout=90s").unwrap();
    let curl = "curl -sS -m 10 --retry 10 --retry-all-errors http://echo/";
    let answer = kubectl(&format!("-n app exec client -c app -- {curl}")).unwrap();
    let peer = "URI=spiffe://cluster.local/ns/app/sa/default";
    assert!(answer.contains("X-Forwarded-Client-Cert"), "{answer}");
    assert!(answer.contains(peer), "{answer}");
    // Strict: nothing but a member of the mesh gets through.
    let address = kubectl("-n app get service echo -o jsonpath={.spec.clusterIP}").unwrap();
    let url = format!("http://{address}/");
    assert!(cluster.exec(&["curl", "-sS", "-m", "5", &url]).is_err());

    drop(session);
    assert!(
        lab::overview(&lab::Cache::from_env().unwrap())
            .iter()
            .all(|row| row.name != name)
    );
}
