//! The configuration files of a cluster, as text. Pure.

use super::Plan;
use std::path::Path;

/// The kubelet's: as little of the machine as possible is its business.
pub(crate) fn kubelet(dir: &Path, plan: &Plan) -> String {
    let dir = dir.display();
    format!(
        r#"apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {{anonymous: {{enabled: false}}, webhook: {{enabled: true}}, x509: {{clientCAFile: "{dir}/pki/ca.crt"}}}}
authorization: {{mode: Webhook}}
cgroupDriver: cgroupfs
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
localStorageCapacityIsolation: false
clusterDNS: [{node}]
clusterDomain: cluster.local
resolvConf: "{dir}/resolv.conf"
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
tlsCertFile: "{dir}/pki/kubelet.crt"
tlsPrivateKeyFile: "{dir}/pki/kubelet.key"
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {{memory.available: "100Mi"}}
nodeStatusUpdateFrequency: 4s
"#,
        node = plan.node()
    )
}

pub(crate) fn kube_proxy(dir: &Path, plan: &Plan) -> String {
    format!(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n\
         clientConnection: {{kubeconfig: \"{}/pki/proxy.kubeconfig\"}}\nhostnameOverride: {}\nclusterCIDR: {}\n\
         mode: iptables\nconntrack: {{maxPerCore: 0}}\n",
        dir.display(),
        plan.name,
        plan.member.pods
    )
}

pub(crate) fn corefile(dir: &Path, plan: &Plan) -> String {
    format!(
        ".:53 {{\n  errors\n  ready :8181\n  kubernetes cluster.local in-addr.arpa ip6.arpa {{\n    \
         kubeconfig {}/pki/admin.kubeconfig {}\n    pods insecure\n    ttl 5\n  }}\n  cache 5\n}}\n",
        dir.display(),
        plan.name
    )
}

pub(crate) fn cni(plan: &Plan) -> String {
    let member = &plan.member;
    serde_json::json!({
        "cniVersion": "0.4.0",
        "name": "lab",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": true,
                "ipMasq": false,
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{ "subnet": member.pods, "gateway": member.pods.host(1) }]],
                    "routes": [{ "dst": "0.0.0.0/0" }],
                },
            },
            { "type": "portmap", "capabilities": { "portMappings": true } },
        ],
    })
    .to_string()
}

/// What `init.sh` reads.
pub(crate) fn environment(plan: &Plan, kubernetes: &Path, coredns: &Path) -> String {
    let member = &plan.member;
    let flag = |set: bool| if set { "1" } else { "" };
    format!(
        "NAME={} IP={} LINK_CIDR={} POD_CIDR={} POD_GW={} POD_BITS={} SVC_CIDR={} API_ONLY={} ISOLATED={}\nKUBE='{}' DNS='{}'\n",
        plan.name,
        plan.node(),
        plan.link.net,
        member.pods,
        member.pods.host(1),
        member.pods.bits(),
        member.services,
        flag(member.api_only),
        flag(member.isolated),
        kubernetes.display(),
        coredns.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::cluster;

    fn plan() -> Plan {
        let part = cluster("one", 3);
        Plan {
            name: part.name.clone(),
            link: part.link.unwrap(),
            member: part.member().unwrap().clone(),
        }
    }

    #[test]
    fn every_file_speaks_of_this_member() {
        let dir = Path::new("/lab/one");
        let table = [
            (kubelet(dir, &plan()), "clusterDNS: [10.77.0.4]"),
            (kube_proxy(dir, &plan()), "clusterCIDR: 10.103.0.0/16"),
            (
                corefile(dir, &plan()),
                "kubeconfig /lab/one/pki/admin.kubeconfig one",
            ),
            (cni(&plan()), r#""gateway":"10.103.0.1""#),
            (
                environment(&plan(), Path::new("/k"), Path::new("/d")),
                "API_ONLY= ISOLATED=\nKUBE='/k' DNS='/d'",
            ),
        ];
        for (text, part) in table {
            assert!(text.contains(part), "{text}");
        }
    }
}
