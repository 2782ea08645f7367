//! The writer thread: the only one that changes the database, and how operations share commits.
//!
//! The thread takes every operation that is waiting, up to [`GROUP`], and runs each in a savepoint inside one
//! transaction. An operation that fails or panics rolls back its savepoint and nothing else. Then the thread commits
//! once, sends the group's events to subscribers and answers every operation. When the commit fails, or `SQLite` gives
//! up the transaction in the middle (a full disk), the whole group fails.

use super::{Result, StoreError};
use crate::{
    metrics::StoreMeter,
    model::{Event, NewEvent, Slug, Timestamp, event::KINDS},
};
use rusqlite::{Connection, params};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Instant,
};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// How many operations wait before callers do.
const QUEUE: usize = 1024;

/// How many operations one commit takes at most; it bounds what a failed commit takes along.
const GROUP: usize = 256;

/// How much the writer has done. Far fewer commits than operations is group commit at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteCounts {
    /// Operations that were run, including those that failed.
    pub operations: u64,
    /// Transactions that were committed.
    pub commits: u64,
}

/// What an operation gets to work with.
pub(super) struct Write<'a> {
    /// The connection, inside the operation's savepoint.
    pub(super) db: &'a Connection,
    /// When the operation runs.
    pub(super) now: Timestamp,
    /// What subscribers are told once it is committed.
    events: Vec<Arc<Event>>,
}

impl Write<'_> {
    /// Writes an event into the transaction.
    pub(super) fn event(&mut self, new: NewEvent) -> Result<Event> {
        debug_assert!(cfg!(test) || KINDS.contains(&new.kind), "'{}' is missing among the kinds of events", new.kind);
        let event = Event {
            id: 0,
            at: self.now,
            v: 1,
            kind: new.kind.to_owned(),
            machine: new.machine,
            driver: new.driver,
            job: new.job,
            data: new.data,
        };
        self.db
            .prepare_cached(
                "INSERT INTO events (at, v, kind, machine_id, driver, job_id, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                event.at.0,
                event.v,
                event.kind,
                event.machine.map(|id| id.to_string()),
                event.driver.as_ref().map(Slug::as_str),
                event.job.map(|id| id.0),
                event.data.to_string(),
            ])?;
        let event = Event { id: self.db.last_insert_rowid(), ..event };
        self.events.push(Arc::new(event.clone()));
        Ok(event)
    }
}

/// The handle of the writer thread. Dropping it runs what is queued, closes the database and joins the thread.
pub(super) struct Writer {
    // Options only so that drop can take them.
    queue: Option<mpsc::Sender<Box<dyn Operation>>>,
    thread: Option<JoinHandle<()>>,
    meter: Arc<StoreMeter>,
    trouble: watch::Receiver<Option<Trouble>>,
}

/// Why nothing can be written now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// What is in the way, and what to do.
    pub error: StoreError,
}

impl Writer {
    /// Starts the thread, which owns the connection from now on.
    pub(super) fn start(connection: Connection, subscribers: broadcast::Sender<Arc<Event>>) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let meter = Arc::<StoreMeter>::default();
        let (told, trouble) = watch::channel(None);
        let group_commit = GroupCommit { connection, subscribers, meter: Arc::clone(&meter), trouble: told };
        let thread = thread::Builder::new()
            .name("ostler-store".to_owned())
            .spawn(move || group_commit.run(waiting))
            .map_err(|error| StoreError::Io { what: format!("the writer thread does not start: {error}") })?;
        Ok(Self { queue: Some(queue), thread: Some(thread), meter, trouble })
    }

    /// What keeps the last group from being written, if it was not, and each change of that.
    pub(super) fn trouble(&self) -> watch::Receiver<Option<Trouble>> {
        self.trouble.clone()
    }

    /// Queues an operation and waits for its commit.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Write<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let operation = Box::new(Pending { work: Some(work), result: Err(StoreError::Stopped), reply });
        let queue = self.queue.as_ref().ok_or(StoreError::Stopped)?;
        queue.send(operation).await.map_err(|_| StoreError::Stopped)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    pub(super) fn counts(&self) -> WriteCounts {
        WriteCounts { operations: self.meter.operations.get(), commits: self.meter.commits.get() }
    }

    /// What is counted of it.
    pub(super) fn meter(&self) -> Arc<StoreMeter> {
        Arc::clone(&self.meter)
    }

    /// How many operations wait.
    pub(super) fn queued(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread of the store had panicked");
        }
    }
}

/// An operation in the queue, without its type.
trait Operation: Send {
    /// Runs it and keeps its result; says why, if its changes are not to be kept.
    fn run(&mut self, write: &mut Write<'_>) -> Result<()>;
    /// Answers the caller: with `failure` when the group failed, unless the operation had failed by itself.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

struct Pending<T, F> {
    work: Option<F>,
    result: Result<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Operation for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut Write<'_>) -> Result<T> + Send,
{
    fn run(&mut self, write: &mut Write<'_>) -> Result<()> {
        if let Some(work) = self.work.take() {
            // A panic leaves nothing half done behind: the savepoint is rolled back and the events are dropped.
            self.result = catch_unwind(AssertUnwindSafe(|| work(write)))
                .unwrap_or_else(|panic| Err(StoreError::panicked(&*panic)));
        }
        self.result.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let not_run = self.work.is_some();
        let result = match failure {
            Some(failure) if not_run || self.result.is_ok() => Err(failure.clone()),
            _ => self.result,
        };
        // The caller may have stopped waiting.
        let _ = self.reply.send(result);
    }
}

struct GroupCommit {
    connection: Connection,
    subscribers: broadcast::Sender<Arc<Event>>,
    meter: Arc<StoreMeter>,
    trouble: watch::Sender<Option<Trouble>>,
}

impl GroupCommit {
    /// Until the queue is closed and empty.
    fn run(self, mut waiting: mpsc::Receiver<Box<dyn Operation>>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(next) = waiting.try_recv()
            {
                group.push(next);
            }
            let failure = match self.commit(&mut group) {
                Ok(events) => {
                    self.trouble.send_if_modified(|trouble| trouble.take().is_some());
                    for event in events {
                        // Nobody may be listening.
                        let _ = self.subscribers.send(event);
                    }
                    None
                }
                Err(failure) => {
                    self.meter.failures.add(1);
                    self.troubled(&failure, group.len());
                    Some(failure)
                }
            };
            for operation in group {
                operation.answer(failure.as_ref());
            }
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!("the database did not close cleanly; nothing is lost: {error}");
        }
    }

    /// Notes why a group was not written, once for as long as it goes on.
    fn troubled(&self, error: &StoreError, operations: usize) {
        self.trouble.send_if_modified(|trouble| {
            if trouble.as_ref().is_some_and(|trouble| trouble.error == *error) {
                return false;
            }
            tracing::error!(operations, "a group of operations was not committed: {error}");
            let since = trouble.as_ref().map_or_else(Timestamp::now, |trouble| trouble.since);
            *trouble = Some(Trouble { since, error: error.clone() });
            true
        });
    }

    /// Runs a group in one transaction. The answer is its events.
    fn commit(&self, group: &mut [Box<dyn Operation>]) -> Result<Vec<Arc<Event>>> {
        let (began, operations) = (Instant::now(), group.len());
        let result = self.statement("BEGIN IMMEDIATE").and_then(|()| {
            let mut events = Vec::new();
            for operation in group {
                self.run_in_savepoint(operation.as_mut(), &mut events)?;
            }
            self.statement("COMMIT")?;
            Ok(events)
        });
        match &result {
            Ok(_) => self.meter.committed(operations, began.elapsed()),
            Err(_) if self.connection.is_autocommit() => {}
            Err(_) => self.statement("ROLLBACK")?,
        }
        result
    }

    /// Runs one operation. Fails when the transaction is lost, not when the operation fails.
    fn run_in_savepoint(&self, operation: &mut dyn Operation, events: &mut Vec<Arc<Event>>) -> Result<()> {
        self.meter.operations.add(1);
        self.statement("SAVEPOINT operation")?;
        let mut write = Write { db: &self.connection, now: Timestamp::now(), events: Vec::new() };
        match operation.run(&mut write) {
            Ok(()) => events.append(&mut write.events),
            // On a full disk and the like SQLite rolls back everything, not only the statement.
            Err(error) if self.connection.is_autocommit() => return Err(error),
            Err(_) => self.statement("ROLLBACK TO operation")?,
        }
        self.statement("RELEASE operation")
    }

    fn statement(&self, sql: &'static str) -> Result<()> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
