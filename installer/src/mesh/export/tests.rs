use serde_json::json;

use super::*;
use crate::charts::Charts;
use crate::environment::Environment;
use crate::mesh::sail;
use crate::mesh::spec::document::parse;
use crate::mesh::spec::read::read;
use crate::registry::{Credentials, Registry};

fn mesh(spec: &str) -> Mesh {
    let text = format!(
        "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec: {{version: 1.31.0, {spec}}}\n"
    );
    read(parse(text.as_bytes()).unwrap(), &[]).unwrap()
}

/// What comes of a mesh for the operator. It needs no charts, and there are none where these come from.
async fn for_sail(spec: &str) -> Export {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::of(folder.path().to_str().unwrap(), []);
    let registry = Registry::new(Credentials::of_user(&environment), false);
    let charts = Charts::new(registry, &environment);
    let made = gather::of_file(&charts, mesh(spec), gather::KUBERNETES, Form::Sail);
    made.await.unwrap().0
}

/// The objects of a file, one behind the other.
fn objects(export: &Export, name: &str) -> Vec<Value> {
    let file = export.files.iter().find(|file| file.name == name).unwrap();
    let documents = file.text.split("---\n").skip(1);
    documents
        .map(|text| serde_saphyr::from_str(text).unwrap())
        .collect()
}

#[tokio::test]
async fn the_operator_gets_what_the_engine_would_write() {
    let cases = [
        "",
        "ambient: true, revision: blue, tags: [prod], rootNamespace: mesh-system",
        "charts: ./charts, images: {hub: r.example/istio}, cni: true, values: {istiod: {env: {A: b}, telemetry: {enabled: false}}, cni: {logging: {level: debug}}}",
    ];
    for spec in cases {
        let export = for_sail(spec).await;
        let mesh = mesh(&format!("engine: sail, {spec}"));
        let engine = sail::objects::stages(&[&mesh]);
        let engine: Vec<_> = engine.into_iter().flat_map(|stage| stage.objects).collect();
        assert_eq!(objects(&export, "sail.yaml"), engine, "{spec}");
    }
}

#[tokio::test]
async fn a_file_for_the_operator_is_this_text() {
    let export =
        for_sail("ambient: true, values: {istiod: {env: {A: b}}}, sidecar: {discovery: namespace}")
            .await;
    let text = "---
apiVersion: sailoperator.io/v1
kind: IstioCNI
metadata:
  name: default
spec:
  namespace: istio-system
  profile: ambient
  version: v1.31.0
---
apiVersion: sailoperator.io/v1
kind: Istio
metadata:
  name: default
spec:
  namespace: istio-system
  profile: ambient
  updateStrategy:
    type: InPlace
  values:
    global:
      istioNamespace: istio-system
      meshID: shop
    pilot:
      cni:
        enabled: true
      env:
        A: b
  version: v1.31.0
---
apiVersion: sailoperator.io/v1
kind: ZTunnel
metadata:
  name: default
spec:
  namespace: istio-system
  values:
    ztunnel:
      istioNamespace: istio-system
  version: v1.31.0
";
    assert_eq!(export.files[1].text, text);
    let names: Vec<_> = export.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["namespace.yaml", "sail.yaml", "discovery.yaml"]);
    assert!(
        export
            .steps
            .iter()
            .any(|step| step.ends_with("istios.sailoperator.io default")),
        "{:?}",
        export.steps
    );
}

#[tokio::test]
async fn what_the_operator_has_no_words_for_is_told() {
    let cases = [
        ("charts: ./mine", "that charts come from ./mine: "),
        (
            "values: {base: {enableCRDTemplates: true}}",
            "values.base.enableCRDTemplates, which is true: ",
        ),
        (
            "values: {istiod: {resources: {limits: null}}}",
            "Istio default: spec.values.pilot.resources.limits is null",
        ),
        (
            "ambient: true, values: {ztunnel: {resources: null}}",
            "ZTunnel default: spec.values.ztunnel.resources is null",
        ),
        ("tags: [default, qa]", "tag default: "),
    ];
    for (spec, words) in cases {
        let export = for_sail(spec).await;
        let told = export.losses.iter().filter(|loss| loss.starts_with(words));
        assert_eq!(told.count(), 1, "{words}: {:#?}", export.losses);
        let tags = objects(&export, "sail.yaml");
        let tags = tags.iter().filter(|one| one["kind"] == "IstioRevisionTag");
        let names: Vec<_> = tags.map(|tag| &tag["metadata"]["name"]).collect();
        let wanted: &[&str] = if spec.starts_with("tags") {
            &["qa"]
        } else {
            &[]
        };
        assert_eq!(names, wanted, "{spec}");
    }
}

#[test]
fn a_mesh_is_made_for_the_tool_and_not_for_what_installed_it() {
    let cases = [
        (Form::Yaml, Some(Engine::Sail)),
        (Form::Helm, Some(Engine::Charts)),
        (Form::Istioctl, Some(Engine::Charts)),
        (Form::Sail, Some(Engine::Sail)),
    ];
    for (form, wanted) in cases {
        assert_eq!(form.fitted(mesh("engine: sail")).spec.engine, wanted);
    }
}

const REGISTRY: &str = "oci://r.example/charts";

/// A mesh of one object for each stage, with a gateway of an older version.
fn with_a_gateway(form: Form, source: &str) -> Export {
    let mesh = mesh("");
    let object = |kind: &str, name: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    let stage = |component: &str, object: Value| Stage {
        component: component.to_owned(),
        objects: vec![object],
    };
    let given = Given {
        mesh: &mesh,
        version: &"1.31.0".parse().unwrap(),
        source: &source.parse().unwrap(),
        stages: vec![
            stage("namespace", object("Namespace", "istio-system")),
            stage("istio-base", object("ServiceAccount", "reader")),
            stage("istiod", object("ServiceAccount", "istiod")),
        ],
        gateways: Some(vec![Gateway {
            name: "edge".to_owned(),
            namespace: "front".to_owned(),
            version: "1.30.3".to_owned(),
            values: json!({"service": {"type": "ClusterIP"}}),
            objects: vec![object("Service", "edge"), object("ServiceAccount", "edge")],
        }]),
        is_protected: false,
    };
    export(&given, form).unwrap()
}

#[test]
fn gateways_come_along_or_are_told_as_missing() {
    let helm = "helm upgrade --install edge oci://r.example/charts/gateway --version 1.30.3 --namespace front --values values-front-edge.yaml --take-ownership --wait";
    let yaml = "kubectl apply --server-side --filename 04-gateway-edge.yaml";
    let cases = [
        (Form::Yaml, Some(yaml)),
        (Form::Helm, Some(helm)),
        (Form::Istioctl, None),
        (Form::Sail, None),
    ];
    for (form, step) in cases {
        let export = with_a_gateway(form, REGISTRY);
        assert_eq!(
            export
                .steps
                .last()
                .map(String::as_str)
                .filter(|last| last.contains("edge")),
            step,
            "{form:?}"
        );
        let missing = export
            .losses
            .iter()
            .filter(|loss| loss.starts_with("gateway front/edge: "));
        assert_eq!(missing.count(), usize::from(step.is_none()), "{form:?}");
        let file = export
            .losses
            .iter()
            .any(|loss| loss.contains("export the mesh by its name"));
        assert!(!file, "{form:?}");
    }
    let objects = objects(
        &with_a_gateway(Form::Yaml, REGISTRY),
        "04-gateway-edge.yaml",
    );
    let kinds: Vec<_> = objects.iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["ServiceAccount", "Service"]);
    let helm = with_a_gateway(Form::Helm, REGISTRY);
    let values = helm
        .files
        .iter()
        .find(|file| file.name == "values-front-edge.yaml");
    assert_eq!(values.unwrap().text, "service:\n  type: ClusterIP\n");
}

#[test]
fn helm_finds_the_charts_where_weft_does() {
    for (source, wanted) in [
        (REGISTRY, "oci://r.example/charts/gateway --version 1.30.3"),
        (
            "oci+http://r.example:5000/charts",
            "oci://r.example:5000/charts/gateway --version 1.30.3 --plain-http",
        ),
        (
            "https://r.example/charts",
            "gateway --repo https://r.example/charts --version 1.30.3",
        ),
        ("./charts", "gateway-1.30.3.tgz"),
    ] {
        let export = with_a_gateway(Form::Helm, source);
        let step = export.steps.last().unwrap();
        let wanted = format!("helm upgrade --install edge {wanted} --namespace front ");
        assert!(step.starts_with(&wanted), "{source}: {step}");
    }
}
