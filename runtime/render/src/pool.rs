//! Which worker takes a request?
//!
//! 1. The request waits for one of `workers` places; this waiting has no deadline.
//! 2. It takes the worker that was idle for the shortest time, or starts one when none is idle.
//! 3. It has [`RenderLimits::time_ms`] for everything from there on, and the worker is killed when they are over.
//! 4. The worker goes back to the idle ones, unless it failed or has served its number of requests: then it is ended and
//!    waited for.
//! 5. When it died, the request gets a second chance with another worker. When that dies too, and one that is asked something
//!    harmless lives, it is the document that kills them.
//!
//! Answers are kept by content, so that a label that is printed again, or previewed and then printed, is rendered once. Who asks
//! what somebody else has asked and not been answered yet waits for that answer.
//!
//! Rows of a template are checked in portions, which the workers share.
//!
//! A caller that drops its future kills the worker that was busy for it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::bitmap::Bitmap;
use crate::cache::{Answer, Cache, Content, Question};
use crate::document::DocumentInfo;
use crate::document::template::MOST_ERRORS;
use crate::error::{ErrorClass, RenderError};
use crate::limits::RenderLimits;
use crate::process::{Worker, WorkerCommand};
use crate::protocol::{Output, Reply, Request};
use crate::raster::Raster;
use crate::template::{Fields, MEDIA_TYPE as TEMPLATE, RowError};

/// Rows of a template that a worker checks in one request at most.
const PORTION: usize = 100;

/// How many workers there are, and how long they live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Workers at the same time, busy or idle; the number of cores by default.
    pub workers: NonZeroU32,
    /// Requests after which a worker is replaced by a fresh one, so that nothing can pile up in it; 1,000 by default.
    pub requests_per_worker: NonZeroU32,
    /// Bytes of answers to keep; 64 MiB by default, 0 for none.
    pub cache_bytes: u64,
}

impl Default for PoolSize {
    fn default() -> Self {
        let cores = available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok());
        Self {
            workers: cores.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN),
            requests_per_worker: const { NonZeroU32::new(1_000).unwrap() },
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// What came of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendered {
    /// For [`Output::Bitmap`].
    Bitmap(Bitmap),
    /// For [`Output::Png`]: the file.
    Png(Vec<u8>),
    /// For [`Output::Pdf`]: the file.
    Pdf(Vec<u8>),
}

impl Rendered {
    /// A worker's answer, if it can be one.
    fn of(body: Vec<u8>, raster: Raster, output: Output) -> Option<Self> {
        let Raster { width, height, .. } = raster;
        match output {
            Output::Bitmap if body.len() as u64 != raster.bitmap_bytes() => None,
            Output::Bitmap => Some(Self::Bitmap(Bitmap { width, height, stride: raster.stride(), data: body })),
            Output::Png | Output::Pdf if body.is_empty() => None,
            Output::Png => Some(Self::Png(body)),
            Output::Pdf => Some(Self::Pdf(body)),
        }
    }
}

impl Answer {
    fn rendered(&self) -> Result<Rendered, RenderError> {
        if let Self::Rendered(rendered) = self { Ok(rendered.clone()) } else { Err(misfit()) }
    }

    fn inspected(&self) -> Result<DocumentInfo, RenderError> {
        if let Self::Inspected(info) = self { Ok(info.clone()) } else { Err(misfit()) }
    }
}

/// The workers. Cheap to clone; all clones share them. Workers are bound to the tokio runtime on which a request started them,
/// so all requests should be made on one.
#[derive(Debug, Clone)]
pub struct RenderPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: RenderLimits,
    size: PoolSize,
    command: WorkerCommand,
    cache: Cache,
    /// One permit for each worker that may be busy.
    places: Semaphore,
    /// The last one was busy last. Not a tokio mutex, because nothing awaits while it is held.
    idle: Mutex<Vec<Worker>>,
}

impl RenderPool {
    /// A pool of the default size. No worker is started before the first request.
    pub fn new(limits: RenderLimits, command: WorkerCommand) -> Self {
        Self::with_size(limits, command, PoolSize::default())
    }

    /// A pool of another size.
    pub fn with_size(limits: RenderLimits, command: WorkerCommand, size: PoolSize) -> Self {
        let places = usize::try_from(size.workers.get()).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let shared = Shared {
            limits,
            size,
            command,
            cache: Cache::new(size.cache_bytes),
            places: Semaphore::new(places),
            idle: Mutex::new(Vec::new()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Renders the first page of a document.
    ///
    /// `media_type` is one of [`MEDIA_TYPES`](crate::MEDIA_TYPES), with or without parameters.
    pub async fn render(
        &self,
        document: &[u8],
        media_type: &str,
        raster: Raster,
        output: Output,
    ) -> Result<Rendered, RenderError> {
        self.render_page(document, media_type, 0, raster, output).await
    }

    /// Renders the page at index `page`. A template has no fields then.
    pub async fn render_page(
        &self,
        document: &[u8],
        media_type: &str,
        page: u32,
        raster: Raster,
        output: Output,
    ) -> Result<Rendered, RenderError> {
        self.render_body(document, 0, media_type, page, raster, output).await
    }

    /// Renders a template with the values of its fields: one label. Only [`Output::Pdf`] takes nothing of `raster` but its
    /// density.
    pub async fn render_label(
        &self,
        template: &[u8],
        fields: &Fields,
        raster: Raster,
        output: Output,
    ) -> Result<Rendered, RenderError> {
        let row = json(fields)?;
        self.render_body(&[template, &row].concat(), row.len(), TEMPLATE, 0, raster, output).await
    }

    /// The last `row_bytes` of the body are fields.
    async fn render_body(
        &self,
        document: &[u8],
        row_bytes: usize,
        media_type: &str,
        page: u32,
        raster: Raster,
        output: Output,
    ) -> Result<Rendered, RenderError> {
        raster.check(&self.shared.limits)?;
        let row_bytes = row_bytes as u64;
        let request = Request::Render { media_type: media_type.to_owned(), page, raster, output, row_bytes };
        let question = Question::of(Content::of(document), &request);
        let claim = match self.shared.cache.answer(&question).await {
            Ok(answer) => return answer.rendered(),
            Err(claim) => claim,
        };
        let rendered = match self.shared.request(&request, document, self.shared.max_body(raster, output)).await? {
            (Reply::Rendered, body) => Rendered::of(body, raster, output).ok_or_else(misfit)?,
            (Reply::Failed { error }, _) => return Err(error),
            (Reply::Inspected(_) | Reply::Checked { .. }, _) => return Err(misfit()),
        };
        claim.keep(Answer::Rendered(rendered.clone()));
        Ok(rendered)
    }

    /// Checks rows against a template, and lays each out for a device of `dpmm` dots a millimetre, so that nothing is wrong with
    /// a row once printing has begun: [`RenderError::Rows`] says which of them are wrong, with their numbers from 1.
    pub async fn check_rows(&self, template: &[u8], rows: &[Fields], dpmm: u32) -> Result<(), RenderError> {
        Raster::new(dpmm, 1, 1).check(&self.shared.limits)?;
        let template: Arc<[u8]> = template.into();
        let mut portions = (1..).step_by(PORTION).zip(rows.chunks(PORTION));
        let mut checks = JoinSet::new();
        let mut errors: Vec<RowError> = Vec::new();
        let mut more = false;
        loop {
            while checks.len() < self.shared.size.workers.get() as usize && errors.len() < MOST_ERRORS {
                let Some((first, rows)) = portions.next() else { break };
                let (shared, template, rows) = (Arc::clone(&self.shared), Arc::clone(&template), rows.to_vec());
                checks.spawn(async move { shared.check_portion(&template, &rows, first, dpmm).await });
            }
            let Some(checked) = checks.join_next().await else { break };
            let (found, all) =
                checked.map_err(|_| RenderError::WorkerFault { reason: "a check ended".to_owned() })??;
            errors.extend(found);
            more |= !all;
        }
        if errors.is_empty() {
            return Ok(());
        }
        more |= portions.next().is_some() || errors.len() > MOST_ERRORS;
        errors.sort_by_key(|error| error.row);
        errors.truncate(MOST_ERRORS);
        Err(RenderError::Rows { errors, more })
    }

    /// Says what a document is: its pages and their sizes. A document of pixels is read in full, so that one which is accepted
    /// can be rendered, unless its pixels need more memory or time than there is; pages of outlines are drawn only when they
    /// are rendered.
    pub async fn inspect(&self, document: &[u8], media_type: &str) -> Result<DocumentInfo, RenderError> {
        self.inspect_ahead(document, media_type, None).await
    }

    /// The same, when it is to be expected that the first page will be `wanted` next: a document of pixels, which is read in full
    /// anyway, is rendered along with it, and [`render_page`](Self::render_page) finds the answer. Not while much waits that
    /// was rendered like this; and what is wrong with that alone is told by `render_page`.
    pub async fn inspect_ahead(
        &self,
        document: &[u8],
        media_type: &str,
        wanted: Option<(Raster, Output)>,
    ) -> Result<DocumentInfo, RenderError> {
        let content = Content::of(document);
        let request = Request::Inspect { media_type: media_type.to_owned(), wanted: None };
        let claim = match self.shared.cache.answer(&Question::of(content, &request)).await {
            Ok(answer) => return answer.inspected(),
            Err(claim) => claim,
        };
        let ahead = match wanted {
            Some(wanted) => self.shared.inspect_and_render(document, content, media_type, wanted).await,
            None => None,
        };
        let info = match ahead {
            Some(info) => info,
            None => match self.shared.request(&request, document, 0).await? {
                (Reply::Inspected(info), _) => info,
                (Reply::Failed { error }, _) => return Err(error),
                (Reply::Rendered | Reply::Checked { .. }, _) => return Err(misfit()),
            },
        };
        claim.keep(Answer::Inspected(info.clone()));
        Ok(info)
    }

    /// Workers that wait for a request.
    pub fn idle_workers(&self) -> usize {
        self.shared.idle.lock().len()
    }

    /// Ends the idle workers and waits until they are gone, for an orderly end of the program. A later request starts new ones.
    pub async fn end_idle(&self) {
        let idle = std::mem::take(&mut *self.shared.idle.lock());
        for worker in idle {
            worker.end().await;
        }
    }
}

impl Shared {
    /// What a document is; what is wanted of its first page is kept for who asks. Nothing where that cannot be had at once.
    async fn inspect_and_render(
        &self,
        document: &[u8],
        content: Content,
        media_type: &str,
        (raster, output): (Raster, Output),
    ) -> Option<DocumentInfo> {
        let max_body = self.max_body(raster, output);
        let room = self.cache.room(max_body)?;
        let request = Request::Inspect { media_type: media_type.to_owned(), wanted: Some((raster, output)) };
        let Ok((Reply::Inspected(info), body)) = self.request(&request, document, max_body).await else { return None };
        if let Some(rendered) = Rendered::of(body, raster, output) {
            let media_type = info.media_type.clone();
            let request = Request::Render { media_type, page: 0, raster, output, row_bytes: 0 };
            self.cache.keep_ahead(&Question::of(content, &request), Answer::Rendered(rendered), room);
        }
        Some(info)
    }

    /// The longest reply.
    fn max_body(&self, raster: Raster, output: Output) -> u64 {
        match output {
            Output::Bitmap => raster.bitmap_bytes(),
            // An incompressible PNG has a filter byte for each row, and what deflate and chunks add.
            Output::Png => raster.bitmap_bytes() * 2 + 64 * 1024,
            Output::Pdf => self.limits.document_bytes(),
        }
    }

    /// What is wrong with these rows, and whether all were looked at.
    async fn check_portion(
        &self,
        template: &[u8],
        rows: &[Fields],
        first: u32,
        dpmm: u32,
    ) -> Result<(Vec<RowError>, bool), RenderError> {
        let mut rows = rows;
        let mut first = first;
        let mut errors = Vec::new();
        while !rows.is_empty() && errors.len() < MOST_ERRORS {
            let json = json(rows)?;
            let request = Request::Check { dpmm, first, row_bytes: json.len() as u64 };
            match self.request(&request, &[template, &json].concat(), 0).await? {
                (Reply::Checked { rows: checked @ 1.., errors: found }, _) => {
                    errors.extend(found);
                    rows = rows.get(checked as usize..).unwrap_or_default();
                    first += checked;
                }
                (Reply::Failed { error }, _) => return Err(error),
                _ => return Err(misfit()),
            }
        }
        Ok((errors, rows.is_empty()))
    }

    async fn request(
        &self,
        request: &Request,
        document: &[u8],
        max_body: u64,
    ) -> Result<(Reply, Vec<u8>), RenderError> {
        self.limits.check_document(document)?;
        match self.attempt(request, document, max_body).await {
            Err(RenderError::WorkerDied { .. }) => {}
            answer => return answer,
        }
        let (status, media_type) = match (self.attempt(request, document, max_body).await, request) {
            (
                Err(RenderError::WorkerDied { status }),
                Request::Render { media_type, .. } | Request::Inspect { media_type, .. },
            ) => (status, media_type.clone()),
            (Err(RenderError::WorkerDied { status }), Request::Check { .. }) => (status, TEMPLATE.to_owned()),
            (answer, _) => return answer,
        };
        // Is it the document, or are workers unable to live here?
        let probe = Request::Inspect { media_type: String::new(), wanted: None };
        Err(match self.attempt(&probe, &[0], 0).await {
            Ok(_) => RenderError::Decoder { media_type, reason: status },
            Err(_) => RenderError::WorkerDied { status },
        })
    }

    async fn attempt(
        &self,
        request: &Request,
        document: &[u8],
        max_body: u64,
    ) -> Result<(Reply, Vec<u8>), RenderError> {
        let place = self.places.acquire().await;
        let _place = place.map_err(|_| RenderError::WorkerFault { reason: "the pool is closed".to_owned() })?;

        // Outside of the time-limited future, so that a worker whose time is over can be waited for.
        let mut busy = self.take_idle();
        let time = Duration::from_millis(self.limits.time_ms.into());
        let exchange = timeout(time, async {
            let worker = match &mut busy {
                Some(worker) => worker,
                none => none.insert(Worker::start(&self.command, &self.limits).await?),
            };
            Ok::<_, RenderError>(worker.exchange(request, document, max_body).await)
        });
        let Ok(exchanged) = exchange.await else {
            if let Some(worker) = busy {
                worker.end().await;
            }
            return Err(RenderError::Deadline { limit_ms: self.limits.time_ms });
        };
        let exchanged = exchanged?;
        let Some(worker) = busy else {
            return Err(RenderError::WorkerFault { reason: "no worker".to_owned() });
        };
        match exchanged {
            Ok((reply, body)) => {
                self.put_back(worker, &reply).await;
                Ok((reply, body))
            }
            Err(error) => Err(worker.failure(error, &self.limits).await),
        }
    }

    fn take_idle(&self) -> Option<Worker> {
        // One that died while it was idle is dropped here; it is no fault of this request.
        std::iter::from_fn(|| self.idle.lock().pop()).find_map(|mut worker| worker.is_alive().then_some(worker))
    }

    async fn put_back(&self, worker: Worker, reply: &Reply) {
        let faulty = matches!(reply, Reply::Failed { error }
            if error.class() == ErrorClass::Worker || matches!(error, RenderError::Decoder { .. }));
        if faulty || worker.served >= self.size.requests_per_worker.get() {
            worker.end().await;
        } else {
            self.idle.lock().push(worker);
        }
    }
}

fn json(fields: &(impl serde::Serialize + ?Sized)) -> Result<Vec<u8>, RenderError> {
    serde_json::to_vec(fields).map_err(|error| RenderError::WorkerFault { reason: error.to_string() })
}

fn misfit() -> RenderError {
    RenderError::WorkerFault { reason: "its reply does not fit the request".to_owned() }
}
