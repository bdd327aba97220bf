//! What is said of what does not get ready: by a real kubelet, scheduler and controllers.

use super::world::{World, deployment, map};

const QUOTA: &str = "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {pods: \"0\"}}\n";
const RANGE: &str = "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: range}\nspec: {limits: [{type: Container, max: {cpu: 100m}}]}\n";
const HOOK: &str = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: unready}\n\
    webhooks:\n- {name: unready.example.com, admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Fail, timeoutSeconds: 2,\n   \
    clientConfig: {service: {namespace: NS, name: none}}, rules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: [pods]}],\n   \
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: NS}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: none}\nspec: {ports: [{port: 443}]}\n";
const CLAIM: &str = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
const BALANCER: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: edge}\nspec: {type: LoadBalancer, selector: {app: a}, ports: [{port: 80}]}\n";

/// A namespace, what is applied to it, and what is said then.
type Case = (&'static str, Vec<String>, &'static [&'static str]);

pub(crate) fn the_first_cause_is_told(world: &World) {
    std::thread::scope(|scope| {
        for (name, stages, words) in stopped().into_iter().chain(placed()).chain(refused()) {
            scope.spawn(move || {
                let corner = world.room(name);
                let stages: Vec<&str> = stages.iter().map(String::as_str).collect();
                corner.apply(&stages, &["--timeout", "30s"]).must(3, words);
            });
        }
        scope.spawn(|| it_goes_on_from_there(world));
    });
}

/// Containers that do not run, or not well.
fn stopped() -> Vec<Case> {
    let image = deployment("web", "").replace(&lab::tools::echo_image(), "127.0.0.1:9/shop/web:1");
    let flag = deployment("web", "").replace("--port", "--no-such-flag");
    let probe = deployment(
        "web",
        ", readinessProbe: {httpGet: {path: /, port: 9}, periodSeconds: 1}",
    );
    let environment = deployment("web", ", envFrom: [{configMapRef: {name: settings}}]");
    let volume = deployment("web", ", volumeMounts: [{name: v, mountPath: /v}]")
        + "      volumes: [{name: v, secret: {secretName: cacerts}}]\n";
    vec![
        (
            "image",
            vec![image],
            &[
                "the image 127.0.0.1:9/shop/web:1 cannot be pulled",
                "connection refused",
                "the node does not reach the registry",
            ],
        ),
        (
            "flag",
            vec![flag],
            &[
                "container app ended with exit code",
                "and said last:",
                "no-such-flag",
                "kubectl logs",
            ],
        ),
        (
            "probe",
            vec![probe],
            &["container app runs, but is not ready: Readiness probe failed"],
        ),
        (
            "environment",
            vec![environment],
            &["container app cannot start: configmap \"settings\" not found"],
        ),
        (
            "volume",
            vec![volume],
            &["secret \"cacerts\" not found; create what it names"],
        ),
    ]
}

/// Pods that no node takes, and what gets no volume or address.
fn placed() -> Vec<Case> {
    let room = deployment("web", ", resources: {requests: {cpu: 900}}");
    let node = deployment("web", "").replace(
        "      containers:",
        "      nodeSelector: {nowhere: \"1\"}\n      containers:",
    );
    vec![
        (
            "room",
            vec![room],
            &[
                "no node takes it: 0/1 nodes are available: 1 Insufficient cpu; add nodes, or lower its requests",
            ],
        ),
        (
            "node",
            vec![node],
            &["change its node selector or affinity, or label a node"],
        ),
        (
            "claim",
            vec![CLAIM.to_owned()],
            &[
                "PersistentVolumeClaim claim/data: it gets no volume: storageclass.storage.k8s.io \"fast\" not found",
            ],
        ),
        (
            "edge",
            vec![BALANCER.to_owned()],
            &[
                "Service edge/edge: nobody has given it an address; install a load balancer controller",
            ],
        ),
    ]
}

/// Pods that are not let in.
fn refused() -> Vec<Case> {
    let plain = deployment("web", "");
    let limit = deployment("web", ", resources: {limits: {cpu: 2}}");
    let account = deployment("web", "").replace(
        "      containers:",
        "      serviceAccountName: someone\n      containers:",
    );
    vec![
        (
            "quota",
            vec![QUOTA.to_owned(), plain.clone()],
            &[
                "Deployment quota/web: its pods are refused: the ResourceQuota small is used up",
                "raise the ResourceQuota small",
            ],
        ),
        (
            "range",
            vec![RANGE.to_owned(), limit],
            &[
                "its pods are refused: a LimitRange of the namespace forbids it: maximum cpu usage per Container is 100m, but limit is 2",
            ],
        ),
        (
            "hook",
            vec![HOOK.to_owned(), plain],
            &[
                "its pods are refused: the admission webhook unready.example.com does not answer",
                "look at the pods of Service",
            ],
        ),
        (
            "account",
            vec![account],
            &[
                "its ServiceAccount account/someone does not exist; create ServiceAccount account/someone",
            ],
        ),
    ]
}

fn it_goes_on_from_there(world: &World) {
    let corner = world.room("on");
    let settings = map("settings", "");
    let pod = deployment("web", ", envFrom: [{configMapRef: {name: settings}}]");
    corner
        .apply(&[&pod], &["--timeout", "30s"])
        .must(3, &["the same command goes on from there"]);
    corner.status().must(
        2,
        &[
            "Deployment on/web",
            "no",
            "configmap \"settings\" not found",
        ],
    );
    corner
        .apply(&[&settings, &pod], &["--timeout", "90s"])
        .must(0, &["Deployment on/web ready"]);
    corner
        .status()
        .must(0, &["Deployment on/web", "yes", "ConfigMap on/settings"]);
}
