//! `/print`: what was typed becomes a job, or a picture of what it would be.

use super::{
    State,
    answer::{Page, PageError},
    errors::Errors,
    form::{PrintForm, Typed, filling},
    shell::Shell,
};
use crate::{
    access::Caller,
    jobs::Submission,
    model::Fields,
    registry::{Entry, Registry},
};
use askama::Template;
use axum::{
    extract::{Multipart, Query, multipart::MultipartError},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ostler_render::template::MEDIA_TYPE;

#[derive(Template)]
#[template(path = "print.html")]
struct PrintPage {
    shell: Shell,
    form: Option<PrintForm>,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    shell: Shell,
    machine_name: String,
    title: String,
    label: u32,
    /// The dots, or why there are none.
    dots: Option<Dots>,
    errors: Errors,
}

/// A picture inside its page.
struct Dots {
    base64: String,
    width: u32,
    height: u32,
}

/// `GET /print`: the form, with what was typed so far.
pub async fn show(
    registry: State,
    caller: Caller,
    Query(typed): Query<Typed>,
) -> Result<Page<impl Template>, PageError> {
    let shell = Shell::new(&registry, &caller).await?;
    Ok(Page(PrintPage { shell, form: PrintForm::offered(&registry, &caller, typed).await? }))
}

/// `POST /print`: hands in a job and shows it; or the form again, with what is wrong.
pub async fn submit(registry: State, caller: Caller, form: Multipart) -> Result<Response, PageError> {
    let sent = Sent::read(form).await;
    let errors = match sent.submission(&registry, &caller).await {
        Ok((entry, submission)) => match registry.submit(&entry, submission).await {
            Ok(job) => return Ok(Redirect::to(&format!("/job/{}", job.id)).into_response()),
            Err(error) => sent.placed(error.into()),
        },
        Err(errors) => errors,
    };
    let status = errors.status();
    let shell = Shell::new(&registry, &caller).await?;
    let form = PrintForm::new(&registry, &caller, &sent.typed, errors).await?;
    Ok((status, Page(PrintPage { shell, form })).into_response())
}

/// `POST /print/preview`: the dots of one label; nothing is printed.
pub async fn preview(registry: State, caller: Caller, form: Multipart) -> Result<Response, PageError> {
    let sent = Sent::read(form).await;
    let shell = Shell::new(&registry, &caller).await?;
    let mut page = PreviewPage {
        shell,
        machine_name: String::new(),
        title: String::new(),
        label: 1,
        dots: None,
        errors: Errors::default(),
    };
    match sent.preview(&registry, &caller, &mut page).await {
        Ok(png) => page.dots = Some(Dots::of(&png)),
        Err(errors) => page.errors = errors,
    }
    let status = if page.dots.is_some() { StatusCode::OK } else { page.errors.status() };
    Ok((status, Page(page)).into_response())
}

/// A form as it was sent.
#[derive(Default)]
struct Sent {
    typed: Typed,
    file: Option<File>,
    /// What is wrong with the form itself.
    broken: Errors,
}

struct File {
    name: String,
    media_type: Option<String>,
    bytes: Vec<u8>,
}

impl Sent {
    async fn read(mut form: Multipart) -> Self {
        let mut sent = Self::default();
        if let Err(error) = sent.read_parts(&mut form).await {
            sent.broken = match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Errors::beside(
                    "document",
                    format!("The file is too large: at most {} MiB are taken.", super::MOST_BYTES >> 20),
                ),
                _ => Errors::beside("", format!("The form did not arrive as a whole: {}", error.body_text())),
            };
        }
        sent
    }

    async fn read_parts(&mut self, form: &mut Multipart) -> Result<(), MultipartError> {
        while let Some(part) = form.next_field().await? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "document" {
                let file_name = part.file_name().unwrap_or_default().to_owned();
                // Browsers send this type when they know none.
                let media_type = part.content_type().filter(|of| *of != "application/octet-stream").map(str::to_owned);
                let bytes = part.bytes().await?.to_vec();
                // An input without a file is sent as a file without name and content.
                if !(file_name.is_empty() && bytes.is_empty()) {
                    self.file = Some(File { name: file_name, media_type, bytes });
                }
            } else {
                self.typed.insert(name, &part.text().await?);
            }
        }
        Ok(())
    }

    /// What is to be printed, and where.
    async fn submission(&self, registry: &Registry, caller: &Caller) -> Result<(Entry, Submission), Errors> {
        if !self.broken.is_empty() {
            return Err(self.broken.clone());
        }
        let entry = self.typed.get("machine").and_then(|id| caller.machine(registry, id));
        let entry =
            entry.ok_or_else(|| Errors::beside("machine", "Choose a machine; this one is not there any more."))?;
        let copies = self.typed.filled("copies").unwrap_or("1").trim();
        let copies = copies.parse().map_err(|_| {
            Errors::beside("copies", format!("'{copies}' is not a number of copies: ask for 1 to 999."))
        })?;
        let (document, media_type, title, fields) = if self.typed.by_template() {
            let (source, title, row) = self.template(registry).await?;
            (source, Some(MEDIA_TYPE.to_owned()), title, vec![row])
        } else {
            let file = self.file.as_ref().ok_or_else(|| Errors::beside("document", "Choose a file."))?;
            (file.bytes.clone(), file.media_type.clone(), file.name.clone(), Vec::new())
        };
        let options = self.typed.group("option.").into_iter().map(|(key, value)| (key, value.into())).collect();
        let key = self.typed.filled("key").map(str::to_owned);
        Ok((
            entry,
            Submission { document, media_type, title, copies, options, fields, key, by: caller.name().to_owned() },
        ))
    }

    /// A template's source and name, and the row that is to be printed: what was typed, if that is of the template and row that
    /// are chosen; else the chosen row as it is kept.
    async fn template(&self, registry: &Registry) -> Result<(Vec<u8>, String, Fields), Errors> {
        let name = self.typed.filled("template").ok_or_else(|| Errors::beside("template", "Choose a template."))?;
        let stored = registry.template(name, None).await?;
        let row: Option<i64> = self.typed.filled("row").and_then(|row| row.parse().ok());
        let fields = if self.typed.get("filled") == Some(&filling(name, row)) {
            self.typed.group("field.")
        } else if let Some(row) = row {
            let kept = registry.services.store.template_rows_of(stored.id, vec![row]).await;
            let kept = kept.map_err(|error| Errors::beside("row", error.to_string()))?;
            kept.into_iter().next().map(|row| row.fields).unwrap_or_default()
        } else {
            return Err(Errors::beside("template", "These are its fields now: look at them, then print."));
        };
        Ok((stored.source.into_bytes(), stored.name.to_string(), fields))
    }

    /// What is wrong with a document is wrong with the template where that is the document.
    fn placed(&self, errors: Errors) -> Errors {
        if self.typed.by_template() { errors.moved("document", "template") } else { errors }
    }

    async fn preview(&self, registry: &Registry, caller: &Caller, page: &mut PreviewPage) -> Result<Vec<u8>, Errors> {
        let (entry, submission) = self.submission(registry, caller).await?;
        page.machine_name = entry.machine.name();
        page.title.clone_from(&submission.title);
        let typed = self.typed.filled("label").unwrap_or("1").trim();
        let label = typed.parse().ok().filter(|label| *label > 0);
        page.label = label.ok_or_else(|| {
            Errors::beside("label", format!("'{typed}' is not the number of a label: they are counted from 1."))
        })?;
        registry.preview(&entry, submission, page.label - 1).await.map_err(|error| self.placed(error.into()))
    }
}

impl Dots {
    fn of(png: &[u8]) -> Self {
        // Width and height stand behind the signature and the head of the first chunk (PNG, third edition, 5.2 and 11.2.1).
        let number = |at: usize| {
            let bytes = png.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
            u32::from_be_bytes(bytes)
        };
        Self { width: number(16), height: number(20), base64: BASE64.encode(png) }
    }
}
