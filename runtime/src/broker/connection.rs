//! An open connection to a device: reads and writes that are counted, bounded and can be cancelled.
//!
//! Invariant: a byte is written only while a call holds the machine's device, and during a print call only between
//! `label-started` and `label-done`.

use super::{
    call::Call,
    capture::Happened,
    device::{self, Opened},
    grants::Grants,
    machine::{Machine, MachineHandle},
};
use crate::{
    broker::address::DeviceUri,
    instance::Limits,
    metrics::Outcome,
    model::{self, DriverError, ErrorKind, Scope, SettingKind},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::Mutex,
};
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// How many connections a machine may have open.
pub const MAX_CONNECTIONS: usize = 4;
/// The most bytes that one read returns.
const MAX_READ: u32 = 64 * 1024;

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

/// A guest's handle to a connection.
#[derive(Clone)]
pub struct ConnectionHandle(Arc<Connection>);

struct Connection {
    /// For captures; no other connection of this daemon has it.
    number: u64,
    machine: Arc<Machine>,
    peer: String,
    reader: Mutex<Box<dyn AsyncRead + Send + Unpin>>,
    /// None once writing was closed.
    writer: Mutex<Option<Box<dyn AsyncWrite + Send + Unpin>>>,
    /// Fires when the machine is stopped.
    closed: CancellationToken,
}

impl Connection {
    /// Takes down what happens, if somebody wants to see it.
    fn capture(&self, call: Option<&Call>, event: impl FnOnce() -> Happened) {
        capture(&self.machine, self.number, call, event);
    }
}

fn capture(machine: &Machine, connection: u64, call: Option<&Call>, event: impl FnOnce() -> Happened) {
    if let Some(capture) = machine.capture() {
        capture.take(connection, call.and_then(|call| call.job).map(|job| job.0), event());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.capture(None, || Happened::Closed);
        self.machine.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ConnectionHandle {
    /// Opens the device whose URI stands in a setting of the handle's machine, for a driver with these grants.
    pub async fn open(
        handle: &MachineHandle,
        scope: Scope,
        key: &str,
        grants: &Grants,
        limits: &Limits,
    ) -> Result<Self, DriverError> {
        let opened = Self::reach(handle, scope, key, grants, limits).await;
        handle.machine.meter.connected(Outcome::of(&opened));
        match &opened {
            Ok(connection) => tracing::debug!(peer = connection.peer(), "connected"),
            Err(error) => tracing::debug!(setting = key, %error, "not connected"),
        }
        opened
    }

    async fn reach(
        handle: &MachineHandle,
        scope: Scope,
        key: &str,
        grants: &Grants,
        limits: &Limits,
    ) -> Result<Self, DriverError> {
        let machine = handle.live()?;
        let call = handle.running_call()?;
        let uri = handle.with_settings(|settings| {
            let spec = settings.spec(scope, key)?;
            if spec.kind != SettingKind::DeviceUri {
                let message = format!(
                    "the setting '{}' is not of kind device-uri, so it is no permission to connect anywhere",
                    spec.key
                );
                return Err(DriverError::denied("not-a-device-uri", message));
            }
            match settings.get(scope, key)? {
                Some(uri) => DeviceUri::parse(&uri.to_string()),
                None => {
                    let message = format!("the setting '{}' has no value: set where the device is", spec.key);
                    Err(DriverError::invalid("no-device-uri", message))
                }
            }
        })?;
        take_device(machine, call)?;
        if machine.connections.fetch_add(1, Ordering::AcqRel) >= MAX_CONNECTIONS {
            machine.connections.fetch_sub(1, Ordering::AcqRel);
            let message = format!("'{}' has {MAX_CONNECTIONS} connections open: close one first", machine.name());
            return Err(DriverError::denied("too-many-connections", message));
        }
        let closed = machine.link();
        let opened = tokio::select! {
            biased;
            () = call.cancelled() => Err(call.cancelled_error()),
            () = closed.cancelled() => Err(stopped(machine)),
            opened = open(machine, &uri, grants, limits) => opened,
        };
        match opened {
            Ok(Opened { reader, writer, peer }) => {
                call.touch();
                let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
                capture(machine, number, Some(call), || Happened::Opened { peer: peer.clone() });
                Ok(Self(Arc::new(Connection {
                    number,
                    machine: Arc::clone(machine),
                    peer,
                    reader: Mutex::new(reader),
                    writer: Mutex::new(Some(writer)),
                    closed,
                })))
            }
            Err(error) => {
                machine.connections.fetch_sub(1, Ordering::AcqRel);
                capture(machine, 0, Some(call), || Happened::Failed { message: error.message.clone() });
                Err(error)
            }
        }
    }

    /// What the log says of the call that uses it now.
    pub fn span(&self) -> Span {
        self.0.machine.gate.holder().map_or_else(Span::none, |call| call.span.clone())
    }

    /// The machine that it belongs to.
    pub fn machine(&self) -> &Machine {
        &self.0.machine
    }

    /// What was reached.
    pub fn peer(&self) -> &str {
        &self.0.peer
    }

    /// Waits for at least one and at most `max` bytes; an empty answer is the end of the stream.
    pub async fn read(&self, max: u32, timeout: Duration) -> Result<Vec<u8>, DriverError> {
        let connection = &*self.0;
        let call = self.device_call()?;
        if connection.machine.is_stand_in() {
            return Err(self.silent(timeout));
        }
        let mut buffer = vec![0; usize::try_from(max.clamp(1, MAX_READ)).unwrap_or_default()];
        let mut reader = connection.reader.lock().await;
        let read = tokio::select! {
            biased;
            () = call.cancelled() => return Err(call.cancelled_error()),
            () = connection.closed.cancelled() => return Err(stopped(&connection.machine)),
            read = tokio::time::timeout(timeout, reader.read(&mut buffer)) => read,
        };
        match read {
            Ok(Ok(count)) => {
                call.touch();
                buffer.truncate(count);
                connection.machine.meter.received.add(count as u64);
                connection.capture(Some(&call), || match buffer.as_slice() {
                    [] => Happened::Ended,
                    bytes => Happened::received(bytes),
                });
                Ok(buffer)
            }
            Ok(Err(error)) => Err(self.lost(&error)),
            Err(_) => {
                let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
                connection.capture(Some(&call), || Happened::Silent { ms });
                Err(self.silent(timeout))
            }
        }
    }

    /// Hands all bytes to the operating system, counting them for the job in print.
    pub async fn write(&self, bytes: &[u8]) -> Result<(), DriverError> {
        let connection = &*self.0;
        let call = self.device_call()?;
        let mut writer = connection.writer.lock().await;
        if let Some(print) = &call.print {
            print.may_write()?;
        }
        let Some(writer) = writer.as_mut() else {
            return Err(DriverError::invalid("write-closed", "writing on this connection was closed by close-write"));
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = tokio::select! {
                biased;
                () = call.cancelled() => return Err(call.cancelled_error()),
                () = connection.closed.cancelled() => return Err(stopped(&connection.machine)),
                written = writer.write(rest) => written.map_err(|error| self.lost(&error))?,
            };
            if written == 0 {
                return Err(self.lost(&std::io::ErrorKind::WriteZero.into()));
            }
            let (taken, left) = rest.split_at(written.min(rest.len()));
            call.wrote(taken);
            call.touch();
            connection.machine.meter.sent.add(taken.len() as u64);
            connection.capture(Some(&call), || Happened::sent(taken));
            rest = left;
        }
        Ok(())
    }

    /// Tells the device that nothing more follows.
    pub async fn close_write(&self) -> Result<(), DriverError> {
        let call = self.device_call()?;
        let mut writer = self.0.writer.lock().await;
        let Some(mut open) = writer.take() else { return Ok(()) };
        tokio::select! {
            biased;
            () = call.cancelled() => Err(call.cancelled_error()),
            closed = open.shutdown() => closed.map_err(|error| self.lost(&error)),
        }
    }

    /// The call that may use the device now. A connection that was kept from an earlier call serves the one that runs.
    fn device_call(&self) -> Result<Arc<Call>, DriverError> {
        let machine = &self.0.machine;
        if self.0.closed.is_cancelled() {
            return Err(stopped(machine));
        }
        machine.gate.holder().ok_or_else(|| {
            DriverError::denied(
                "no-device-call",
                format!("no call that may use the device of '{}' is running", machine.name()),
            )
        })
    }

    fn silent(&self, timeout: Duration) -> DriverError {
        DriverError::transient("timeout", format!("{} sent nothing within {timeout:?}", self.0.peer))
    }

    fn lost(&self, error: &std::io::Error) -> DriverError {
        let message = format!("the connection to {} was lost ({error})", self.0.peer);
        self.0.capture(None, || Happened::Failed { message: message.clone() });
        DriverError::new(ErrorKind::Transient, "connection-lost", message).with_outcome(model::Outcome::Unknown)
    }
}

async fn open(machine: &Machine, uri: &DeviceUri, grants: &Grants, limits: &Limits) -> Result<Opened, DriverError> {
    if machine.is_stand_in() { Ok(device::nowhere()) } else { device::open(uri, grants, limits).await }
}

/// Calls that do not hold the device from their beginning take it now, if it is free.
fn take_device(machine: &Machine, call: &Arc<Call>) -> Result<(), DriverError> {
    if call.holds_device() || machine.gate.try_enter(call) {
        return Ok(());
    }
    let by = machine.gate.holder().map_or("another call", |holder| holder.kind.name());
    let message = format!("the device of '{}' is in use by {by}: try again later", machine.name());
    Err(DriverError::transient("busy", message))
}

fn stopped(machine: &Machine) -> DriverError {
    DriverError::cancelled(format!("the connection was closed because '{}' was stopped", machine.name()))
}
