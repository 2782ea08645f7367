//! What a test or the demo does with a simulated printer.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::config::{Language, ZebraConfig};
use super::error::RecordedError;
use super::fault::{Fault, FaultKind};
use super::gate::Gate;
use super::media::Media;
use super::moment::Moment;
use super::odometer::Odometer;
use super::printer::{PrintedLabel, Printer, State};
use super::server::{self, Shared};
use super::session::Session;
use super::settings::Settings;
use crate::wait::{self, WaitError};

/// A handle to a running printer: cheap to clone, usable from any thread. The printer stops when the last one is dropped.
#[derive(Debug, Clone)]
pub struct ZebraPrinter {
    running: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
}

/// How many connections there have been, and are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Accepted so far.
    pub total: u64,
    /// Open now.
    pub open: u64,
}

impl ZebraPrinter {
    /// Switches a printer on. Must be called inside a tokio runtime with I/O and time enabled; its tasks run there.
    ///
    /// Fails if there is no runtime, or if the port is taken.
    pub fn start(config: ZebraConfig) -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let at = SocketAddrV4::new(config.address, config.port);
        let gate = Gate::open(at, config.receive_window, runtime.clone())?;
        let (address, serving, print_time) = (gate.address(), config.serving, config.print_time);
        let shared = Arc::new(Shared {
            gate: Mutex::new(gate),
            printer: Mutex::new(Printer::new(config)),
            states: watch::Sender::new(State::default()),
            faults: watch::Sender::new(()),
        });
        let accepting = runtime.spawn(server::accept(Arc::clone(&shared), serving));
        let mut tasks = vec![accepting.abort_handle()];
        if print_time > Duration::ZERO {
            let printing = runtime.spawn(server::print(Arc::clone(&shared), print_time));
            tasks.push(printing.abort_handle());
        }
        Ok(Self { running: Arc::new(Running { address, shared, tasks }) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// The address as a device URI: `tcp://127.0.0.1:<port>`.
    pub fn uri(&self) -> String {
        format!("tcp://{}", self.running.address)
    }

    /// Sets a fault, in place of one of the same kind. Once this returns, it is in effect for everything that is not read yet.
    ///
    /// Fails only if the system does not let the port be closed, opened or held ([`Fault::Refuse`], [`Fault::Barrier`]).
    pub fn set_fault(&self, fault: Fault) -> io::Result<()> {
        self.change_faults(|printer| printer.faults.set(fault))
    }

    /// Sets a fault at a moment to come, as [`Self::set_fault`] would do it then: once, and for everything that is not read yet.
    /// It can be seen in [`State::faults`] afterwards; not if the system does not let the port be closed or held then. Until its
    /// moment it does nothing, and clearing it takes it back.
    ///
    /// Fails for a printer of EPL2, of which no moments are known.
    pub fn set_fault_at(&self, moment: Moment, fault: Fault) -> io::Result<()> {
        if self.running.shared.printer.lock().config.language != Language::Zpl {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "no moments are known of formats in EPL2"));
        }
        self.change_faults(|printer| printer.moments.set(moment, fault))
    }

    /// Clears a fault, unless the printer has it by itself (a roll that has run out wants [`Self::load_media`]); takes a [`Fault`] (its parameters do not matter) or a [`FaultKind`]. Labels that waited for it print.
    pub fn clear_fault(&self, fault: impl Into<FaultKind>) -> io::Result<()> {
        let kind = fault.into();
        self.change_faults(|printer| {
            printer.faults.clear(kind);
            printer.moments.forget(kind);
        })
    }

    /// Clears all faults, also those that wait for their moment.
    pub fn clear_faults(&self) -> io::Result<()> {
        self.change_faults(|printer| {
            printer.faults.clear_all();
            printer.moments.forget_all();
        })
    }

    fn change_faults(&self, change: impl FnOnce(&mut Printer)) -> io::Result<()> {
        self.running.shared.change_faults(|printer| {
            change(printer);
            printer.forget_misfeed();
        })
    }

    /// Puts in other media. Out of labels, or nearly so, is over with it, and labels that waited for it print. What the printer looks
    /// for (`^MN`) and how long it believes labels to be stay: a driver or an operator calibrates (`~JC`).
    pub fn load_media(&self, media: Media) {
        self.running.shared.update(|printer| printer.load(media));
    }

    /// What is in it.
    pub fn media(&self) -> Media {
        self.running.shared.printer.lock().media
    }

    /// Takes the label that was peeled off (`^MMP`), so that the next one prints. `false`: there was none.
    pub fn take_label(&self) -> bool {
        self.running.shared.update(Printer::take_label)
    }

    /// What has been counted over the printer's life.
    pub fn odometer(&self) -> Odometer {
        self.running.shared.printer.lock().odometer
    }

    /// The state now.
    pub fn state(&self) -> State {
        self.running.shared.states.borrow().clone()
    }

    /// Every later change of the state; changes in quick succession may be seen as one.
    pub fn changes(&self) -> watch::Receiver<State> {
        self.running.shared.states.subscribe()
    }

    /// Waits until the state meets the condition, and returns it. A condition that holds already ends it at once.
    ///
    /// The condition may read the printer (such as [`Self::labels`]), but must not change its faults.
    pub async fn wait_until(&self, condition: impl FnMut(&State) -> bool) -> State {
        wait::until(self.changes(), condition).await
    }

    /// As [`Self::wait_until`], but for no longer than `limit`; the error names the last state.
    pub async fn wait_until_within(
        &self,
        limit: Duration,
        condition: impl FnMut(&State) -> bool,
    ) -> Result<State, WaitError<State>> {
        wait::within(self.changes(), limit, condition).await
    }

    /// The labels printed so far, in order; the last [`ZebraConfig::keep_labels`] of them.
    pub fn labels(&self) -> Vec<PrintedLabel> {
        self.running.shared.printer.lock().labels.iter().cloned().collect()
    }

    /// Labels printed so far, counting copies.
    pub fn label_count(&self) -> u64 {
        self.running.shared.printer.lock().labels_printed
    }

    /// What went wrong with commands and graphics so far; the first 10,000.
    pub fn errors(&self) -> Vec<RecordedError> {
        self.running.shared.printer.lock().errors.clone()
    }

    /// Commands that were ignored, such as `^BC`, and how often.
    pub fn unknown_commands(&self) -> BTreeMap<String, u64> {
        self.running.shared.printer.lock().unknown.clone()
    }

    /// What formats have set.
    pub fn settings(&self) -> Settings {
        self.running.shared.printer.lock().settings.clone()
    }

    /// Full names of the graphics that are stored, such as `R:LOGO.GRF`.
    pub fn stored_graphics(&self) -> Vec<String> {
        self.running.shared.printer.lock().graphics.keys().cloned().collect()
    }

    /// The bytes received over all connections in the order of arrival; the first [`ZebraConfig::keep_received`] of them.
    pub fn received(&self) -> Vec<u8> {
        self.running.shared.printer.lock().received.clone()
    }

    /// Bytes received over all connections.
    pub fn received_bytes(&self) -> u64 {
        self.running.shared.printer.lock().received_bytes
    }

    /// Connections so far, and open now.
    pub fn connections(&self) -> Connections {
        let printer = self.running.shared.printer.lock();
        Connections { total: printer.connections, open: printer.connections_open }
    }

    /// Switches the printer off: the port closes at once, connections as soon as the runtime gets to them. What was
    /// printed stays readable.
    pub fn stop(&self) {
        self.running.stop();
    }
}

impl Running {
    fn stop(&self) {
        self.shared.gate.lock().close();
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a printer makes of a stream of bytes.
#[derive(Debug)]
pub struct Printout {
    /// The labels.
    pub labels: Vec<PrintedLabel>,
    /// What went wrong.
    pub errors: Vec<RecordedError>,
    /// Commands that were ignored, and how often.
    pub unknown_commands: BTreeMap<String, u64>,
    /// What the printer answers.
    pub replies: Vec<u8>,
}

/// Prints a stream of bytes without a port, a runtime or faults: for tests of encoders.
pub fn interpret(config: ZebraConfig, bytes: &[u8]) -> Printout {
    let mut printer = Printer::new(ZebraConfig { print_time: Duration::ZERO, ..config });
    let mut session = Session::new(printer.config.language, 1);
    let mut replies = session.feed(&mut printer, bytes).concat();
    replies.extend(session.finish(&mut printer).concat());
    session.end(&mut printer);
    Printout { labels: printer.labels.into(), errors: printer.errors, unknown_commands: printer.unknown, replies }
}
