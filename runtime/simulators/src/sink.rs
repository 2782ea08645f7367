//! A TCP port that takes whatever arrives: counts it, keeps the first part if asked to, answers nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::wait::{self, WaitError};

/// What a sink listens on and remembers.
#[derive(Debug, Clone, Default)]
pub struct SinkConfig {
    /// Loopback port; 0 takes a free one.
    pub port: u16,
    /// How many bytes to keep, over all connections in the order of arrival; later ones are only counted. Default 0.
    pub keep: usize,
}

/// A sink's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinkState {
    /// Bytes received over all connections.
    pub received_bytes: u64,
    /// Connections accepted so far.
    pub connections: u64,
    /// Connections open now.
    pub connections_open: u64,
}

/// A handle to a running sink: cheap to clone; the sink stops when the last one is dropped.
#[derive(Debug, Clone)]
pub struct TcpSink {
    running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    keep: usize,
    kept: Mutex<Vec<u8>>,
    state: watch::Sender<SinkState>,
}

impl TcpSink {
    /// Starts a sink on loopback; must be called inside a tokio runtime.
    pub fn start(config: &SinkConfig) -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            keep: config.keep,
            kept: Mutex::new(Vec::new()),
            state: watch::Sender::new(SinkState::default()),
        });
        let server = runtime.spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { running: Arc::new(Running { address, shared, server }) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// The address as a device URI: `tcp://127.0.0.1:<port>`.
    pub fn uri(&self) -> String {
        format!("tcp://{}", self.running.address)
    }

    /// The counters now.
    pub fn state(&self) -> SinkState {
        *self.running.shared.state.borrow()
    }

    /// The bytes kept (see [`SinkConfig::keep`]).
    pub fn received(&self) -> Vec<u8> {
        self.running.shared.kept.lock().clone()
    }

    /// Every later change of the counters.
    pub fn changes(&self) -> watch::Receiver<SinkState> {
        self.running.shared.state.subscribe()
    }

    /// Waits until the counters meet the condition.
    pub async fn wait_until(&self, condition: impl FnMut(&SinkState) -> bool) -> SinkState {
        wait::until(self.changes(), condition).await
    }

    /// As [`Self::wait_until`], but for no longer than `limit`.
    pub async fn wait_until_within(
        &self,
        limit: Duration,
        condition: impl FnMut(&SinkState) -> bool,
    ) -> Result<SinkState, WaitError<SinkState>> {
        wait::within(self.changes(), limit, condition).await
    }

    /// Closes the port and every connection, as soon as the runtime gets to it.
    pub fn stop(&self) {
        self.running.server.abort();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropping the set, when this task is aborted, ends every connection.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(drain(stream, Open::new(Arc::clone(&shared))));
            }
            // A connection that died in the queue, or no file handles left: neither ends the sink.
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn drain(mut stream: TcpStream, open: Open) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        open.take(buffer.get(..length).unwrap_or_default());
    }
}

/// Counts a connection as open for as long as it lives, however it ends.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: Arc<Shared>) -> Self {
        shared.state.send_modify(|state| {
            state.connections += 1;
            state.connections_open += 1;
        });
        Self(shared)
    }

    fn take(&self, bytes: &[u8]) {
        if self.0.keep > 0 {
            let mut kept = self.0.kept.lock();
            let room = self.0.keep.saturating_sub(kept.len()).min(bytes.len());
            kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        }
        self.0.state.send_modify(|state| state.received_bytes += bytes.len() as u64);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.connections_open -= 1);
    }
}
