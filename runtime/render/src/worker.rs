//! What runs in the child process?
//!
//! A loop over the frames of [`protocol`]. Whatever arrives, it ends in a reply or in the end of the process,
//! never in silence: a request that cannot be understood is answered with an error; after a frame that cannot be
//! delimited, or after a panic, the process ends with a code that is not 0.

use std::any::Any;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::confine;
use crate::document::{self, DocumentInfo, template};
use crate::error::RenderError;
use crate::limits::RenderLimits;
use crate::protocol::{self, Output, Reply, Request};
use crate::raster::Raster;
use crate::render;
use crate::template::{Fields, MEDIA_TYPE as TEMPLATE};

/// Characters of a panic's message that are passed on.
const LONGEST_REASON: usize = 300;

/// Longest body of the first frame, which has none.
const NO_BODY: u64 = 0;

/// Serves requests on standard input and output until the input ends. To be called first in a process that has no other threads
/// and no secrets.
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent reads this when it finds the worker dead; when it is gone too, nobody needs to know.
            let _ = writeln!(io::stderr(), "render worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut input = io::stdin().lock();
    // Not `Stdout`, which looks for line ends in everything.
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let Some(limits) = read_limits(&mut input)? else {
        return Ok(());
    };
    confine::end_with_parent()?;
    confine::confine(&limits)?;
    loop {
        let (header, document) = match protocol::read(&mut input, limits.document_bytes()) {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(()),
            Err(error) => {
                let reason = format!("unreadable request: {error}");
                fail(&mut output, RenderError::WorkerFault { reason })?;
                return Err(error);
            }
        };
        confine::allow_time(&limits)?;
        let answered = catch_unwind(AssertUnwindSafe(|| answer(&header, &document, &limits)));
        match answered {
            Ok(Ok((reply, body))) => protocol::write(&mut output, &reply, &body)?,
            Ok(Err(error)) => fail(&mut output, error)?,
            Err(panic) => {
                fail(&mut output, gave_up(&header, &*panic))?;
                return Err(io::Error::other("panicked"));
            }
        }
    }
}

fn read_limits(input: &mut impl Read) -> io::Result<Option<RenderLimits>> {
    let Some((header, _)) = protocol::read(input, NO_BODY)? else {
        return Ok(None);
    };
    match serde_json::from_slice(&header)? {
        Request::Limits(limits) => Ok(Some(limits)),
        Request::Render { .. } | Request::Inspect { .. } | Request::Check { .. } => {
            Err(io::Error::other("the limits must come first"))
        }
    }
}

fn fail(output: &mut impl Write, error: RenderError) -> io::Result<()> {
    protocol::write(output, &Reply::Failed { error }, &[])
}

/// The error for a panic. Decoders panic on what their authors did not think of, so it is the document's.
fn gave_up(header: &[u8], panic: &(dyn Any + Send)) -> RenderError {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let reason = words.unwrap_or("it panicked").chars().take(LONGEST_REASON).collect();
    match serde_json::from_slice(header) {
        Ok(Request::Render { media_type, .. } | Request::Inspect { media_type, .. }) => {
            RenderError::Decoder { media_type, reason }
        }
        Ok(Request::Check { .. }) => RenderError::Decoder { media_type: TEMPLATE.to_owned(), reason },
        Ok(Request::Limits(_)) | Err(_) => RenderError::WorkerFault { reason },
    }
}

fn answer(header: &[u8], document: &[u8], limits: &RenderLimits) -> Result<(Reply, Vec<u8>), RenderError> {
    let fault = |reason: String| RenderError::WorkerFault { reason };
    match serde_json::from_slice(header).map_err(|error| fault(format!("unreadable request: {error}")))? {
        Request::Limits(_) => Err(fault("the limits are set once".to_owned())),
        Request::Inspect { media_type, wanted } => {
            let both = wanted.and_then(|wanted| inspect_and_render(&media_type, document, wanted, limits));
            let (info, body) = match both {
                Some(both) => both,
                None => (document::inspect(&media_type, document, limits)?, Vec::new()),
            };
            Ok((Reply::Inspected(info), body))
        }
        Request::Render { media_type, page, raster, output, row_bytes } => {
            raster.check(limits)?;
            let (document, row) = split(document, row_bytes)?;
            let fields = if row.is_empty() { Fields::new() } else { json(row)? };
            if output == Output::Pdf {
                if !document::is_template(&media_type)? {
                    let reason = format!("a PDF is made of templates only, and this is `{media_type}`");
                    return Err(RenderError::Raster { reason });
                }
                return Ok((Reply::Rendered, template::pdf(document, &fields, raster.dpmm, limits)?));
            }
            let picture = document::page(&media_type, document, page, &fields, &raster, limits)?;
            Ok((Reply::Rendered, render::output(picture, &raster, output, limits)?))
        }
        Request::Check { dpmm, first, row_bytes } => {
            let (document, rows) = split(document, row_bytes)?;
            let rows: Vec<Fields> = json(rows)?;
            let (rows, errors) = template::check(document, &rows, first, dpmm, limits)?;
            Ok((Reply::Checked { rows, errors }, Vec::new()))
        }
    }
}

/// What a document of pixels is, and what is wanted of its page, both by decoding it once. Nothing where one of them does not
/// come of that: it is asked for alone then, and told what is wrong.
fn inspect_and_render(
    media_type: &str,
    document: &[u8],
    (raster, output): (Raster, Output),
    limits: &RenderLimits,
) -> Option<(DocumentInfo, Vec<u8>)> {
    if output == Output::Pdf {
        return None;
    }
    let (info, picture) = document::inspect_with_picture(media_type, document, limits)?;
    let body = render::output(picture, &raster, output, limits).ok()?;
    Some((info, body))
}

/// A body as the document, and the JSON behind it.
fn split(body: &[u8], row_bytes: u64) -> Result<(&[u8], &[u8]), RenderError> {
    let at = usize::try_from(row_bytes).ok().and_then(|bytes| body.len().checked_sub(bytes));
    let parts = at.and_then(|at| body.split_at_checked(at));
    parts.ok_or_else(|| RenderError::WorkerFault { reason: "a body shorter than its rows".to_owned() })
}

fn json<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, RenderError> {
    serde_json::from_slice(json)
        .map_err(|error| RenderError::WorkerFault { reason: format!("unreadable rows: {error}") })
}
