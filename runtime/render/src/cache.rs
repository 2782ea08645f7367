//! Answers by content: which request about which bytes has been answered before, or is being answered now?
//!
//! An answer may also be kept before anybody asks for it, when it came along with another. It holds [`Room`] then until it is
//! asked for or has to go, so that no more is made ahead than stays until it is wanted.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::sync::{Cache as Entries, DefaultLifecycle, GuardResult, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::document::DocumentInfo;
use crate::pool::Rendered;
use crate::protocol::Request;

/// Bytes that an answer takes beside its own.
const OVERHEAD: usize = 256;

/// The part of the cache that is for answers which were asked for more than once. Most never are: a label is rendered, printed,
/// and not seen again.
const ASKED_AGAIN: f64 = 0.5;

/// What nobody has asked for yet may take this part of the cache. It is half of what is not for the above, so that it stays
/// for as long as such answers keep coming.
const AHEAD_SHARE: u64 = 4;

/// The unit of [`Room`].
const ROOM_BYTES: u64 = 1024;

/// The digest of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Content([u8; 32]);

impl Content {
    /// Of a document.
    pub fn of(document: &[u8]) -> Self {
        Self(Sha256::digest(document).into())
    }
}

/// What was asked: the digests of document and request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question(Content, [u8; 32]);

impl Question {
    /// About a document.
    pub fn of(document: Content, request: &Request) -> Self {
        // All that a request says is in its JSON, which is how it travels too.
        let request = serde_json::to_vec(request).unwrap_or_default();
        Self(document, Sha256::digest(request).into())
    }
}

/// What was answered. Errors are not kept: the next time there may be more memory or time.
#[derive(Debug)]
pub(crate) enum Answer {
    Rendered(Rendered),
    Inspected(DocumentInfo),
}

/// Room for an answer that nobody has asked for yet.
pub(crate) type Room = OwnedSemaphorePermit;

/// An answer, and the room that it takes until somebody asks for it.
#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    room: Mutex<Option<Room>>,
}

/// The least recently used answers go first.
#[derive(Debug)]
pub(crate) struct Cache {
    entries: Entries<Question, Arc<Kept>, Bytes>,
    ahead: Arc<Semaphore>,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Question, Arc<Kept>> for Bytes {
    fn weight(&self, _: &Question, kept: &Arc<Kept>) -> u64 {
        let bytes = match &*kept.answer {
            Answer::Rendered(Rendered::Bitmap(bitmap)) => bitmap.data.len(),
            Answer::Rendered(Rendered::Png(file) | Rendered::Pdf(file)) => file.len(),
            Answer::Inspected(info) => size_of_val(info.pages.as_slice()),
        };
        (bytes + OVERHEAD) as u64
    }
}

impl Cache {
    /// Keeps answers of so many bytes together.
    pub fn new(bytes: u64) -> Self {
        // A guess; it only decides how much is allocated in advance.
        let entries = usize::try_from(bytes / (128 * 1024)).unwrap_or(usize::MAX).max(16);
        let mut options = OptionsBuilder::new();
        options.estimated_items_capacity(entries).weight_capacity(bytes).hot_allocation(ASKED_AGAIN);
        let entries = match options.build() {
            Ok(options) => {
                Entries::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default())
            }
            // It fails only without one of the first two.
            Err(_) => Entries::with_weighter(entries, bytes, Bytes),
        };
        let ahead = usize::try_from(bytes / AHEAD_SHARE / ROOM_BYTES).unwrap_or(usize::MAX);
        Self { entries, ahead: Arc::new(Semaphore::new(ahead.min(Semaphore::MAX_PERMITS))) }
    }

    /// The answer, if it is there or somebody is about to find it; else the question is the caller's to answer, and others wait
    /// for that.
    pub async fn answer(&self, question: &Question) -> Result<Arc<Answer>, Claim<'_>> {
        let kept = self.entries.get_value_or_guard_async(question).await.map_err(Claim)?;
        kept.room.lock().take();
        Ok(Arc::clone(&kept.answer))
    }

    /// Room for an answer of so many bytes that nobody has asked for; nothing while too much of that is there.
    pub fn room(&self, bytes: u64) -> Option<Room> {
        let units = u32::try_from(bytes.div_ceil(ROOM_BYTES)).ok()?;
        Arc::clone(&self.ahead).try_acquire_many_owned(units).ok()
    }

    /// Keeps an answer that nobody has asked for, unless it is there or somebody is about to find it.
    pub fn keep_ahead(&self, question: &Question, answer: Answer, room: Room) {
        if let GuardResult::Guard(guard) = self.entries.get_value_or_guard(question, Some(Duration::ZERO)) {
            let kept = Kept { answer: Arc::new(answer), room: Mutex::new(Some(room)) };
            let _ = guard.insert(Arc::new(kept));
        }
    }
}

/// A question that its holder answers. When this is dropped without an answer, the next who waits has the question.
pub(crate) struct Claim<'a>(
    PlaceholderGuard<'a, Question, Arc<Kept>, Bytes, DefaultHashBuilder, DefaultLifecycle<Question, Arc<Kept>>>,
);

impl Claim<'_> {
    /// Answers it.
    pub fn keep(self, answer: Answer) {
        let kept = Kept { answer: Arc::new(answer), room: Mutex::default() };
        // It fails only for a question that was taken out of the cache meanwhile, which nobody does.
        let _ = self.0.insert(Arc::new(kept));
    }
}
