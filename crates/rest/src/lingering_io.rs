//! An end that the client gets to read.

use std::future::{Pending, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Timeout, timeout};

/// How long a client that was refused may go on sending.
const LINGER: Duration = Duration::from_secs(2);

/// A connection that, where `refused` is set, throws away what still comes before it closes.
///
/// Closing a socket with unread bytes resets it, and the reset takes the answer away from a client that is still
/// sending its body.
pub(crate) struct LingeringIo<S> {
    inner: S,
    refused: Arc<AtomicBool>,
    /// The limit of our patience; set once our own side has ended.
    until: Option<Pin<Box<Timeout<Pending<()>>>>>,
}

impl<S> LingeringIo<S> {
    pub(crate) fn new(inner: S, refused: Arc<AtomicBool>) -> LingeringIo<S> {
        LingeringIo { inner, refused, until: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LingeringIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for LingeringIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let LingeringIo { inner, refused, until } = self.get_mut();
        if until.is_none() {
            ready!(Pin::new(&mut *inner).poll_shutdown(context))?;
        }
        if !refused.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let until = until.get_or_insert_with(|| Box::pin(timeout(LINGER, pending())));
        let mut thrown_away = [0; 4096];
        while until.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match ready!(Pin::new(&mut *inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                // Its end, or its reset: it is gone.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
