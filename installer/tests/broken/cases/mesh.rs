//! What is in the way of a mesh that is there: other meshes, other versions, other people; and of its gateways.

use super::super::world::{Config, World};
use super::{CASE, Case, serving};

/// The first makes the mesh `shop`, the last takes it away.
pub(super) fn cases() -> Vec<Case> {
    let mut cases = others();
    cases.extend(serving::cases());
    cases.extend(changes());
    cases.extend(gateways());
    cases.extend(ends());
    cases.extend(kept());
    cases
}

fn others() -> Vec<Case> {
    vec![
        Case {
            name: "a mesh that there is not",
            before: |world| {
                let line = "mesh create shop CHARTS --root-namespace shop --no-wait";
                world.weft(Config::Right, line).must(0, &[]);
            },
            weft: "mesh delete shoop --yes",
            code: 64,
            object: "there is no mesh \"shoop\"",
            remedy: "recorded are: shop (in shop)",
            ..CASE
        },
        Case {
            name: "another mesh in the same root namespace",
            weft: "mesh create second CHARTS --root-namespace shop",
            object: "Deployment shop/istiod: an Istio has the root namespace shop",
            remedy: "choose another root namespace (spec.rootNamespace, --root-namespace)",
            ..CASE
        },
        Case {
            name: "the revision of another mesh",
            weft: "mesh create second CHARTS --root-namespace second --no-wait",
            object: "revision default is that of mesh shop",
            remedy: "set spec.revision",
            after: |world| {
                // That is how.
                let line = "mesh plan second CHARTS --root-namespace second --revision two";
                world.weft(Config::Right, line).must(0, &[]);
            },
            ..CASE
        },
        Case {
            name: "the same mesh in another root namespace",
            weft: "mesh create shop CHARTS --root-namespace elsewhere",
            code: 65,
            object: "mesh shop is in namespace shop",
            remedy: "correct spec.rootNamespace, or choose another name",
            ..CASE
        },
        Case {
            name: "a mesh that is there and is another",
            weft: "mesh create shop CHARTS --root-namespace shop --scale S200P1000",
            object: "mesh shop exists and is described differently",
            remedy: "`weft mesh apply` changes it",
            ..CASE
        },
    ]
}

fn changes() -> Vec<Case> {
    vec![
        Case {
            name: "two minor versions at once",
            weft: "mesh apply shop SOURCE --root-namespace shop --istio-version 1.33.0",
            code: 65,
            object: "from Istio 1.31.0 to 1.33.0",
            remedy: "upgrade to 1.32 first",
            ..CASE
        },
        Case {
            name: "a downgrade",
            weft: "mesh apply shop SOURCE --root-namespace shop --istio-version 1.30.0",
            code: 65,
            object: "Istio 1.30.0 is older than 1.31.0",
            remedy: "choose 1.31.0 or a newer one",
            ..CASE
        },
        Case {
            name: "a minor version in place of a patch",
            weft: "mesh apply shop SOURCE --root-namespace shop --istio-version 1.32.0",
            code: 65,
            object: "mesh shop runs Istio 1.31.0",
            remedy: "`weft mesh upgrade shop --to 1.32.0`",
            ..CASE
        },
        Case {
            name: "somebody else is at work",
            fault: "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: weft, namespace: shop}\n\
                spec: {holderIdentity: 'alice | mesh apply shop | elsewhere | 1', leaseDurationSeconds: 3600, renewTime: '2100-01-01T00:00:00.000000Z'}\n",
            weft: "mesh apply shop CHARTS --root-namespace shop --no-wait",
            object: "alice with `weft mesh apply shop` holds Lease shop/weft",
            remedy: "wait until it is done",
            ..CASE
        },
        Case {
            name: "a mesh that is protected",
            before: |world| {
                world.weft(Config::Right, "mesh protect shop");
            },
            weft: "mesh delete shop --yes --force",
            object: "mesh shop is protected",
            remedy: "`weft mesh protect shop --off` lets it go",
            after: |world| {
                world.weft(Config::Right, "mesh protect shop --off");
            },
            ..CASE
        },
    ]
}

fn gateways() -> Vec<Case> {
    vec![
        Case {
            name: "a gateway where injection is off",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: closed, labels: {istio-injection: disabled}}\n",
            weft: "gateway create front -n closed --mesh shop --service-type ClusterIP",
            object: "gateway closed/front",
            remedy: "enable injection for the namespace (`weft sidecar enable`)",
            ..CASE
        },
        Case {
            name: "a Deployment with the name of the gateway",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: edge}\n",
            before: |world| {
                world.kubectl("-n edge create deployment front --image=none");
            },
            weft: "gateway create front -n edge --mesh shop --service-type ClusterIP",
            object: "UNIQUE_DEPLOYMENT: Deployment edge/front is there already",
            remedy: "choose another name for the gateway",
            ..CASE
        },
        Case {
            name: "a port of the nodes that is taken",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: ports}\n---\n\
                apiVersion: v1\nkind: Service\nmetadata: {name: first, namespace: ports}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30123}]}\n",
            weft: "gateway create front -n ports --mesh shop --service-type NodePort --port http2:80:8080:30123",
            object: "Service ports/first has port 30123 of the nodes already",
            remedy: "choose another nodePort",
            ..CASE
        },
        Case {
            name: "nobody gives load balancers addresses",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: balanced}\n",
            weft: "gateway create front -n balanced --mesh shop --timeout 4s",
            code: 3,
            object: "Service balanced/front: nobody has given it an address",
            remedy: "make its type ClusterIP or NodePort",
            after: |world| {
                world.weft(
                    Config::Right,
                    "gateway delete front -n balanced --mesh shop --yes",
                );
            },
            ..CASE
        },
        Case {
            name: "an injector without pods",
            fault: "apiVersion: v1\nkind: Namespace\nmetadata: {name: waiting}\n",
            weft: "gateway create front -n waiting --mesh shop --service-type ClusterIP --timeout 4s",
            code: 3,
            object: "Deployment waiting/front: its pods are refused: the admission webhook ",
            remedy: "look at the pods of Service shop/istiod",
            after: |world| {
                world.weft(
                    Config::Right,
                    "gateway delete front -n waiting --mesh shop --yes",
                );
            },
            ..CASE
        },
    ]
}

/// From here on the mesh is half deleted.
fn ends() -> Vec<Case> {
    vec![
        Case {
            name: "a finalizer that holds a part of a mesh",
            before: |world| {
                world.kubectl("-n shop patch configmap istio -p {\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}");
            },
            weft: "mesh delete shop --yes --timeout 4s",
            code: 3,
            object: "ConfigMap shop/istio: its finalizer example.com/hold holds it",
            remedy: "see that the controller of the finalizer runs",
            ..CASE
        },
        Case {
            name: "a mesh that is half deleted is not created",
            weft: "mesh create shop CHARTS --root-namespace shop --no-wait",
            object: "mesh shop is being deleted",
            remedy: "finish that with `weft mesh delete shop`",
            ..CASE
        },
        Case {
            name: "a mesh that is half deleted has a state",
            weft: "mesh status shop",
            code: 2,
            object: "mesh shop is being deleted",
            remedy: "finish that with `weft mesh delete shop`",
            after: |world| {
                world.kubectl(
                    "-n shop patch configmap istio -p {\"metadata\":{\"finalizers\":null}}",
                );
                // The same command goes on.
                world.delete_mesh("shop");
            },
            ..CASE
        },
    ]
}

/// What would be lost with a root namespace, none of it a pod; and another control plane with what istiods write everywhere.
const KEPT: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: theirs}\n---\n\
    apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-ca-root-cert, namespace: theirs, labels: {istio.io/config: 'true'}}\ndata: {root-cert.pem: theirs}\n---\n\
    apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: theirs, labels: {app: istiod}}\n\
    spec: {replicas: 0, selector: {matchLabels: {app: istiod}}, template: {metadata: {labels: {app: istiod}}, spec: {containers: [{name: a, image: a}]}}}\n---\n\
    apiVersion: v1\nkind: Secret\nmetadata: {name: cacerts, namespace: kept}\nstringData: {root-cert.pem: plugged-in}\n---\n\
    apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: kept}\n\
    spec: {accessModes: [ReadWriteOnce], storageClassName: '', resources: {requests: {storage: 1Mi}}}\n---\n\
    apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: asleep, namespace: kept}\n\
    spec: {replicas: 0, selector: {matchLabels: {app: asleep}}, template: {metadata: {labels: {app: asleep}}, spec: {containers: [{name: a, image: a}]}}}\n";
/// What of it has to be there after the deletion.
const SPARED: [&str; 5] = [
    "-n theirs get configmap istio-ca-root-cert",
    "-n theirs get deployment istiod",
    "-n kept get secret cacerts",
    "-n kept get persistentvolumeclaim data",
    "-n kept get deployment asleep",
];

/// A mesh goes, and what others have does not.
fn kept() -> Vec<Case> {
    let after: fn(&World) = |world| {
        for line in SPARED {
            world.kubectl(line);
        }
        let left = world.kubectl("-n kept get configmaps -o name");
        assert!(!left.contains("weft-"), "{left}");
        world.kubectl_from("delete --wait=false --ignore-not-found -f -", KEPT);
        world.kubectl("delete namespace kept --wait=false");
    };
    vec![Case {
        name: "a root namespace in which others keep something",
        before: |world| {
            let line = "mesh create kept CHARTS --root-namespace kept --no-wait";
            let ran = world.weft(Config::Right, line);
            assert_eq!(ran.code, Some(0), "{ran:#?}");
            world.kubectl_from("apply -f -", KEPT);
        },
        weft: "mesh delete kept --yes --timeout 30s",
        code: 0,
        object: "mesh kept is deleted; namespace kept stays",
        remedy: "others have something in it (PersistentVolumeClaim data, Secret cacerts, Deployment asleep)",
        after,
        ..CASE
    }]
}
