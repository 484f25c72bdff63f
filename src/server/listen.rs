//! A listener: bounded connections with bounded patience, TLS if wanted, an end in good order.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::connections::{Door, Patience};
use super::host::one_host;
use super::metrics::ServerMetrics;
use super::tls::Tls;

/// Bytes of a request's head.
const MAX_HEAD: usize = 16 << 10;
/// Fields in a request's head.
const MAX_FIELDS: usize = 64;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 32;

/// What connections may take.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// In all.
    pub most: usize,
    /// Of one address.
    pub of_address: usize,
    /// Until a request's head is there, and between two requests.
    pub head: Duration,
    /// Until the peer takes the next piece of an answer.
    pub stall: Duration,
    /// Peers that may have more than one address should.
    pub proxies: Vec<IpNet>,
}

/// A running listener.
pub struct Listening {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Listening {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets what is under way finish, and hangs up after `within`.
    pub async fn drain(self, within: Duration) {
        self.handle.graceful_shutdown(Some(within));
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the listener failed"),
            Err(error) => tracing::warn!(%error, "the listener died"),
        }
    }
}

/// Begins to listen.
///
/// # Errors
/// If the address cannot be had.
pub async fn listen(
    address: SocketAddr,
    router: Router,
    tls: Option<&Tls>,
    limits: ConnectionLimits,
    metrics: ServerMetrics,
) -> io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (first, stall) = (limits.head, limits.stall);
    let door = Door::new(limits.most, limits.of_address, limits.proxies, metrics);
    let handle = Handle::new();
    let router = router.layer(from_fn(one_host));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = Server::<SocketAddr>::from_listener(listener).handle(handle.clone());
    bound(&mut server, first);
    let task = match tls {
        Some(tls) => {
            let inner = RustlsAcceptor::new(tls.acceptor()).handshake_timeout(first).acceptor(door);
            let server = server.acceptor(Patience { inner, first, stall });
            tokio::spawn(server.serve(service))
        }
        None => {
            let server = server.acceptor(Patience { inner: door, first, stall });
            tokio::spawn(server.serve(service))
        }
    };
    Ok(Listening { address, handle, task })
}

fn bound(server: &mut Server<SocketAddr>, head: Duration) {
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_FIELDS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(head)
        .keep_alive_timeout(head);
}

#[cfg(test)]
mod tests {
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::{Instant, timeout};

    use super::super::guard::{Guard, guard};
    use super::*;

    const STALL: Duration = Duration::from_secs(2);

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// Speaks HTTP/2 with windows of nothing, answers each PING, and says how long the server bore it.
    async fn borne(address: SocketAddr, path: Option<&str>) -> Duration {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut first = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        first.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
        if let Some(path) = path {
            let mut head = Vec::new();
            let fields =
                [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "x")];
            for (name, value) in fields {
                head.push(0);
                for text in [name, value] {
                    head.push(u8::try_from(text.len()).unwrap());
                    head.extend(text.as_bytes());
                }
            }
            first.extend(frame(1, 5, 1, &head));
        }
        let began = Instant::now();
        stream.write_all(&first).await.unwrap();
        let mut answered = false;
        loop {
            let mut head = [0; 9];
            if stream.read_exact(&mut head).await.is_err() {
                assert_eq!(answered, path.is_some());
                return began.elapsed();
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            stream.read_exact(&mut payload).await.unwrap();
            answered |= head[3] == 1;
            if matches!(head[3], 4 | 6) && head[4] & 1 == 0 {
                let answer = if head[3] == 6 { payload } else { vec![] };
                let _ = stream.write_all(&frame(head[3], 1, 0, &answer)).await;
            }
        }
    }

    fn limits() -> ConnectionLimits {
        ConnectionLimits {
            most: 9,
            of_address: 9,
            head: STALL / 8,
            stall: STALL,
            proxies: Vec::new(),
        }
    }

    async fn answer(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_request_has_one_host_and_no_body_but_an_empty_one() {
        let metrics = ServerMetrics::default();
        let around = Guard::new(metrics.clone(), 0, 0, Vec::new());
        let routes =
            Router::new().route("/", get(async || "ok")).layer(from_fn_with_state(around, guard));
        let address = "127.0.0.1:0".parse().unwrap();
        let open = listen(address, routes, None, limits(), metrics).await.unwrap();
        let cases = [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("GET / HTTP/1.0\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", 413),
        ];
        for (request, status) in cases {
            let answer = answer(open.address(), request).await;
            assert!(answer.ends_with(&format!(" {status}")), "{request:?}: {answer}");
        }
        open.drain(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn http2_that_only_answers_pings_is_left() {
        let metrics = ServerMetrics::default();
        let routes = Router::new()
            .route("/large", get(async || vec![0_u8; 1 << 20]))
            .route("/small", get(async || "small"))
            .layer(from_fn_with_state(Guard::new(metrics.clone(), 0, 0, Vec::new()), guard));
        let address = "127.0.0.1:0".parse().unwrap();
        let open = listen(address, routes, None, limits(), metrics).await.unwrap();
        for path in [None, Some("/large"), Some("/small")] {
            let borne = timeout(STALL * 10, borne(open.address(), path)).await;
            assert!(borne.is_ok_and(|borne| borne >= STALL / 2), "{path:?}");
        }
        open.drain(Duration::ZERO).await;
    }
}
