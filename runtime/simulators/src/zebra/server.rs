//! Connections: accepting, reading as fast as the faults allow, answering; and the task that prints when labels take time.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::config::{HostStatusQuirk, Serving};
use super::fault::{Fault, FaultKind};
use super::gate::Gate;
use super::printer::{Printer, State};
use super::replies::Replies;
use super::session::Session;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// What all tasks and handles of one printer share.
///
/// Locks are taken in the order gate, watch, printer; none is held across an await.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) gate: Mutex<Gate>,
    pub(crate) printer: Mutex<Printer>,
    pub(crate) states: watch::Sender<State>,
    /// Wakes connections when faults change, and only then: `states` changes with every read.
    pub(crate) faults: watch::Sender<()>,
}

impl Shared {
    /// Changes the printer and publishes its state.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut Printer) -> T) -> T {
        let result = change(&mut self.printer.lock());
        // Not under the printer's lock: a condition that is being evaluated holds the watch and may ask the printer.
        self.states.send_if_modified(|state| {
            let now = self.printer.lock().state();
            let changed = *state != now;
            *state = now;
            changed
        });
        result
    }

    /// Changes what is wrong, and what follows from that for the port and for connections.
    pub(crate) fn change_faults(&self, change: impl FnOnce(&mut Printer)) -> io::Result<()> {
        // Held throughout, so that the gate agrees with the faults when two threads change them.
        let mut gate = self.gate.lock();
        let (refuse, hold) = self.update(|printer| {
            change(printer);
            (printer.faults.has(FaultKind::Refuse), printer.faults.has(FaultKind::Barrier))
        });
        self.faults.send_replace(());
        gate.set(refuse, hold)
    }

    /// Faults came by themselves: the port and the connections follow.
    fn let_faults_come(&self) {
        if self.change_faults(|_| {}).is_err() {
            // There is nobody to tell but who looks at the state.
            self.update(|printer| {
                printer.faults.clear(FaultKind::Refuse);
                printer.faults.clear(FaultKind::Barrier);
            });
        }
    }

    fn plan(&self, connection: u64, taken: u64) -> Plan {
        let printer = self.printer.lock();
        let mut limit = CHUNK;
        if let Some(Fault::CloseAt { byte, reset }) = printer.faults.get(FaultKind::CloseAt) {
            match byte.checked_sub(taken) {
                None | Some(0) => return Plan::Close { reset },
                Some(left) => limit = limit.min(clamp(left)),
            }
        }
        if let Some(Fault::StallAt { byte }) = printer.faults.get(FaultKind::StallAt) {
            match byte.checked_sub(taken) {
                None | Some(0) => return Plan::Wait,
                Some(left) => limit = limit.min(clamp(left)),
            }
        }
        if printer.is_full_for(connection) {
            return Plan::Wait;
        }
        let mut rate = None;
        if let Some(Fault::Slow { bytes_per_second }) = printer.faults.get(FaultKind::Slow) {
            let bytes_per_second = bytes_per_second.max(1);
            // Ten steps a second look continuous.
            limit = limit.min((bytes_per_second as usize / 10).max(1));
            rate = Some(bytes_per_second);
        }
        Plan::Read { limit, rate, watched: printer.moments.is_waiting() }
    }
}

/// What a connection does next.
enum Plan {
    Read {
        limit: usize,
        rate: Option<u32>,
        /// A fault waits for its moment: what lies behind that is not to be read.
        watched: bool,
    },
    Wait,
    Close {
        reset: bool,
    },
}

/// Accepts connections until aborted, which also ends them.
pub(crate) async fn accept(shared: Arc<Shared>, serving: Serving) {
    let mut connections = JoinSet::new();
    let mut states = shared.states.subscribe();
    loop {
        if serving == Serving::OneAtATime {
            // The sender is in `shared`; it cannot be gone.
            let _ = states.wait_for(|state| state.connections_open == 0).await;
        }
        match poll_fn(|context| shared.gate.lock().poll_accept(context)).await {
            Ok(stream) => {
                connections.spawn(serve(stream, Connection::open(Arc::clone(&shared))));
            }
            // A client that gave up in the queue, or no file handles left: neither ends the printer.
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Prints one label after another, each in its time, until aborted.
pub(crate) async fn print(shared: Arc<Shared>, print_time: Duration) {
    let mut states = shared.states.subscribe();
    loop {
        states.mark_unchanged();
        if !shared.update(Printer::begin_label) {
            let _ = states.changed().await;
            continue;
        }
        tokio::time::sleep(print_time).await;
        // A fault that came meanwhile stops the label under the head; it begins again when that is cleared.
        shared.update(|printer| {
            if printer.can_print() {
                printer.print_copies(1);
            }
        });
    }
}

/// A connection that counts as open, with its session, until it is dropped.
struct Connection {
    shared: Arc<Shared>,
    session: Session,
    number: u64,
}

impl Connection {
    fn open(shared: Arc<Shared>) -> Self {
        let number = shared.update(|printer| {
            printer.connections += 1;
            printer.connections_open += 1;
            printer.connections
        });
        let language = shared.printer.lock().config.language;
        Self { shared, session: Session::new(language, number), number }
    }

    fn take(&mut self, bytes: &[u8]) -> Replies {
        let session = &mut self.session;
        self.shared.update(|printer| {
            printer.receive(bytes);
            if printer.faults.has(FaultKind::Deaf) { Replies::default() } else { session.feed(printer, bytes) }
        })
    }

    /// Takes bytes one by one, up to the moment of a fault if one comes; returns how many.
    fn take_up_to_a_moment(&mut self, bytes: &[u8]) -> (usize, Replies) {
        let session = &mut self.session;
        let (taken, replies, has_come) = self.shared.update(|printer| {
            if printer.faults.has(FaultKind::Deaf) {
                printer.receive(bytes);
                return (bytes.len(), Replies::default(), false);
            }
            let mut replies = Replies::default();
            for (taken, byte) in (1..).zip(bytes.chunks(1)) {
                printer.receive(byte);
                replies.extend(session.feed(printer, byte));
                if printer.moments.take_come() {
                    return (taken, replies, true);
                }
            }
            (bytes.len(), replies, false)
        });
        if has_come {
            self.shared.let_faults_come();
        }
        (taken, replies)
    }

    fn finish(&mut self) -> Replies {
        let session = &mut self.session;
        self.shared.update(|printer| session.finish(printer))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let session = &mut self.session;
        self.shared.update(|printer| {
            session.end(printer);
            printer.connections_open -= 1;
        });
    }
}

/// Serves one connection until either side ends it.
///
/// The stream comes first, so that it is dropped last: who sees the connection counted as closed may still find it open
/// for a moment, but who sees it closed does not find it counted as open.
async fn serve(mut stream: TcpStream, mut connection: Connection) {
    let shared = Arc::clone(&connection.shared);
    let mut faults = shared.faults.subscribe();
    let mut states = shared.states.subscribe();
    let mut buffer = vec![0; CHUNK];
    let mut taken = 0;
    let apart = match shared.printer.lock().config.host_status_quirk {
        HostStatusQuirk::Apart { pause } => pause,
        _ => Duration::ZERO,
    };
    // Each piece of a reply is a segment of its own. Should it fail, they may be joined.
    let _ = stream.set_nodelay(true);
    loop {
        faults.mark_unchanged();
        states.mark_unchanged();
        let (limit, rate, watched) = match shared.plan(connection.number, taken) {
            Plan::Read { limit, rate, watched } => (limit, rate, watched),
            Plan::Wait => {
                let _ = states.changed().await;
                continue;
            }
            Plan::Close { reset } => {
                if reset {
                    // Should it fail, the connection closes in the other way.
                    let _ = stream.set_zero_linger();
                }
                return;
            }
        };
        let room = buffer.get_mut(..limit).unwrap_or_default();
        let length = tokio::select! {
            // In this order, a fault that is set before a byte is sent acts on that byte.
            biased;
            _ = faults.changed() => continue,
            length = read(&mut stream, room, watched) => length,
        };
        let length = match length {
            Ok(0) => {
                let replies = connection.finish();
                let _ = send(&mut stream, replies, apart).await;
                return;
            }
            Ok(length) => length,
            Err(_) => return,
        };
        if let Some(rate) = rate {
            let pause = Duration::from_secs(1).saturating_mul(u32::try_from(length).unwrap_or(u32::MAX)) / rate;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = faults.changed() => {}
            }
        }
        let room = buffer.get_mut(..length).unwrap_or_default();
        let (length, replies) =
            if watched { connection.take_up_to_a_moment(room) } else { (length, connection.take(room)) };
        if watched && stream.read_exact(room.get_mut(..length).unwrap_or_default()).await.is_err() {
            return;
        }
        taken += length as u64;
        if send(&mut stream, replies, apart).await.is_err() {
            return;
        }
    }
}

/// What is to be read, at most as much as there is room for. With `only_look` it stays there to be read.
async fn read(stream: &mut TcpStream, room: &mut [u8], only_look: bool) -> io::Result<usize> {
    if only_look { stream.peek(room).await } else { stream.read(room).await }
}

async fn send(stream: &mut TcpStream, replies: Replies, apart: Duration) -> io::Result<()> {
    for (at, piece) in replies.into_pieces().enumerate() {
        if at > 0 && apart > Duration::ZERO {
            tokio::time::sleep(apart).await;
        }
        stream.write_all(&piece).await?;
    }
    Ok(())
}

fn clamp(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
