//! How long a connection may do nothing: a peer that sends no request, or does not take the answer,
//! is left. HTTP's own timers begin later and end earlier than these.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What an HTTP/2 connection begins with. Until it is told from HTTP/1, nobody else looks at a clock.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream that ends where its peer is idle for too long.
pub(super) struct Patient<S> {
    stream: S,
    /// How much of the preface came; `None` once it is clear what is spoken.
    undecided: Option<usize>,
    beginning: Pin<Box<Sleep>>,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// The first request must begin within `first`, and each piece must be taken within `stall`.
    pub(super) fn new(stream: S, first: Duration, stall: Duration) -> Self {
        let beginning = Box::pin(sleep(first));
        Self { stream, undecided: Some(0), beginning, stall, stalled: None }
    }

    fn timed<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let stall = self.stall;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(seen) = self.undecided else { return polled };
        if polled.is_ready() {
            let new = &buffer.filled()[before..];
            let rest = &PREFACE[seen..];
            let fits = new.len() < rest.len() && rest.starts_with(new);
            self.undecided = fits.then_some(seen + new.len());
            return polled;
        }
        ready!(self.beginning.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.timed(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.timed(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.timed(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.timed(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const FIRST: Duration = Duration::from_secs(10);
    const STALL: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_left() {
        for beginning in ["", "P", "PRI * HTTP/2.0\r\n"] {
            let (mut peer, stream) = duplex(64);
            let mut stream = Patient::new(stream, FIRST, STALL);
            peer.write_all(beginning.as_bytes()).await.unwrap();
            let error = stream.read_exact(&mut [0; 24]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{beginning:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn once_it_is_clear_what_is_spoken_http_keeps_the_time() {
        for beginning in ["GET", "POST / ", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
            let (mut peer, stream) = duplex(64);
            let mut stream = Patient::new(stream, FIRST, STALL);
            peer.write_all(beginning.as_bytes()).await.unwrap();
            let mut read = vec![0; beginning.len()];
            stream.read_exact(&mut read).await.unwrap();
            let waited = tokio::time::timeout(FIRST * 100, stream.read_u8()).await;
            assert!(waited.is_err(), "{beginning:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_left_and_who_is_slow_is_not() {
        let (mut peer, stream) = duplex(4);
        let mut stream = Patient::new(stream, FIRST, STALL);
        let slow = tokio::spawn(async move {
            for _ in 0..8 {
                sleep(STALL / 2).await;
                peer.read_u8().await.unwrap();
            }
            peer
        });
        stream.write_all(b"12345678").await.unwrap();
        let _peer = slow.await.unwrap();
        let error = stream.write_all(b"12345678").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
