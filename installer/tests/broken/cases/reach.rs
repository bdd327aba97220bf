//! What is in the way before anything of the mesh is looked at: connections, credentials, files, charts.

use super::super::world::Config;
use super::{CASE, Case};

/// They need no mesh, and make none.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = connections();
    cases.extend(permissions());
    cases.extend(files());
    cases.extend(versions());
    cases
}

fn connections() -> Vec<Case> {
    vec![
        Case {
            name: "no kubeconfig",
            config: Config::None,
            weft: "mesh list",
            code: 65,
            object: "no kubeconfig",
            remedy: "give --kubeconfig, set KUBECONFIG",
            ..CASE
        },
        Case {
            name: "a kubeconfig that is not there",
            weft: "mesh list --kubeconfig nowhere.yaml",
            code: 65,
            object: "the kubeconfig nowhere.yaml",
            remedy: "name another with --kubeconfig",
            ..CASE
        },
        Case {
            name: "a context that is not there",
            weft: "mesh list --context nowhere",
            code: 65,
            object: "has no context \"nowhere\"",
            remedy: "give --context one of: weft-broken-",
            ..CASE
        },
        Case {
            name: "the API server is away",
            config: Config::File("away"),
            weft: "mesh status",
            code: 69,
            object: "the API server https://127.0.0.1:1/ cannot be reached",
            remedy: "is it the right --context, and is the network up?",
            ..CASE
        },
        Case {
            name: "the API server does not answer",
            config: Config::File("silent"),
            weft: "mesh status --request-timeout 1s",
            code: 69,
            object: "the API server https://127.0.0.1:",
            remedy: "did not answer within 1 s (--request-timeout)",
            ..CASE
        },
        Case {
            name: "a token that has expired",
            config: Config::File("expired"),
            weft: "mesh status",
            code: 77,
            object: "cannot list the records of meshes: no permission: Unauthorized",
            remedy: "log in again",
            ..CASE
        },
    ]
}

fn permissions() -> Vec<Case> {
    const READER: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: broken-reader}\n\
        rules: [{apiGroups: ['*'], resources: ['*'], verbs: [get, list, watch]}]\n---\n\
        apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: broken-reader}\n\
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: broken-reader}\n\
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]\n";
    vec![
        Case {
            name: "no permission at all",
            weft: "mesh create x CHARTS --as nobody",
            code: 77,
            object: "clusterroles.rbac.authorization.k8s.io: no permission to get, list, create, patch, delete",
            remedy: "ask for a role that allows it",
            ..CASE
        },
        Case {
            name: "no permission, and nobody looked before",
            weft: "mesh create x CHARTS --as nobody --skip-preflight",
            code: 77,
            object: "cannot list resource \"configmaps\"",
            remedy: "ask for a role that allows it, or choose another user",
            ..CASE
        },
        Case {
            name: "may read and not write",
            fault: READER,
            weft: "mesh create x CHARTS --as reader",
            code: 77,
            object: "clusterroles.rbac.authorization.k8s.io: no permission to create, patch, delete",
            remedy: "ask for a role that allows it",
            ..CASE
        },
        Case {
            name: "may read and not write, and nobody looked before",
            fault: READER,
            weft: "mesh create x CHARTS --as reader --skip-preflight --no-wait",
            code: 77,
            object: "User \"reader\" cannot ",
            remedy: "ask for a role that allows it",
            ..CASE
        },
    ]
}

fn files() -> Vec<Case> {
    vec![
        Case {
            name: "a field that there is not",
            before: |world| {
                world.file("mesh.yaml", "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: x}\nspec: {version: 1.31.0, ambeint: true}\n");
            },
            weft: "mesh create -f mesh.yaml",
            code: 65,
            object: "/spec/ambeint",
            remedy: "the fields here are ambient, ",
            ..CASE
        },
        Case {
            name: "a contradiction",
            before: |world| {
                world.file("mesh.yaml", "apiVersion: weft.dev/v1\nkind: Mesh\nmetadata: {name: x}\nspec: {version: 1.31.0, ambient: true, cni: false}\n");
            },
            weft: "mesh create -f mesh.yaml",
            code: 65,
            object: "/spec/cni: false",
            remedy: "leave cni out",
            ..CASE
        },
        Case {
            name: "no charts where they should be",
            weft: "mesh create x --istio-version 1.31.0 --charts ./nowhere",
            code: 65,
            object: "nowhere",
            remedy: "correct the path, or use another source",
            ..CASE
        },
        Case {
            name: "a chart that is broken",
            weft: "mesh create x --istio-version 1.31.0 --charts ./broken-charts",
            code: 65,
            object: "base-1.31.0.tgz is no chart that can be used",
            remedy: "fetch it anew, or use another source",
            ..CASE
        },
        Case {
            name: "an Istio that the charts have not",
            weft: "mesh create x --istio-version 1.30.7 --charts ./broken-charts",
            object: "has no chart base 1.30.7",
            remedy: "it would be the folder base with a Chart.yaml, the file base-1.30.7.tgz",
            ..CASE
        },
    ]
}

fn versions() -> Vec<Case> {
    vec![
        Case {
            name: "a Kubernetes that is too old for this Istio",
            weft: "mesh check x --istio-version 1.31.0 --kubernetes v1.28.3",
            code: 2,
            object: "1.28.3",
            remedy: "upgrade",
            ..CASE
        },
        Case {
            name: "charts that want a newer Kubernetes",
            weft: "mesh create x --istio-version 1.31.0 --charts ./demanding-charts",
            code: 65,
            object: "the chart base needs >=1.99.0",
            remedy: "upgrade Kubernetes, or choose an older chart",
            ..CASE
        },
        Case {
            name: "a version that is no version",
            weft: "mesh create x --istio-version latest",
            code: 64,
            object: "--istio-version (/spec/version): \"latest\"",
            remedy: "write a version of Istio as a text, such as \"1.31.0\"",
            ..CASE
        },
    ]
}
