//! Answers by content: which request about which bytes has been answered before, or is being answered now?

use quick_cache::sync::{Cache as Entries, DefaultLifecycle, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};
use sha2::{Digest, Sha256};

use crate::document::DocumentInfo;
use crate::pool::Rendered;
use crate::protocol::Request;

/// Bytes that an answer takes beside its own.
const OVERHEAD: usize = 256;

/// What was asked: the digests of document and request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question([u8; 32], [u8; 32]);

impl Question {
    /// About `document`.
    pub fn of(document: &[u8], request: &Request) -> Self {
        // All that a request says is in its JSON, which is how it travels too.
        let request = serde_json::to_vec(request).unwrap_or_default();
        Self(Sha256::digest(document).into(), Sha256::digest(request).into())
    }
}

/// What was answered. Errors are not kept: the next time there may be more memory or time.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Rendered(Rendered),
    Inspected(DocumentInfo),
}

/// The least recently used answers go first.
#[derive(Debug)]
pub(crate) struct Cache(Entries<Question, Answer, Bytes>);

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Question, Answer> for Bytes {
    fn weight(&self, _: &Question, answer: &Answer) -> u64 {
        let bytes = match answer {
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
        Self(Entries::with_weighter(entries, bytes, Bytes))
    }

    /// The answer, if it is there or somebody is about to find it; else the question is the caller's to answer, and others wait
    /// for that.
    pub async fn answer(&self, question: &Question) -> Result<Answer, Claim<'_>> {
        self.0.get_value_or_guard_async(question).await.map_err(Claim)
    }
}

/// A question that its holder answers. When this is dropped without an answer, the next who waits has the question.
pub(crate) struct Claim<'a>(
    PlaceholderGuard<'a, Question, Answer, Bytes, DefaultHashBuilder, DefaultLifecycle<Question, Answer>>,
);

impl Claim<'_> {
    /// Answers it.
    pub fn keep(self, answer: &Answer) {
        // It fails only for a question that was taken out of the cache meanwhile, which nobody does.
        let _ = self.0.insert(answer.clone());
    }
}
