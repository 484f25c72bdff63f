//! The certificates and keys of one control plane.

use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

/// A certificate authority with what it issued, as PEM files.
pub(super) struct Pki;

impl Pki {
    /// Writes `ca`, `apiserver`, `admin` and the service-account key pair into `dir`, and
    /// `admin.kubeconfig` beside them.
    pub(super) fn write(dir: &Path, port: u16) -> Result<()> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::default();
        ca.distinguished_name.push(DnType::CommonName, "lazaret dev control plane");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        std::fs::write(dir.join("ca.crt"), &ca_pem)?;
        let issuer = Issuer::new(ca, ca_key);

        let mut server = CertificateParams::new(vec!["localhost".into(), "kubernetes".into()])?;
        for address in [[127, 0, 0, 1], [10, 0, 0, 1]] {
            server.subject_alt_names.push(SanType::IpAddress(address.into()));
        }
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        issue(dir, "apiserver", server, &issuer)?;

        let mut admin = CertificateParams::default();
        admin.distinguished_name.push(DnType::CommonName, "lazaret-admin");
        admin.distinguished_name.push(DnType::OrganizationName, "system:masters");
        admin.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        issue(dir, "admin", admin, &issuer)?;

        let accounts = KeyPair::generate()?;
        std::fs::write(dir.join("service-account.key"), accounts.serialize_pem())?;
        std::fs::write(dir.join("service-account.pub"), accounts.public_key_pem())?;
        std::fs::write(dir.join("admin.kubeconfig"), kubeconfig(dir, port)?)?;
        Ok(())
    }
}

fn issue(
    dir: &Path,
    name: &str,
    mut params: CertificateParams,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<()> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    std::fs::write(dir.join(format!("{name}.crt")), certificate.pem())?;
    std::fs::write(dir.join(format!("{name}.key")), key.serialize_pem())?;
    Ok(())
}

fn kubeconfig(dir: &Path, port: u16) -> Result<String> {
    let path = |name: &str| dir.join(name).display().to_string();
    let config = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "dev",
        "clusters": [{ "name": "dev", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": path("ca.crt"),
        }}],
        "users": [{ "name": "admin", "user": {
            "client-certificate": path("admin.crt"),
            "client-key": path("admin.key"),
        }}],
        "contexts": [{ "name": "dev", "context": { "cluster": "dev", "user": "admin" }}],
    });
    Ok(serde_json::to_string_pretty(&config)?)
}
