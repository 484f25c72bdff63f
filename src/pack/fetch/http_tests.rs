use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Auth, FetchSettings, Fetched, Previous, Proxy, Retry, fetch};

/// A server that sends a fixed text a path and keeps what it was asked.
pub(in crate::pack) struct Server {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// `answers` maps a request's head to raw bytes; after them the connection closes, or hangs if they
/// end in `HANG`.
pub(in crate::pack) async fn serve(
    answers: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let answers = Arc::new(answers);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (seen, answers) = (seen.clone(), answers.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut byte = [0; 1];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
                // A connection that is closed over an unread body is reset.
                let length = head.split("content-length: ").nth(1).and_then(|l| l.lines().next());
                let mut body = vec![0; length.map_or(0, |l| l.parse().unwrap())];
                let _ = stream.read_exact(&mut body).await;
                seen.lock().unwrap().push(head.clone());
                let answer = answers(&head);
                let _ = stream.write_all(answer.trim_end_matches("HANG").as_bytes()).await;
                if answer.ends_with("HANG") {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
        }
    });
    Server { address, asked }
}

impl Server {
    pub(in crate::pack) fn settings(&self, path: &str) -> FetchSettings {
        FetchSettings {
            allow_loopback: true,
            timeout: Duration::from_secs(10),
            retry: Retry { times: 2, first: Duration::from_millis(2), ..Retry::default() },
            ..FetchSettings::new(format!("http://{}{path}", self.address))
        }
    }

    pub(in crate::pack) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

pub(in crate::pack) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

pub(in crate::pack) const MISSING: &str =
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

pub(in crate::pack) async fn reason(settings: &FetchSettings) -> &'static str {
    match fetch(settings, None).await {
        Ok(_) => "fetched",
        Err(e) => e.reason(),
    }
}

#[tokio::test]
async fn brings_pack_bundle_and_validators() {
    let server = serve(|head| {
        if head.starts_with("get /p.tar.sigstore.json") {
            return ok("{\"bundle\":1}");
        }
        if head.contains("if-none-match: w/\"1\"") {
            return "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".into();
        }
        ok("tar").replace("Connection", "ETag: W/\"1\"\r\nLast-Modified: yesterday\r\nConnection")
    })
    .await;
    let settings = server.settings("/p.tar");
    let Fetched::Pack(pack) = fetch(&settings, None).await.unwrap() else { panic!() };
    assert_eq!(pack.tar, "tar");
    assert_eq!(pack.bundle.as_deref(), Some(&b"{\"bundle\":1}"[..]));
    assert_eq!(pack.previous.etag.as_deref(), Some("W/\"1\""));
    assert!(pack.url.ends_with("/p.tar"));
    let again = fetch(&settings, Some(&pack.previous)).await.unwrap();
    assert!(matches!(again, Fetched::NotModified));
    let asked = server.asked();
    assert!(asked.last().unwrap().contains("if-modified-since: yesterday"));
    assert!(asked.iter().all(|head| head.contains("accept-encoding: identity")));
}

#[tokio::test]
async fn the_bundle_comes_from_its_url_or_the_header_or_beside_the_pack() {
    let server = serve(|head| match head.split(' ').nth(1).unwrap() {
        "/with-header" => {
            ok("tar").replace("Connection", "X-Cosign-Bundle: {\"a\":1}\r\nConnection")
        }
        "/with-base64" => {
            ok("tar").replace("Connection", "X-Cosign-Bundle: eyJhIjoyfQ==\r\nConnection")
        }
        "/with-rubbish" => ok("tar").replace("Connection", "X-Cosign-Bundle: %%\r\nConnection"),
        "/linked/p" => ok("tar").replace(
            "Connection",
            "Link: </next>; rel=next, <../b.json>; rel=\"self attestation\"; type=x\r\nConnection",
        ),
        "/both" => ok("tar").replace(
            "Connection",
            "Link: </b.json>; rel=attestation\r\nX-Cosign-Bundle: {\"a\":1}\r\nConnection",
        ),
        "/plain" => ok("tar"),
        "/b.json" => ok("{\"b\":1}"),
        _ => MISSING.into(),
    })
    .await;
    for (path, url, expected) in [
        ("/with-header", None, Some("{\"a\":1}")),
        ("/with-base64", None, Some("{\"a\":2}")),
        ("/with-header", Some("/b.json"), Some("{\"b\":1}")),
        ("/linked/p", None, Some("{\"b\":1}")),
        ("/both", None, Some("{\"a\":1}")),
        ("/plain", None, None),
    ] {
        let bundle_url = url.map(|path| format!("http://{}{path}", server.address));
        let settings = FetchSettings { bundle_url, ..server.settings(path) };
        let Fetched::Pack(pack) = fetch(&settings, None).await.unwrap() else { panic!() };
        assert_eq!(pack.bundle.as_deref(), expected.map(str::as_bytes), "{path}");
    }
    assert_eq!(reason(&server.settings("/with-rubbish")).await, "BundleHeaderInvalid");
    let bundle_url = Some(format!("http://{}/absent", server.address));
    let named = FetchSettings { bundle_url, ..server.settings("/plain") };
    assert_eq!(reason(&named).await, "NotFound");
}

#[tokio::test]
async fn each_failure_has_its_reason() {
    let server = serve(|head| match head.split(' ').nth(1).unwrap() {
        "/long" => ok("x").replace("Content-Length: 1", "Content-Length: 99999999"),
        "/endless" => {
            let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096)).repeat(4);
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}HANG")
        }
        "/cut" => ok("x").replace("Content-Length: 1", "Content-Length: 100"),
        "/hang" => "HANG".into(),
        "/slow" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx HANG".into(),
        "/secret" => MISSING.replace("404 Not Found", "401 Unauthorized"),
        "/forbidden" => MISSING.replace("404 Not Found", "403 Forbidden"),
        "/broken" => MISSING.replace("404 Not Found", "500 Oops"),
        "/partial" => ok("x").replace("200 OK", "206 Partial Content"),
        "/unasked" => "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".into(),
        "/gzip" => ok("x").replace("Connection", "Content-Encoding: gzip\r\nConnection"),
        "/noise" => "hello".into(),
        "/loop" => "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n".into(),
        "/nowhere" => "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".into(),
        "/metadata" => "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n".into(),
        "/file" => "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n".into(),
        _ => MISSING.into(),
    })
    .await;
    for (path, expected) in [
        ("/long", "TooLarge"),
        ("/endless", "TooLarge"),
        ("/cut", "FetchInterrupted"),
        ("/hang", "Timeout"),
        ("/slow", "Timeout"),
        ("/secret", "Unauthorized"),
        ("/forbidden", "Unauthorized"),
        ("/absent", "NotFound"),
        ("/broken", "FetchFailed"),
        ("/partial", "FetchFailed"),
        ("/unasked", "FetchFailed"),
        ("/gzip", "EncodingUnexpected"),
        ("/noise", "FetchInterrupted"),
        ("/loop", "RedirectRefused"),
        ("/nowhere", "RedirectRefused"),
        ("/metadata", "AddressForbidden"),
        ("/file", "UrlInvalid"),
    ] {
        let settings = FetchSettings {
            max_bytes: 10_000,
            timeout: Duration::from_millis(if expected == "Timeout" { 300 } else { 10_000 }),
            ..server.settings(path)
        };
        let begun = Instant::now();
        assert_eq!(reason(&settings).await, expected, "{path}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{path}");
    }
    assert_eq!(server.asked().iter().filter(|head| head.starts_with("get /loop ")).count(), 6);
}

#[tokio::test]
async fn urls_and_addresses_are_checked_before_anything_is_sent() {
    for (url, expected) in [
        ("no url", "UrlInvalid"),
        ("ftp://example.org/p", "UrlInvalid"),
        ("https://me:secret@example.org/p", "UrlInvalid"),
        ("http://169.254.169.254/p", "AddressForbidden"),
        ("http://[fe80::1]/p", "AddressForbidden"),
        ("http://[::ffff:169.254.169.254]/p", "AddressForbidden"),
        ("http://2852039166/p", "AddressForbidden"),
        ("http://127.0.0.1:1/p", "AddressForbidden"),
        ("http://localhost:1/p", "AddressForbidden"),
    ] {
        assert_eq!(reason(&FetchSettings::new(url)).await, expected, "{url}");
    }
    let refused =
        FetchSettings { allow_loopback: true, ..FetchSettings::new("http://127.0.0.1:1/p") };
    assert_eq!(reason(&refused).await, "ConnectFailed");
    let error =
        fetch(&FetchSettings::new("https://me:secret@example.org/p"), None).await.unwrap_err();
    assert!(!error.to_string().contains("secret"));
    let ca_pem = Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec());
    let ca = FetchSettings { ca_pem, ..FetchSettings::new("https://example.org") };
    assert!(["CaInvalid", "FetchFailed"].contains(&reason(&ca).await));
    let auth = Auth::Bearer("t".into());
    let clear = FetchSettings { auth, ..FetchSettings::new("http://example.org/p") };
    assert_eq!(reason(&clear).await, "CredentialsInClear");
}

#[tokio::test]
async fn tls_with_something_else_fails_as_tls() {
    let server = serve(|_| "this is no TLS\r\n".into()).await;
    let url = server.settings("/p").url.replace("http:", "https:");
    let settings = FetchSettings { url, ..server.settings("/p") };
    // The server reads until it has seen an HTTP head, so bound the wait.
    let settings = FetchSettings { timeout: Duration::from_secs(2), ..settings };
    let found = reason(&settings).await;
    assert!(["TlsFailed", "Timeout"].contains(&found), "{found}");
}

#[tokio::test]
async fn credentials_stay_at_home() {
    let away = serve(|_| ok("tar")).await;
    let to = away.address;
    let home = serve(move |head| match head.split(' ').nth(1).unwrap() {
        "/away" => {
            format!("HTTP/1.1 307 Go\r\nLocation: http://{to}/x\r\nContent-Length: 0\r\n\r\n")
        }
        "/near" => "HTTP/1.1 307 Go\r\nLocation: /here\r\nContent-Length: 0\r\n\r\n".into(),
        _ => ok("tar"),
    })
    .await;
    let auth = Auth::Basic { username: "me".into(), password: "secret".into() };
    let settings = FetchSettings { auth: auth.clone(), ..home.settings("/near") };
    fetch(&settings, Some(&Previous::default())).await.unwrap();
    assert!(home.asked().iter().all(|head| head.contains("authorization: basic")));
    let settings = FetchSettings { auth, ..home.settings("/away") };
    fetch(&settings, None).await.unwrap();
    assert!(!away.asked().is_empty());
    assert!(away.asked().iter().all(|head| !head.contains("authorization")));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_is_wrong_is_not() {
    let asked = Mutex::new(0);
    let server = serve(move |head| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        let status = |text| MISSING.replace("404 Not Found", text);
        match head.split(' ').nth(1).unwrap() {
            "/flaky" if *asked % 3 != 0 => status("503 Busy"),
            "/cut" if *asked % 3 != 0 => ok("x").replace("Length: 1", "Length: 9"),
            "/busy" if *asked % 3 != 0 => {
                status("429 Slow").replace("Connection", "Retry-After: 0\r\nConnection")
            }
            "/later" => status("429 Slow").replace("Connection", "Retry-After: 600\r\nConnection"),
            "/down" => status("500 Oops"),
            "/teapot" => status("418 No"),
            "/flaky" | "/cut" | "/busy" => ok("tar"),
            _ => MISSING.into(),
        }
    })
    .await;
    for (path, expected, times) in [
        ("/flaky", "fetched", 3),
        ("/cut", "fetched", 3),
        ("/busy", "fetched", 3),
        ("/later", "FetchFailed", 1),
        ("/down", "FetchFailed", 3),
        ("/teapot", "FetchFailed", 1),
        ("/absent", "NotFound", 1),
    ] {
        // The bundle's request would count too.
        let bundle_url = Some(format!("http://{}{path}", server.address));
        let before = server.asked().len();
        let settings = FetchSettings { bundle_url, ..server.settings(path) };
        assert_eq!(reason(&settings).await, expected, "{path}");
        let factor = if expected == "fetched" { 2 } else { 1 };
        assert_eq!(server.asked().len() - before, times * factor, "{path}");
    }
    // No time for the pause: the failure is told, not the clock.
    let first = Duration::from_secs(60);
    let patient = Retry { times: 9, first, longest: first };
    let settings = FetchSettings { retry: patient, ..server.settings("/down") };
    assert_eq!(reason(&settings).await, "FetchFailed");
}

#[tokio::test]
async fn only_a_proxy_that_was_named_is_used_and_it_is_guarded_too() {
    let server = serve(|head| match head.split(' ').nth(1).unwrap() {
        "http://packs.invalid/p.tar" => ok("tar"),
        _ => MISSING.into(),
    })
    .await;
    let through = |url: &str, proxy: &str| FetchSettings {
        proxy: Some(Proxy {
            address: proxy.into(),
            credentials: Some(("me".into(), "secret".into())),
        }),
        url: url.into(),
        ..server.settings("/")
    };
    let proxy = format!("http://{}", server.address);
    assert_eq!(reason(&through("http://packs.invalid/p.tar", &proxy)).await, "fetched");
    let asked = server.asked();
    assert!(asked[0].contains("proxy-authorization: basic bwu6c2vjcmv0"), "{}", asked[0]);
    for (url, proxy, expected) in [
        ("http://169.254.169.254/p", proxy.as_str(), "AddressForbidden"),
        ("http://metadata.google.internal/p", &proxy, "AddressForbidden"),
        ("http://packs.invalid/p", "http://169.254.169.254:80", "AddressForbidden"),
        ("http://packs.invalid/p", "http://metadata.google.internal", "AddressForbidden"),
        ("http://packs.invalid/p", "socks5://10.0.0.1", "UrlInvalid"),
        ("http://packs.invalid/p", "http://me:pw@10.0.0.1", "UrlInvalid"),
    ] {
        assert_eq!(reason(&through(url, proxy)).await, expected, "{url} {proxy}");
    }
    let outside =
        FetchSettings { allow_loopback: false, ..through("http://packs.invalid/p", &proxy) };
    assert_eq!(reason(&outside).await, "AddressForbidden");
    assert_eq!(server.asked().len(), 2, "tar and bundle of the first, nothing else");
    let client_pem = Some(b"-----BEGIN CERTIFICATE-----".to_vec());
    let settings = FetchSettings { client_pem, ..server.settings("/") };
    assert_eq!(reason(&settings).await, "ClientCertificateInvalid");
}

/// A certificate authority for servers on this machine and for their clients.
struct Ca {
    issuer: Issuer<'static, KeyPair>,
    der: rustls::pki_types::CertificateDer<'static>,
    pem: Vec<u8>,
}

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let pem = certificate.pem().into_bytes();
        Self { issuer: Issuer::new(params, key), der: certificate.der().clone(), pem }
    }

    fn certify(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// As `serve`, over TLS. It asks for a certificate, and keeps each request's path and whether it was
/// shown one.
struct TlsServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

fn serve_tls(ca: &Ca, answers: impl Fn(&str) -> String + Send + 'static) -> TlsServer {
    use std::io::{Read as _, Write as _};
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.der.clone()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::clone(&provider),
    );
    let (certificate, key) = ca.certify("127.0.0.1");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let Some(path) = head.split(' ').nth(1) else { continue };
            let shown = stream.conn.peer_certificates().is_some();
            seen.lock().unwrap().push((path.to_owned(), shown));
            let _ = stream.write_all(answers(&head).as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    TlsServer { address, asked }
}

#[tokio::test]
async fn our_certificate_is_shown_at_home_alone() {
    let ca = Ca::new();
    let away = serve_tls(&ca, |head| match head.contains("/token") {
        true => ok(r#"{"token":"t1"}"#),
        false => ok("away"),
    });
    let to = away.address;
    let home = serve_tls(&ca, move |head| {
        let path = head.split(' ').nth(1).unwrap();
        match path {
            "/p.tar" => {
                format!(
                    "HTTP/1.1 307 Go\r\nLocation: https://{to}/p.tar\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
            }
            "/q.tar" => ok("home"),
            "/p.tar.sigstore.json" => ok("{}"),
            _ if path.starts_with("/v2/") && !head.contains("authorization: bearer t1") => {
                let challenge =
                    format!("WWW-Authenticate: Bearer realm=\"https://{to}/token\"\r\nConnection");
                MISSING.replace("404 Not Found", "401 No").replace("Connection", &challenge)
            }
            _ => MISSING.into(),
        }
    });
    let (certificate, key) = ca.certify("client");
    let settings = |url: String| FetchSettings {
        allow_loopback: true,
        timeout: Duration::from_secs(10),
        ca_pem: Some(ca.pem.clone()),
        client_pem: Some(format!("{}{}", certificate.pem(), key.serialize_pem()).into_bytes()),
        ..FetchSettings::new(url)
    };
    let at = |path: &str| settings(format!("https://{}{path}", home.address));
    // A redirect, a bundle elsewhere, a token service elsewhere.
    assert_eq!(reason(&at("/p.tar")).await, "fetched");
    let bundle_url = Some(format!("https://{to}/bundle"));
    assert_eq!(reason(&FetchSettings { bundle_url, ..at("/q.tar") }).await, "fetched");
    let registry = settings(format!("oci://{}/a:v1", home.address));
    assert_eq!(reason(&registry).await, "NotFound");
    let paths = |server: &TlsServer, expected: bool| -> Vec<String> {
        let asked = server.asked.lock().unwrap();
        assert!(asked.iter().all(|(_, shown)| *shown == expected), "{asked:?}");
        asked.iter().map(|(path, _)| path.split('?').next().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&away, false), ["/p.tar", "/bundle", "/token"]);
    let manifest = "/v2/a/manifests/v1";
    let expected = ["/p.tar", "/p.tar.sigstore.json", "/q.tar", manifest, manifest];
    assert_eq!(paths(&home, true), expected);
}
