//! What goes over the wire of one machine, written to a file for as long as an operator wants to see it.
//!
//! The file is JSON Lines, one [`Frame`] a line, in the order in which things happened. It is written by a task of its own, so
//! that no device waits for the disk; what does not fit into the room for that is counted, and told in the file.
//!
//! A capture ends when its time is over, when its file is full, when somebody ends it, or with the daemon. The file stays until
//! the next capture of the machine begins, or the machine is removed.

use crate::model::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{fs::File, io::AsyncWriteExt as _, sync::mpsc, time::timeout_at};

/// How many bytes may wait for the disk.
const BACKLOG: u64 = 4 << 20;
/// What a line costs beside its bytes.
const LINE: u64 = 256;

/// Something that happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// When.
    pub at: Timestamp,
    /// The connection's number, which no other one of this daemon has; 0 for none.
    pub connection: u64,
    /// The job whose call it was, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<i64>,
    /// What happened.
    #[serde(flatten)]
    pub event: Happened,
}

/// What happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Happened {
    /// It was opened.
    Opened {
        /// What was reached.
        peer: String,
    },
    /// It could not be opened, or was lost.
    Failed {
        /// Why.
        message: String,
    },
    /// Bytes went to the device.
    Sent {
        /// Base64.
        bytes: String,
    },
    /// Bytes came from the device.
    Received {
        /// Base64.
        bytes: String,
    },
    /// The device sent nothing for as long as it was waited for.
    Silent {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The device ended its side.
    Ended,
    /// It was closed.
    Closed,
    /// The disk was slower than the wire.
    Missed {
        /// How many frames are missing here.
        frames: u64,
    },
    /// The capture is over.
    Over {
        /// Why.
        why: String,
    },
}

impl Happened {
    /// Bytes that went to the device.
    pub fn sent(bytes: &[u8]) -> Self {
        Self::Sent { bytes: BASE64.encode(bytes) }
    }

    /// Bytes that came from the device.
    pub fn received(bytes: &[u8]) -> Self {
        Self::Received { bytes: BASE64.encode(bytes) }
    }
}

/// A capture that goes on.
pub struct Capture {
    until: Timestamp,
    frames: mpsc::UnboundedSender<Frame>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Bytes that wait for the disk.
    backlog: AtomicU64,
    missed: AtomicU64,
}

impl Capture {
    /// Begins a capture into a file that has at most `most_bytes`. What was in the file is gone.
    pub async fn begin(file: &Path, duration: Duration, most_bytes: u64) -> io::Result<Self> {
        let until = Timestamp::now().after(duration);
        let handle =
            tokio::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(file).await?;
        let (frames, receiver) = mpsc::unbounded_channel();
        let shared = Arc::<Shared>::default();
        let writer = Writer { file: handle, path: file.to_owned(), left: most_bytes, shared: Arc::clone(&shared) };
        tokio::spawn(writer.run(receiver, Instant::now() + duration));
        Ok(Self { until, frames, shared })
    }

    /// When it ends by itself at the latest.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether its file takes anything yet.
    pub fn goes_on(&self) -> bool {
        !self.frames.is_closed()
    }

    /// Takes a frame down. Never waits.
    pub fn take(&self, connection: u64, job: Option<i64>, event: Happened) {
        let frame = Frame { at: Timestamp::now(), connection, job, event };
        let size = frame.size();
        if self.shared.backlog.fetch_add(size, Ordering::AcqRel) > BACKLOG {
            self.shared.backlog.fetch_sub(size, Ordering::AcqRel);
            self.shared.missed.fetch_add(1, Ordering::AcqRel);
            return;
        }
        // Nobody takes it when the capture is over.
        let _ = self.frames.send(frame);
    }
}

impl Frame {
    fn size(&self) -> u64 {
        let bytes = match &self.event {
            Happened::Sent { bytes } | Happened::Received { bytes } => bytes.len() as u64,
            _ => 0,
        };
        bytes + LINE
    }

    fn of_capture(event: Happened) -> Self {
        Self { at: Timestamp::now(), connection: 0, job: None, event }
    }
}

struct Writer {
    file: File,
    path: PathBuf,
    /// How many bytes the file may still grow.
    left: u64,
    shared: Arc<Shared>,
}

impl Writer {
    async fn run(mut self, mut frames: mpsc::UnboundedReceiver<Frame>, until: Instant) {
        let why = match self.take_all(&mut frames, until).await {
            Ok(why) => why,
            Err(error) => {
                tracing::error!(%error, "the capture {} could not be written", self.path.display());
                return;
            }
        };
        let over = Frame::of_capture(Happened::Over { why: why.to_owned() });
        if let Err(error) = self.write(&over).await.and(self.file.flush().await) {
            tracing::error!(%error, "the end of the capture {} could not be written", self.path.display());
        }
    }

    /// Writes frames until the capture is over, and says why it is.
    async fn take_all(
        &mut self,
        frames: &mut mpsc::UnboundedReceiver<Frame>,
        until: Instant,
    ) -> io::Result<&'static str> {
        loop {
            let frame = match timeout_at(until.into(), frames.recv()).await {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok("it was ended"),
                Err(_) => return Ok("its time is over"),
            };
            let size = frame.size();
            let missed = self.shared.missed.swap(0, Ordering::AcqRel);
            if missed > 0 {
                self.write(&Frame::of_capture(Happened::Missed { frames: missed })).await?;
            }
            self.write(&frame).await?;
            self.shared.backlog.fetch_sub(size, Ordering::AcqRel);
            if frames.is_empty() {
                self.file.flush().await?;
            }
            if self.left == 0 {
                return Ok("its file is full");
            }
        }
    }

    async fn write(&mut self, frame: &Frame) -> io::Result<()> {
        let mut line = serde_json::to_vec(frame)?;
        line.push(b'\n');
        self.left = self.left.saturating_sub(line.len() as u64);
        self.file.write_all(&line).await
    }
}
