//! What the charts are rendered with. A case goes to the charts that it is about, and to them with all that it says:
//! what a chart does not know it ignores, or refuses.

/// A way to give values.
pub(crate) enum Flag {
    File(&'static str),
    Set(&'static str),
    SetString(&'static str),
    SetJson(&'static str),
}

use Flag::{File, Set, SetJson, SetString};

/// One set of values.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) flags: Vec<Flag>,
    pub(crate) release: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) is_upgrade: bool,
    charts: &'static [&'static str],
}

impl Case {
    pub(crate) fn is_about(&self, chart: &str) -> bool {
        self.charts.is_empty() || self.charts.contains(&chart)
    }
}

fn case(name: &'static str, flags: impl IntoIterator<Item = Flag>) -> Case {
    Case {
        name,
        flags: flags.into_iter().collect(),
        release: "a-release",
        namespace: "istio-system",
        is_upgrade: false,
        charts: &[],
    }
}

fn about(charts: &'static [&'static str], cases: Vec<Case>) -> Vec<Case> {
    let about = |case| Case { charts, ..case };
    cases.into_iter().map(about).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    const CONTROL_PLANE: &[&str] = &["base", "default", "istio-control/istio-discovery"];
    const GATEWAYS: &[&str] = &["gateway", "gateways/istio-egress", "gateways/istio-ingress"];
    const NODES: &[&str] = &["istio-cni", "ztunnel"];
    let all = [
        profiles(),
        about(CONTROL_PLANE, control_plane()),
        about(CONTROL_PLANE, remotes()),
        about(CONTROL_PLANE, mesh()),
        about(GATEWAYS, gateways()),
        about(NODES, nodes()),
        workloads(),
        forms(),
        texts(),
        refusals(),
    ];
    all.into_iter().flatten().collect()
}

fn profiles() -> Vec<Case> {
    let profile = |name, flag| case(name, [Set(flag)]);
    vec![
        case("default", []),
        profile("ambient", "profile=ambient"),
        profile("demo", "profile=demo"),
        profile("preview", "profile=preview"),
        profile("remote", "profile=remote"),
        profile("stable", "profile=stable"),
        profile("global profile", "global.profile=ambient"),
        profile("compatibility 1.28", "compatibilityVersion=1.28"),
        profile("platform openshift", "platform=openshift"),
        profile("platform gke", "global.platform=gke"),
        profile("platform k3s", "platform=k3s"),
        profile("platform minikube", "platform=minikube"),
        case(
            "ambient on openshift, older",
            [
                Set("profile=ambient,platform=openshift"),
                SetString("compatibilityVersion=1.27"),
            ],
        ),
        case(
            "profile against values",
            [File(
                "profile: ambient\npilot: {env: {PILOT_ENABLE_AMBIENT: 'false'}}\ncni: {ambient: {enabled: false}}\nenv: {A: 1}\nmeshConfig: {defaultConfig: {proxyMetadata: {X: y}}}\n",
            )],
        ),
    ]
}

fn control_plane() -> Vec<Case> {
    vec![
        case("revision", [Set("revision=1-31-0")]),
        case(
            "revision of the root",
            [Set(
                "global.revision=canary,defaultRevision=canary,base.validationURL=https://x.y/z",
            )],
        ),
        case("tags", [Set("revision=r1,revisionTags={stable,prod}")]),
        case(
            "default revision",
            [File("defaultRevision: default\nrevisionTags: [default]\n")],
        ),
        case(
            "autoscaling",
            [File(
                "autoscaleMin: 2\nautoscaleMax: 7\nreplicaCount: 3\ncpu: {targetAverageUtilization: 55}\nmemory: {targetAverageUtilization: 66}\nautoscaleBehavior: {scaleDown: {stabilizationWindowSeconds: 300}}\n",
            )],
        ),
        case(
            "no autoscaling",
            [File(
                "autoscaleEnabled: false\nreplicaCount: 2\nrollingMaxSurge: 1\nrollingMaxUnavailable: 0\n",
            )],
        ),
        case(
            "nested pilot",
            [File(
                "pilot: {autoscaleEnabled: false, replicaCount: 4, env: {A: b}, cni: {enabled: true}, image: p, tag: t, traceSampling: 5}\n",
            )],
        ),
    ]
}

fn remotes() -> Vec<Case> {
    vec![
        case(
            "external",
            [File(
                "global: {externalIstiod: true, remotePilotAddress: 10.0.0.7, configCluster: true, meshID: m, multiCluster: {enabled: true, clusterName: c1}, network: n1, omitSidecarInjectorConfigMap: false}\n",
            )],
        ),
        case(
            "remote by name",
            [Set(
                "profile=remote,global.remotePilotAddress=istiod.example.org,istiodRemote.enabled=true,istiodRemote.injectionPath=/inject/cluster/c/net/n",
            )],
        ),
        case(
            "remote by IPv6",
            [Set(
                "profile=remote,global.remotePilotAddress=2001:db8::7,global.configCluster=true",
            )],
        ),
        case(
            "remote, URL",
            [File(
                "istiodRemote: {enabled: true, injectionURL: 'https://x.y:15017/inject', injectionCABundle: YWJj}\nglobal: {istiod: {enableAnalysis: true}}\n",
            )],
        ),
        case("scopes", [Set("global.resourceScope=namespace")]),
        case("scope cluster", [Set("global.resourceScope=cluster")]),
        case(
            "network policies",
            [Set("global.networkPolicy.enabled=true,pdb.minAvailable=2")],
        ),
        case(
            "taint and gateways",
            [File(
                "taint: {enabled: true}\ngatewayClasses: {istio: {deployment: {spec: {replicas: 2}}, service: {spec: {type: ClusterIP}}}}\ntrustedZtunnelNamespace: other\ntrustedZtunnelName: z\n",
            )],
        ),
        case(
            "certificates",
            [File(
                "global: {pilotCertProvider: kubernetes, caAddress: 'ca:443', caName: x, certSigners: [a.b/c], jwtPolicy: first-party-jwt, sts: {servicePort: 5}, mountMtlsCerts: true, trustBundleName: tb, waypoint: {resources: {requests: {cpu: 1}}}}\njwksResolverExtraRootCA: |\n  -----BEGIN\n  abc\n",
            )],
        ),
    ]
}

/// What every chart that runs something knows.
fn workloads() -> Vec<Case> {
    const CHARTS: &[&str] = &[
        "gateway",
        "gateways/istio-ingress",
        "istio-cni",
        "istio-control/istio-discovery",
        "ztunnel",
    ];
    let cases = vec![
        case(
            "resources",
            [File(
                "resources: {requests: {cpu: 1, memory: 1.5Gi}, limits: {cpu: 1500m}}\nglobal: {proxy: {resources: {requests: {cpu: 10m, memory: 40Mi}, limits: {memory: 2Gi}}}, proxy_init: {resources: {limits: {cpu: 100m}}}}\n",
            )],
        ),
        case(
            "images",
            [
                Set(
                    "global.hub=example.org:5000/istio,global.tag=1.31.0,global.variant=distroless,hub=h,tag=t,image=custom",
                ),
                SetJson(r#"global.imagePullSecrets=["one","two"]"#),
                Set("global.imagePullPolicy=Always,imagePullPolicy=IfNotPresent"),
            ],
        ),
        case(
            "numbers for tags",
            [File("tag: 1.10\nglobal: {tag: 1.20, hub: 5}\n")],
        ),
        case(
            "placement",
            [File(
                "nodeSelector: {a: b}\ntolerations: [{key: k, operator: Exists, effect: NoSchedule}]\naffinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]}}}\ntopologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: '{{ .Release.Name }}'}}}]\npriorityClassName: high\nglobal: {priorityClassName: highest, defaultPodDisruptionBudget: {enabled: true}, defaultTolerations: [{key: x}], defaultNodeSelector: {y: z}}\n",
            )],
        ),
        case(
            "annotations and labels",
            [File(
                "podAnnotations: {a: 'yes', b: '1'}\npodLabels: {c: d}\nserviceAnnotations: {e: f}\nserviceAccountAnnotations: {g: h}\nannotations: {i: j}\nlabels: {k: l}\ndeploymentLabels: {m: n}\nadditionalLabels: {q: r}\ninjectorAnnotations: {s: t}\n",
            )],
        ),
        case(
            "env, volumes, arguments",
            [File(
                "env: {PILOT_X: 'true', NUMBER: 5, FLOAT: 1.5, BIG: 1000000}\nenvVarFrom: [{name: S, valueFrom: {secretKeyRef: {name: s, key: k}}}]\nextraContainerArgs: [--a=b]\nvolumeMounts: [{name: v, mountPath: /v}]\nvolumes: [{name: v, emptyDir: {}}]\ninitContainers: [{name: i, image: '{{ .Values.global.hub }}/i'}]\n",
            )],
        ),
    ];
    about(CHARTS, cases)
}

fn mesh() -> Vec<Case> {
    vec![
        case(
            "mesh config",
            [File(
                "meshConfig:\n  accessLogFile: /dev/stdout\n  accessLogFormat: |\n    [%START_TIME%] \"%REQ(:METHOD)%\"  trailing \n    second line\n  enableTracing: true\n  trustDomain: td.example\n  outboundTrafficPolicy: {mode: REGISTRY_ONLY}\n  defaultConfig: {concurrency: 2, holdApplicationUntilProxyStarts: true, tracing: {sampling: 12.5, zipkin: {address: 'z:9411'}}, proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}}\n  extensionProviders: [{name: otel, opentelemetry: {service: o.svc, port: 4317}}]\n  discoverySelectors: [{matchLabels: {mesh: 'on'}}]\n  rootNamespace: other\n  localityLbSetting: {enabled: true}\n",
            )],
        ),
        case(
            "network",
            [Set(
                "global.network=n1,global.meshID=m1,global.multiCluster.clusterName=c1,global.trustDomain=x",
            )],
        ),
        case(
            "mesh networks",
            [File(
                "global: {meshNetworks: {n1: {endpoints: [{fromRegistry: c1}], gateways: [{address: 1.1.1.1, port: 15443}]}}}\n",
            )],
        ),
        case(
            "injection",
            [File(
                "sidecarInjectorWebhook: {enableNamespacesByDefault: true, rewriteAppHTTPProbe: false, reinvocationPolicy: IfNeeded, injectedAnnotations: {a: b}, neverInjectSelector: [{matchLabels: {x: y}}], alwaysInjectSelector: [{matchExpressions: [{key: z, operator: Exists}]}], templates: {custom: 'spec: {}'}, defaultTemplates: [sidecar, custom]}\nglobal: {proxy: {autoInject: disabled}}\n",
            )],
        ),
        case(
            "proxy",
            [File(
                "global: {proxy: {logLevel: debug, componentLogLevel: 'misc:error', clusterDomain: c.local, privileged: true, statusPort: 15999, tracer: zipkin, holdApplicationUntilProxyStarts: true, lifecycle: {preStop: {exec: {command: [sleep, '5']}}}, includeIPRanges: 10.0.0.0/8, excludeInboundPorts: '22,23', startupProbe: {enabled: false}, outlierLogPath: /x}, logAsJson: true, logging: {level: 'default:debug'}, nativeNftables: true, ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack, operatorManageWebhooks: false}\nlogAsJson: true\nlogLevel: 'all:debug'\nipFamilyPolicy: SingleStack\nipFamilies: [IPv6]\n",
            )],
        ),
        case(
            "telemetry",
            [Set(
                "telemetry.enabled=false,telemetry.v2.enabled=false,global.enableReaderRBAC=false,enableCRDTemplates=false,base.enableCRDTemplates=false",
            )],
        ),
        case(
            "webhooks managed elsewhere",
            [Set(
                "global.operatorManageWebhooks=true,global.configValidation=false",
            )],
        ),
        case(
            "CRDs left out",
            [SetJson(
                r#"base={"excludedCRDs":["envoyfilters.networking.istio.io","wasmplugins.extensions.istio.io"]}"#,
            )],
        ),
        case(
            "no config map",
            [Set(
                "configMap=false,istio_cni.enabled=true,ambient.enabled=true,cni.enabled=true,cni.provider=multus,cni.chained=false",
            )],
        ),
    ]
}

fn gateways() -> Vec<Case> {
    vec![
        case("cluster IP", [Set("service.type=ClusterIP")]),
        case(
            "node port",
            [File(
                "service: {type: NodePort, ports: [{name: http2, port: 80, targetPort: 8080, nodePort: 30080}], externalTrafficPolicy: Local}\n",
            )],
        ),
        case(
            "load balancer",
            [File(
                "service: {type: LoadBalancer, loadBalancerIP: 1.2.3.4, loadBalancerClass: c, loadBalancerSourceRanges: [10.0.0.0/8], externalIPs: [1.1.1.1], annotations: {a: b}, selectorLabels: {q: r}, clusterIP: None, internalTrafficPolicy: Local, allocateLoadBalancerNodePorts: false, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack}\nannotations: {c: d, a: e}\n",
            )],
        ),
        case("no service", [Set("service.type=None")]),
        case("network gateway", [Set("networkGateway=net-2")]),
        case(
            "gateway details",
            [File(
                "name: my-gateway\nkind: DaemonSet\nreplicaCount: 4\nserviceAccount: {create: false, name: sa}\nrbac: {enabled: false}\nautoscaling: {enabled: false}\nminReadySeconds: 5\nterminationGracePeriodSeconds: 60\nunprivilegedPort: true\nlabels: {istio: ingress, x: y}\nstrategy: {rollingUpdate: {maxSurge: 50%}}\ncontainerSecurityContext: {runAsUser: 5}\nsecurityContext: {sysctls: []}\n",
            )],
        ),
        case(
            "gateway autoscaling",
            [File(
                "autoscaling: {enabled: true, minReplicas: 2, maxReplicas: 9, targetCPUUtilizationPercentage: 75, targetMemoryUtilizationPercentage: 80, autoscaleBehavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 10}]}}}\npodDisruptionBudget: {minAvailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow}\npodAnnotations: {p: '1'}\nadditionalContainers: [{name: c, image: i}]\nvolumes: [{name: v, emptyDir: {}}]\nvolumeMounts: [{name: v, mountPath: /v}]\nenvVarFrom: []\nlifecycle: {preStop: {sleep: {seconds: 5}}}\nreadinessProbe: {httpGet: {path: /r, port: 1}}\n",
            )],
        ),
        case(
            "old gateways",
            [File(
                "gateways: {istio-ingressgateway: {name: in, type: NodePort, injectionTemplate: gateway, autoscaleEnabled: false, env: {A: b}, labels: {app: a, istio: b}, ports: [{port: 80, name: http}], secretVolumes: [{name: s, secretName: s, mountPath: /s}], additionalContainers: [], customService: false, rollingMaxSurge: 1, resources: {requests: {cpu: 1}}}, istio-egressgateway: {name: out, replicaCount: 3, serviceAnnotations: {a: b}}, seccompProfile: {type: RuntimeDefault}, securityContext: {runAsUser: 7}}\n",
            )],
        ),
    ]
}

fn nodes() -> Vec<Case> {
    vec![
        case(
            "cni",
            [File(
                "cniBinDir: /b\ncniConfDir: /c\ncniConfFileName: f.conf\ncniNetnsDir: /n\nexcludeNamespaces: [a, b]\nrepair: {enabled: false, repairPods: true}\nambient: {enabled: true, dnsCapture: false, ipv6: false, reconcileIptablesOnStartup: true, configDir: /d, shareHostNetworkNamespace: true, enableAmbientDetectionRetry: true, istioOwnedCNIConfig: true}\nchained: false\nprovider: multus\nprivileged: true\nseLinuxOptions: {level: x}\nseccompProfile: {type: RuntimeDefault}\nresourceQuotas: {enabled: true, pods: 10}\nupdateStrategy: {type: OnDelete}\ndaemonSetLabels: {a: b}\nrollingMaxUnavailable: 2\nlogging: {level: 'cni:debug'}\n",
            )],
        ),
        case(
            "nested cni",
            [File(
                "cni: {excludeNamespaces: [x], ambient: {enabled: true}, logLevel: debug, privileged: true}\n",
            )],
        ),
        case(
            "ztunnel",
            [File(
                "resourceName: zt\nvariant: debug\nterminationGracePeriodSeconds: 10\nxdsAddress: x:15012\nistioNamespace: other\nmeshConfig: {defaultConfig: {proxyMetadata: {A: B}}}\nl7Telemetry: {x: y}\nhbone: {x: 1}\nresources: {requests: {cpu: 1, memory: null}}\nupdateStrategy: {rollingUpdate: {maxUnavailable: 1}}\nmultiCluster: {clusterName: c9}\nseLinuxOptions: {type: t}\nhostNetwork: true\nnetwork: n5\nenvVarFrom: [{name: q}]\ndnsPolicy: Default\n",
            )],
        ),
        case(
            "nested ztunnel",
            [File(
                "ztunnel: {logLevel: debug, env: {X: y}, resources: {limits: {cpu: 3}}}\nglobal: {network: n3, multiCluster: {clusterName: c3}, hub: h3}\n",
            )],
        ),
    ]
}

fn forms() -> Vec<Case> {
    vec![
        case(
            "some nulls",
            [File(
                "podAnnotations: null\nunknown: null\nmeshConfig: {enablePrometheusMerge: null, x: null}\nglobal: {hub: null, network: null, proxy: {resources: {limits: null}}}\nresources: {requests: {cpu: null}}\nautoscaleMin: null\n",
            )],
        ),
        case(
            "nulls",
            [File(
                "resources: null\nenv: null\nmeshConfig: {enablePrometheusMerge: null}\nglobal: {proxy: {resources: null}, hub: null}\nautoscaling: null\npodAnnotations: null\nunknown: null\nsecurityContext: null\n",
            )],
        ),
        case(
            "later wins",
            [
                File("a: {b: 1}\nglobal: {hub: one, tag: one}\nenv: {A: x, B: y}"),
                File("global: {tag: two}\nenv: {A: null}"),
                Set("global.tag=three,env.C=z"),
                SetString("global.logging.level=default:info"),
            ],
        ),
        case(
            "set forms",
            [
                Set("tolerations[0].key=a,tolerations[0].operator=Exists,tolerations[1].key=b"),
                Set(r"podAnnotations.a\.b/c=d\,e,nodeSelector.kubernetes\.io/os=linux"),
                Set("env.N=5,env.T=true,env.Z=007,env.E="),
                SetString("env.S=5,podAnnotations.n=1"),
                SetJson(r#"resources={"limits":{"cpu":2}},affinity=null"#),
            ],
        ),
    ]
}

fn texts() -> Vec<Case> {
    vec![
        case(
            "weird text",
            [File(
                "env: {A: \"a: b # c\", B: '{{ not a template }}', C: \"line\\nline\\n\", D: 'yes', E: \"\\ttab\", F: '<&>', G: \"\\U0001F600 é\", H: '12:30:45', I: '0x1F', K: ' spaces ', L: \"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\", M: '', N: '~', O: '2020-01-02'}\npodAnnotations: {a: \"x\\n\\ny\\n\\n\", \"key with spaces\": v, b10: '1', b9: '2'}\nmeshConfig: {accessLogFormat: \"  lead\\n\\ttab\\n\", trustDomain: 'on', x: [[], {}, [[1, 2], {a: {b: []}}]]}\n",
            )],
        ),
        case(
            "numbers",
            [File(
                "meshConfig: {a: 1000000, b: 1.5, c: 1e21, d: -0.25, e: 123456789012, f: 0o17, g: 017, h: 1_000, i: .5, j: true, k: 1e-7}\nterminationGracePeriodSeconds: 1000000\nautoscaleMax: 1000000\n",
            )],
        ),
        Case {
            release: "other.name",
            namespace: "a-namespace",
            is_upgrade: true,
            ..case(
                "another release",
                [Set("global.istioNamespace=mesh-a,istioNamespace=mesh-a")],
            )
        },
        Case {
            release: "istio-ingressgateway",
            namespace: "default",
            ..case("gateway name", [Set("labels.a=b")])
        },
        case(
            "rest of the profile",
            [Set(
                "pilot.enabled=false,base.enabled=false,global.proxy.image=x,global.enabled=true,experimental.stableValidationPolicy=true",
            )],
        ),
    ]
}

fn refusals() -> Vec<Case> {
    vec![
        case("unknown profile", [Set("profile=nonsense")]),
        case("unknown platform", [Set("global.platform=nonsense")]),
        case(
            "unknown compatibility",
            [SetString("compatibilityVersion=0.1")],
        ),
        case("defaults set", [Set("defaults.hub=x")]),
        case(
            "remote without an address",
            [Set(
                "global.externalIstiod=false,istiodRemote.enabled=true,istiodRemote.enabledLocalInjectorIstiod=true,global.remotePilotAddress=",
            )],
        ),
        case(
            "bad schema value",
            [File(
                "replicaCount: many\nautoscaling: {minReplicas: x}\nservice: {type: 5}\n",
            )],
        ),
        case(
            "text that breaks quotes",
            [File("env: {J: \"quote\\\" back\\\\slash 'single'\"}\n")],
        ),
        case("bad gateway kind", [Set("kind=Nonsense")]),
        case(
            "bad cni",
            [Set(
                "cni.provider=nonsense,provider=nonsense,ambient.enabled=nonsense",
            )],
        ),
        case(
            "revision with a default tag",
            [Set("revision=a,revisionTags={default,a}")],
        ),
    ]
}
