//! Templates: one page, of the size that the header says, laid out by Typst for the density of the device.
//!
//! Typst runs on a thread of its own, because what nests deeply needs a larger stack than a process begins with; it is the only
//! one, so that the order of everything is the same each time.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};
use typst_pdf::PdfOptions;

use crate::document::{DocumentInfo, Page};
use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::picture::Picture;
use crate::raster::{Raster, Rotation, Scaling};
use crate::template::{Fields, MEDIA_TYPE, RowError, Template, TemplateError};
use crate::typeset::{self, Engine, Label};

/// Bytes of stack for Typst, which ends what nests too deeply before it has used them.
const STACK: usize = 64 << 20;

/// The density that a template is looked at for when nobody says which: the coarsest that is common.
const INSPECTED_DPMM: u32 = 8;

/// Rows of one request are checked for so long; the rest is for the next one.
const CHECKING: Duration = Duration::from_secs(1);

/// As many wrong rows are told at once.
pub(crate) const MOST_ERRORS: usize = 10;

static THREAD: OnceLock<ThreadPool> = OnceLock::new();

/// What the document is: one page, which its sample row fits on.
pub(super) fn inspect(document: &[u8], limits: &RenderLimits) -> Result<DocumentInfo, RenderError> {
    on_thread(limits, || {
        let template = Engine::of_process().template(document)?;
        let label = Engine::of_process().lay_out(document, &template.sample_row(), INSPECTED_DPMM)?;
        typeset::draw(&label, INSPECTED_DPMM, side_dots(&template, INSPECTED_DPMM)?, limits)?;
        let page = Page { pixels: None, size_um: Some((template.width_um, template.height_um)) };
        Ok(DocumentInfo { media_type: MEDIA_TYPE.to_owned(), pages: vec![page] })
    })
}

/// The picture of one row, for `raster`: one pixel is one dot.
pub(super) fn page(
    document: &[u8],
    fields: &Fields,
    raster: &Raster,
    limits: &RenderLimits,
) -> Result<Picture, RenderError> {
    on_thread(limits, || {
        let template = Engine::of_process().template(document)?;
        let size = drawn_size(&template, raster)?;
        limits.check_dots(size.0.into(), size.1.into())?;
        let label = Engine::of_process().lay_out(document, fields, raster.dpmm)?;
        typeset::draw(&label, raster.dpmm, size, limits)
    })
}

/// One row as a PDF, with codes as they are for a device of this density.
pub(crate) fn pdf(document: &[u8], fields: &Fields, dpmm: u32, limits: &RenderLimits) -> Result<Vec<u8>, RenderError> {
    limits.check_document(document)?;
    on_thread(limits, || {
        let label = Engine::of_process().lay_out(document, fields, dpmm)?;
        // It is drawn, too, so that what could not be printed is no preview.
        typeset::draw(&label, dpmm, side_dots(label.template(), dpmm)?, limits)?;
        let options = PdfOptions { tagged: false, ..PdfOptions::default() };
        typst_pdf::pdf(&label.document, &options).map_err(|errors| {
            let message =
                errors.first().map_or_else(|| "no PDF can be made of it".into(), |error| error.message.clone());
            RenderError::Template(TemplateError::new(message.to_string()))
        })
    })
}

/// Checks rows, of which the first has the number `first`, and lays each out. Says how many it came to, and what is wrong with
/// them.
pub(crate) fn check(
    document: &[u8],
    rows: &[Fields],
    first: u32,
    dpmm: u32,
    limits: &RenderLimits,
) -> Result<(u32, Vec<RowError>), RenderError> {
    limits.check_document(document)?;
    on_thread(limits, || {
        let until = Instant::now() + CHECKING;
        let template = Engine::of_process().template(document)?;
        let size = side_dots(&template, dpmm)?;
        limits.check_dots(size.0.into(), size.1.into())?;
        let mut errors = Vec::new();
        let mut checked = 0;
        for (row, fields) in (first..).zip(rows) {
            let laid_out: Result<Label, _> = Engine::of_process().lay_out(document, fields, dpmm);
            match laid_out.and_then(|label| typeset::draw(&label, dpmm, size, limits)) {
                Ok(_) => {}
                Err(RenderError::Template(error)) => errors.push(RowError { row, error }),
                Err(RenderError::Fields { errors: wrong }) => {
                    errors.extend(wrong.into_iter().map(|error| RowError { row, error: error.into() }));
                }
                Err(other) => return Err(other),
            }
            checked += 1;
            if errors.len() >= MOST_ERRORS || Instant::now() >= until {
                break;
            }
        }
        Ok((checked, errors))
    })
}

/// Width and height of a template's label in dots.
fn side_dots(template: &Template, dpmm: u32) -> Result<(u16, u16), RenderError> {
    let dots = |um: u32| u16::try_from((u64::from(um) * u64::from(dpmm) + 500) / 1_000).ok().map(|dots| dots.max(1));
    let (width, height) = (template.width_um, template.height_um);
    dots(width).zip(dots(height)).ok_or_else(|| RenderError::Raster {
        reason: format!(
            "a label of {} x {} mm has more than 65,535 dots at {dpmm} dots/mm",
            width / 1_000,
            height / 1_000
        ),
    })
}

/// How much of the label is drawn. A label is not shrunk: what is larger than the raster by up to a millimetre, as a label of 4
/// inches is than 812 dots, is cut off there, and what is larger still is refused.
fn drawn_size(template: &Template, raster: &Raster) -> Result<(u16, u16), RenderError> {
    let (width, height) = side_dots(template, raster.dpmm)?;
    if raster.scaling != Scaling::Fit {
        return Ok((width, height));
    }
    let lies = matches!(raster.rotation, Rotation::Quarter | Rotation::ThreeQuarters);
    let (across, down) = if lies { (raster.height, raster.width) } else { (raster.width, raster.height) };
    if u32::from(width) > across + raster.dpmm || u32::from(height) > down + raster.dpmm {
        let um = |dots: u32| u32::try_from(u64::from(dots) * 1_000 / u64::from(raster.dpmm)).unwrap_or(u32::MAX);
        let turned = |(width, height)| if lies { (height, width) } else { (width, height) };
        return Err(RenderError::Size {
            document_um: turned((template.width_um, template.height_um)),
            label_um: (um(raster.width), um(raster.height)),
        });
    }
    let least = |dots: u16, most: u32| dots.min(u16::try_from(most).unwrap_or(u16::MAX));
    Ok((least(width, across), least(height, down)))
}

fn on_thread<T: Send>(
    limits: &RenderLimits,
    work: impl FnOnce() -> Result<T, RenderError> + Send,
) -> Result<T, RenderError> {
    let thread = match THREAD.get() {
        Some(thread) => thread,
        None => {
            let builder = ThreadPoolBuilder::new().num_threads(1).stack_size(STACK).thread_name(|_| "typst".to_owned());
            // It fails only when there is no memory for the stack.
            let thread = builder.build().map_err(|_| limits.out_of_memory())?;
            THREAD.get_or_init(|| thread)
        }
    };
    thread.install(work)
}
