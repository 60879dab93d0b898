//! The socket under a connection, read in pieces that are as large as what comes is.
//!
//! The library reads each packet in two small reads, so something must stand between. A buffer that fits heavy output
//! would be most of what an idle connection holds, and there may be thousands of those.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Enough for a handshake's messages.
const SMALLEST: usize = 4 * 1024;
/// More gains nothing.
const LARGEST: usize = 64 * 1024;

/// A stream with a buffer before its reading half that doubles as long as a read fills it.
#[derive(Debug)]
pub(super) struct Socket<S = tokio::net::TcpStream> {
    inner: S,
    buffer: Box<[u8]>,
    /// What was read and not yet given: `buffer[begin..end]`.
    begin: usize,
    end: usize,
}

impl<S> Socket<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            buffer: vec![0; SMALLEST].into_boxed_slice(),
            begin: 0,
            end: 0,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let socket = self.get_mut();
        if socket.begin == socket.end {
            if socket.end == socket.buffer.len() && socket.end < LARGEST {
                socket.buffer = vec![0; socket.end * 2].into_boxed_slice();
            }
            (socket.begin, socket.end) = (0, 0);
            let mut read = ReadBuf::new(&mut socket.buffer);
            ready!(Pin::new(&mut socket.inner).poll_read(context, &mut read))?;
            socket.end = read.filled().len();
        }
        let given = out.remaining().min(socket.end - socket.begin);
        out.put_slice(&socket.buffer[socket.begin..socket.begin + given]);
        socket.begin += given;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{LARGEST, SMALLEST, Socket};

    #[tokio::test]
    async fn bytes_come_as_they_were_sent_and_the_buffer_grows_with_them() {
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| n.wrapping_mul(31) as u8).collect();
        let (mut far, near) = tokio::io::duplex(256 * 1024);
        let mut socket = Socket::new(near);
        far.write_all(&sent[..10]).await.unwrap();
        let mut few = [0; 10];
        socket.read_exact(&mut few).await.unwrap();
        assert_eq!(few, sent[..10]);
        assert_eq!(socket.buffer.len(), SMALLEST, "little came");
        let rest = sent[10..].to_vec();
        let sending = tokio::spawn(async move { far.write_all(&rest).await });
        let mut got = Vec::new();
        let mut piece = [0; 777];
        loop {
            match socket.read(&mut piece).await.unwrap() {
                0 => break,
                length => got.extend_from_slice(&piece[..length]),
            }
        }
        sending.await.unwrap().unwrap();
        assert!(got == sent[10..], "other bytes came");
        assert_eq!(socket.buffer.len(), LARGEST, "much came");
    }
}
