//! A mesh that is exported is the same mesh: what the real Helm and the real istioctl make of it, object by object.

use crate::support::{folder, tool, weft};
use lab::{Cache, Tool, tools};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// With what makes the tools' lives hard: a revision with a tag, ambient, a namespace of its own, sizes, a value that is taken
/// away with null, and a resource that no chart has.
const RICH: &str = "
  rootNamespace: mesh-system
  revision: blue
  tags: [prod]
  ambient: true
  highAvailability: true
  scale: S200P1000
  images: {hub: registry.example/istio, tag: 1.31.0, pullSecrets: [pull]}
  clusters: [{name: here, network: net1}]
  traffic: {outbound: REGISTRY_ONLY}
  sidecar: {discovery: namespace, resources: {requests: {cpu: 50m}, unlimited: true}}
";
const PLAIN: &str = "
  images: {hub: registry.example/istio, tag: 1.31.0}
";

type Objects = BTreeMap<String, Value>;

/// Values that Istio's charts know, of which their values.yaml does not have all; and one that they do not.
const VALUES: &str = "
  ambient: true
  values:
    base: {base: {excludedCRDs: []}, global: {resourceScope: all}, defaultRevision: ''}
    istiod:
      env: {PILOT_ANYTHING: '1'}
      pilot: {podLabels: {own: label}}
      trafficDistribution: PreferClose
      deploymentAnnotations: {own/annotation: '1'}
      resources: {limits: {cpu: '1', example.com/gpu: '1'}}
      compatibilityVersion: ''
      seccompProfile: {type: RuntimeDefault}
      autoscaleBehavior: {scaleDown: {stabilizationWindowSeconds: 1}}
      meshConfig: {accessLogFile: /dev/stdout, defaultConfig: {holdApplicationUntilProxyStarts: true}}
      sidecarInjectorWebhook: {templates: {mine: ''}, injectedAnnotations: {own: '1'}}
      global: {proxy: {lifecycle: {preStop: {exec: {command: [a]}}}, logLevel: debug}, caAddress: a, tracer: {zipkin: {address: a}}, meshNetworks: {net1: {}}, waypoint: {nodeSelector: {a: b}}}
      pdb: {maxUnavailable: 1}
      affinity: {nodeAffinity: {}}
    cni: {cni: {logging: {level: debug}}, repair: {enabled: false}, env: {A: b}, podAnnotations: {own: '1'}, updateStrategy: {rollingUpdate: {maxSurge: 1}}, ambient: {dnsCapture: false}, resourceQuotas: {pods: 1}}
    ztunnel: {env: {A: b}, annotations: {own: '1'}, meshConfig: {defaultConfig: {proxyMetadata: {A: b}}}, nodeSelector: {a: b}, terminationGracePeriodSeconds: 1}
";

/// The programs, and the charts of a version.
struct World {
    folder: tempfile::TempDir,
    helm: PathBuf,
    istioctl: Option<PathBuf>,
    reader: PathBuf,
}

impl World {
    fn new(spec: &str) -> Option<Self> {
        let helm = tool(&["helm"])?;
        let cache = Cache::from_env().unwrap();
        let reader = tools::ensure(&cache, Tool::Helm)
            .unwrap()
            .join("helm-objects");
        let charts = tools::ensure(&cache, Tool::Charts).unwrap().join("1.31");
        let folder = folder();
        let mesh = format!(
            "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec:\n  version: 1.31.0\n  charts: {}{spec}",
            charts.display()
        );
        std::fs::write(folder.path().join("mesh.yaml"), mesh).unwrap();
        Some(Self {
            folder,
            helm,
            istioctl: tool(&["istioctl"]),
            reader,
        })
    }

    fn export(&self, form: &str, to: &str) -> String {
        let line = [
            "mesh",
            "export",
            "-f",
            "mesh.yaml",
            "--for",
            form,
            "--to",
            to,
        ];
        let output = weft(self.folder.path(), &line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("not in the export"), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn read(&self, manifests: &[u8]) -> Objects {
        let mut reader = Command::new(&self.reader);
        let mut child = reader
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || input.write_all(manifests).unwrap());
            child.wait_with_output().unwrap()
        });
        assert!(output.status.success(), "what was printed cannot be read");
        let lines = std::str::from_utf8(&output.stdout).unwrap().lines();
        let objects = lines.map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let object = line["object"].take();
            (id(&object), object)
        });
        objects.collect()
    }

    /// What the commands of the exported script would install.
    fn by_helm(&self) -> Objects {
        let script = std::fs::read_to_string(self.folder.path().join("out/install.sh")).unwrap();
        let mut objects = Objects::new();
        for line in script.lines() {
            let Some(line) = line.strip_prefix("helm upgrade --install ") else {
                continue;
            };
            let line = line.replace(" --take-ownership --wait", "");
            let output = Command::new(&self.helm)
                .arg("template")
                .args(line.split(' '))
                .args(["--is-upgrade", "--include-crds"])
                .current_dir(self.folder.path().join("out"))
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            objects.extend(self.read(&output.stdout));
        }
        objects
    }

    fn by_istioctl(&self) -> Option<Objects> {
        let file = self.folder.path().join("out/istio-operator.yaml");
        let output = Command::new(self.istioctl.as_ref()?)
            .args(["manifest", "generate", "-f"])
            .arg(file)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(self.read(&output.stdout))
    }
}

fn id(object: &Value) -> String {
    let text = |at: &str| {
        object
            .pointer(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    format!("{} {namespace}/{name}", text("/kind"))
}

/// Changes what stands at a key, wherever it is; nothing takes it away.
fn everywhere(value: &mut Value, key: &str, change: &impl Fn(&Value) -> Option<Value>) {
    match value {
        Value::Object(fields) => {
            if let Some(there) = fields.get(key) {
                match change(there) {
                    Some(new) => drop(fields.insert(key.to_owned(), new)),
                    None => drop(fields.remove(key)),
                }
            }
            fields
                .values_mut()
                .for_each(|inner| everywhere(inner, key, change));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|inner| everywhere(inner, key, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The fields that differ, for a test that fails.
fn difference(one: &Value, other: &Value, at: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one
                .keys()
                .chain(other.keys().filter(|key| !one.contains_key(*key)));
            for key in keys {
                let side = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or_default()
                };
                difference(&side(one), &side(other), &format!("{at}/{key}"), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                difference(one, other, &format!("{at}/{index}"), found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{at}: {one} and {other}")),
    }
}

fn same(ours: &Objects, theirs: &Objects) {
    let names = |objects: &Objects| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs));
    let mut found = Vec::new();
    for (id, object) in ours {
        difference(object, &theirs[id], id, &mut found);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Ours, without what no chart has.
fn of_charts(mut ours: Objects, others: &[&str]) -> Objects {
    for id in others {
        assert!(ours.remove(*id).is_some(), "{id} is not exported");
    }
    for object in ours.values_mut() {
        everywhere(object, "app.kubernetes.io/managed-by", &|_| {
            Some("Helm".into())
        });
    }
    ours
}

#[test]
fn values_that_a_chart_does_not_know_are_told_and_no_others() {
    let cache = Cache::from_env().unwrap();
    let charts = tools::ensure(&cache, Tool::Charts).unwrap();
    let typos = [
        (
            "istiod:\n",
            "istiod:\n      pilto: {env: {A: b}}\n",
            "spec.values.istiod.pilto: the chart istiod",
        ),
        (
            "dnsCapture",
            "dnsCaptrue",
            "spec.values.cni.ambient.dnsCaptrue: the chart cni",
        ),
        (
            "excludedCRDs",
            "excludeCRD",
            "spec.values.base.base.excludeCRD: the chart base",
        ),
        (
            "logLevel",
            "loglevel",
            "spec.values.istiod.global.proxy.loglevel: the chart istiod",
        ),
        (
            "terminationGracePeriodSeconds",
            "terminationGracePeriod",
            "spec.values.ztunnel.terminationGracePeriod: the chart ztunnel",
        ),
    ];
    for minor in ["1.30", "1.31"] {
        let told = |values: &str| {
            let folder = folder();
            let head = "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: shop}\nspec:";
            let place = charts.join(minor);
            let mesh = format!(
                "{head}\n  version: {minor}.0\n  charts: {}{values}",
                place.display()
            );
            std::fs::write(folder.path().join("mesh.yaml"), mesh).unwrap();
            let output = weft(
                folder.path(),
                &["mesh", "export", "-f", "mesh.yaml", "--for", "helm"],
            );
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{said}");
            let lines = said
                .lines()
                .filter(|line| line.contains("has no such value"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(told(VALUES), <[String; 0]>::default(), "{minor}");
        for (right, wrong, words) in typos {
            let said = told(&VALUES.replacen(right, wrong, 1));
            let fits =
                said.len() == 1 && said[0].contains(words) && said[0].contains("did you mean");
            assert!(fits, "{minor} {wrong}: {said:#?}");
        }
    }
}

#[test]
fn helm_makes_the_same_objects_of_it() {
    let rich = ["Namespace /mesh-system", "Sidecar mesh-system/weft-scope"];
    for (spec, others) in [(PLAIN, &["Namespace /istio-system"][..]), (RICH, &rich)] {
        let Some(world) = World::new(spec) else {
            return;
        };
        let ours = of_charts(world.read(world.export("yaml", "-").as_bytes()), others);
        world.export("helm", "out");
        same(&ours, &world.by_helm());
    }
}

/// What istioctl says in its own way.
fn as_istioctl(objects: &mut Objects) {
    for object in objects.values_mut() {
        // Read, since keys may come in another order.
        everywhere(object, "values", &|text| {
            text.as_str()
                .map(|text| serde_json::from_str(text).unwrap())
        });
        for own in [
            // One release, called istio, of charts that are not stamped with a version.
            "app.kubernetes.io/instance",
            "app.kubernetes.io/version",
            "helm.sh/chart",
            "release",
            // Its own marks.
            "install.operator.istio.io/owning-resource",
            "operator.istio.io/component",
            // What was said to the chart, which nothing but istioctl reads: its profile is among it.
            "merged-values",
            "original-values",
            // As on a first installation; istiod closes webhooks once it runs.
            "failurePolicy",
        ] {
            everywhere(object, own, &|_| None);
        }
    }
}

#[test]
fn istioctl_makes_the_same_objects_of_it() {
    let rich = ["Namespace /mesh-system", "Sidecar mesh-system/weft-scope"];
    for (spec, others) in [(PLAIN, &["Namespace /istio-system"][..]), (RICH, &rich)] {
        let Some(world) = World::new(spec) else {
            return;
        };
        let mut ours = of_charts(world.read(world.export("yaml", "-").as_bytes()), others);
        world.export("istioctl", "out");
        let Some(mut theirs) = world.by_istioctl() else {
            return;
        };
        as_istioctl(&mut ours);
        as_istioctl(&mut theirs);
        same(&ours, &theirs);
    }
}
