//! Whether an HTTP/2 connection does anything for its peer. A peer that answers PINGs looks alive to
//! HTTP/2's own keep-alive while it takes nothing and asks for nothing; what counts here is answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The answers that are under way on one connection.
#[derive(Clone)]
pub(super) struct Pulse {
    beats: Arc<Mutex<Beats>>,
}

struct Beats {
    next: u64,
    /// When the network last took a piece of an answer; `None` while it is still thought about,
    /// which the routes themselves bound.
    open: HashMap<u64, Option<Instant>>,
    /// When the last answer ended.
    idle: Instant,
}

/// One request, until the network has all pieces of its answer.
pub(super) struct Beat {
    beats: Arc<Mutex<Beats>>,
    number: u64,
}

impl Pulse {
    /// A connection without requests.
    pub(super) fn new() -> Self {
        let beats = Beats { next: 0, open: HashMap::new(), idle: Instant::now() };
        Self { beats: Arc::new(Mutex::new(beats)) }
    }

    /// A request has come.
    pub(super) fn request(&self) -> Beat {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let number = beats.next;
        beats.next = beats.next.wrapping_add(1);
        beats.open.insert(number, None);
        Beat { beats: Arc::clone(&self.beats), number }
    }

    /// When to look again at the latest, or `None` if the peer's time is over: it took nothing of
    /// one answer for `stall`, or had none under way for as long.
    pub(super) fn deadline(&self, now: Instant, stall: Duration) -> Option<Instant> {
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = beats.open.is_empty().then_some(beats.idle);
        let oldest = beats.open.values().flatten().copied().chain(idle).min();
        // An answer that begins later has its end later than this.
        let end = oldest.unwrap_or(now) + stall;
        (end > now).then_some(end)
    }
}

impl Beat {
    /// The network takes a piece, or the answer begins.
    pub(super) fn taken(&self) {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.open.insert(self.number, Some(Instant::now()));
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.open.remove(&self.number);
        beats.idle = Instant::now();
    }
}
