use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::adopt::helm::tests::secret;
use super::super::adopt::installer::Installer;
use super::super::adopt::{ControlPlane, Found, Part};
use super::super::serving::Serving;
use super::facts::Lack;
use super::*;

fn facts(lists: &[(&'static str, Value)]) -> Facts {
    let node = json!([{
        "metadata": {"name": "n"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"operatingSystem": "linux", "architecture": "amd64"}},
    }]);
    let usual = [("nodes", node)];
    let lists = usual.iter().chain(lists);
    let lists = lists.map(|(plural, objects)| (*plural, Ok(objects.as_array().cloned().unwrap())));
    Facts {
        server: "https://api".to_owned(),
        version: "v1.34.4".to_owned(),
        skew: Some(0),
        lacking: vec![],
        meshes: Ok(vec![]),
        metrics: true,
        selecting: BTreeSet::new(),
        serving: None,
        lists: lists.collect(),
    }
}

fn wish() -> Wish {
    Wish {
        istio: Some("1.31.0".to_owned()),
        ..Wish::usual("istio-system".to_owned())
    }
}

/// The findings of one check: verdict, object, words and remedy, a line each.
fn said(id: &str, facts: &Facts, wish: &Wish) -> Vec<String> {
    checks(facts, wish)
        .iter()
        .filter(|check| check.id == id)
        .map(|check| {
            let object = check.object.as_deref().unwrap_or("-");
            let remedy = check.remedy.as_deref().unwrap_or("-");
            format!(
                "{:?} | {object} | {} | {remedy}",
                check.verdict, check.words
            )
        })
        .collect()
}

fn must(id: &str, facts: &Facts, wish: &Wish, starts: &str) {
    let said = said(id, facts, wish);
    assert!(
        said.len() == 1 && said[0].starts_with(starts),
        "{id}: wanted {starts:?}, found {said:#?}"
    );
}

fn mesh(root: &str, installed_by: Installer) -> Found {
    Found {
        root_namespace: root.to_owned(),
        control_planes: vec![ControlPlane {
            revision: "default".to_owned(),
            part: Part {
                namespace: root.to_owned(),
                name: "istiod".to_owned(),
                version: Some("1.30.3".to_owned()),
                installed_by,
            },
        }],
        tags: vec![],
        default_revision: None,
        webhooks: vec![],
        gateways: vec![],
        cni: None,
        ztunnel: None,
    }
}

#[test]
fn an_empty_cluster_has_nothing_against_it() {
    let found = checks(&facts(&[]), &wish());
    let strange: Vec<_> = found
        .iter()
        .filter(|check| !matches!(check.verdict, Verdict::Pass | Verdict::Skipped))
        .collect();
    assert!(strange.is_empty(), "{strange:#?}");
    assert!(
        found
            .iter()
            .all(|check| check.verdict == Verdict::Pass || check.remedy.is_none())
    );
}

#[test]
fn whatever_is_not_passed_or_skipped_has_a_remedy() {
    let mut bad = facts(&[("nodes", json!([]))]);
    bad.skew = Some(1000);
    bad.meshes = Ok(vec![
        mesh("istio-system", Installer::Istioctl),
        mesh("other", Installer::Unknown),
    ]);
    for check in checks(&bad, &wish()) {
        let good = matches!(check.verdict, Verdict::Pass | Verdict::Skipped);
        assert_eq!(check.remedy.is_none(), good, "{check:?}");
    }
}

#[test]
fn what_may_not_be_read_is_skipped_and_not_passed() {
    let mut facts = facts(&[]);
    for (plural, id) in [
        ("nodes", "NODES"),
        ("namespaces", "ROOT_NAMESPACE"),
        ("services", "WEBHOOK"),
        ("customresourcedefinitions", "CRDS"),
        ("secrets", "HELM_RELEASE"),
        ("clusterroles", "CLUSTER_ROLES"),
        ("resourcequotas", "QUOTA"),
        ("limitranges", "LIMIT_RANGE"),
        ("namespaces", "POD_SECURITY"),
        ("daemonsets", "NODE_AGENTS"),
        ("cilium-config", "CNI"),
    ] {
        facts.lists.insert(plural, Err(format!("no {plural}")));
        must(id, &facts, &wish(), &format!("Skipped | - | no {plural}"));
    }
    facts.meshes = Err("no deployments".to_owned());
    must(
        "OTHER_MESH",
        &facts,
        &wish(),
        "Skipped | - | no deployments",
    );
}

#[test]
fn clocks() {
    for (skew, wanted) in [
        (Some(30), "Pass"),
        (
            Some(31),
            "Warn | - | the API server's clock is 31 s ahead of this machine's",
        ),
        (
            Some(-300),
            "Warn | - | the API server's clock is 300 s behind this machine's",
        ),
        (
            Some(301),
            "Fail | - | the API server's clock is 301 s ahead",
        ),
        (None, "Skipped"),
    ] {
        let facts = Facts { skew, ..facts(&[]) };
        must("CLOCK", &facts, &wish(), wanted);
    }
}

#[test]
fn nodes() {
    let node = |ready: &str, cordoned: bool, kind: &str| {
        json!({
            "spec": {"unschedulable": cordoned},
            "status": {"conditions": [{"type": "Ready", "status": ready}], "nodeInfo": {"operatingSystem": "linux", "architecture": kind}},
        })
    };
    for (nodes, wanted) in [
        (
            json!([node("False", false, "amd64"), node("True", true, "amd64")]),
            "Fail | - | none of 2 nodes is ready",
        ),
        (
            json!([node("True", false, "s390x")]),
            "Fail | - | all nodes are linux/s390x",
        ),
        (
            json!([node("True", false, "s390x"), node("True", false, "arm64")]),
            "Warn | - | 1 nodes fit; others are linux/s390x",
        ),
        (
            json!([node("True", false, "arm64")]),
            "Pass | - | 1 nodes are ready",
        ),
    ] {
        must("NODES", &facts(&[("nodes", nodes)]), &wish(), wanted);
    }
}

#[test]
fn each_missing_permission_is_named() {
    let mut facts = facts(&[]);
    let lack = |resource: &str, namespace: Option<&str>, verbs: &[&'static str]| Lack {
        resource: resource.to_owned(),
        namespace: namespace.map(str::to_owned),
        verbs: verbs.to_vec(),
    };
    facts.lacking = vec![
        lack("secrets", Some("istio-system"), &["create", "patch"]),
        lack(
            "clusterroles.rbac.authorization.k8s.io",
            None,
            &["escalate"],
        ),
    ];
    let said = said("PERMISSION", &facts, &wish());
    assert_eq!(said.len(), 2);
    assert!(said[0].starts_with("Fail | secrets | no permission to create, patch secrets in istio-system | ask for a role"), "{said:?}");
    assert!(said[1].starts_with("Warn | clusterroles"), "{said:?}");
}

#[test]
fn another_mesh_is_in_the_way_or_beside_it() {
    let ours = || Wish {
        mesh: Some("shop".to_owned()),
        ..wish()
    };
    let weft = |mesh: &str| Installer::Weft {
        mesh: mesh.to_owned(),
    };
    for (root, installer, wish, wanted) in [
        (
            "istio-system",
            Installer::Istioctl,
            wish(),
            "Fail | Deployment istio-system/istiod | an Istio has the root namespace istio-system: istiod 1.30.3, revision default, istioctl install",
        ),
        (
            "other",
            Installer::Istioctl,
            wish(),
            "Warn | Deployment other/istiod",
        ),
        ("istio-system", weft("shop"), ours(), "Pass"),
        ("istio-system", weft("other"), ours(), "Fail"),
    ] {
        let facts = Facts {
            meshes: Ok(vec![mesh(root, installer)]),
            ..facts(&[])
        };
        must("OTHER_MESH", &facts, &wish, wanted);
    }
    let sail = json!([{"metadata": {"name": "default"}}]);
    must(
        "OTHER_MESH",
        &facts(&[("istios", sail)]),
        &wish(),
        "Fail | Istio default | the Sail operator keeps a mesh here",
    );
}

#[test]
fn a_revision_is_of_one_mesh_only() {
    let taken = "Fail | Deployment other/istiod | revision default is that of the Istio in other, and both would inject the same pods";
    let beside = "Warn | Deployment other/istiod | an Istio has the root namespace other";
    for (revision, selects, selecting, wanted) in [
        (None, false, false, beside),
        (Some("blue"), false, false, beside),
        (Some("default"), false, false, taken),
        (Some("default"), true, false, taken),
        (Some("default"), false, true, taken),
        (Some("default"), true, true, beside),
    ] {
        let keys = [("other".to_owned(), "istiod".to_owned())];
        let facts = Facts {
            meshes: Ok(vec![mesh("other", Installer::Istioctl)]),
            selecting: keys.into_iter().filter(|_| selecting).collect(),
            ..facts(&[])
        };
        let wish = Wish {
            revision: revision.map(str::to_owned),
            selects,
            ..wish()
        };
        must("OTHER_MESH", &facts, &wish, wanted);
    }
}

#[test]
fn what_the_operator_made_of_a_mesh_is_its_own() {
    let by_sail = || Installer::Sail {
        resource: "IstioRevision/default".to_owned(),
    };
    let istio = |name: &str, namespace: &str, mesh: &str| json!([{"metadata": {"name": name, "labels": {"weft.dev/mesh": mesh}}, "spec": {"namespace": namespace}}]);
    let wish = Wish {
        mesh: Some("shop".to_owned()),
        sail: Some(Sail {
            plane: "default".to_owned(),
        }),
        ..wish()
    };
    for (root, istio, verdicts) in [
        (
            "istio-system",
            istio("default", "istio-system", "shop"),
            &["Pass"][..],
        ),
        ("other", istio("blue", "other", "else"), &["Warn", "Warn"]),
        (
            "istio-system",
            istio("blue", "istio-system", "else"),
            &["Fail", "Fail"],
        ),
        (
            "other",
            istio("default", "other", "else"),
            &["Warn", "Fail"],
        ),
    ] {
        let facts = Facts {
            meshes: Ok(vec![mesh(root, by_sail())]),
            ..facts(&[("istios", istio.clone())])
        };
        let said = said("OTHER_MESH", &facts, &wish);
        let found: Vec<_> = said
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(found, verdicts, "{istio}: {said:#?}");
    }
}

#[test]
fn the_operator_is_needed_where_it_installs() {
    let crds = |plurals: &[&str]| {
        let names = plurals
            .iter()
            .map(|plural| json!({"metadata": {"name": format!("{plural}.sailoperator.io")}}));
        names.collect::<Value>()
    };
    let all = || crds(&["istios", "istiorevisions", "istiorevisiontags"]);
    let deployment = |available: u8| json!([{"metadata": {"namespace": "sail", "name": "sail-operator"}, "status": {"availableReplicas": available}}]);
    let sail = Wish {
        sail: Some(Sail {
            plane: "default".to_owned(),
        }),
        ..wish()
    };
    let ambient = Wish {
        with: vec![Extra::Ambient],
        ..sail.clone()
    };
    for (wish, crds, deployments, wanted) in [
        (
            &sail,
            json!([]),
            deployment(1),
            "Fail | - | spec.engine says sail, and the cluster does not serve istios.sailoperator.io, istiorevisions",
        ),
        (
            &ambient,
            all(),
            deployment(1),
            "Fail | - | spec.engine says sail, and the cluster does not serve istiocnis.sailoperator.io, ztunnels.sailoperator.io",
        ),
        (
            &sail,
            all(),
            json!([]),
            "Fail | - | its definitions are there, and no Deployment",
        ),
        (
            &sail,
            all(),
            deployment(0),
            "Fail | Deployment sail/sail-operator | it does not run",
        ),
        (
            &sail,
            all(),
            deployment(1),
            "Pass | - | Deployment sail/sail-operator runs",
        ),
    ] {
        let facts = facts(&[
            ("customresourcedefinitions", crds),
            ("deployments", deployments),
        ]);
        must("SAIL", &facts, wish, wanted);
    }
    assert_eq!(said("SAIL", &facts(&[]), &wish()), [""; 0]);
}

#[test]
fn a_namespace_that_does_not_go_says_why() {
    let namespace = json!([{
        "metadata": {"name": "istio-system"},
        "status": {"phase": "Terminating", "conditions": [
            {"status": "True", "message": "finalizers remain: x"}, {"status": "False", "message": "no"},
        ]},
    }]);
    must(
        "ROOT_NAMESPACE",
        &facts(&[("namespaces", namespace)]),
        &wish(),
        "Fail | Namespace istio-system | it is being deleted, and not gone: finalizers remain: x | remove what holds it",
    );
}

#[test]
fn a_webhook_whose_service_is_gone_is_named() {
    let webhook = |name: &str, policy: &str| {
        json!([{"kind": "MutatingWebhookConfiguration", "metadata": {"name": "hook"}, "webhooks": [
            {"name": name, "failurePolicy": policy, "clientConfig": {"service": {"name": "istiod", "namespace": "istio-system"}}},
        ]}])
    };
    let service = json!([{"metadata": {"name": "istiod", "namespace": "istio-system"}}]);
    let istio = "rev.namespace.sidecar-injector.istio.io";
    for (webhook, services, wanted) in [
        (
            webhook(istio, "Fail"),
            json!([]),
            "Fail | MutatingWebhookConfiguration hook | it calls Service istio-system/istiod, which is not there, and refuses what it cannot ask about | delete it: kubectl delete mutatingwebhookconfiguration hook",
        ),
        (webhook("other.example", "Fail"), json!([]), "Warn"),
        (webhook(istio, "Ignore"), json!([]), "Pass"),
        (webhook(istio, "Fail"), service, "Pass"),
    ] {
        must(
            "WEBHOOK",
            &facts(&[
                ("mutatingwebhookconfigurations", webhook),
                ("services", services),
            ]),
            &wish(),
            wanted,
        );
    }
}

#[test]
fn what_a_mesh_left_is_found() {
    let crd = |version: &str, more: Value| {
        let mut crd = json!({"metadata": {"name": "gateways.networking.istio.io", "labels": {"app.kubernetes.io/version": version}}});
        if let Some(at) = more.as_str() {
            crd["metadata"]["deletionTimestamp"] = json!(at);
        }
        json!([crd])
    };
    for (crds, wanted) in [
        (crd("1.31.4", json!(null)), "Pass | - | 1 are there"),
        (crd("1.0.0", json!(null)), "Pass"),
        (
            crd("1.20.0", json!(null)),
            "Warn | - | 1 are there, of Istio 1.20.0, and will be those of 1.31.0",
        ),
        (
            crd("1.31.0", json!("now")),
            "Fail | CustomResourceDefinition gateways.networking.istio.io | it is being deleted",
        ),
        (
            json!([{"metadata": {"name": "crontabs.example.com"}}]),
            "Pass | - | there are none yet",
        ),
    ] {
        must(
            "CRDS",
            &facts(&[("customresourcedefinitions", crds)]),
            &wish(),
            wanted,
        );
    }
    let releases = json!([
        secret("mesh", "istio-system", "istiod", "1.30.3"),
        secret("db", "istio-system", "mysql", "1.0.0")
    ]);
    must(
        "HELM_RELEASE",
        &facts(&[("secrets", releases)]),
        &wish(),
        "Warn | Secret istio-system/sh.helm.release.v1.mesh.v1 | release mesh of chart istiod-1.30.3 is deployed | adopt the mesh if it runs, or take it away: helm uninstall mesh -n istio-system",
    );
    let roles = json!([{"metadata": {"name": "istiod-clusterrole-istio-system", "labels": {"app": "istiod"}}}]);
    must(
        "CLUSTER_ROLES",
        &facts(&[("clusterroles", roles.clone())]),
        &wish(),
        "Warn | ClusterRole istiod-clusterrole-istio-system | 1 without an istiod",
    );
    let running = Facts {
        meshes: Ok(vec![mesh("istio-system", Installer::Istioctl)]),
        ..facts(&[("clusterroles", roles)])
    };
    must("CLUSTER_ROLES", &running, &wish(), "Pass");
}

#[test]
fn quotas() {
    let quota = |hard: Value, used: Value| json!([{"metadata": {"name": "q", "namespace": "istio-system"}, "spec": {"hard": hard}, "status": {"used": used}}]);
    let small = |hard: Value, used: Value| {
        said(
            "QUOTA",
            &facts(&[("resourcequotas", quota(hard, used))]),
            &wish(),
        )
    };
    for (hard, used, wanted) in [
        (
            json!({"requests.cpu": "1"}),
            json!({"requests.cpu": "500m"}),
            "Pass",
        ),
        (
            json!({"requests.cpu": "1"}),
            json!({"requests.cpu": "501m"}),
            "Fail | ResourceQuota istio-system/q | requests.cpu: 1 in all, 501m used; 1 istiod of 500m each do not fit",
        ),
        (
            json!({"memory": "2Gi"}),
            json!({"memory": "1Mi"}),
            "Fail | ResourceQuota istio-system/q | memory: 2Gi in all, 1Mi used; 1 istiod of 2Gi each do not fit",
        ),
        (
            json!({"limits.cpu": "10"}),
            json!({}),
            "Fail | ResourceQuota istio-system/q | it counts limits.cpu, and istiod has no limit: every pod of it is refused",
        ),
        (
            json!({"pods": "3"}),
            json!({"pods": "3"}),
            "Fail | ResourceQuota istio-system/q | it allows 3 pods, and they are used",
        ),
        (json!({"services": "0"}), json!({}), "Pass"),
    ] {
        let said = small(hard.clone(), used);
        assert!(
            said.len() == 1 && said[0].starts_with(wanted),
            "{hard}: {said:?}"
        );
    }
    let mut elsewhere = quota(json!({"pods": "0"}), json!({}));
    elsewhere[0]["metadata"]["namespace"] = json!("other");
    must(
        "QUOTA",
        &facts(&[("resourcequotas", elsewhere)]),
        &wish(),
        "Pass",
    );
}

#[test]
fn limit_ranges() {
    let range = |namespace: &str, limit: Value| json!([{"metadata": {"name": "r", "namespace": namespace}, "spec": {"limits": [limit]}}]);
    let namespaces = json!([
        {"metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}},
        {"metadata": {"name": "other"}},
    ]);
    let of = |kind: &str, part: &str, amounts: Value| json!({"type": kind, part: amounts});
    for (namespace, limit, wanted) in [
        (
            "istio-system",
            of("Container", "max", json!({"memory": "1Gi"})),
            "Fail | LimitRange istio-system/r | memory: at most 1Gi, and istiod has 2Gi: its pods are refused",
        ),
        (
            "istio-system",
            of("Container", "default", json!({"cpu": "100m"})),
            "Fail | LimitRange istio-system/r | cpu: without a limit of its own istiod gets 100m, which is less than the 500m",
        ),
        (
            "istio-system",
            of("PersistentVolumeClaim", "max", json!({"memory": "1"})),
            "Pass",
        ),
        (
            "shop",
            of("Container", "max", json!({"cpu": "1"})),
            "Warn | LimitRange shop/r | cpu: at most 1, and a sidecar has 2: its pods are refused",
        ),
        (
            "shop",
            of("Container", "min", json!({"memory": "1Gi"})),
            "Warn | LimitRange shop/r | memory: at least 1Gi, and a sidecar asks for 128Mi",
        ),
        (
            "shop",
            of("Container", "default", json!({"cpu": "1m"})),
            "Pass",
        ),
        (
            "other",
            of("Container", "max", json!({"cpu": "1m"})),
            "Pass",
        ),
    ] {
        let facts = facts(&[
            ("limitranges", range(namespace, limit)),
            ("namespaces", namespaces.clone()),
        ]);
        must("LIMIT_RANGE", &facts, &wish(), wanted);
    }
}

#[test]
fn pod_security() {
    let namespace = |name: &str, level: &str| json!([{"metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": level, "istio.io/rev": "default"}}}]);
    let plugin = || Wish {
        with: vec![Extra::Cni],
        ..wish()
    };
    for (namespace, wish, wanted) in [
        (
            namespace("shop", "restricted"),
            wish(),
            "Warn | Namespace shop | it enforces restricted, and istio-init needs NET_ADMIN",
        ),
        (namespace("shop", "restricted"), plugin(), "Pass"),
        (namespace("shop", "privileged"), wish(), "Pass"),
        (
            namespace("istio-system", "baseline"),
            plugin(),
            "Fail | Namespace istio-system | it enforces baseline, and the CNI plugin's pods are privileged",
        ),
        (namespace("istio-system", "baseline"), wish(), "Pass"),
        (
            namespace("istio-system", "restricted"),
            wish(),
            "Fail | Namespace istio-system | it enforces restricted, and istiod's pods name no seccompProfile",
        ),
        (
            namespace("istio-system", "restricted"),
            Wish {
                seccomp: true,
                ..wish()
            },
            "Pass",
        ),
    ] {
        must(
            "POD_SECURITY",
            &facts(&[("namespaces", namespace)]),
            &wish,
            wanted,
        );
    }
}

#[test]
fn other_plugins_of_the_network() {
    let cilium = |data: Value| json!([{"metadata": {"name": "cilium-config", "namespace": "kube-system"}, "data": data}]);
    let plugin = || Wish {
        with: vec![Extra::Ambient],
        ..wish()
    };
    for (data, wish, wanted) in [
        (
            json!({}),
            plugin(),
            "Fail | ConfigMap kube-system/cilium-config | Cilium removes other CNI plugins",
        ),
        (json!({"cni-exclusive": "false"}), plugin(), "Pass"),
        (json!({}), wish(), "Pass"),
        (
            json!({"kube-proxy-replacement": "true"}),
            wish(),
            "Warn | ConfigMap kube-system/cilium-config | Cilium picks the endpoint",
        ),
        (
            json!({"kube-proxy-replacement": "true", "bpf-lb-sock-hostns-only": "true"}),
            wish(),
            "Pass",
        ),
    ] {
        must(
            "CNI",
            &facts(&[("cilium-config", cilium(data))]),
            &wish,
            wanted,
        );
    }
}

#[test]
fn the_agents_of_the_nodes_are_one_meshs() {
    let set = |name: &str, key: &str, mesh: Option<&str>| json!([{"metadata": {"name": name, "namespace": "node", "labels": {key: name, "weft.dev/mesh": mesh}}}]);
    let cni = |mesh| set("istio-cni-node", "k8s-app", mesh);
    let by_sail = json!([{"metadata": {
        "name": "istio-cni-node", "namespace": "node", "labels": {"k8s-app": "istio-cni-node"},
        "ownerReferences": [{"kind": "IstioCNI", "name": "default"}],
    }}]);
    let shop = |with: &[Extra]| Wish {
        mesh: Some("shop".to_owned()),
        with: with.to_vec(),
        ..wish()
    };
    let sail = Wish {
        sail: Some(Sail {
            plane: "default".to_owned(),
        }),
        ..shop(&[Extra::Cni])
    };
    for (sets, wish, wanted) in [
        (
            cni(Some("first")),
            shop(&[Extra::Cni]),
            "Fail | DaemonSet node/istio-cni-node | Istio's CNI plugin is there already, that of mesh first, and a cluster has one",
        ),
        (
            cni(None),
            shop(&[Extra::Cni]),
            "Fail | DaemonSet node/istio-cni-node | Istio's CNI plugin is there already, somebody else's",
        ),
        (cni(Some("first")), shop(&[]), "Pass"),
        (cni(Some("shop")), shop(&[Extra::Cni]), "Pass"),
        (
            set("ztunnel", "app", Some("first")),
            shop(&[Extra::Ambient]),
            "Fail | DaemonSet node/ztunnel | the ztunnel of ambient is there already, that of mesh first",
        ),
        (
            set("ztunnel", "app", Some("first")),
            shop(&[Extra::Cni]),
            "Pass",
        ),
        (by_sail.clone(), sail, "Pass"),
        (by_sail, shop(&[Extra::Cni]), "Fail"),
    ] {
        must(
            "NODE_AGENTS",
            &facts(&[("daemonsets", sets)]),
            &wish,
            wanted,
        );
    }
    let clash = &checks(&facts(&[("daemonsets", cni(None))]), &shop(&[Extra::Cni]));
    let clash = clash
        .iter()
        .find(|check| check.id == "NODE_AGENTS")
        .unwrap();
    let remedy = clash.remedy.as_deref().unwrap();
    assert!(
        remedy.contains("values.istiod.cni.enabled: true"),
        "{remedy}"
    );
}

#[test]
fn two_istiods_write_one_root_certificate() {
    let wish = |selects: bool| Wish { selects, ..wish() };
    for (root, selects, wish, wanted) in [
        (
            "other",
            false,
            wish(false),
            "Warn | Deployment other/istiod | this mesh's istiod and that one would both write ConfigMap istio-ca-root-cert",
        ),
        (
            "other",
            true,
            wish(false),
            "Warn | Deployment other/istiod | this mesh's istiod would write also where that one does",
        ),
        (
            "other",
            false,
            wish(true),
            "Warn | Deployment other/istiod | that istiod writes also where this mesh's would",
        ),
        ("other", true, wish(true), "Pass"),
        ("istio-system", false, wish(false), "Pass"),
    ] {
        let facts = Facts {
            meshes: Ok(vec![mesh(root, Installer::Istioctl)]),
            selecting: selects
                .then(|| (root.to_owned(), "istiod".to_owned()))
                .into_iter()
                .collect(),
            ..facts(&[])
        };
        must("ROOT_CERTIFICATE", &facts, &wish, wanted);
    }
}

#[test]
fn autoscaling_goes_by_a_metrics_api() {
    let fixed = || Wish {
        scaler: None,
        ..wish()
    };
    for (metrics, wish, wanted) in [
        (true, wish(), "Pass"),
        (false, fixed(), "Skipped"),
        (
            false,
            wish(),
            "Warn | HorizontalPodAutoscaler istio-system/istiod | no metrics API (metrics.k8s.io) is served",
        ),
    ] {
        let facts = Facts {
            metrics,
            ..facts(&[])
        };
        must("METRICS", &facts, &wish, wanted);
    }
}

#[test]
fn what_the_cluster_offers() {
    let wish = Wish {
        with: vec![Extra::LoadBalancer, Extra::Storage],
        ..wish()
    };
    let service = |ingress: Value| json!([{"metadata": {"name": "lb", "namespace": "a"}, "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": ingress}}}]);
    for (services, wanted) in [
        (
            json!([]),
            "Warn | - | no Service has ever asked for one, and nothing that gives them was seen",
        ),
        (
            service(json!([])),
            "Warn | Service a/lb | Service a/lb waits for one",
        ),
        (
            service(json!([{"ip": "10.0.0.1"}])),
            "Pass | - | Service a/lb has one",
        ),
    ] {
        must(
            "LOAD_BALANCER",
            &facts(&[("services", services)]),
            &wish,
            wanted,
        );
    }
    let metallb = json!([{"metadata": {"name": "speaker", "namespace": "m", "labels": {"app.kubernetes.io/name": "metallb"}}}]);
    must(
        "LOAD_BALANCER",
        &facts(&[("daemonsets", metallb)]),
        &wish,
        "Pass | - | no Service asks for one yet, but there is DaemonSet m/speaker",
    );
    let class = |default: &str| json!([{"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": default}}}]);
    for (classes, wanted) in [
        (json!([]), "Fail | - | there is no StorageClass"),
        (
            class("false"),
            "Warn | - | no StorageClass is the default; there are fast",
        ),
        (class("true"), "Pass | - | StorageClass fast is the default"),
    ] {
        must(
            "STORAGE",
            &facts(&[("storageclasses", classes)]),
            &wish,
            wanted,
        );
    }
}

#[test]
fn an_istiod_that_does_not_serve_is_told() {
    let cause = || "Deployment istio-system/istiod: it is scaled to 0; scale it".to_owned();
    let cases = [
        (Ok(Serving::Well), "Pass | - | its pods"),
        (
            Ok(Serving::NotYet("0 of 1".to_owned())),
            "Warn | - | 0 of 1 | wait",
        ),
        (
            Ok(Serving::Not(cause())),
            "Fail | - | Deployment istio-system/istiod: it is scaled to 0",
        ),
        (Err("forbidden".to_owned()), "Skipped | - | forbidden"),
    ];
    assert!(said("ISTIOD_SERVES", &facts(&[]), &wish()).is_empty());
    for (serving, starts) in cases {
        let facts = Facts {
            serving: Some(serving),
            ..facts(&[])
        };
        must("ISTIOD_SERVES", &facts, &wish(), starts);
    }
}
