//! What can go wrong with a document, and whose fault is it?

use serde::{Deserialize, Serialize};

use crate::template::{FieldError, RowError, TemplateError};

/// Who has to do something about a [`RenderError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Whoever sent the document: sending it again will not help.
    Document,
    /// Whoever asked for the bitmap: the raster makes no sense.
    Raster,
    /// The document is more than the configured [`RenderLimits`](crate::RenderLimits) allow.
    Limit,
    /// Ours: the worker failed. The same request may work when it is made again.
    Worker,
}

/// Why there is no bitmap. The text is for people and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum RenderError {
    /// No code here reads this kind of document.
    #[error("a document of type `{media_type}` cannot be rendered; supported: {supported}")]
    MediaType {
        /// As the caller gave it.
        media_type: String,
        /// What can be rendered, comma-separated.
        supported: String,
    },
    /// Zero bytes.
    #[error("the document is empty: 0 bytes arrived")]
    Empty,
    /// The document is of another kind than it was said to be.
    #[error("not a {format}: starts with {start}")]
    WrongFormat {
        /// What it was said to be.
        format: String,
        /// Its first bytes, in hexadecimal and as text.
        start: String,
    },
    /// The document ends in the middle.
    #[error(
        "the {format} is cut off: it ends after {bytes} bytes, before the picture is complete; send the whole file"
    )]
    Truncated {
        /// What kind of document it is.
        format: String,
        /// Its length.
        bytes: u64,
    },
    /// The document breaks the rules of its format.
    #[error("the {format} is damaged: {reason}; save it again and send it anew")]
    Damaged {
        /// What kind of document it is.
        format: String,
        /// In the decoder's words.
        reason: String,
    },
    /// The document has fewer pages than the caller thinks.
    #[error("the document has {pages} page(s), so there is no page at index {page}")]
    NoSuchPage {
        /// From 0.
        page: u32,
        /// How many there are.
        pages: u32,
    },
    /// It is protected by a password.
    #[error("the {format} is protected by a password; save it without one and send it anew")]
    Protected {
        /// What kind of document it is.
        format: String,
    },
    /// It names another file.
    #[error("the {format} refers to `{name}`, and a document can refer to nothing outside of itself; embed it")]
    Reference {
        /// What kind of document it is.
        format: String,
        /// As the document writes it.
        name: String,
    },
    /// Its size is not the label's, and [`Scaling::Exact`](crate::Scaling::Exact) was asked for.
    #[error("the document is {} and the label {}; load labels of its size, or print it with the scaling `fit` or `crop`",
        millimetres(*.document_um), millimetres(*.label_um))]
    Size {
        /// Width and height of the page, after its turn, in micrometres.
        document_um: (u32, u32),
        /// Width and height of the raster in micrometres.
        label_um: (u32, u32),
    },
    /// A template is wrong, or cannot make a label of this row.
    #[error("the template is not right: {0}")]
    Template(TemplateError),
    /// The values do not fit the fields of the template.
    #[error("{}", each(errors))]
    Fields {
        /// At least one.
        errors: Vec<FieldError>,
    },
    /// Rows from which no label can be made.
    #[error("{}{}", each(errors), if *.more { "; and there may be more" } else { "" })]
    Rows {
        /// The first of them, in their order; at least one.
        errors: Vec<RowError>,
        /// Whether there may be more.
        more: bool,
    },
    /// It nests so deeply that the stack was at its end.
    #[error("the document nests too deeply to be drawn; make it simpler")]
    Depth,
    /// A decoder gave up in a way that it should not.
    #[error("the {media_type} document makes its decoder fail ({reason}); save it in another way, or send it as a PNG")]
    Decoder {
        /// What the document was said to be.
        media_type: String,
        /// What happened.
        reason: String,
    },
    /// The raster cannot be made.
    #[error("no bitmap can be made: {reason}")]
    Raster {
        /// Which field is wrong.
        reason: String,
    },
    /// The page has more pixels than allowed.
    #[error(
        "the page has {width} x {height} = {dots} pixels, and at most {limit} are rendered; send a smaller picture"
    )]
    PageDots {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// `width` x `height`.
        dots: u64,
        /// [`RenderLimits::dots`](crate::RenderLimits::dots).
        limit: u64,
    },
    /// The raster has more dots than allowed.
    #[error("a bitmap of {width} x {height} = {dots} dots was asked for, and at most {limit} are rendered")]
    RasterDots {
        /// In dots.
        width: u32,
        /// In dots.
        height: u32,
        /// `width` x `height`.
        dots: u64,
        /// [`RenderLimits::dots`](crate::RenderLimits::dots).
        limit: u64,
    },
    /// The document is too long to be sent to a worker.
    #[error("the document is {bytes} bytes long, and at most {limit} are rendered; send a smaller one")]
    DocumentBytes {
        /// Its length.
        bytes: u64,
        /// [`RenderLimits::document_bytes`](crate::RenderLimits::document_bytes).
        limit: u64,
    },
    /// The document has too many pages.
    #[error("the document has {pages} pages, and at most {limit} are rendered; send it in parts")]
    Pages {
        /// How many it has.
        pages: u32,
        /// [`RenderLimits::pages`](crate::RenderLimits::pages).
        limit: u32,
    },
    /// The worker would need, or wanted, more memory than it has.
    #[error(
        "rendering the document needs more than the {limit_bytes} bytes of memory that it may take; send a smaller picture"
    )]
    Memory {
        /// [`RenderLimits::memory_bytes`](crate::RenderLimits::memory_bytes).
        limit_bytes: u64,
    },
    /// The worker was killed because its time was over.
    #[error(
        "rendering the document took longer than the {limit_ms} ms that it may take, and was stopped; send a simpler one"
    )]
    Deadline {
        /// [`RenderLimits::time_ms`](crate::RenderLimits::time_ms).
        limit_ms: u32,
    },
    /// No worker could be started.
    #[error("the render worker `{program}` did not start: {reason}")]
    WorkerStart {
        /// The program that was tried.
        program: String,
        /// In the operating system's words.
        reason: String,
    },
    /// The worker ended while it had a request.
    #[error("the render worker ended in the middle of a request: {status}")]
    WorkerDied {
        /// How it ended, and the last that it wrote on its standard error.
        status: String,
    },
    /// One side said something that the other does not understand, or the worker panicked.
    #[error("the render worker failed: {reason}")]
    WorkerFault {
        /// What was wrong.
        reason: String,
    },
}

impl RenderError {
    /// Who has to do something about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::MediaType { .. }
            | Self::Empty
            | Self::WrongFormat { .. }
            | Self::Truncated { .. }
            | Self::Damaged { .. }
            | Self::NoSuchPage { .. }
            | Self::Protected { .. }
            | Self::Reference { .. }
            | Self::Size { .. }
            | Self::Template(_)
            | Self::Fields { .. }
            | Self::Rows { .. }
            | Self::Depth
            | Self::Decoder { .. } => ErrorClass::Document,
            Self::Raster { .. } => ErrorClass::Raster,
            Self::PageDots { .. }
            | Self::RasterDots { .. }
            | Self::DocumentBytes { .. }
            | Self::Pages { .. }
            | Self::Memory { .. }
            | Self::Deadline { .. } => ErrorClass::Limit,
            Self::WorkerStart { .. } | Self::WorkerDied { .. } | Self::WorkerFault { .. } => ErrorClass::Worker,
        }
    }
}

/// `101.5 x 152.3 mm`
fn millimetres((width, height): (u32, u32)) -> String {
    let [width, height] = [width, height].map(|um| f64::from(um) / 1_000.0);
    format!("{width:.1} x {height:.1} mm")
}

fn each<T: ToString>(errors: &[T]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
