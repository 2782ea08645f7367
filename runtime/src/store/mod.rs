//! What must survive: one `SQLite` file, a folder of components and a key file. This is the only module with SQL.
//!
//! A write is an operation: a closure that runs on the one writer thread, inside a savepoint of its own. The thread
//! takes every operation that is waiting, commits them together and answers each one afterwards, so that many
//! callers share one flush of the disk. `Ok` therefore means: on the disk. Events that an operation writes are sent
//! to subscribers after that same commit, never before. Reads run on connections of their own.
//!
//! Operations run in the order in which they are queued, and a future queues its operation when it is first polled.
//! So operations that are joined, such as the end of one job and the start of the next, run in the order of writing
//! and mostly cost one flush, which is what an operation takes its time for.
//!
//! # Layout, in reading order
//!
//! * [`error`]: what can go wrong, and what to do about it
//! * `folder`: the data folder, its lock and its permissions
//! * `schema`: the numbered migrations, with the backup before them (`migrations/*.sql` document every table)
//! * `writer`: the writer thread and group commit
//! * `readers`: the connections for reading
//! * `columns`: how values are written in columns
//! * [`events`] and [`audits`]: what happened, and who decided it
//! * [`machines`], [`machine_states`], [`settings`], [`machine_values`]: everything that belongs to a machine
//! * [`secrets`]: sealing of secret settings
//! * `examine`: looking at a folder from outside
//! * `backup`: a consistent copy of all of it
//! * [`drivers`], `components`: installed components and their files; `grants`: what drivers are allowed beyond settings
//! * [`jobs`], `job_states`, `job_decisions`, `job_moves`, `job_labels`, `job_recovery`: the queue, its transitions, what people
//!   decide, turns that are changed, the ledger of labels
//! * [`tokens`]: who may do what; [`requests`]: what must not be done twice
//! * `templates`: label templates, their versions and rows

pub mod audits;
mod backup;
mod columns;
mod components;
pub mod drivers;
pub mod error;
pub mod events;
mod examine;
mod folder;
mod grants;
mod job_decisions;
mod job_labels;
mod job_moves;
mod job_recovery;
mod job_states;
pub mod jobs;
pub mod machine_states;
pub mod machine_values;
pub mod machines;
mod plugins;
mod readers;
pub mod requests;
mod schema;
pub mod secrets;
pub mod settings;
mod templates;
#[cfg(test)]
mod tests;
pub mod tokens;
mod writer;

pub use audits::{Audit, AuditFilter, NewAudit};
pub use backup::{RestoredState, StateCopy};
pub use error::StoreError;
pub use events::{EventPage, EventRetention};
pub use examine::{Examined, examine, in_use};
pub use job_labels::InHand;
pub use jobs::JobFilter;
pub use machine_states::{LastKnown, StateChange};
pub use secrets::Secrets;
pub use settings::{SettingWrite, Settings};
pub use tokens::SecretHash;
pub use writer::{Trouble, WriteCounts};

use crate::{metrics::StoreMeter, model::Event};
use folder::DataFolder;
use readers::Readers;
use rusqlite::Connection;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::{RwLock, broadcast};
use writer::{Write, Writer};

/// The outcome of every operation of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// How long callers wait before they ask a store again that failed for a reason that passes.
pub const STORE_PAUSE: Duration = Duration::from_secs(1);

/// How many events a subscriber may be behind before it misses some and has to read them with
/// [`Store::events_after`].
const EVENTS_IN_FLIGHT: usize = 4096;

/// The open data folder. Cheap to clone; dropping the last clone waits until everything that was handed to the
/// writer is on the disk.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// The parts in the order in which they must go: the writer closes the database last, so that it can fold the
/// write-ahead log into it, and the lock is given back when nothing touches the folder any more.
struct Inner {
    readers: Readers,
    writer: Writer,
    secrets: Secrets,
    events: broadcast::Sender<Arc<Event>>,
    /// Held for writing while the state is copied, for reading while a component's file is removed.
    removals: RwLock<()>,
    folder: DataFolder,
}

impl Store {
    /// Opens the data folder and makes it when it is missing. Blocks: migrations may take a while.
    ///
    /// Fails with [`StoreError::Locked`] when another ostler uses the folder and with [`StoreError::Newer`] when a
    /// newer ostler has written it.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::open_within(dir, None)
    }

    /// Opens it like [`Self::open`], with a database that grows to so many bytes and no further.
    pub fn open_within(dir: &Path, most_bytes: Option<u64>) -> Result<Self> {
        let folder = DataFolder::open(dir)?;
        backup::remove_unfinished(&folder);
        let secrets = Secrets::open(&folder)?;
        let connection = schema::open_for_writing(&folder, most_bytes)?;
        let (events, _) = broadcast::channel(EVENTS_IN_FLIGHT);
        let writer = Writer::start(connection, events.clone())?;
        let readers = Readers::new(folder.database());
        Ok(Self { inner: Arc::new(Inner { readers, writer, secrets, events, removals: RwLock::default(), folder }) })
    }

    /// A store in a fresh folder, for tests. The folder goes when the first part is dropped, so bind it first:
    /// `let (_folder, store) = Store::open_temporary()?;`.
    pub fn open_temporary() -> Result<(tempfile::TempDir, Self)> {
        let folder = tempfile::tempdir().map_err(|error| StoreError::Io { what: error.to_string() })?;
        let store = Self::open(folder.path())?;
        Ok((folder, store))
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.inner.folder.path()
    }

    /// Seals and opens secret settings.
    pub fn secrets(&self) -> &Secrets {
        &self.inner.secrets
    }

    /// The events from now on. A subscriber that falls too far behind is told so by
    /// [`broadcast::error::RecvError::Lagged`] and catches up with [`Store::events_after`].
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.inner.events.subscribe()
    }

    /// Why nothing can be written now; nothing while all is well.
    pub fn trouble(&self) -> Option<Trouble> {
        self.inner.writer.trouble().borrow().clone()
    }

    /// How much the writer has done since the store was opened.
    pub fn write_counts(&self) -> WriteCounts {
        self.inner.writer.counts()
    }

    /// What is counted of the writer.
    pub fn meter(&self) -> Arc<StoreMeter> {
        self.inner.writer.meter()
    }

    /// How many operations wait for the writer.
    pub fn waiting_writes(&self) -> usize {
        self.inner.writer.queued()
    }

    /// Whether something can be written now. While there was trouble, something is, so that its end is seen though nobody else
    /// writes; else this asks only whether the writer answers.
    pub async fn check_writes(&self) -> Result<()> {
        let retry = self.trouble().is_some();
        self.write(move |write| {
            if retry {
                // The number of the database's form, written as it is, makes a page that has to go to the disk.
                let form: u32 = write.db.pragma_query_value(None, "user_version", |row| row.get(0))?;
                write.db.pragma_update(None, "user_version", form)?;
            }
            Ok(())
        })
        .await
    }

    /// Runs `work` on the writer thread and answers when it is on the disk. A caller that stops waiting does not
    /// undo it.
    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Write<'_>) -> Result<T> + Send + 'static,
    {
        self.inner.writer.run(work).await
    }

    /// Runs `work` on a connection for reading, off the async threads.
    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let turn = self.inner.readers.turn().await?;
        // The clone keeps the folder locked while a read is under way.
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let result = inner.readers.run(work);
            drop(turn);
            result
        })
        .await
    }
}

/// Runs `work` off the async threads.
async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => Err(StoreError::panicked(&*panic)),
            Err(_) => Err(StoreError::Stopped),
        },
    }
}
