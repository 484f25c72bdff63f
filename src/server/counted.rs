//! A body that counts what the network takes of it, and is in flight until it is gone. It goes in
//! small pieces: HTTP/2 keeps a whole piece for a peer that takes one byte of it, and a body that was
//! handed over whole could not tell whether anybody takes it.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;

use super::metrics::Held;
use super::pulse::Beat;

/// Bytes that are handed over at once.
const PIECE: usize = 16 << 10;

/// Wraps the body of an answer.
pub(super) struct Counted {
    body: Body,
    bytes: Counter,
    _flight: Held,
    rest: Bytes,
    beat: Option<Beat>,
}

impl Counted {
    /// Counts into `bytes`; `flight` ends with the body. `beat` is told of each piece.
    pub(super) fn new(body: Body, bytes: Counter, flight: Held, beat: Option<Beat>) -> Self {
        if let Some(beat) = &beat {
            beat.taken();
        }
        Self { body, bytes, _flight: flight, rest: Bytes::new(), beat }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        self.bytes.inc_by(piece.len() as u64);
        if let Some(beat) = &self.beat {
            beat.taken();
        }
        Frame::data(piece)
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.piece())));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let Poll::Ready(Some(Ok(frame))) = polled else { return polled };
        match frame.into_data() {
            Ok(data) => {
                self.rest = data;
                Poll::Ready(Some(Ok(self.piece())))
            }
            Err(other) => Poll::Ready(Some(Ok(other))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let inner = HttpBody::size_hint(&self.body);
        let mut hint = SizeHint::new();
        // The upper bound first: the lower one must not be above it.
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(inner.lower().saturating_add(rest));
        hint
    }
}
