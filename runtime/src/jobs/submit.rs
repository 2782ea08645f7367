//! From a document to an acknowledged job. What cannot be printed is refused here, before anything is stored.

use super::{Intake, ahead, options};
use crate::{
    broker::{Machine, Services},
    model::{
        Digest, DriverError, Fields, JobRecord, LoadedMedia, MachineId, NewJob, RequestKey, Value, media::millimetres,
    },
    store::StoreError,
};
use ostler_render::{
    DocumentInfo, ErrorClass, RenderError,
    template::{self, RowError, Template},
};
use std::collections::BTreeMap;
use thiserror::Error;

/// The most labels of a template in one job.
const MOST_ROWS: usize = 10_000;

/// The option that says what happens to a document of another size. A job that sets it has decided, and is not measured.
const SCALING: &str = "scaling";
/// The option by which the document is turned before it is measured.
const ROTATION: &str = "rotation";
/// The media type of documents in ZPL.
const ZPL: &str = "application/vnd.zebra-zpl";

/// What somebody wants printed.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The document's bytes.
    pub document: Vec<u8>,
    /// Its media type; guessed from its first bytes when it says nothing.
    pub media_type: Option<String>,
    /// What to call the job.
    pub title: String,
    /// How often each label is printed.
    pub copies: u32,
    /// Options of the driver, as they were typed.
    pub options: BTreeMap<String, serde_json::Value>,
    /// Values for the places in a document that has some: one set a label.
    pub fields: Vec<Fields>,
    /// The client's name for this request: who sends it again gets the same job.
    pub key: Option<String>,
    /// Who wants it.
    pub by: String,
}

/// Why a submission is refused.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// This kind of machine prints nothing.
    #[error("'{machine}' is a {machine_type}, which prints nothing")]
    DoesNotPrint {
        /// The machine's name.
        machine: String,
        /// Its type's name.
        machine_type: String,
    },
    /// Too few or too many copies.
    #[error("{0} copies cannot be printed: ask for 1 to 999")]
    Copies(String),
    /// Options that the machine does not take, or values that they do not take: one sentence each.
    #[error("{}", .0.join("\n"))]
    Options(Vec<String>),
    /// Nobody can say which options there are.
    #[error(
        "which options '{machine}' takes is not known before its driver has run: wait until it is ready (`ostler machine show` tells why it is not), or print without options"
    )]
    OptionsUnknown {
        /// The machine's name.
        machine: String,
    },
    /// The driver could not say which options there are.
    #[error("the driver did not say which options there are: {0}")]
    OptionsFailed(DriverError),
    /// The document is not what it should be.
    #[error("the document cannot be printed: {0}")]
    Document(RenderError),
    /// Nothing here reads such a document.
    #[error("the document cannot be printed: {0}")]
    Format(String),
    /// A label is larger than what is loaded.
    #[error("label {label} is {} x {} mm, but '{machine}' has {} loaded. {advice}", millimetres(.size_um.0), millimetres(.size_um.1), media.describe())]
    Media {
        /// The label's number, from 1.
        label: usize,
        /// Its width and height in micrometres, after it was turned.
        size_um: (u32, u32),
        /// The machine's name.
        machine: String,
        /// What is loaded.
        media: LoadedMedia,
        /// What to do.
        advice: &'static str,
    },
    /// There are values for more or fewer labels than the document has.
    #[error(
        "there are fields for {rows} labels, and the document has {labels}: give one set of fields for each label, or none"
    )]
    Fields {
        /// How many sets of fields there are.
        rows: usize,
        /// How many labels there are.
        labels: usize,
    },
    /// Rows that do not fit the template, or of which no label can be made.
    #[error("nothing is printed: {0}")]
    Rows(RenderError),
    /// More rows than one job takes.
    #[error("there are {0} rows, and one job takes {MOST_ROWS}: print them in parts")]
    TooManyRows(usize),
    /// The client's name for its request is none.
    #[error("an idempotency key has 1 to 255 characters")]
    Key,
    /// The renderer failed; trying again may help.
    #[error("the document could not be checked: {0}")]
    Renderer(RenderError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a submission and stores it as a job of the machine.
pub async fn submit(services: &Services, intake: &Intake, submission: Submission) -> Result<JobRecord, SubmitError> {
    let key = request_key(intake.machine(), &submission)?;
    // Before it is checked: what was taken once is not refused because the machine has changed since.
    if let Some(key) = key.clone()
        && let Some(same) = services.store.job_of_request(key).await?
    {
        return Ok(same);
    }
    let checked = check(services, intake, &submission).await?;
    Ok(services.store.enqueue(NewJob { key, ..checked.job(submission) }).await?)
}

/// The client's name for a request, with what it asks for.
fn request_key(machine: &Machine, submission: &Submission) -> Result<Option<RequestKey>, SubmitError> {
    let Submission { document, media_type, title, copies, options, fields, key, by: _ } = submission;
    let wanted = || serde_json::json!([machine.id, Digest::of(document), media_type, title, copies, options, fields]);
    key.as_deref().map(|key| named(key, &wanted())).transpose()
}

fn named(key: &str, request: &serde_json::Value) -> Result<RequestKey, SubmitError> {
    if !(1..=255).contains(&key.chars().count()) {
        return Err(SubmitError::Key);
    }
    Ok(RequestKey { key: key.to_owned(), request: Digest::of(request.to_string().as_bytes()) })
}

/// Stores the call of a function as a job. Its parameters are checked when it is called.
pub async fn submit_call(
    services: &Services,
    machine: &Machine,
    function: String,
    parameters: &serde_json::Value,
    key: Option<&str>,
    by: &str,
) -> Result<JobRecord, SubmitError> {
    let wanted = serde_json::json!([machine.id, function, parameters]);
    let key = key.map(|key| named(key, &wanted)).transpose()?;
    let job = NewJob {
        machine: machine.id,
        title: function.clone(),
        function,
        document: parameters.to_string().into_bytes(),
        media_type: "application/json".to_owned(),
        copies: 1,
        label_count: 0,
        options: BTreeMap::new(),
        fields: Vec::new(),
        key,
        by: by.to_owned(),
    };
    Ok(services.store.enqueue(job).await?)
}

/// What a machine would make of a submission.
#[derive(Debug)]
pub struct Checked {
    machine: MachineId,
    function: String,
    media_type: String,
    copies: u32,
    /// How many labels it would print.
    pub label_count: u32,
    options: BTreeMap<String, Value>,
    /// Of a template: the values as it wants them.
    rows: Option<Vec<Fields>>,
}

impl Checked {
    /// The job of the submission that was checked, which is not stored yet.
    pub fn job(self, submission: Submission) -> NewJob {
        let Self { machine, function, media_type, copies, label_count, options, rows } = self;
        let Submission { document, title, fields, by, .. } = submission;
        let fields = rows.unwrap_or(fields);
        NewJob { machine, function, document, media_type, title, copies, label_count, options, fields, key: None, by }
    }
}

/// Checks what no machine is needed for: whether the document is what it should be.
pub async fn check_document(services: &Services, submission: &Submission) -> Result<(), SubmitError> {
    match document_kind(submission.media_type.as_deref(), &submission.document) {
        Some(kind) if ostler_render::is_rendered(kind) => inspect(services, &submission.document, kind).await.map(drop),
        _ if submission.document.is_empty() => Err(SubmitError::Document(RenderError::Empty)),
        _ => Ok(()),
    }
}

/// Checks a submission against what its machine takes.
pub async fn check(services: &Services, intake: &Intake, submission: &Submission) -> Result<Checked, SubmitError> {
    let machine = intake.machine();
    let Some(function) = machine.machine_type.print_functions().next() else {
        return Err(SubmitError::DoesNotPrint {
            machine: machine.name(),
            machine_type: machine.machine_type.name.clone(),
        });
    };
    let (copies, options) = options::check(intake, submission.copies, submission.options.clone()).await?;
    let mut rows = None;
    let (media_type, label_count) = match document_kind(submission.media_type.as_deref(), &submission.document) {
        Some(kind) if is_template(kind) => {
            let all = check_rows(services, intake, submission).await?;
            let info = inspect(services, &submission.document, template::MEDIA_TYPE).await?;
            check_size(intake, &info, &options).await?;
            let count = all.len();
            rows = Some(all);
            (info.media_type, count)
        }
        Some(kind) if ostler_render::is_rendered(kind) => {
            let wanted = ahead::first_label(machine, &submission.document, &options);
            let info =
                services.render.inspect_ahead(&submission.document, kind, wanted).await.map_err(document_error)?;
            check_size(intake, &info, &options).await?;
            (info.media_type, info.pages.len())
        }
        kind => (check_raw(intake, kind, &submission.document).await?, submission.fields.len().max(1)),
    };
    if rows.is_none() && !submission.fields.is_empty() && submission.fields.len() != label_count {
        return Err(SubmitError::Fields { rows: submission.fields.len(), labels: label_count });
    }
    Ok(Checked {
        machine: machine.id,
        function: function.clone(),
        media_type,
        copies,
        label_count: u32::try_from(label_count).unwrap_or(u32::MAX),
        options,
        rows,
    })
}

/// Whether a document is a template, and so has a label for each row.
pub fn is_a_template(submission: &Submission) -> bool {
    document_kind(submission.media_type.as_deref(), &submission.document).is_some_and(is_template)
}

fn is_template(media_type: &str) -> bool {
    media_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(template::MEDIA_TYPE))
}

/// Rows as their template wants them, each of which can be made a label of. Without rows there is one, without values.
async fn check_rows(services: &Services, intake: &Intake, submission: &Submission) -> Result<Vec<Fields>, SubmitError> {
    let source = String::from_utf8_lossy(&submission.document);
    let template = template::parse(&source).map_err(|error| SubmitError::Document(RenderError::Template(error)))?;
    let none = [Fields::new()];
    let given = if submission.fields.is_empty() { none.as_slice() } else { &submission.fields };
    if given.len() > MOST_ROWS {
        return Err(SubmitError::TooManyRows(given.len()));
    }
    let rows = template_rows(&template, given).map_err(SubmitError::Rows)?;
    services.render.check_rows(&submission.document, &rows, intake.density()).await.map_err(|error| match error {
        RenderError::Rows { .. } => SubmitError::Rows(error),
        error => document_error(error),
    })?;
    Ok(rows)
}

/// Rows as a template stores them; every row that does not fit is told, the first ten at once.
pub fn template_rows(template: &Template, rows: &[Fields]) -> Result<Vec<Fields>, RenderError> {
    const MOST_TOLD: usize = 10;
    let mut fitting = Vec::with_capacity(rows.len());
    let mut errors = Vec::new();
    for (number, row) in (1..).zip(rows) {
        match template.row_of_texts(row) {
            Ok(fields) => fitting.push(fields),
            Err(problems) => {
                errors.extend(problems.into_iter().map(|error| RowError { row: number, error: error.into() }));
            }
        }
    }
    if errors.is_empty() {
        return Ok(fitting);
    }
    let more = errors.len() > MOST_TOLD;
    errors.truncate(MOST_TOLD);
    Err(RenderError::Rows { errors, more })
}

async fn inspect(services: &Services, document: &[u8], media_type: &str) -> Result<DocumentInfo, SubmitError> {
    services.render.inspect(document, media_type).await.map_err(document_error)
}

fn document_error(error: RenderError) -> SubmitError {
    match error.class() {
        ErrorClass::Worker => SubmitError::Renderer(error),
        ErrorClass::Document | ErrorClass::Raster | ErrorClass::Limit => SubmitError::Document(error),
    }
}

/// A document that says how large it is must lie on what is loaded, unless the job says what is to happen otherwise.
async fn check_size(
    intake: &Intake,
    info: &DocumentInfo,
    options: &BTreeMap<String, Value>,
) -> Result<(), SubmitError> {
    if options.contains_key(SCALING) || info.pages.iter().all(|page| page.size_um.is_none()) {
        return Ok(());
    }
    let Some(media) = intake.media().await else { return Ok(()) };
    let turned = matches!(options.get(ROTATION), Some(Value::Text(by)) if by == "quarter" || by == "three-quarters");
    let sizes = info.pages.iter().enumerate().filter_map(|(index, page)| Some((index, page.size_um?)));
    let too_large = sizes
        .map(|(index, (width, height))| (index, if turned { (height, width) } else { (width, height) }))
        .find(|(_, size)| !media.takes(*size));
    let Some((index, size_um)) = too_large else { return Ok(()) };
    let can_scale = intake.options().await.ok().flatten();
    let can_scale = can_scale.is_some_and(|options| options.iter().any(|spec| spec.key.as_str() == SCALING));
    Err(SubmitError::Media {
        label: index + 1,
        size_um,
        machine: intake.machine().name(),
        media,
        advice: if can_scale {
            "Load larger labels, or say what is to happen: the option scaling=fit shrinks the document, scaling=crop \
             cuts it off"
        } else {
            "Load larger labels, or make the document smaller"
        },
    })
}

/// A document that is not rendered must be of a media type that the machine takes as it is.
async fn check_raw(intake: &Intake, kind: Option<&str>, document: &[u8]) -> Result<String, SubmitError> {
    let formats = intake.formats().await;
    let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let taken = essence.as_ref().filter(|essence| formats.contains(essence));
    if let Some(taken) = taken {
        return Ok(taken.clone());
    }
    let all: Vec<&str> = ostler_render::MEDIA_TYPES.iter().copied().chain(formats.iter().map(String::as_str)).collect();
    let offer = format!("'{}' takes {}", intake.machine().name(), all.join(", "));
    Err(match essence {
        Some(essence) => SubmitError::Format(format!(
            "it is of the type {essence}, and {offer}. Some machines take more when a setting allows it: see `ostler \
             machine show`"
        )),
        None if document.is_empty() => SubmitError::Document(RenderError::Empty),
        None => SubmitError::Format(format!(
            "it is of no kind that is known here (it begins with {}); {offer}",
            ostler_render::first_bytes(document)
        )),
    })
}

/// The media type as it was said, or by the document's first bytes.
fn document_kind<'a>(said: Option<&'a str>, document: &[u8]) -> Option<&'a str> {
    said.or_else(|| match document {
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        // A byte order mark may stand before the first bracket.
        [b'<', ..] | [0xef, 0xbb, 0xbf, b'<', ..] => Some("image/svg+xml"),
        other if other.trim_ascii_start().starts_with(b"/* ostler-template") => Some(template::MEDIA_TYPE),
        other if other.trim_ascii_start().starts_with(b"^XA") => Some(ZPL),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        assert_eq!(document_kind(None, b"\n  ^XA^FDx^FS^XZ"), Some(ZPL));
        assert_eq!(document_kind(None, b"\xef\xbb\xbf<svg/>"), Some("image/svg+xml"));
        assert_eq!(document_kind(None, b"Dear printer"), None);
        assert_eq!(document_kind(Some("image/png"), b"%PDF"), Some("image/png"));
    }
}
