//! One invocation of a driver export, as the host sees it. Handles point to it; revoking it is a flag in here.

use super::{gate::DeviceGuard, machine::Machine, print::PrintRun, settings::Settings};
use crate::model::{DriverError, JobId};
use parking_lot::Mutex;
use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::{Span, field};

/// Which export is called, and so what the call may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// `init-driver`.
    InitDriver,
    /// `init-machine`.
    InitMachine,
    /// `update-machine`.
    UpdateMachine,
    /// `restart-machine`.
    RestartMachine,
    /// `stop-machine`.
    StopMachine,
    /// `ping-machine`.
    PingMachine,
    /// `validate-settings`.
    ValidateSettings,
    /// `run-action`.
    RunAction,
    /// `setting-choices`.
    Choices,
    /// A function of the type, called from outside.
    Function,
    /// The function that the type's manifest names as `intake.options`.
    Options,
    /// The function that the type's manifest names as `intake.media`.
    Media,
    /// The function that the type's manifest names as `intake.formats`.
    Formats,
    /// A function that the type's manifest lists under `jobs`.
    Print,
}

impl CallKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::InitDriver,
        Self::InitMachine,
        Self::UpdateMachine,
        Self::RestartMachine,
        Self::StopMachine,
        Self::PingMachine,
        Self::ValidateSettings,
        Self::RunAction,
        Self::Choices,
        Self::Function,
        Self::Options,
        Self::Media,
        Self::Formats,
        Self::Print,
    ];

    /// Whether the call holds the machine's device from its beginning. The others may take it while it is free.
    pub fn holds_device(self) -> bool {
        match self {
            Self::InitMachine
            | Self::RestartMachine
            | Self::StopMachine
            | Self::PingMachine
            | Self::RunAction
            | Self::Function
            | Self::Print => true,
            Self::InitDriver
            | Self::UpdateMachine
            | Self::ValidateSettings
            | Self::Choices
            | Self::Options
            | Self::Media
            | Self::Formats => false,
        }
    }

    /// The export in words: its name in the contract, where all types have the same.
    pub fn name(self) -> &'static str {
        match self {
            Self::InitDriver => "init-driver",
            Self::InitMachine => "init-machine",
            Self::UpdateMachine => "update-machine",
            Self::RestartMachine => "restart-machine",
            Self::StopMachine => "stop-machine",
            Self::PingMachine => "ping-machine",
            Self::ValidateSettings => "validate-settings",
            Self::RunAction => "run-action",
            Self::Choices => "setting-choices",
            Self::Function => "the function",
            Self::Options => "the question for options",
            Self::Media => "the question for media",
            Self::Formats => "the question for formats",
            Self::Print => "print",
        }
    }

    /// The export in a word, for metrics and logs.
    pub fn export(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Options => "options",
            Self::Media => "media",
            Self::Formats => "formats",
            other => other.name(),
        }
    }
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A call in flight, or one that has ended and whose handles a guest still keeps.
pub struct Call {
    /// A number for logs and traces; never reused.
    pub id: u64,
    /// Which export.
    pub kind: CallKind,
    /// The machine that it is for; none for `init-driver`.
    pub machine: Option<Arc<Machine>>,
    /// The ledger of the job, for print calls.
    pub print: Option<Arc<PrintRun>>,
    /// The job that this call is an attempt at.
    pub job: Option<JobId>,
    /// What the log says of it. Its parent is what made the call, such as a request.
    pub span: Span,
    /// Values to answer with instead of the stored ones, for `validate-settings`.
    pub proposed: Option<Settings>,
    /// How many bytes it handed to the device.
    written: AtomicU64,
    cancel: CancellationToken,
    /// Why it was cancelled; set before the token fires.
    reason: OnceLock<String>,
    /// An operator gave up the job of this call.
    given_up: AtomicBool,
    /// Why no further label is to be begun, once that is so.
    winding_down: OnceLock<String>,
    ended: AtomicBool,
    began: Instant,
    /// Milliseconds from `began` to the last byte or status that moved.
    activity: AtomicU64,
    /// The machine's device, while this call holds it.
    device: Mutex<Option<DeviceGuard>>,
}

impl Call {
    /// A call of `init-driver` of this driver.
    pub fn of_driver(driver: &str) -> Arc<Self> {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let kind = CallKind::InitDriver;
        let span = tracing::error_span!("call", call = id, driver, export = kind.export());
        Self::build(id, kind, span, None, None, None, None)
    }

    /// A call for a machine.
    pub fn of_machine(kind: CallKind, machine: Arc<Machine>) -> Arc<Self> {
        Self::for_machine(kind, machine, None, None, None)
    }

    /// A print call.
    pub fn of_print(machine: Arc<Machine>, print: Arc<PrintRun>) -> Arc<Self> {
        let job = print.job.id;
        Self::for_machine(CallKind::Print, machine, Some(print), None, Some(job))
    }

    /// A call of a function that runs as a job.
    pub fn of_job(machine: Arc<Machine>, job: JobId) -> Arc<Self> {
        Self::for_machine(CallKind::Function, machine, None, None, Some(job))
    }

    /// A check of proposed settings.
    pub fn of_proposal(machine: Arc<Machine>, proposed: Settings) -> Arc<Self> {
        Self::for_machine(CallKind::ValidateSettings, machine, None, Some(proposed), None)
    }

    fn for_machine(
        kind: CallKind,
        machine: Arc<Machine>,
        print: Option<Arc<PrintRun>>,
        proposed: Option<Settings>,
        job: Option<JobId>,
    ) -> Arc<Self> {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        // An error's span, because lines that are logged at any level are to have it.
        let span = tracing::error_span!(
            "call",
            call = id,
            driver = machine.driver.as_str(),
            machine = %machine.id,
            export = kind.export(),
            function = field::Empty,
            job = job.map(|job| job.0),
        );
        Self::build(id, kind, span, Some(machine), print, proposed, job)
    }

    fn build(
        id: u64,
        kind: CallKind,
        span: Span,
        machine: Option<Arc<Machine>>,
        print: Option<Arc<PrintRun>>,
        proposed: Option<Settings>,
        job: Option<JobId>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            kind,
            span,
            machine,
            print,
            proposed,
            job,
            written: AtomicU64::new(0),
            cancel: CancellationToken::new(),
            reason: OnceLock::new(),
            given_up: AtomicBool::new(false),
            winding_down: OnceLock::new(),
            ended: AtomicBool::new(false),
            began: Instant::now(),
            activity: AtomicU64::new(0),
            device: Mutex::new(None),
        })
    }

    /// Asks the call to end: every host function that waits answers `cancelled`. The first reason stays.
    pub fn cancel(&self, reason: impl Into<String>) {
        let _ = self.reason.set(reason.into());
        self.cancel.cancel();
    }

    /// Cancels it on behalf of an operator, who gave up its job.
    pub fn cancel_by_operator(&self) {
        self.given_up.store(true, Ordering::Release);
        self.cancel("the job was cancelled by an operator");
    }

    /// Whether an operator gave up its job.
    pub fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    /// Lets a print call finish the label in hand, and begin no further one. The first reason stays.
    pub fn wind_down(&self, reason: impl Into<String>) {
        let _ = self.winding_down.set(reason.into());
    }

    /// Why no further label is to be begun, if that is so.
    pub fn winding_down(&self) -> Option<&str> {
        self.winding_down.get().map(String::as_str)
    }

    /// Whether somebody asked it to end.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Completes when somebody asked it to end.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// The error that waiting host functions answer with once it was cancelled.
    pub fn cancelled_error(&self) -> DriverError {
        let reason = self.reason.get().map_or("the call was cancelled", String::as_str);
        DriverError::cancelled(format!("{} was ended: {reason}", self.kind.name()))
    }

    /// Marks it ended: handles that the guest keeps lose the device, and the device is free for the next call.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.cancel.cancel();
        if let Some(guard) = self.device.lock().take() {
            guard.release();
        }
    }

    /// Whether it has returned or was given up.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Notes that a byte or a status moved, which keeps a print call alive.
    pub fn touch(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.activity.store(since, Ordering::Relaxed);
    }

    /// When something last moved.
    pub fn last_activity(&self) -> Instant {
        self.began + Duration::from_millis(self.activity.load(Ordering::Relaxed))
    }

    /// Counts bytes that the device took.
    pub fn wrote(&self, bytes: &[u8]) {
        self.written.fetch_add(bytes.len() as u64, Ordering::AcqRel);
        if let Some(print) = &self.print {
            print.wrote(bytes);
        }
    }

    /// How many bytes the device took.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Hands it the machine's device for as long as it lives.
    pub fn hold_device(&self, guard: DeviceGuard) {
        *self.device.lock() = Some(guard);
    }

    /// Whether it holds the machine's device.
    pub fn holds_device(&self) -> bool {
        self.device.lock().is_some()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} ({})", self.id, self.kind.name())
    }
}
