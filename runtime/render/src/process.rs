//! One worker process as its parent sees it: starting it, one exchange, and why it died.

use std::ffi::OsString;
use std::io::{self, IoSlice};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::protocol::{self, Lengths, PREFIX, Reply, Request};

/// How much of a dead worker's standard error goes into the message.
const LAST_WORDS: u64 = 2_048;

/// How long to wait for the standard error of a dead worker: a process that it started could keep it open.
const LAST_WORDS_TIME: Duration = Duration::from_millis(200);

/// What is read ahead of an answer: its head, with the beginning of its body.
const READ_AHEAD: usize = 4 * 1024;

/// How a worker is started: a program whose `main` calls [`worker::main`](crate::worker::main), as `ostler render-worker`
/// does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// An absolute path; the worker gets an empty environment.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// A running worker. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Requests that it answered.
    pub served: u32,
}

impl Worker {
    /// Starts the process and tells it its limits.
    pub async fn start(command: &WorkerCommand, limits: &RenderLimits) -> Result<Self, RenderError> {
        let error = |error: io::Error| RenderError::WorkerStart {
            program: command.program.display().to_string(),
            reason: error.to_string(),
        };
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .env_clear()
            // Each further arena of glibc's allocator reserves 64 MiB of the limited address space.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(error)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(error(io::Error::other("no pipes")));
        };
        let mut worker = Self { child, stdin, stdout: BufReader::with_capacity(READ_AHEAD, stdout), served: 0 };
        match worker.send(&Request::Limits(*limits), &[]).await {
            Ok(()) => Ok(worker),
            Err(_) => Err(worker.death(limits).await),
        }
    }

    /// Whether the process still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a request and waits for its answer, whose body may have `max_body` bytes. After an error the worker is of no
    /// use any more.
    pub async fn exchange(
        &mut self,
        request: &Request,
        document: &[u8],
        max_body: u64,
    ) -> io::Result<(Reply, Vec<u8>)> {
        self.send(request, document).await?;
        let mut prefix = [0; PREFIX];
        self.stdout.read_exact(&mut prefix).await?;
        let lengths = Lengths::parse(prefix, max_body)?;
        let header = self.receive(u64::from(lengths.header)).await?;
        let body = self.receive(lengths.body).await?;
        self.served += 1;
        Ok((serde_json::from_slice(&header)?, body))
    }

    /// Kills the process and waits until it is gone.
    pub async fn end(mut self) {
        // It fails only for a process that is gone already.
        let _ = self.child.kill().await;
    }

    /// Ends the process after a failed exchange, and says why that failed.
    pub async fn failure(self, error: io::Error, limits: &RenderLimits) -> RenderError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                self.death(limits).await
            }
            _ => {
                self.end().await;
                RenderError::WorkerFault { reason: format!("unreadable reply: {error}") }
            }
        }
    }

    /// Says why the process ended. Only to be called when it closed its end of a pipe.
    async fn death(mut self, limits: &RenderLimits) -> RenderError {
        let stderr = self.child.stderr.take();
        drop(self.stdin);
        // A process closes its pipes a moment before it can be waited for.
        let status = match timeout(LAST_WORDS_TIME, self.child.wait()).await {
            Ok(status) => status,
            Err(_) => match self.child.start_kill() {
                Ok(()) => self.child.wait().await,
                Err(error) => Err(error),
            },
        };
        let mut words = Vec::new();
        if let Some(stderr) = stderr {
            // What was read until then is still there when the time is over.
            let _ = timeout(LAST_WORDS_TIME, stderr.take(LAST_WORDS).read_to_end(&mut words)).await;
        }
        match status {
            Ok(status) => explain(status, String::from_utf8_lossy(&words).trim(), limits),
            Err(error) => RenderError::WorkerDied { status: error.to_string() },
        }
    }

    async fn send(&mut self, request: &Request, document: &[u8]) -> io::Result<()> {
        let head = protocol::head(request, document.len())?;
        let written = self.stdin.write_vectored(&[IoSlice::new(&head), IoSlice::new(document)]).await?;
        let (head, document) = protocol::left(&head, document, written);
        self.stdin.write_all(head).await?;
        self.stdin.write_all(document).await?;
        self.stdin.flush().await
    }

    async fn receive(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.stdout.read_exact(&mut bytes).await?;
        Ok(bytes)
    }
}

/// Turns the way in which a worker ended into an error.
fn explain(status: ExitStatus, words: &str, limits: &RenderLimits) -> RenderError {
    let signal = status.signal();
    if signal == Some(Signal::XCPU.as_raw()) {
        return RenderError::Deadline { limit_ms: limits.time_ms };
    }
    // Where a request itself is more than there is memory for.
    if words.ends_with("out of memory") {
        return RenderError::Memory { limit_bytes: limits.memory_bytes };
    }
    // Rust's standard library says so before it aborts.
    if signal == Some(Signal::ABORT.as_raw()) && words.contains("memory allocation of") {
        return RenderError::Memory { limit_bytes: limits.memory_bytes };
    }
    // So does it before it ends a thread that has no stack left.
    if signal == Some(Signal::ABORT.as_raw()) && words.contains("has overflowed its stack") {
        return RenderError::Depth;
    }
    let status = if words.is_empty() { status.to_string() } else { format!("{status}; it said: {words}") };
    RenderError::WorkerDied { status }
}
