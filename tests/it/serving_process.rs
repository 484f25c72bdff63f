//! `lazaret serve` as a process: what it takes over from its directory, how clients fetch and verify
//! from it, TLS, limits, and an end in good order.
#![allow(clippy::indexing_slicing)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lazaret::pack::{
    Authority, FetchSettings, Fetched, FetchedPack, KeyPairPem, PublicKey, build, fetch,
    generate_key_pair, sign_blob, verify,
};
use reqwest::{Certificate, Client};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running server over a directory of its own. Dropping it kills it.
struct Server {
    dir: TempDir,
    keys: KeyPairPem,
    child: Child,
    lines: Receiver<Value>,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one with a signed pack `good`; `prepare` may put more into its directory.
    fn start(arguments: &[&str], prepare: impl FnOnce(&Path, &KeyPairPem)) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let keys = generate_key_pair().unwrap();
        std::fs::write(dir.path().join("key.pub"), &keys.public).unwrap();
        put(dir.path(), "good", "one", &keys);
        prepare(dir.path(), &keys);
        let mut child = Command::new(env!("CARGO_BIN_EXE_lazaret"))
            .args(["serve", "--listen", "127.0.0.1:0", "--scan-interval", "1", "--packs"])
            .arg(dir.path())
            .arg("--key")
            .arg(dir.path().join("key.pub"))
            .args(arguments)
            .env_remove("RUST_LOG")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let mut server = Self { dir, keys, child, lines, address: String::new() };
        let line = server.line(|line| line["address"].is_string());
        server.address = line["address"].as_str().unwrap().to_owned();
        server
    }

    /// The next line of the log that is wanted.
    fn line(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut passed = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if wanted(&line) => return line,
                Ok(line) => passed.push(line),
                Err(error) => panic!("{error}; the log has: {passed:#?}"),
            }
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn pack(&self, id: &str) -> FetchSettings {
        let url = self.url(&format!("/v1/policy/packs/{id}"));
        FetchSettings { allow_loopback: true, ..FetchSettings::new(url) }
    }

    async fn status(&self, path: &str) -> u16 {
        reqwest::get(self.url(path)).await.unwrap().status().as_u16()
    }

    fn trusted(&self) -> [Authority; 1] {
        let key = PublicKey::parse(&self.keys.public).unwrap();
        [Authority::Key { key, log_root: None }]
    }
}

/// Puts a signed pack that says `word` into a directory.
fn put(dir: &Path, id: &str, word: &str, keys: &KeyPairPem) {
    let source = tempfile::tempdir().unwrap();
    std::fs::create_dir(source.path().join("opa")).unwrap();
    let rego = format!("package {word}\n");
    std::fs::write(source.path().join("opa/r.rego"), rego).unwrap();
    let tar = build(source.path()).unwrap().tar;
    std::fs::write(dir.join(format!("{id}.tar")), &tar).unwrap();
    let bundle = sign_blob(&tar, &keys.private).unwrap();
    std::fs::write(dir.join(format!("{id}.tar.sigstore.json")), bundle).unwrap();
}

async fn fetched(settings: &FetchSettings) -> FetchedPack {
    match fetch(settings, None).await.unwrap() {
        Fetched::Pack(pack) => pack,
        Fetched::NotModified => panic!("nothing was known before"),
    }
}

#[tokio::test]
async fn what_is_served_is_fetched_and_verified() {
    let server = Server::start(&["--inline-bundle"], |_, _| {});
    let inline = fetched(&server.pack("good")).await;
    let previous = inline.previous.clone();
    verify(inline, None, &server.trusted()).unwrap();
    let bundle_url = Some(server.url("/v1/policy/packs/good/attestation"));
    let apart = fetched(&FetchSettings { bundle_url, ..server.pack("good") }).await;
    verify(apart, None, &server.trusted()).unwrap();
    let again = fetch(&server.pack("good"), Some(&previous)).await.unwrap();
    assert!(matches!(again, Fetched::NotModified));
}

#[tokio::test]
async fn a_bad_file_displaces_nothing_and_a_good_one_does() {
    let server = Server::start(&[], |dir, keys| {
        put(dir, "unsigned", "x", keys);
        std::fs::remove_file(dir.join("unsigned.tar.sigstore.json")).unwrap();
        put(dir, "stranger", "x", &generate_key_pair().unwrap());
        std::fs::write(dir.join("Not An Id.tar"), "").unwrap();
    });
    assert_eq!(server.status("/readyz").await, 200);
    for id in ["unsigned", "stranger"] {
        assert_eq!(server.status(&format!("/v1/policy/packs/{id}")).await, 503, "{id}");
    }
    let list = reqwest::get(server.url("/v1/policy/packs")).await.unwrap().bytes().await.unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap();
    let ids: Vec<_> = list["packs"].as_array().unwrap().iter().map(|pack| &pack["id"]).collect();
    assert_eq!(ids, ["good", "stranger", "unsigned"]);

    let path = server.dir.path();
    let before = fetched(&server.pack("good")).await.tar;
    put(path, "good", "two", &generate_key_pair().unwrap());
    let refused = server.line(|line| line["id"] == "good" && line["reason"].is_string());
    assert!(refused["reason"] == "KeyMismatch" || refused["reason"] == "SignatureInvalid");
    assert_eq!(fetched(&server.pack("good")).await.tar, before);

    put(path, "good", "three", &server.keys);
    server.line(|line| line["id"] == "good" && line["message"] == "serving");
    let after = fetched(&server.pack("good")).await;
    assert_ne!(after.tar, before);

    std::fs::remove_file(path.join("good.tar")).unwrap();
    server.line(|line| line["message"].as_str().is_some_and(|m| m.starts_with("no longer")));
    assert_eq!(server.status("/v1/policy/packs/good").await, 404);
}

#[tokio::test]
async fn sources_are_built_only_on_demand() {
    let source = |dir: &Path, _: &KeyPairPem| {
        std::fs::create_dir_all(dir.join("dev/opa")).unwrap();
        std::fs::write(dir.join("dev/opa/r.rego"), "package dev\n").unwrap();
    };
    let server = Server::start(&[], source);
    assert_eq!(server.status("/v1/policy/packs/dev").await, 404);
    let server = Server::start(&["--build-sources", "--inline-bundle"], source);
    let pack = fetched(&server.pack("dev")).await;
    let before = pack.tar.clone();
    assert!(verify(pack, None, &server.trusted()).is_err(), "nobody else has that key");
    std::fs::write(server.dir.path().join("dev/opa/r.rego"), "package other\n").unwrap();
    server.line(|line| line["id"] == "dev" && line["message"] == "serving");
    assert_ne!(fetched(&server.pack("dev")).await.tar, before);
}

fn certificate(dir: &Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(dir.join("tls.crt"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

fn trusting(certificate: &Certificate) -> reqwest::ClientBuilder {
    Client::builder().tls_certs_only([certificate.clone()])
}

#[tokio::test]
async fn tls_takes_over_new_certificates_and_keeps_the_last_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let first = certificate(dir.path());
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let files = ["--tls-cert", &at("tls.crt"), "--tls-key", &at("tls.key")];
    let server = Server::start(&files, |_, _| {});
    let port = server.address.rsplit(':').next().unwrap();
    let url = format!("https://localhost:{port}/v1/policy/packs/good");
    let get = async |client: reqwest::ClientBuilder| {
        let sent = client.build().unwrap().get(&url).send().await;
        sent.map(|response| (response.status().as_u16(), response.version()))
    };
    let h2 = get(trusting(&first)).await.unwrap();
    assert_eq!(h2, (200, reqwest::Version::HTTP_2));
    let h1 = get(trusting(&first).http1_only()).await.unwrap();
    assert_eq!(h1, (200, reqwest::Version::HTTP_11));
    let old = trusting(&first).max_tls_version(reqwest::tls::Version::TLS_1_2);
    assert_eq!(get(old).await.unwrap().0, 200);

    std::fs::write(at("tls.key"), "nonsense").unwrap();
    server.line(|line| line["reason"] == "KeyInvalid");
    assert_eq!(get(trusting(&first)).await.unwrap().0, 200);

    let second = certificate(dir.path());
    server.line(|line| line["message"] == "new certificate");
    assert_eq!(get(trusting(&second)).await.unwrap().0, 200);
    assert!(get(trusting(&first)).await.is_err());
}

#[test]
fn unusable_arguments_end_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().to_str().unwrap();
    let certificate = dir.path().join("none.pem");
    let file = certificate.to_str().unwrap();
    let keys = generate_key_pair().unwrap();
    let key = dir.path().join("key.pub");
    std::fs::write(&key, keys.public).unwrap();
    let key = key.to_str().unwrap();
    let cases: &[(&[&str], i32)] = &[
        (&["--packs", here], 2),
        (&["--packs", "/nonexistent", "--key", key], 3),
        (&["--packs", here, "--key", key, "--tls-cert", file], 2),
        (&["--packs", here, "--key", key, "--tls-cert", file, "--tls-key", file], 2),
        (&["--packs", here, "--key", key, "--trusted-proxy", "everybody"], 2),
    ];
    for (arguments, code) in cases {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lazaret"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(*arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {output:?}");
    }
}

#[tokio::test]
async fn who_asks_too_often_waits_and_who_probes_does_not() {
    let limits = ["--requests-per-second", "1", "--request-burst", "3"];
    let server = Server::start(&limits, |_, _| {});
    let mut refused = None;
    for _ in 0..20 {
        let response = reqwest::get(server.url("/v1/policy/packs")).await.unwrap();
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("twenty at once are more than three");
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    for _ in 0..20 {
        assert_eq!(server.status("/readyz").await, 200);
    }
}

#[tokio::test]
async fn one_address_does_not_take_all_connections() {
    let server = Server::start(&["--max-connections-per-address", "2"], |_, _| {});
    let mut open = Vec::new();
    let mut hung_up = 0;
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        match stream.read_exact(&mut answer).await {
            Ok(_) => assert_eq!(&answer, b"HTTP/1.1 200"),
            Err(_) => hung_up += 1,
        }
        open.push(stream);
    }
    assert_eq!(hung_up, 1);
    drop(open);
    let deadline = Instant::now() + PATIENCE;
    while reqwest::get(server.url("/healthz")).await.is_err() {
        assert!(Instant::now() < deadline, "places are not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let metrics = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
    let line = "lazaret_http_refused_total{reason=\"connections_of_address\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("lazaret_http_requests_total{route=\"healthz\",status=\"2xx\"}"));
}

#[tokio::test]
async fn large_heads_are_refused() {
    let server = Server::start(&[], |_, _| {});
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(64 << 10));
    // The server may hang up before it took all.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(server.status("/healthz").await, 200);
}

#[tokio::test]
async fn downloads_finish_before_the_process_ends() {
    let mut server = Server::start(&["--drain-delay", "2"], |dir, keys| {
        let source = dir.join("source");
        std::fs::create_dir_all(source.join("opa")).unwrap();
        std::fs::write(source.join("opa/r.rego"), "package large\n").unwrap();
        std::fs::create_dir_all(source.join("signing")).unwrap();
        // More than the buffers of two sockets hold.
        for part in 0..6 {
            std::fs::write(source.join(format!("signing/{part}")), vec![part; 4 << 20]).unwrap();
        }
        let tar = build(&source).unwrap().tar;
        std::fs::write(dir.join("large.tar"), &tar).unwrap();
        let bundle = sign_blob(&tar, &keys.private).unwrap();
        std::fs::write(dir.join("large.tar.sigstore.json"), bundle).unwrap();
    });
    let size = std::fs::metadata(server.dir.path().join("large.tar")).unwrap().len();
    let mut download = reqwest::get(server.url("/v1/policy/packs/large")).await.unwrap();
    let mut taken = download.chunk().await.unwrap().unwrap().len() as u64;
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.line(|line| line["message"].as_str().is_some_and(|m| m.starts_with("ending")));
    assert_eq!(server.status("/readyz").await, 503);
    assert_eq!(server.status("/healthz").await, 200);
    // Past the delay, in the drain itself.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(TcpStream::connect(&server.address).await.is_err(), "nobody new is let in");
    assert!(server.child.try_wait().unwrap().is_none(), "a download is under way");
    while let Some(chunk) = download.chunk().await.unwrap() {
        taken += chunk.len() as u64;
    }
    assert_eq!(taken, size);
    drop(download);
    server.line(|line| line["message"] == "stopped");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_read_that_hangs_keeps_neither_the_start_nor_the_end() {
    let pipe = |path: &Path| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    let mut server = Server::start(&["--drain-timeout", "1"], |dir, _| pipe(&dir.join("p.tar")));
    assert_eq!(server.status("/v1/policy/packs/p").await, 503);
    assert_eq!(server.status("/v1/policy/packs/good").await, 200);
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    server.line(|line| line["message"] == "stopped");
    let deadline = Instant::now() + Duration::from_secs(10);
    let code = loop {
        if let Some(status) = server.child.try_wait().unwrap() {
            break status.code();
        }
        assert!(Instant::now() < deadline, "it does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(code, Some(0));
}
