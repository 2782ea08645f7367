//! Connections whose clients take nothing: what lies in their buffers is bounded, and after a while they are closed.
//!
//! Whoever sends only asks the kernel whether there is room. So the time is watched here, around the connection: it begins when
//! the kernel has no room, and ends when it has some. A client that reads slowly is waited for; one that does not read is not.

use crate::{broker::Services, instance::LimitTable, metrics::meter::Count};
use axum::serve::Listener;
use rustix::net::sockopt::set_socket_send_buffer_size;
use std::{
    io::{self, IoSlice},
    os::fd::AsFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::{Sleep, sleep},
};

/// What the kernel keeps of what a client has not taken, in bytes (it keeps twice as much, for its own bookkeeping).
const SEND_BUFFER: usize = 64 << 10;

/// How long clients are waited for.
#[derive(Clone)]
pub struct Patience {
    limits: watch::Receiver<Arc<LimitTable>>,
    /// Counts those that were given up.
    stalled: Arc<Count>,
}

impl Patience {
    /// As long as the limits say when a connection is accepted.
    pub fn of(services: &Services) -> Self {
        Self { limits: services.watch_limits(), stalled: Arc::clone(&services.metrics.api.stalled) }
    }
}

/// A listener whose connections do not wait for ever.
pub struct Patient<L> {
    listener: L,
    patience: Patience,
}

impl<L> Patient<L> {
    /// Around what accepts connections of the kernel. Encryption comes around that, so that a handshake does not wait for ever either.
    pub fn new(listener: L, patience: Patience) -> Self {
        Self { listener, patience }
    }
}

impl<L: Listener<Io: AsFd>> Listener for Patient<L> {
    type Io = Connection<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, address) = self.listener.accept().await;
        if let Err(error) = set_socket_send_buffer_size(&io, SEND_BUFFER) {
            tracing::debug!(%error, "a connection keeps the send buffer that it had");
        }
        let patience = self.patience.limits.borrow().common.api_stall();
        (Connection::new(io, patience, Arc::clone(&self.patience.stalled)), address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that waits for its client, but not for ever.
pub struct Connection<I> {
    io: I,
    patience: Duration,
    /// Runs while the kernel has no room.
    waiting: Option<Pin<Box<Sleep>>>,
    stalled: Arc<Count>,
}

impl<I> Connection<I> {
    fn new(io: I, patience: Duration, stalled: Arc<Count>) -> Self {
        Self { io, patience, waiting: None, stalled }
    }

    /// What becomes of a write: one that has to wait for longer than there is patience fails.
    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        ready!(waiting.as_mut().poll(context));
        self.stalled.add(1);
        let message = format!("the client took nothing for {:?}", self.patience);
        tracing::debug!("a connection is closed: {message}");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Connection<I> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, into)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Connection<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, parts);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Sockets have nothing to flush, so that says nothing about the client.
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    const PATIENCE: Duration = Duration::from_secs(30);
    const ALMOST: Duration = Duration::from_secs(29);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_counted() {
        let stalled = Arc::<Count>::default();
        let (ours, _theirs) = duplex(100);
        let mut connection = Connection::new(ours, PATIENCE, Arc::clone(&stalled));
        connection.write_all(&[0; 100]).await.unwrap();
        let began = tokio::time::Instant::now();
        let error = connection.write_all(&[0; 1]).await.unwrap_err();
        assert_eq!((error.kind(), stalled.get()), (io::ErrorKind::TimedOut, 1));
        assert!(began.elapsed() >= PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_little_now_and_then_is_waited_for() {
        let stalled = Arc::<Count>::default();
        let (ours, mut theirs) = duplex(100);
        let mut connection = Connection::new(ours, PATIENCE, Arc::clone(&stalled));
        let slow = tokio::spawn(async move {
            let mut taken = [0; 50];
            for _ in 0..20 {
                sleep(ALMOST).await;
                theirs.read_exact(&mut taken).await.unwrap();
            }
        });
        connection.write_all(&[0; 1000]).await.unwrap();
        slow.await.unwrap();
        assert_eq!(stalled.get(), 0);
    }
}
