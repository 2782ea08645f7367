//! Print jobs and their labels, for every machine type that prints.
//!
//! The host keeps a ledger of each label, and the driver writes into it around the bytes: [`PrintJob::label_started`]
//! before the first byte of a label, [`PrintJob::label_done`] when it knows as much as it ever will. A call that ends
//! after a byte left, with neither `label_done` nor an error whose outcome is
//! [`Outcome::NotPrinted`](crate::Outcome::NotPrinted), makes the job `unknown`: nothing of it is printed again until
//! a person says so.

use std::ops::Range;

use futures::future::join;

use crate::__private::printing::ostler::printing::jobs;
use crate::value::read;
use crate::{FromValue, Result};

pub use crate::__private::printing::ostler::printing::jobs::{
    Bitmap, Halftone, LoadedMedia, Proof, Raster, Rotation, Scaling,
};

/// What to print: one job on one machine.
#[derive(Debug)]
pub struct PrintJob(jobs::PrintJob);

impl PrintJob {
    /// The host's number of the job.
    pub fn id(&self) -> u64 {
        self.0.id()
    }

    /// How often each label is to be printed: 1 to 999.
    pub fn copies(&self) -> u32 {
        self.0.copies()
    }

    /// How many labels the job has.
    pub fn label_count(&self) -> u32 {
        self.0.label_count()
    }

    /// The label to begin with: 0, or the first one that an earlier attempt did not finish.
    pub fn first_label(&self) -> u32 {
        self.0.first_label()
    }

    /// The labels that are still to be printed, in order.
    pub fn labels_left(&self) -> Range<u32> {
        self.first_label()..self.label_count()
    }

    /// An option of the job, of the kind that `printing_options` declared; nothing when the job does not set it.
    pub fn option<T: FromValue>(&self, key: &str) -> Result<Option<T>> {
        self.0.get_option(key).map(|value| read(key, &value)).transpose()
    }

    /// Whether somebody cancelled the job. Waiting calls notice by themselves.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// The label at `index`, which must be below [`label_count`](Self::label_count).
    pub fn label(&self, index: u32) -> Result<Label> {
        Ok(Label(self.0.label(index)?))
    }

    /// Says that label `index`, with all its copies, is about to be sent. Committed when it returns. Until then the
    /// host refuses writes to the device.
    pub async fn label_started(&self, index: u32) -> Result<()> {
        Ok(self.0.label_started(index).await?)
    }

    /// [`label_started`](Self::label_started), and `work` while the host commits that: whatever can be made ready without the
    /// device, such as the first bytes of the label. Returns what `work` made, once the label is started; an error of the
    /// host's goes first.
    ///
    /// Keep `work` to moments. If the host ends during it, nobody knows that no byte was sent, and the label is in doubt.
    ///
    /// ```
    /// # use ostler_sdk::printing::{Bitmap, PrintJob};
    /// # use ostler_sdk::{Connection, Result};
    /// # fn compress(dots: &Bitmap) -> Vec<u8> { dots.data.clone() }
    /// # async fn print(job: &PrintJob, index: u32, dots: &Bitmap, printer: &Connection) -> Result<()> {
    /// let bytes = job.label_started_while(index, async { compress(dots) }).await?;
    /// printer.write_all(&bytes).await
    /// # }
    /// ```
    pub async fn label_started_while<T>(&self, index: u32, work: impl Future<Output = T>) -> Result<T> {
        // The host is asked first: it goes to work with the question.
        let (started, made) = join(self.label_started(index), work).await;
        started.map(|()| made)
    }

    /// Says that label `index` is finished, and how sure that is. It counts from here on, however the call ends, and costs no
    /// wait: it is committed with the next [`label_started`](Self::label_started) or with the end of the job, and by itself
    /// some milliseconds later if neither comes. A power cut before that leaves the label in doubt.
    pub async fn label_done(&self, index: u32, proof: Proof) -> Result<()> {
        Ok(self.0.label_done(index, proof).await?)
    }
}

impl From<jobs::PrintJob> for PrintJob {
    fn from(handle: jobs::PrintJob) -> Self {
        Self(handle)
    }
}

/// One label of a job.
#[derive(Debug)]
pub struct Label(jobs::Label);

impl Label {
    /// Width and height in micrometres, when the document declares them.
    pub async fn size(&self) -> Result<Option<(u32, u32)>> {
        Ok(self.0.size().await?)
    }

    /// The data that the label was made from, as key and value; empty for a plain document.
    pub fn fields(&self) -> Vec<(String, String)> {
        self.0.fields()
    }

    /// The document's own bytes when it is of this media type (`image/png`), else nothing.
    pub fn raw(&self, mime: &str) -> Option<Vec<u8>> {
        self.0.raw(mime)
    }

    /// The label as black and white dots. The host renders it; other calls go on meanwhile.
    pub async fn bitmap(&self, raster: &Raster) -> Result<Bitmap> {
        Ok(self.0.bitmap(*raster).await?)
    }

    /// The same dots as a PNG file.
    pub async fn png(&self, raster: &Raster) -> Result<Vec<u8>> {
        Ok(self.0.png(*raster).await?)
    }
}

impl Raster {
    /// A raster of this density in dots per millimetre and this size in dots: black and white by threshold, upright,
    /// made to fit. Other fields are changed with `Raster { halftone: .., ..Raster::new(..) }`.
    pub fn new(dpmm: u32, width: u32, height: u32) -> Self {
        Self {
            dpmm,
            width,
            height,
            halftone: Halftone::Threshold,
            threshold: 128,
            rotation: Rotation::None,
            scaling: Scaling::Fit,
            offset_x: 0,
            offset_y: 0,
            invert: false,
            mirror: false,
        }
    }
}
