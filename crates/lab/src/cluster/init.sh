# Pid 1 of a cluster: starts everything and collects orphans. Killing it takes every process, mount and link with it.
#   init.sh DIR      (DIR/env says what is to run)
set -eu
D=$1 P=$1/pki
. "$D/env"
run() {
  n=$1
  shift
  "$@" >"$D/log/$n.log" 2>&1 &
}
hostname "$NAME"
# The host's side plugs eth0 in and gives it its address.
until ip -4 addr show eth0 2>/dev/null | grep -q "$IP/"; do sleep 0.05; done
sysctl -qw net.ipv4.ip_forward=1
mkdir -p /var/lib/containerd /var/lib/kubelet /var/lib/cni /etc/cni/net.d /var/log/pods /var/log/containers
mount --make-rprivate /
mount -t tmpfs tmpfs /run
for r in containerd:/var/lib/containerd kubelet:/var/lib/kubelet cni:/var/lib/cni cniconf:/etc/cni/net.d pods:/var/log/pods containers:/var/log/containers; do
  mkdir -p "$D/${r%%:*}"
  mount --bind "$D/${r%%:*}" "${r#*:}"
done
# A kubelet sets these for the whole machine unless it finds them as it wants them: so it does, and the machine keeps
# its own.
mkdir -p /run/sysctl
for s in vm/overcommit_memory:1 vm/panic_on_oom:0 kernel/panic:10 kernel/panic_on_oops:1 kernel/keys/root_maxkeys:1000000 kernel/keys/root_maxbytes:25000000; do
  f=/run/sysctl/$(echo "${s%%:*}" | tr / .)
  echo "${s#*:}" >"$f"
  if [ -e "/proc/sys/${s%%:*}" ]; then mount --bind "$f" "/proc/sys/${s%%:*}"; fi
done
mount --make-rshared /
run etcd etcd --data-dir "$D/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380 --unsafe-no-fsync
run apiserver "$KUBE/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --bind-address=0.0.0.0 --advertise-address="$IP" \
  --tls-cert-file="$P/apiserver.crt" --tls-private-key-file="$P/apiserver.key" --client-ca-file="$P/ca.crt" \
  --service-account-key-file="$P/sa.pub" --service-account-signing-key-file="$P/sa.key" --service-account-issuer=https://kubernetes.default.svc \
  --service-cluster-ip-range="$SVC_CIDR" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --kubelet-client-certificate="$P/admin.crt" --kubelet-client-key="$P/admin.key" --kubelet-certificate-authority="$P/ca.crt" \
  --kubelet-preferred-address-types=InternalIP --cert-dir="$D/apiserver"
if [ -z "$API_ONLY" ]; then
  # The bridge exists before the first pod: it carries the route for Service addresses, since there is no default route.
  ip link add cni0 type bridge
  ip addr add "$POD_GW/$POD_BITS" dev cni0
  ip link set cni0 up
  ip route add "$SVC_CIDR" dev cni0
  # Pods keep their address towards routed pod networks, and hide behind the node towards the lab's link. An isolated
  # network hides behind its node always, like a NAT gateway.
  if [ -n "$ISOLATED" ]; then
    iptables -t nat -A POSTROUTING -s "$POD_CIDR" -o eth0 -j MASQUERADE
  else
    iptables -t nat -A POSTROUTING -s "$POD_CIDR" -o eth0 -d "$LINK_CIDR" -j MASQUERADE
  fi
  run containerd containerd --config "$D/containerd.toml"
  until curl -sk --cert "$P/admin.crt" --key "$P/admin.key" "https://$IP:6443/readyz" | grep -q ok; do sleep 0.1; done
  run kcm "$KUBE/kube-controller-manager" --kubeconfig="$P/kcm.kubeconfig" --service-account-private-key-file="$P/sa.key" --root-ca-file="$P/ca.crt" \
    --cluster-signing-cert-file="$P/ca.crt" --cluster-signing-key-file="$P/ca.key" --use-service-account-credentials --leader-elect=false --allocate-node-cidrs=false --cluster-cidr="$POD_CIDR"
  run sched "$KUBE/kube-scheduler" --kubeconfig="$P/sched.kubeconfig" --leader-elect=false
  run kubelet "$KUBE/kubelet" --config "$D/kubelet.yaml" --kubeconfig "$P/kubelet.kubeconfig" --hostname-override "$NAME" --node-ip "$IP"
  run kube-proxy "$KUBE/kube-proxy" --config "$D/kube-proxy.yaml"
  run coredns "$DNS/coredns" -conf "$D/Corefile"
fi
while :; do
  wait || true
  sleep 1
done
