//! The ledger of one attempt at a print job: which label is started, how many bytes of it left, which are done.
//!
//! That a label is started is committed before it is answered, so a daemon that is killed knows afterwards which label is in
//! doubt. That it is done is [written behind](super::unwritten).

use super::{
    Call, Renderer,
    unwritten::{Unwritten, not_committed},
};
use crate::{
    model::{DriverError, Fields, FinishedLabel, JobContent, JobRecord, LabelProgress, Outcome, Proof},
    store::{InHand, STORE_PAUSE, Store, StoreError},
};
use ostler_render::{Output, Raster, RenderError, Rendered, template};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{OnceCell, watch};

/// One attempt at a job.
pub struct PrintRun {
    /// The job as it was when the attempt began.
    pub job: JobRecord,
    /// The document's bytes.
    pub document: Arc<[u8]>,
    /// Values for the document's places, one set a label; empty for a plain document.
    pub fields: Vec<Fields>,
    ledger: Mutex<Ledger>,
    book: Book,
    /// An attempt at the job behind this one, once that was looked for.
    behind: OnceCell<Option<Arc<Self>>>,
    /// Whether somebody looks for it, or did.
    looked: AtomicBool,
}

/// Where the ledger is committed.
enum Book {
    Store {
        store: Store,
        unwritten: Unwritten,
    },
    /// Nowhere. What is wanted instead is how the driver asks for one label.
    Rehearsal {
        label: u32,
        asked: watch::Sender<Option<Raster>>,
    },
    /// Nowhere. What is wanted instead is all that the driver sends.
    DryRun(Mutex<BTreeMap<u32, SentLabel>>),
}

/// A label of a dry run, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentLabel {
    /// Its number from 0.
    pub index: u32,
    /// The dots that the driver asked for, if it asked for any: the last ones, if it did more than once.
    pub raster: Option<Raster>,
    /// What it sent.
    pub bytes: Vec<u8>,
    /// What it said when it was done; nothing when it was not.
    pub proof: Option<Proof>,
}

/// The most that a dry run keeps, in bytes.
const MOST_SENT: usize = 32 << 20;

#[derive(Debug, Clone, Copy)]
struct Ledger {
    labels: LabelProgress,
    /// Bytes of the started label that the operating system took.
    bytes: u64,
    /// What becomes of the job is decided: the driver is not heard any more.
    closed: bool,
}

/// How an attempt stands: the labels, and the bytes of the one in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintStanding {
    /// The ledger of the labels.
    pub labels: LabelProgress,
    /// Bytes of the started label that left.
    pub bytes: u64,
}

impl PrintRun {
    /// Begins an attempt. Labels that earlier attempts finished stay finished.
    pub fn new(job: JobRecord, content: JobContent, store: Store) -> Arc<Self> {
        let unwritten = Unwritten::new(job.id);
        Self::build(job, content, Book::Store { store, unwritten })
    }

    /// An attempt that leaves no trace, to see which raster the driver wants for `label`.
    pub fn rehearsal(job: JobRecord, content: JobContent, label: u32) -> Arc<Self> {
        Self::build(job, content, Book::Rehearsal { label, asked: watch::Sender::default() })
    }

    /// An attempt that leaves no trace, to see what the driver sends.
    pub fn dry(job: JobRecord, content: JobContent) -> Arc<Self> {
        Self::build(job, content, Book::DryRun(Mutex::default()))
    }

    fn build(job: JobRecord, content: JobContent, book: Book) -> Arc<Self> {
        let JobContent { document, fields } = content;
        let labels = LabelProgress { started: None, ..job.labels };
        let ledger = Mutex::new(Ledger { labels, bytes: 0, closed: false });
        Arc::new(Self {
            job,
            document: document.into(),
            fields,
            ledger,
            book,
            behind: OnceCell::new(),
            looked: AtomicBool::default(),
        })
    }

    /// Notes that the driver asks for a label as dots.
    pub fn asked_for(&self, index: u32, raster: &Raster) {
        match &self.book {
            Book::Rehearsal { label, asked } if *label == index => drop(asked.send_replace(Some(*raster))),
            Book::DryRun(sent) => SentLabel::of(&mut sent.lock(), index).raster = Some(*raster),
            Book::Rehearsal { .. } | Book::Store { .. } => {}
        }
    }

    /// The labels of a dry run so far.
    pub fn sent(&self) -> Vec<SentLabel> {
        match &self.book {
            Book::DryRun(sent) => sent.lock().values().cloned().collect(),
            Book::Rehearsal { .. } | Book::Store { .. } => Vec::new(),
        }
    }

    /// The raster that the driver asked for in a rehearsal; nothing before it did, and never for a job.
    pub fn asked(&self) -> Option<Raster> {
        match &self.book {
            Book::Rehearsal { asked, .. } => *asked.borrow(),
            Book::Store { .. } | Book::DryRun(_) => None,
        }
    }

    /// Completes when the driver has asked for the dots of a rehearsal's label; never for a job.
    pub async fn until_asked(&self) {
        match &self.book {
            // The sender lives as long as this does, so waiting ends with the raster alone.
            Book::Rehearsal { asked, .. } => drop(asked.subscribe().wait_for(Option::is_some).await),
            Book::Store { .. } | Book::DryRun(_) => std::future::pending().await,
        }
    }

    /// The label at this index, as dots or as a file of them.
    pub async fn render(
        &self,
        renderer: &Renderer,
        index: u32,
        raster: Raster,
        output: Output,
    ) -> Result<Rendered, RenderError> {
        if self.job.media_type == template::MEDIA_TYPE {
            let none = Fields::new();
            let fields = usize::try_from(index).ok().and_then(|index| self.fields.get(index)).unwrap_or(&none);
            return renderer.render_label(&self.document, fields, raster, output).await;
        }
        renderer.render_page(&self.document, &self.job.media_type, index, raster, output).await
    }

    /// The size of the label at this index in micrometres, if the document says it.
    pub async fn size_um(&self, renderer: &Renderer, index: u32) -> Result<Option<(u32, u32)>, RenderError> {
        let info = renderer.inspect(&self.document, &self.job.media_type).await?;
        // Every label of a template is its one page.
        let page = if self.job.media_type == template::MEDIA_TYPE { 0 } else { index };
        let page = usize::try_from(page).ok().and_then(|page| info.pages.get(page));
        Ok(page.and_then(|page| page.size_um))
    }

    /// How it stands now.
    pub fn standing(&self) -> PrintStanding {
        let Ledger { labels, bytes, .. } = *self.ledger.lock();
        PrintStanding { labels, bytes }
    }

    /// How it stands at its end. What the driver says of its labels afterwards is refused: what becomes of the job is decided
    /// by what was known now.
    pub fn close(&self) -> PrintStanding {
        self.ledger.lock().closed = true;
        self.standing()
    }

    /// An attempt at the job behind this one, which is looked for once. Nothing when none waited for its turn then, or one that
    /// is not to be read ahead: of another function, or with a document of more than `most_bytes`.
    pub async fn look_behind(&self, most_bytes: i64) -> Option<Arc<Self>> {
        let Book::Store { store, .. } = &self.book else { return None };
        self.looked.store(true, Ordering::Relaxed);
        let look = async {
            let (job, content) = store.job_behind(self.job.id, most_bytes).await.ok()??;
            let same = job.function == self.job.function && job.label_count > 0;
            same.then(|| Self::new(job, content, store.clone()))
        };
        self.behind.get_or_init(|| look).await.clone()
    }

    /// Whether the job behind this one is looked for, or was.
    pub fn has_looked_behind(&self) -> bool {
        self.looked.load(Ordering::Relaxed)
    }

    /// The attempt at the job behind this one, if there was one when that was looked for.
    pub fn expected(&self) -> Option<Arc<Self>> {
        self.behind.get().cloned().flatten()
    }

    /// Whether a byte may go to the device now.
    pub fn may_write(&self) -> Result<(), DriverError> {
        if self.ledger.lock().labels.started.is_some() {
            return self.has_room();
        }
        Err(DriverError::denied(
            "label-not-started",
            "a print call may write only between label-started and label-done: call label-started for the next label \
             first",
        ))
    }

    /// A dry run keeps what is sent.
    fn has_room(&self) -> Result<(), DriverError> {
        let Book::DryRun(sent) = &self.book else { return Ok(()) };
        if sent.lock().values().map(|label| label.bytes.len()).sum::<usize>() < MOST_SENT {
            return Ok(());
        }
        let message = format!("a dry run keeps {} MiB: run it with fewer labels", MOST_SENT >> 20);
        Err(DriverError::denied("dry-run-full", message))
    }

    /// Counts bytes of the started label.
    pub fn wrote(&self, bytes: &[u8]) {
        let mut ledger = self.ledger.lock();
        ledger.bytes = ledger.bytes.saturating_add(bytes.len() as u64);
        if let (Book::DryRun(sent), Some(index)) = (&self.book, ledger.labels.started) {
            SentLabel::of(&mut sent.lock(), index).bytes.extend_from_slice(bytes);
        }
    }

    /// Commits that a label is about to be sent, and with it that the one before it is done. Waits for as long as the store
    /// fails and `call` lives.
    pub async fn label_started(&self, call: &Call, index: u32) -> Result<(), DriverError> {
        let LabelProgress { done, started, .. } = self.ledger.lock().labels;
        let count = self.job.label_count;
        if let Some(open) = started {
            let message = format!("label {open} is started and not done: labels go one at a time");
            return Err(DriverError::invalid("label-order", message));
        }
        if index != done || index >= count {
            let message = format!("label {index} cannot start: of {count} labels, {done} are done; labels go in order");
            return Err(DriverError::invalid("label-order", message));
        }
        if let Some(reason) = call.winding_down() {
            let message =
                format!("{reason}: label {} of {count} was not begun, and the job goes on with it", index + 1);
            return Err(DriverError::cancelled(message).with_outcome(Outcome::NotSent));
        }
        if let Book::Store { store, unwritten } = &self.book {
            commit(call, || unwritten.enter(|job| store.label_started(job, index))).await?;
        }
        let mut ledger = self.ledger.lock();
        ledger.labels.started = Some(index);
        ledger.bytes = 0;
        Ok(())
    }

    /// Takes down that a label is finished, and how sure that is. It is committed with the next entry.
    pub fn label_done(&self, call: &Call, index: u32, proof: Proof) -> Result<(), DriverError> {
        let mut ledger = self.ledger.lock();
        if ledger.closed {
            return Err(DriverError::denied("job-over", "the call of this print job has ended"));
        }
        if ledger.labels.started != Some(index) {
            let message = format!("label {index} cannot be done: it was not started");
            return Err(DriverError::invalid("label-order", message));
        }
        match &self.book {
            Book::Store { unwritten, .. } => {
                unwritten.keep(FinishedLabel { index, proof });
                if let Some(machine) = &call.machine {
                    machine.meter.printed(self.job.copies, proof, self.job.created_at, index == 0);
                }
            }
            Book::DryRun(sent) => SentLabel::of(&mut sent.lock(), index).proof = Some(proof),
            Book::Rehearsal { .. } => {}
        }
        let weakest = ledger.labels.proof.map_or(proof, |earlier| earlier.min(proof));
        ledger.labels = LabelProgress { done: index + 1, started: None, proof: Some(weakest) };
        ledger.bytes = 0;
        Ok(())
    }

    /// Whether a finished label waits for an entry to be committed with.
    pub fn has_unwritten(&self) -> bool {
        matches!(&self.book, Book::Store { unwritten, .. } if unwritten.is_some())
    }

    /// Commits a finished label without another entry.
    pub async fn write_down(&self) -> Result<(), StoreError> {
        let Book::Store { store, unwritten } = &self.book else { return Ok(()) };
        unwritten.enter(|job| store.write_down(job)).await
    }

    /// Commits what becomes of the job, with its finished label.
    pub async fn enter<T, F>(&self, outcome: impl FnOnce(InHand) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        match &self.book {
            Book::Store { unwritten, .. } => unwritten.enter(outcome).await,
            Book::Rehearsal { .. } | Book::DryRun(_) => outcome(self.job.id.into()).await,
        }
    }
}

impl SentLabel {
    /// The label of this number, which is added if nothing was known of it.
    fn of(labels: &mut BTreeMap<u32, Self>, index: u32) -> &mut Self {
        labels.entry(index).or_insert_with(|| Self { index, raster: None, bytes: Vec::new(), proof: None })
    }
}

/// Makes an entry in the ledger; while the store fails, again and again, until the call is cancelled.
async fn commit<F>(call: &Call, entry: impl Fn() -> F) -> Result<(), DriverError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    loop {
        let error = match entry().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let words = not_committed(&error);
        if !error.passes() || call.is_cancelled() {
            return Err(words);
        }
        if let Some(machine) = &call.machine {
            machine.report(words);
        }
        // The call stands still for no fault of its own.
        call.touch();
        tokio::select! {
            () = call.cancelled() => {}
            () = tokio::time::sleep(STORE_PAUSE) => {}
        }
    }
}

/// A guest's handle to a print job.
#[derive(Clone)]
pub struct PrintJobHandle {
    /// The call that brought it.
    pub call: Arc<Call>,
    /// The attempt.
    pub run: Arc<PrintRun>,
}

impl PrintJobHandle {
    /// The attempt, while its call runs.
    pub fn live(&self) -> Result<&Arc<PrintRun>, DriverError> {
        if self.call.has_ended() {
            return Err(DriverError::denied("job-over", "the call of this print job has ended"));
        }
        if self.call.is_cancelled() {
            return Err(self.call.cancelled_error());
        }
        Ok(&self.run)
    }
}

/// A guest's handle to one label.
#[derive(Clone)]
pub struct LabelHandle {
    /// The job that it belongs to.
    pub job: PrintJobHandle,
    /// Its number from 0.
    pub index: u32,
}
