//! What is said before anything is asked of a cluster but its records.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::*;
use crate::charts::Charts;
use crate::cluster::access::Cluster;
use crate::environment::Environment;
use crate::mesh::record::{MANAGER, MeshState, Mode as Run};
use crate::mesh::upgrade::steps::tests::mesh;
use crate::output::{Output, ProgressChoice, Settings};
use crate::registry::{Credentials, Registry};

/// An API server that has a record of a mesh, and nothing else.
fn cluster(spec: &str) -> Cluster {
    let record = MeshRecord {
        name: "shop".to_owned(),
        root_namespace: "istio-system".to_owned(),
        spec: Some(mesh(spec).to_yaml().unwrap()),
        state: MeshState {
            engine: Some(Engine::Charts),
            ..MeshState::new(Run::Dedicated, Phase::Succeeded)
        },
        resource_version: None,
    };
    let mut object = record.object().unwrap();
    object["metadata"]["managedFields"] = json!([{"manager": MANAGER, "operation": "Apply"}]);
    let list =
        json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {}, "items": [object]});
    let answer = async |State(list): State<Value>, uri: Uri| match uri.path() {
        "/api/v1/configmaps" => (StatusCode::OK, list.to_string()),
        path => (StatusCode::IM_A_TEAPOT, format!("{path} was asked for")),
    };
    let router = Router::new().fallback(answer).with_state(list);
    crate::cluster::fake::served(router)
}

/// No chart is looked for, and nothing of the cluster: there is neither here.
#[tokio::test]
async fn versions_are_judged_first() {
    let cluster = cluster("{version: 1.30.2, charts: ./nowhere}");
    let environment = Environment::of("/nowhere", [("WEFT_CACHE", "/nowhere")]);
    let registry = Registry::new(Credentials::of_user(&environment), true);
    let charts = Charts::new(registry, &environment);
    let quiet = || Box::new(std::io::sink());
    let output = Output::to(Settings::default(), quiet(), quiet());
    let upgrader = Upgrader {
        installer: Installer {
            cluster: &cluster,
            charts: &charts,
            output: &output,
            progress: ProgressChoice::default(),
        },
        name: "shop".to_owned(),
        verb: String::new(),
        mode: Mode::Act,
        force: false,
        timeout: None,
        promote_in_use: false,
        pace: Pace {
            batch: 1,
            settle: Duration::ZERO,
            timeout: None,
            keep_going: false,
        },
        yes: true,
    };
    let (older, skips) = ("a mesh is not downgraded", "upgrade to 1.31 first");
    let cases = [
        ("1.30.1", Some(older)),
        ("1.29.4", Some(older)),
        ("1.29", Some(older)),
        ("1.32.0", Some(skips)),
        ("1.32", Some(skips)),
        ("2.0.0", Some(skips)),
        ("1.30.2", None),
    ];
    for (to, wanted) in cases {
        for skip_preflight in [false, true] {
            let asked = Asked {
                to: to.parse().unwrap(),
                strategy: Strategy::InPlace,
                revision: None,
                charts: None,
                image_tag: None,
            };
            let ended = upgrader.start(&asked, skip_preflight).await;
            match (ended, wanted) {
                (Ok(Exit::Ok), None) => {}
                (Err(failure), Some(wanted)) => {
                    let text = failure.to_string();
                    assert!(text.contains(wanted), "{to}: {text}");
                    assert!(text.starts_with("nothing was written: "), "{to}: {text}");
                }
                (ended, _) => panic!("{to}: {ended:?}"),
            }
        }
    }
}
