//! A stream that can be cut from outside.
//!
//! russh runs each connection in a task of its own, which begins before the key exchange and which nobody can end: a host
//! that falls silent in the middle of it would keep task and socket long after its caller has given up. Behind a leash both end at
//! once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Cuts the stream at its other end: when told, and when dropped.
#[derive(Debug, Default)]
pub(super) struct Leash(Arc<Knot>);

#[derive(Debug, Default)]
struct Knot {
    is_cut: AtomicBool,
    /// The one task that reads and writes.
    waker: AtomicWaker,
}

/// A stream on a leash.
#[derive(Debug)]
pub(super) struct Leashed<S> {
    stream: S,
    knot: Arc<Knot>,
}

impl Leash {
    /// A stream that this leash can cut.
    pub(super) fn hold<S>(&self, stream: S) -> Leashed<S> {
        Leashed {
            stream,
            knot: Arc::clone(&self.0),
        }
    }

    /// Cuts it. To its reader it looks as if the other side had gone.
    pub(super) fn cut(&self) {
        self.0.is_cut.store(true, Ordering::Release);
        self.0.waker.wake();
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.cut();
    }
}

impl<S> Leashed<S> {
    fn is_cut(&self, cx: &Context<'_>) -> bool {
        if self.knot.is_cut.load(Ordering::Acquire) {
            return true;
        }
        self.knot.waker.register(cx.waker());
        self.knot.is_cut.load(Ordering::Acquire)
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "given up on this side")
}

impl<S: AsyncRead + Unpin> AsyncRead for Leashed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_cut(cx) {
            return Poll::Ready(Err(gone()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Leashed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_cut(cx) {
            return Poll::Ready(Err(gone()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_cut(cx) {
            return Poll::Ready(Err(gone()));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_cut(cx) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::Leash;

    #[tokio::test]
    async fn whoever_reads_or_writes_is_woken_when_it_is_cut() {
        let leash = Leash::default();
        let (here, mut there) = tokio::io::duplex(8);
        let mut held = leash.hold(here);
        there.write_all(b"hi").await.expect("room");
        let mut two = [0; 2];
        held.read_exact(&mut two).await.expect("two bytes");
        let reading = tokio::spawn(async move {
            let read = held.read(&mut [0; 8]).await;
            (held, read)
        });
        tokio::task::yield_now().await;
        drop(leash);
        let (mut held, read) = reading.await.expect("it ended");
        assert!(read.is_err());
        assert!(held.write_all(b"much too much for it").await.is_err());
    }
}
