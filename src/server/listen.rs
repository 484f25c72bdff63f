//! A listener: bounded connections with bounded patience, TLS if wanted, an end in good order.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::connections::{Door, Patience};
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
