//! How long a connection may do nothing: a peer that sends no request, or does not take the answer,
//! is left. HTTP's own timers begin later and end earlier than these.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::pulse::Pulse;

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
    /// What HTTP/2 is watched by: its windows stall answers while bytes still go to and fro.
    pulse: Pulse,
    http2: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// The first request must begin within `first`, and each piece must be taken within `stall`. Of
    /// HTTP/2 each answer must, by `pulse`, and there must be one.
    pub(super) fn new(stream: S, first: Duration, stall: Duration, pulse: Pulse) -> Self {
        let beginning = Box::pin(sleep(first));
        let undecided = Some(0);
        Self { stream, undecided, beginning, stall, stalled: None, pulse, http2: None }
    }

    /// Ready when the HTTP/2 peer's time is over.
    fn over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(timer) = &mut self.http2 else { return Poll::Pending };
        loop {
            let Some(end) = self.pulse.deadline(Instant::now(), self.stall) else {
                return Poll::Ready(());
            };
            if timer.deadline() != end {
                timer.as_mut().reset(end);
            }
            ready!(timer.as_mut().poll(context));
        }
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
        let Some(seen) = self.undecided else {
            // Whatever was read: a peer that always sends has no more time than another.
            return match self.over(context) {
                Poll::Ready(()) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
                Poll::Pending => polled,
            };
        };
        if polled.is_ready() {
            let new = &buffer.filled()[before..];
            let rest = &PREFACE[seen..];
            let fits = new.len() < rest.len() && rest.starts_with(new);
            self.undecided = fits.then_some(seen + new.len());
            if new.starts_with(rest) {
                let stall = self.stall;
                self.http2 = Some(Box::pin(sleep(stall)));
            }
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
            let mut stream = Patient::new(stream, FIRST, STALL, Pulse::new());
            peer.write_all(beginning.as_bytes()).await.unwrap();
            let error = stream.read_exact(&mut [0; 24]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{beginning:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn once_it_is_clear_what_is_spoken_http_keeps_the_time() {
        for beginning in ["GET", "POST / "] {
            let (mut peer, stream) = duplex(64);
            let mut stream = Patient::new(stream, FIRST, STALL, Pulse::new());
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
        let mut stream = Patient::new(stream, FIRST, STALL, Pulse::new());
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

    /// How long HTTP/2's reader waits until it is told that the peer's time is over.
    async fn left_after(pulse: Pulse) -> Duration {
        let (mut peer, stream) = duplex(64);
        let mut stream = Patient::new(stream, FIRST, STALL, pulse);
        peer.write_all(PREFACE).await.unwrap();
        stream.read_exact(&mut [0; 24]).await.unwrap();
        let began = Instant::now();
        let chatter = tokio::spawn(async move {
            // As answers to PINGs would.
            while peer.write_u8(0).await.is_ok() {
                sleep(STALL / 10).await;
            }
        });
        let error = loop {
            match stream.read_u8().await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        chatter.abort();
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn http2_without_a_request_is_left_though_it_talks() {
        assert!(left_after(Pulse::new()).await <= STALL * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_ends_http2() {
        let pulse = Pulse::new();
        let thinking = pulse.request();
        let answer = pulse.request();
        answer.taken();
        assert!(left_after(pulse).await <= STALL * 2);
        drop((thinking, answer));
    }

    #[tokio::test(start_paused = true)]
    async fn http2_that_takes_slowly_or_waits_for_an_answer_is_not_left() {
        let pulse = Pulse::new();
        let (slow, long) = (pulse.request(), pulse.request());
        tokio::spawn(async move {
            for _ in 0..10 {
                slow.taken();
                sleep(STALL / 2).await;
            }
            drop(slow);
            sleep(STALL * 5).await;
            drop(long);
        });
        let after = left_after(pulse).await;
        assert!(after >= STALL * 10 && after <= STALL * 13, "{after:?}");
    }
}
