//! The command line of each part.

use std::path::Path;

use anyhow::Result;

use super::Ports;
use super::process::Part;

/// What Lazaret's tests and users' objects need; the scheduler's and the nodes' work is not here.
const CONTROLLERS: &str = "serviceaccount-controller,serviceaccount-token-controller,\
root-ca-certificate-publisher-controller,replicaset-controller,deployment-controller,\
job-controller,cronjob-controller,garbage-collector-controller,namespace-controller,\
endpointslice-controller,ttl-after-finished-controller,\
validatingadmissionpolicy-status-controller";

pub(super) fn etcd(binary: &Path, dir: &Path, ports: Ports) -> Result<Part> {
    let client = format!("http://127.0.0.1:{}", ports.etcd_client);
    let peer = format!("http://127.0.0.1:{}", ports.etcd_peer);
    let flags = [
        "--name=dev".into(),
        "--data-dir=etcd".into(),
        // Nothing here outlives a power cut, so that nothing needs to reach the disk.
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=dev={peer}"),
    ];
    Part::start(binary, dir, "etcd", &flags)
}

pub(super) fn apiserver(binary: &Path, dir: &Path, ports: Ports) -> Result<Part> {
    let flags = [
        format!("--etcd-servers=http://127.0.0.1:{}", ports.etcd_client),
        format!("--secure-port={}", ports.apiserver),
        "--bind-address=127.0.0.1".into(),
        "--advertise-address=127.0.0.1".into(),
        "--endpoint-reconciler-type=none".into(),
        "--service-cluster-ip-range=10.0.0.0/24".into(),
        "--tls-cert-file=apiserver.crt".into(),
        "--tls-private-key-file=apiserver.key".into(),
        "--client-ca-file=ca.crt".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--service-account-key-file=service-account.pub".into(),
        "--service-account-signing-key-file=service-account.key".into(),
        "--authorization-mode=RBAC".into(),
        "--anonymous-auth=false".into(),
        "--watch-cache=true".into(),
    ];
    Part::start(binary, dir, "kube-apiserver", &flags)
}

pub(super) fn controller_manager(binary: &Path, dir: &Path) -> Result<Part> {
    let flags = [
        "--kubeconfig=admin.kubeconfig".into(),
        "--authentication-skip-lookup".into(),
        "--secure-port=0".into(),
        "--leader-elect=false".into(),
        "--service-account-private-key-file=service-account.key".into(),
        "--root-ca-file=ca.crt".into(),
        format!("--controllers={CONTROLLERS}"),
    ];
    Part::start(binary, dir, "kube-controller-manager", &flags)
}
