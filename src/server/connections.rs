//! How many connections there may be, in all and of one address, and how patient each is.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use ipnet::IpNet;
use tokio::net::TcpStream;
use tower_layer::Layer as _;

use super::client;
use super::limits::Client;
use super::metrics::{Held, ServerMetrics};
use super::patience::Patient;
use super::pulse::Pulse;

/// Lets connections in while there is room. Who finds none is hung up on: to say why would cost
/// what there is too little of.
#[derive(Clone)]
pub(super) struct Door {
    room: Arc<Room>,
}

struct Room {
    most: usize,
    of_address: usize,
    proxies: Vec<IpNet>,
    metrics: ServerMetrics,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    all: usize,
    of: HashMap<Client, usize>,
}

/// One connection's place. It lives as long as the connection's service.
pub(super) struct Ticket {
    room: Arc<Room>,
    client: Client,
    _open: Held,
}

impl Door {
    pub(super) fn new(
        most: usize,
        of_address: usize,
        proxies: Vec<IpNet>,
        metrics: ServerMetrics,
    ) -> Self {
        let inside = Mutex::default();
        Self { room: Arc::new(Room { most, of_address, proxies, metrics, inside }) }
    }

    fn enter(&self, ip: IpAddr) -> Option<Ticket> {
        let room = &self.room;
        let client = client::counted(ip);
        let proxy = room.proxies.iter().any(|net| net.contains(&ip.to_canonical()));
        let mut inside = room.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let of = inside.of.get(&client).copied().unwrap_or_default();
        let refusal = match () {
            () if inside.all >= room.most => Some("connections"),
            () if of >= room.of_address && !proxy => Some("connections_of_address"),
            () => None,
        };
        if let Some(reason) = refusal {
            room.metrics.refuse(reason);
            return None;
        }
        inside.all += 1;
        inside.of.insert(client, of + 1);
        let open = Held::new(&room.metrics.connections);
        Some(Ticket { room: Arc::clone(room), client, _open: open })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inside = self.room.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        let left = inside.of.get(&self.client).copied().unwrap_or_default().saturating_sub(1);
        match left {
            0 => inside.of.remove(&self.client),
            left => inside.of.insert(self.client, left),
        };
    }
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = TcpStream;
    type Service = AddExtension<S, Arc<Ticket>>;
    type Future = std::future::Ready<io::Result<(TcpStream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let entered = stream.peer_addr().and_then(|peer| {
            stream.set_nodelay(true)?;
            let ticket = self.enter(peer.ip()).ok_or(io::ErrorKind::ConnectionRefused)?;
            Ok(Arc::new(ticket))
        });
        std::future::ready(entered.map(|ticket| (stream, Extension(ticket).layer(service))))
    }
}

/// Makes the streams of another acceptor patient, but not for ever.
#[derive(Clone)]
pub(super) struct Patience<A> {
    pub inner: A,
    pub first: Duration,
    pub stall: Duration,
}

type Accepting<T, S> = Pin<Box<dyn Future<Output = io::Result<(Patient<T>, S)>> + Send>>;

impl<A, I, S> Accept<I, S> for Patience<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
    A::Stream: 'static,
    A::Service: 'static,
{
    type Stream = Patient<A::Stream>;
    type Service = AddExtension<A::Service, Pulse>;
    type Future = Accepting<A::Stream, Self::Service>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepted = self.inner.accept(stream, service);
        let (first, stall) = (self.first, self.stall);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let pulse = Pulse::new();
            let service = Extension(pulse.clone()).layer(service);
            Ok((Patient::new(stream, first, stall, pulse), service))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_and_given_back() {
        let metrics = ServerMetrics::default();
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let door = Door::new(4, 2, proxies, metrics.clone());
        let enter = |ip: &str| door.enter(ip.parse().unwrap());
        let one = enter("1.1.1.1").unwrap();
        let two = enter("1.1.1.1").unwrap();
        assert!(enter("1.1.1.1").is_none(), "no more of one address");
        drop(one);
        let one = enter("1.1.1.1").unwrap();
        drop((one, two));
        assert!(door.room.inside.lock().unwrap().of.is_empty(), "nobody is remembered");
        let proxied: Vec<_> = (0..4).map(|_| enter("::ffff:10.0.0.1").unwrap()).collect();
        assert!(enter("10.0.0.1").is_none(), "no more in all");
        assert_eq!(metrics.connections.get(), 4);
        drop(proxied);
        assert_eq!(metrics.connections.get(), 0);
    }
}
