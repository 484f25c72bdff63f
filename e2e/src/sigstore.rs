//! A whole private Sigstore on loopback: Fulcio, a timestamp authority, Rekor v2 and an identity
//! provider, with the trusted root and the signing config that tie them together.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::peer::{Peer, free_port, succeed, tool};

/// Whom the identity provider vouches for.
pub const SUBJECT: &str = "signer@packs.test";

/// A private Sigstore; its processes end when it is dropped.
pub struct Sigstore {
    // They end before their folder goes.
    parts: Vec<Peer>,
    dir: tempfile::TempDir,
    /// The OIDC issuer.
    pub issuer: String,
}

impl Sigstore {
    /// Starts everything and waits until it answers.
    pub fn start() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let issuer = identity_provider(dir.path())?;
        let mut sigstore = Self { parts: Vec::new(), dir, issuer };
        let [fulcio, tsa, rekor] = [free_port()?, free_port()?, free_port()?];
        sigstore.fulcio(fulcio)?;
        sigstore.run(
            "LAZARET_TSA",
            "tsa",
            &[
                "serve",
                "--host=127.0.0.1",
                &format!("--port={tsa}"),
                "--timestamp-signer=memory",
                "--disable-ntp-monitoring",
            ],
        )?;
        sigstore.rekor(rekor)?;
        let chain = sigstore.answer(fulcio, "/api/v1/rootCert")?;
        std::fs::write(sigstore.path("fulcio.pem"), chain)?;
        let chain = sigstore.answer(tsa, "/api/v1/timestamp/certchain")?;
        std::fs::write(sigstore.path("tsa.pem"), chain)?;
        sigstore.answer(rekor, "/healthz")?;
        sigstore.configs(fulcio, tsa, rekor)?;
        Ok(sigstore)
    }

    /// A file of this Sigstore's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The trusted root.
    pub fn root(&self) -> PathBuf {
        self.path("root.json")
    }

    /// `cosign`, with a home of its own.
    pub fn cosign(&self) -> Result<Command> {
        let mut command = Command::new(tool("LAZARET_COSIGN")?);
        command.current_dir(&self.dir).env("HOME", self.dir.path()).env("COSIGN_PASSWORD", "");
        Ok(command)
    }

    fn fulcio(&mut self, port: u16) -> Result<()> {
        let issuer = &self.issuer;
        // No JSON: Fulcio would read that under other names.
        let config = format!(
            "oidc-issuers:\n  {issuer}:\n    issuer-url: {issuer}\n    client-id: sigstore\n    type: email\n"
        );
        std::fs::write(self.path("fulcio.yaml"), config)?;
        let (grpc, metrics) = (free_port()?, free_port()?);
        self.run(
            "LAZARET_FULCIO",
            "fulcio",
            &[
                "serve",
                "--ca=ephemeralca",
                "--ct-log-url=",
                "--host=127.0.0.1",
                &format!("--port={port}"),
                "--grpc-host=127.0.0.1",
                &format!("--grpc-port={grpc}"),
                &format!("--metrics-port={metrics}"),
                "--config-path=fulcio.yaml",
                &format!("--legacy-unix-domain-socket=@lazaret-fulcio-{port}"),
            ],
        )
    }

    fn rekor(&mut self, port: u16) -> Result<()> {
        let key = rcgen::KeyPair::generate()?;
        std::fs::write(self.path("rekor.key"), key.serialize_pem())?;
        std::fs::write(self.path("rekor.pub"), key.public_key_pem())?;
        let (grpc, metrics) = (free_port()?, free_port()?);
        self.run(
            "LAZARET_REKOR",
            "rekor",
            &[
                "serve",
                &format!("--http-port={port}"),
                &format!("--grpc-port={grpc}"),
                &format!("--http-metrics-port={metrics}"),
                "--hostname=127.0.0.1",
                "--storage-dir=rekor",
                "--signer-filepath=rekor.key",
                "--checkpoint-interval=1s",
            ],
        )
    }

    fn configs(&self, fulcio: u16, tsa: u16, rekor: u16) -> Result<()> {
        let start = "start-time=2024-01-01T00:00:00Z";
        let service = |port: u16, path: &str, more: &str| {
            format!("url=http://127.0.0.1:{port}{path},{more},{start}")
        };
        let stamp = "/api/v1/timestamp";
        succeed(self.cosign()?.args(["trusted-root", "create", "--out", "root.json"]).args([
            format!("--fulcio={}", service(fulcio, "", "certificate-chain=fulcio.pem")),
            format!("--rekor={}", service(rekor, "", "public-key=rekor.pub,origin=127.0.0.1")),
            format!("--tsa={}", service(tsa, stamp, "certificate-chain=tsa.pem")),
        ]))?;
        let one = "api-version=1,operator=test";
        succeed(self.cosign()?.args(["signing-config", "create", "--out", "signing.json"]).args(
            [
                format!("--fulcio={}", service(fulcio, "", one)),
                format!("--rekor={}", service(rekor, "", "api-version=2,operator=test")),
                "--rekor-config=ANY".into(),
                format!("--oidc-provider=url={},{one},{start}", self.issuer),
                format!("--tsa={}", service(tsa, stamp, one)),
                "--tsa-config=ANY".into(),
            ],
        ))?;
        Ok(())
    }

    fn run(&mut self, variable: &str, name: &str, arguments: &[&str]) -> Result<()> {
        // With a home of its own, as cosign has.
        let home = format!("HOME={}", self.dir.path().display());
        let program = tool(variable)?.display().to_string();
        let mut all = vec![home, program];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self.parts.push(Peer::start(name, Path::new("env"), &all, self.dir.path())?);
        Ok(())
    }

    /// What a part answers, once it does.
    fn answer(&self, port: u16, path: &str) -> Result<Vec<u8>> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(body) = get(port, path) {
                return Ok(body);
            }
            if Instant::now() > deadline {
                let logs: Vec<_> = self.parts.iter().map(Peer::tail).collect();
                bail!("nobody answers {path}: {}", logs.join("\n---\n"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn get(port: u16, path: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    ensure!(text.split(' ').nth(1) == Some("200"), "{text}");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").context("no body")?;
    Ok(answer.split_off(end + 4))
}

/// An identity provider that vouches for [`SUBJECT`]: two documents, and a token in `token`.
fn identity_provider(dir: &Path) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der()?;
    let point = spki.as_ref().last_chunk::<64>().context("no point")?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let part = |value: Value| BASE64.encode(value.to_string());
    let text = format!(
        "{}.{}",
        part(json!({"alg": "ES256", "typ": "JWT", "kid": "key"})),
        part(json!({
            "iss": issuer, "aud": "sigstore", "sub": "signer", "email": SUBJECT,
            "email_verified": true, "iat": now, "exp": now + 3600,
        })),
    );
    let signature = key.sign(&SystemRandom::new(), text.as_bytes())?;
    std::fs::write(dir.join("token"), format!("{text}.{}", BASE64.encode(signature)))?;
    let discovery = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_endpoint": format!("{issuer}/none"),
        "token_endpoint": format!("{issuer}/none"),
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
    });
    let keys = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "key",
        "x": BASE64.encode(&point[..32]), "y": BASE64.encode(&point[32..]),
    }]});
    // The thread lives as long as the process of the test, which is all that can ask it.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A caller that goes away is not this thread's business.
            let _ = reply(stream, &discovery, &keys);
        }
    });
    Ok(issuer)
}

fn reply(mut stream: TcpStream, discovery: &Value, keys: &Value) -> Result<()> {
    let mut request = [0; 4096];
    let read = stream.read(&mut request)?;
    let body = match String::from_utf8_lossy(&request[..read]).contains("/.well-known/") {
        true => discovery,
        false => keys,
    };
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
    Ok(())
}
