//! The listening socket, and its three states: open, refusing, and holding clients back.
//!
//! * *Refusing* closes the socket. A second socket stays bound to the port without listening, so that nobody gets the port by chance, and no
//!   client connects to itself by picking it as its own.
//! * *Holding back*: Linux drops a client's SYN while the queue of connections that nobody has accepted is full, and
//!   the client tries again later. So the queue's length becomes 0 (which lets one in), connections of our own fill it, and
//!   nothing is accepted. Afterwards the queue is long again, and our own connections are recognised by their ports and dropped.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, SocketAddrV4, TcpListener as StdListener, TcpStream as StdStream};
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, Waker};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

/// How many clients may have connected before they are accepted.
const BACKLOG: i32 = 1024;

/// How many connections of our own may be needed to fill a queue of length 0; one, on every kernel seen.
const MAX_FILLERS: usize = 64;

/// How long a connection over loopback may take before it counts as held, in milliseconds. An unheld one takes microseconds,
/// and a held one is tried again by the kernel after a second.
const HELD_AFTER_MS: i64 = 50;

#[derive(Debug)]
pub(crate) struct Gate {
    address: SocketAddr,
    runtime: Handle,
    receive_window: Option<usize>,
    /// Bound, never listening.
    _reserved: OwnedFd,
    listener: Option<TcpListener>,
    /// Our own connections that fill the queue; `Some` while clients are held back.
    fillers: Option<Vec<StdStream>>,
    /// Local ports of our own connections that are still in the queue.
    own_ports: BTreeSet<u16>,
    /// The accepting task, to be woken when the state changes.
    waker: Option<Waker>,
}

impl Gate {
    /// Opens the port there; 0 takes a free one.
    pub(crate) fn open(at: SocketAddrV4, receive_window: Option<usize>, runtime: Handle) -> io::Result<Self> {
        let reserved = bind(at)?;
        let address = SocketAddr::try_from(rustix::net::getsockname(&reserved)?)?;
        let mut gate = Self {
            address,
            runtime,
            receive_window,
            _reserved: reserved,
            listener: None,
            fillers: None,
            own_ports: BTreeSet::new(),
            waker: None,
        };
        gate.set(false, false)?;
        Ok(gate)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Goes to the state that these say; refusing goes before holding back.
    pub(crate) fn set(&mut self, refuse: bool, hold: bool) -> io::Result<()> {
        if refuse {
            self.close();
            return Ok(());
        }
        let backlog = if hold { 0 } else { BACKLOG };
        if self.listener.is_none() {
            self.listen(backlog)?;
        }
        if let Some(listener) = &self.listener {
            // On a socket that listens already this changes the queue's length.
            rustix::net::listen(listener, backlog)?;
        }
        if !hold {
            self.fillers = None;
        } else if self.fillers.is_none() {
            self.fill()?;
        }
        self.wake();
        Ok(())
    }

    /// Closes the port: clients in the queue are reset, further ones are refused.
    pub(crate) fn close(&mut self) {
        self.listener = None;
        self.fillers = None;
        self.own_ports.clear();
    }

    /// The next client. Pending while closed or holding back.
    pub(crate) fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        self.waker = Some(context.waker().clone());
        if self.fillers.is_some() {
            return Poll::Pending;
        }
        let Some(listener) = &self.listener else {
            return Poll::Pending;
        };
        loop {
            match listener.poll_accept(context) {
                Poll::Ready(Ok((_, peer))) if self.own_ports.remove(&peer.port()) => {}
                Poll::Ready(accepted) => return Poll::Ready(accepted.map(|(stream, _)| stream)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn listen(&mut self, backlog: i32) -> io::Result<()> {
        let SocketAddr::V4(address) = self.address else {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        };
        let socket = bind(address)?;
        if let Some(bytes) = self.receive_window {
            // Accepted sockets inherit it; it must be there before the handshake, which fixes the window's scale.
            sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
        }
        rustix::net::listen(&socket, backlog)?;
        let _inside = self.runtime.enter();
        self.listener = Some(TcpListener::from_std(StdListener::from(socket))?);
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut fillers = Vec::new();
        for _ in 0..MAX_FILLERS {
            let socket = socket()?;
            let held = match rustix::net::connect(&socket, &self.address) {
                Ok(()) => false,
                Err(rustix::io::Errno::INPROGRESS) => {
                    let limit = Timespec { tv_sec: 0, tv_nsec: HELD_AFTER_MS * 1_000_000 };
                    poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&limit))? == 0
                }
                Err(error) => return Err(error.into()),
            };
            if held {
                self.fillers = Some(fillers);
                return Ok(());
            }
            let stream = StdStream::from(socket);
            self.own_ports.insert(stream.local_addr()?.port());
            fillers.push(stream);
        }
        Err(io::Error::other("this system lets clients in although nobody accepts them"))
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?)
}

fn bind(address: SocketAddrV4) -> io::Result<OwnedFd> {
    let socket = socket()?;
    // Two sockets may share an address as long as both say so and only one listens.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}
