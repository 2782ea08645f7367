//! What is printed: the dots of a document, or a document in ZPL.

use std::ops::Range;

use ostler_sdk::printing::{Bitmap, Label, PrintJob};
use ostler_sdk::{Error, Result};
use ostler_zpl::Template;

use crate::declare::RAW_ZPL;
use crate::settings::{Language, Settings};

/// The media type of documents in ZPL.
pub const ZPL: &str = "application/vnd.zebra-zpl";

/// The most bytes of dots that are looked at ahead: two labels of this size fit into a driver's memory easily.
const MOST_AHEAD: u32 = 1024 * 1024;

/// A label's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Dots, already as the printer has them.
    Dots {
        /// In dots.
        width: u32,
        /// In dots.
        height: u32,
        /// Rows of `width / 8` bytes, rounded up.
        data: Vec<u8>,
    },
    /// A whole format, filled in and checked, with the copies.
    Zpl(Vec<u8>),
}

impl From<Bitmap> for Document {
    fn from(Bitmap { width, height, data, .. }: Bitmap) -> Self {
        Self::Dots { width, height, data }
    }
}

/// The documents of a job, in order, with a look at the next one.
pub struct Documents<'a> {
    job: &'a PrintJob,
    settings: &'a Settings,
    left: Range<u32>,
    ahead: Option<Result<Document>>,
}

impl<'a> Documents<'a> {
    /// The documents of these labels.
    pub fn new(job: &'a PrintJob, settings: &'a Settings, labels: Range<u32>) -> Self {
        Self { job, settings, left: labels, ahead: None }
    }

    /// The next label's number and content. Nothing of the device is touched: a document that cannot be rendered
    /// stops the job before a byte of it.
    pub async fn next(&mut self) -> Option<Result<(u32, Document)>> {
        let index = self.left.next()?;
        let document = match self.ahead.take() {
            Some(document) => document,
            None => read(self.job, index, self.settings).await,
        };
        Some(document.map(|document| (index, document)))
    }

    /// Whether the label after this one has the same dots. It is rendered for that, once; an error with it is kept
    /// for its turn.
    pub async fn repeats(&mut self, document: &Document) -> bool {
        let Document::Dots { data, .. } = document else {
            return false;
        };
        if self.left.is_empty() || data.len() > MOST_AHEAD as usize {
            return false;
        }
        if self.ahead.is_none() {
            self.ahead = Some(read(self.job, self.left.start, self.settings).await);
        }
        matches!(&self.ahead, Some(Ok(next)) if next == document)
    }
}

async fn read(job: &PrintJob, index: u32, settings: &Settings) -> Result<Document> {
    let label = job.label(index)?;
    match label.raw(ZPL) {
        Some(bytes) => template(&label, &bytes, job.copies(), settings),
        None => Ok(label.bitmap(&settings.raster()).await?.into()),
    }
}

fn template(label: &Label, bytes: &[u8], copies: u32, settings: &Settings) -> Result<Document> {
    allowed(settings)?;
    fill(bytes, &label.fields(), copies)
}

/// The media types that are printed as they are.
pub fn raw_formats(settings: &Settings) -> Vec<String> {
    if allowed(settings).is_ok() { vec![ZPL.to_owned()] } else { Vec::new() }
}

/// Whether documents in ZPL are accepted at all.
fn allowed(settings: &Settings) -> Result<()> {
    if settings.language == Language::Epl2 {
        return Err(Error::unsupported("This printer speaks EPL2 and cannot print a document in ZPL."));
    }
    if !settings.raw_zpl {
        let message = format!("This machine does not accept documents in ZPL. An operator can allow them: {RAW_ZPL}.");
        return Err(Error::denied("raw-zpl", message));
    }
    Ok(())
}

fn fill(bytes: &[u8], fields: &[(String, String)], copies: u32) -> Result<Document> {
    let invalid =
        |reason: String| Error::invalid("zpl-template", format!("The label's ZPL cannot be printed: {reason}."));
    let text = str::from_utf8(bytes).map_err(|error| invalid(format!("it is not UTF-8: {error}")))?;
    let template = Template::parse(text).map_err(|error| invalid(error.to_string()))?;
    let format = template.fill(fields, copies).map_err(|error| invalid(error.to_string()))?;
    Ok(Document::Zpl(format))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use ostler_sdk::ErrorKind;

    #[test]
    fn zpl_is_refused_unless_the_operator_allows_it_and_the_refusal_says_where() {
        let error = allowed(&settings()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.message.contains("RAW_ZPL"), "{error}");
        assert!(allowed(&Settings { raw_zpl: true, ..settings() }).is_ok());
        assert_eq!(raw_formats(&Settings { raw_zpl: true, ..settings() }), [ZPL]);
        assert!(raw_formats(&settings()).is_empty());
        let epl = Settings { raw_zpl: true, language: Language::Epl2, ..settings() };
        assert_eq!(allowed(&epl).unwrap_err().kind, ErrorKind::Unsupported);
    }

    #[test]
    fn a_template_is_filled_or_refused_with_line_and_column() {
        let fields = [("part".to_owned(), "M4".to_owned())];
        let filled = fill(b"^XA^FD{{part}}^FS^XZ", &fields, 3).unwrap();
        assert_eq!(filled, Document::Zpl(b"^XA^CI28^FH_^FDM4^FS^PQ3,0,0,N^XZ\n".to_vec()));
        for (template, place) in [(b"^XA\n^JUS^XZ".as_slice(), "line 2, column 1"), (b"\xFF", "UTF-8")] {
            let error = fill(template, &fields, 1).unwrap_err();
            assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Invalid, "zpl-template"));
            assert!(error.message.contains(place), "{error}");
        }
    }
}
