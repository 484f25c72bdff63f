//! TLS 1.2 and 1.3 from two PEM files that are read anew when they change. Files that cannot be used
//! leave the last certificate in place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};

use super::metrics::ServerMetrics;
use crate::domain::Digest;

/// No certificate chain is larger.
const MAX_PEM: u64 = 1 << 20;

/// Why certificate files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No certificate in PEM.
    #[error("{} holds no certificate in PEM (\"BEGIN CERTIFICATE\")", .0.display())]
    CertificateInvalid(PathBuf),
    /// No private key in PEM.
    #[error("{} holds no private key in PEM that is not encrypted", .0.display())]
    KeyInvalid(PathBuf),
    /// The two do not belong together, or cannot be used.
    #[error("certificate and key cannot be used together: {0}")]
    Unusable(rustls::Error),
}

impl TlsError {
    /// A short CamelCase name.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "CertificateUnreadable",
            Self::CertificateInvalid(_) => "CertificateInvalid",
            Self::KeyInvalid(_) => "KeyInvalid",
            Self::Unusable(_) => "CertificateUnusable",
        }
    }
}

/// A certificate from files, and the place that connections take it from.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    seen: Digest,
    pub(super) config: RustlsConfig,
}

impl Tls {
    /// Reads both files.
    ///
    /// # Errors
    /// If they cannot be used.
    pub async fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let (chain, secret) = (read(&certificate).await?, read(&key).await?);
        let config = config(&certificate, &chain, &key, &secret)?;
        let config = RustlsConfig::from_config(Arc::new(config));
        Ok(Self { seen: fingerprint(&chain, &secret), certificate, key, config })
    }

    /// Looks for new files at each `interval`, for ever. Connections that are open keep what they
    /// began with.
    pub async fn keep_fresh(mut self, interval: Duration, metrics: ServerMetrics) {
        loop {
            tokio::time::sleep(interval).await;
            match self.reload().await {
                Ok(false) => {}
                Ok(true) => tracing::info!(file = %self.certificate.display(), "new certificate"),
                Err(error) => {
                    metrics.tls_reload_failures.inc();
                    tracing::warn!(reason = error.reason(), %error, "keeping the last certificate");
                }
            }
        }
    }

    /// Takes over changed files. What failed once is not tried again until it changes, unless it
    /// could not even be read.
    async fn reload(&mut self) -> Result<bool, TlsError> {
        let (chain, secret) = (read(&self.certificate).await?, read(&self.key).await?);
        let found = fingerprint(&chain, &secret);
        if found == self.seen {
            return Ok(false);
        }
        self.seen = found;
        let config = config(&self.certificate, &chain, &self.key, &secret)?;
        self.config.reload_from_config(Arc::new(config));
        Ok(true)
    }

    /// The same place for a listener.
    pub fn acceptor(&self) -> RustlsConfig {
        self.config.clone()
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    use tokio::io::AsyncReadExt as _;
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_PEM).read_to_end(&mut bytes).await.map_err(unreadable)?;
    Ok(bytes)
}

fn fingerprint(chain: &[u8], secret: &[u8]) -> Digest {
    let mut both = crate::domain::DigestWriter::new();
    both.update(Digest::of(chain).as_bytes());
    both.update(Digest::of(secret).as_bytes());
    both.finish()
}

fn config(
    certificate: &Path,
    chain: &[u8],
    key: &Path,
    secret: &[u8],
) -> Result<ServerConfig, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::CertificateInvalid(certificate.to_owned()))?;
    if chain.is_empty() {
        return Err(TlsError::CertificateInvalid(certificate.to_owned()));
    }
    let secret =
        PrivateKeyDer::from_pem_slice(secret).map_err(|_| TlsError::KeyInvalid(key.to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[tokio::test]
    async fn good_files_are_taken_over_and_bad_ones_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = (dir.path().join("tls.crt"), dir.path().join("tls.key"));
        let write = |pem: &str, secret: &str| {
            std::fs::write(&certificate, pem).unwrap();
            std::fs::write(&key, secret).unwrap();
        };
        let (first, second) = (pair(), pair());
        write(&first.0, &first.1);
        let mut tls = Tls::load(certificate.clone(), key.clone()).await.unwrap();
        let at_first = Arc::as_ptr(&tls.config.get_inner());
        assert!(!tls.reload().await.unwrap(), "nothing changed");
        let bad = [
            (first.0.as_str(), second.1.as_str(), "CertificateUnusable"),
            ("", first.1.as_str(), "CertificateInvalid"),
            (first.0.as_str(), "", "KeyInvalid"),
            (first.1.as_str(), first.0.as_str(), "CertificateInvalid"),
        ];
        for (pem, secret, reason) in bad {
            write(pem, secret);
            assert_eq!(tls.reload().await.unwrap_err().reason(), reason);
            assert!(!tls.reload().await.unwrap(), "tried once");
            assert_eq!(Arc::as_ptr(&tls.config.get_inner()), at_first, "{reason}");
        }
        std::fs::remove_file(&key).unwrap();
        assert_eq!(tls.reload().await.unwrap_err().reason(), "CertificateUnreadable");
        write(&second.0, &second.1);
        assert!(tls.reload().await.unwrap());
        assert_ne!(Arc::as_ptr(&tls.config.get_inner()), at_first);
    }
}
