# Certificates and kubeconfigs of one cluster (P-256: all of them in well under a second).
#   pki.sh DIR NODE-IP NAME SERVICE-IP
set -eu
P=$1 ip=$2 name=$3 svc=$4
mkdir -p "$P"
key() {
  openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"
  chmod 600 "$1"
}
key "$P/ca.key"
openssl req -x509 -new -key "$P/ca.key" -days 3650 -subj "/CN=lab-ca-$name" -out "$P/ca.crt" \
  -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
crt() { # file subject san
  key "$P/$1.key"
  printf 'extendedKeyUsage=clientAuth,serverAuth\n%s' "${3:+subjectAltName=$3}" >"$P/$1.ext"
  openssl req -new -key "$P/$1.key" -subj "$2" |
    openssl x509 -req -CA "$P/ca.crt" -CAkey "$P/ca.key" -CAcreateserial -days 3650 -out "$P/$1.crt" -extfile "$P/$1.ext"
}
service=DNS:kubernetes.default.svc
crt apiserver /CN=kube-apiserver "IP:127.0.0.1,IP:$svc,IP:$ip,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,$service,$service.cluster.local"
crt admin /O=system:masters/CN=admin ""
crt kubelet "/O=system:nodes/CN=system:node:$name" "IP:$ip,DNS:$name"
crt kcm /CN=system:kube-controller-manager ""
crt sched /CN=system:kube-scheduler ""
crt proxy /CN=system:kube-proxy ""
key "$P/sa.key"
openssl pkey -in "$P/sa.key" -pubout -out "$P/sa.pub"
for u in admin kubelet kcm sched proxy; do
  cat >"$P/$u.kubeconfig" <<Y
apiVersion: v1
kind: Config
current-context: $name
contexts: [{name: $name, context: {cluster: $name, user: $name-$u}}]
clusters: [{name: $name, cluster: {server: "https://$ip:6443", certificate-authority-data: $(base64 -w0 <"$P/ca.crt")}}]
users: [{name: $name-$u, user: {client-certificate-data: $(base64 -w0 <"$P/$u.crt"), client-key-data: $(base64 -w0 <"$P/$u.key")}}]
Y
  chmod 600 "$P/$u.kubeconfig"
done
