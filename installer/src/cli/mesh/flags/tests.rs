use super::*;
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    flags: MeshFlags,
}

fn flags(line: &str) -> MeshFlags {
    let words = std::iter::once("weft").chain(line.split_whitespace());
    Line::try_parse_from(words)
        .unwrap_or_else(|error| panic!("{line}: {error}"))
        .flags
}

/// The mesh that flags alone describe.
pub(in crate::cli) fn described(line: &str) -> Mesh {
    flags(line).over(empty()).unwrap()
}

fn file(spec: &str) -> Document {
    let spec = spec.replace('\n', "\n  ");
    let text = format!(
        "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {{name: shop}}\nspec:\n  version: '1.31.0'\n  {spec}"
    );
    parse(text.as_bytes()).unwrap()
}

/// Each flag makes what a file says.
const SAME: &[(&str, &str)] = &[
    ("", "mode: dedicated"),
    ("--mode dedicated", ""),
    (
        "--revision blue --tag a --tag b",
        "revision: blue\ntags: [a, b]",
    ),
    ("--root-namespace mesh1", "rootNamespace: mesh1"),
    (
        "--cluster-name east --network net1",
        "clusters: [{name: east, network: net1}]",
    ),
    (
        "--engine sail --charts ./charts",
        "engine: sail\ncharts: ./charts",
    ),
    (
        "--hub r.example/i --image-tag 1.31 --pull-policy Never --pull-secret a --pull-secret b",
        "images: {hub: r.example/i, tag: '1.31', pullPolicy: Never, pullSecrets: [a, b]}",
    ),
    ("--openshift", "openshift: true"),
    ("--ambient", "ambient: true"),
    ("--cni=true", "cni: true"),
    ("--high-availability", "highAvailability: true"),
    ("--scale S50P200", "scale: S50P200"),
    (
        "--istiod-requests cpu=1,memory=1Gi --istiod-limits memory=2Gi --istiod-replicas 2-5",
        "sizes: {istiod: {resources: {requests: {cpu: '1', memory: 1Gi}, limits: {memory: 2Gi}}, replicas: {min: 2, max: 5}}}",
    ),
    (
        "--gateway-requests cpu=1 --gateway-limits cpu=2 --gateway-replicas 3",
        "sizes: {gateway: {resources: {requests: {cpu: '1'}, limits: {cpu: '2'}}, replicas: {min: 3, max: 3}}}",
    ),
    (
        "--sidecar-requests cpu=1 --sidecar-limits cpu=2",
        "sidecar: {resources: {requests: {cpu: '1'}, limits: {cpu: '2'}}}",
    ),
    (
        "--sidecar-unlimited",
        "sidecar: {resources: {unlimited: true}}",
    ),
    (
        "--outbound REGISTRY_ONLY",
        "traffic: {outbound: REGISTRY_ONLY}",
    ),
    ("--locality=false", "traffic: {locality: {enabled: false}}"),
    (
        "--distribute a/b=a/b:80,a/c:20 --distribute d=d:100",
        "traffic: {locality: {distribute: [{from: a/b, to: {a/b: 80, a/c: 20}}, {from: d, to: {d: 100}}]}}",
    ),
    (
        "--failover a=b",
        "traffic: {locality: {failover: [{from: a, to: b}]}}",
    ),
    (
        "--retries 3 --retry-on 5xx,reset --per-try-timeout 2s --retry-remote-localities",
        "traffic: {retries: {attempts: 3, retryOn: [5xx, reset], perTryTimeout: 2s, retryRemoteLocalities: true}}",
    ),
    ("--global-injection", "globalInjection: true"),
    (
        "--log-level debug --discovery namespace",
        "sidecar: {logLevel: debug, discovery: namespace}",
    ),
    (
        "--hold-application --drain-duration 15s",
        "sidecar: {lifecycle: {holdApplicationUntilProxyStarts: true, terminationDrainDuration: 15s}}",
    ),
    (
        "--exit-on-zero-connections",
        "sidecar: {lifecycle: {exitOnZeroActiveConnections: true}}",
    ),
    (
        "--tracing --trace-sampling 5 --trace-collector zipkin://z.example:9411",
        "tracing: {sampling: 5, collector: {protocol: zipkin, service: z.example, port: 9411}}",
    ),
    (
        "--set istiod.env.A=\"1\" --set istiod.env.B=true --set gateway.service.type=ClusterIP",
        "values: {istiod: {env: {A: '1', B: true}}, gateway: {service: {type: ClusterIP}}}",
    ),
];

#[test]
fn flags_and_file_make_the_same_mesh() {
    for (line, spec) in SAME {
        let by_flags = flags(&format!("shop --istio-version 1.31.0 {line}")).over(empty());
        let by_file = MeshFlags::default().over(file(spec));
        assert_eq!(by_flags.as_ref(), by_file.as_ref(), "{line}");
        assert!(by_file.is_ok(), "{spec}: {by_file:?}");
    }
}

#[test]
fn a_flag_wins_over_the_file() {
    let cases = [
        ("--scale S200P1000", "scale: S50P200", "scale: S200P1000"),
        ("--ambient=false", "ambient: true", ""),
        ("--tag b", "tags: [a, c]", "tags: [b]"),
        (
            "--hub r.example/b",
            "images: {hub: r.example/a, tag: '1'}",
            "images: {hub: r.example/b, tag: '1'}",
        ),
        ("--istio-version 1.30.3", "", "version: '1.30.3'"),
        (
            "shop --cluster-name b",
            "clusters: [{name: a, network: n}]",
            "clusters: [{name: b}]",
        ),
    ];
    for (line, over, wanted) in cases {
        let found = flags(line).over(file(over)).unwrap();
        let wanted = match wanted.strip_prefix("version: ") {
            Some(version) => {
                let mut mesh = MeshFlags::default().over(file("")).unwrap();
                mesh.spec.version = Some(version.trim_matches('\'').parse().unwrap());
                mesh
            }
            None => MeshFlags::default().over(file(wanted)).unwrap(),
        };
        assert_eq!(found, wanted, "{line} over {over}");
    }
}

#[test]
fn mistakes_name_their_flag() {
    let cases = [
        (
            "--scale S1",
            "",
            "--scale (/spec/scale): \"S1\": must be one of S50P200",
        ),
        (
            "--retry-on 503 --retries 1",
            "",
            "--retry-on (/spec/traffic/retries/retryOn/0): \"503\": must be one of 5xx",
        ),
        (
            "--trace-collector x://a:1",
            "",
            "--trace-collector (/spec/tracing/collector/protocol): \"x\": must be one of opentelemetry, zipkin",
        ),
        (
            "--set istio.a=1",
            "",
            "--set (/spec/values/istio): there is no such field",
        ),
        (
            "--scale S50P200",
            "sizes: {}",
            "/spec/sizes: contradicts scale",
        ),
        ("other", "", "/metadata/name: \"shop\": NAME is \"other\""),
    ];
    for (line, spec, wanted) in cases {
        let found = flags(line).over(file(spec)).unwrap_err().to_string();
        assert!(found.contains(wanted), "{line}: {found}");
    }
    for wrong in [
        "--openshift true extra",
        "--network n",
        "--retries many",
        "--istiod-replicas x",
        "--set x",
    ] {
        let words = std::iter::once("weft").chain(wrong.split_whitespace());
        assert!(Line::try_parse_from(words).is_err(), "{wrong}");
    }
}
