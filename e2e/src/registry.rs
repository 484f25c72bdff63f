//! A real OCI registry (distribution) on loopback, for as long as it is held.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::cluster::eventually;
use crate::peer::{free_port, tool};

/// A registry with its data in a folder of its own.
pub struct Registry {
    child: Child,
    address: String,
    dir: tempfile::TempDir,
}

/// What a registry asks of those who come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// Nothing, without TLS.
    Open,
    /// The name `me` and the password `secret`, over TLS.
    Password,
    /// A certificate of its own authority, over TLS.
    Certificate,
}

impl Registry {
    /// Starts the registry that `LAZARET_REGISTRY` names.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn start(door: Door) -> Result<Self> {
        let binary = tool("LAZARET_REGISTRY")?;
        let dir = tempfile::Builder::new().prefix("lazaret-registry-").tempdir()?;
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let path = |name: &str| dir.path().join(name).display().to_string();
        let mut http = json!({ "addr": address, "secret": "e2e" });
        let mut config = json!({
            "version": "0.1",
            "log": { "level": "error", "accesslog": { "disabled": true } },
            "storage": { "filesystem": { "rootdirectory": path("data") } },
        });
        if door != Door::Open {
            certificates(dir.path())?;
            http["tls"] = json!({ "certificate": path("server.crt"), "key": path("server.key") });
        }
        if door == Door::Certificate {
            http["tls"]["clientcas"] = json!([path("ca.crt")]);
        }
        if door == Door::Password {
            std::fs::write(dir.path().join("htpasswd"), format!("me:{SECRET}\n"))?;
            config["auth"] = json!({ "htpasswd": { "realm": "e2e", "path": path("htpasswd") } });
        }
        config["http"] = http;
        std::fs::write(dir.path().join("config.yml"), yaml_serde::to_string(&config)?)?;
        let log = std::fs::File::create(dir.path().join("log"))?;
        let child = Command::new(binary)
            .arg("serve")
            .arg(dir.path().join("config.yml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let registry = Self { child, address, dir };
        let up = eventually("the registry listens", Duration::from_secs(30), async || {
            Ok(tokio::net::TcpStream::connect(&registry.address).await.ok())
        });
        up.await.with_context(|| {
            std::fs::read_to_string(registry.dir.path().join("log")).unwrap_or_default()
        })?;
        Ok(registry)
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A file of the registry's: `ca.crt`, `client.crt`, `client.key`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What Docker writes into its `config.json` for this registry.
    pub fn docker_config(&self, auth: &str) -> Value {
        json!({ "auths": { self.address.clone(): { "auth": auth } } })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn certificates(dir: &Path) -> Result<()> {
    let key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(dir.join("ca.crt"), ca.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(ca, key);
    for (name, usage) in [
        ("server", ExtendedKeyUsagePurpose::ServerAuth),
        ("client", ExtendedKeyUsagePurpose::ClientAuth),
    ] {
        let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()])?;
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        std::fs::write(dir.join(format!("{name}.crt")), params.signed_by(&key, &issuer)?.pem())?;
        std::fs::write(dir.join(format!("{name}.key")), key.serialize_pem())?;
    }
    Ok(())
}

/// `secret` as htpasswd holds it, at the least cost that bcrypt has.
const SECRET: &str = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
