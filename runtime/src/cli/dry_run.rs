//! `ostler print --dry-run`: what a driver would send, as files; and as pictures, where the simulated printers understand it.

use super::output::{Output, line};
use crate::api::rehearsals::{DryRunView, SentView};
use anyhow::{Context as _, Result, bail};
use ostler_simulators::zebra::{Language, PrintedLabel, ZebraConfig, interpret};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A label of a dry run, in files.
#[derive(Debug, Serialize)]
struct Written {
    label: u32,
    bytes: usize,
    /// What was sent.
    file: PathBuf,
    /// The dots of it, read back out of what was sent.
    picture: Option<PathBuf>,
    dots: Option<(u32, u32)>,
    copies: Option<u32>,
}

/// Writes what was sent into a folder. A driver that did not come to its end is an error, after that.
pub fn write(out: Output, run: &DryRunView, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let sent: Vec<Vec<u8>> = run
        .labels
        .iter()
        .map(|label| label.bytes().context("the daemon's answer was not understood"))
        .collect::<Result<_>>()?;
    let language = sent.first().and_then(|bytes| Language::of(bytes));
    let printed = language.map(|language| decode(language, &run.labels, &sent)).unwrap_or_default();
    let ending = match language {
        Some(Language::Zpl) => "zpl",
        Some(Language::Epl2) => "epl",
        None => "bin",
    };
    let mut written = Vec::new();
    for (index, (label, bytes)) in run.labels.iter().zip(&sent).enumerate() {
        let stem = folder.join(format!("label-{:04}", label.label));
        let file = stem.with_extension(ending);
        save(&file, bytes)?;
        // A picture for each label, or for none: else nobody knows which is whose.
        let printed = printed.get(index).filter(|_| printed.len() == sent.len());
        let picture = printed.map(|printed| {
            let file = stem.with_extension("png");
            save(&file, &printed.to_png()?)?;
            anyhow::Ok(file)
        });
        written.push(Written {
            label: label.label,
            bytes: bytes.len(),
            file,
            picture: picture.transpose()?,
            dots: printed.map(|printed| (printed.bitmap.width(), printed.bitmap.height())),
            copies: printed.map(|printed| printed.copies),
        });
    }
    out.rows(&written, ["LABEL", "BYTES", "SENT", "DOTS", "COPIES", "PICTURE"], |row| {
        let text = |path: &PathBuf| path.display().to_string();
        [
            row.label.to_string(),
            row.bytes.to_string(),
            text(&row.file),
            row.dots.map(|(width, height)| format!("{width} x {height}")).unwrap_or_default(),
            row.copies.map(|copies| copies.to_string()).unwrap_or_default(),
            row.picture.as_ref().map(text).unwrap_or_default(),
        ]
    })?;
    if !out.is_json() && !written.is_empty() && written.iter().all(|row| row.picture.is_none()) {
        line("There are no pictures: nothing here reads back what this driver sends.")?;
    }
    match &run.error {
        None => Ok(()),
        Some(error) => {
            bail!("the driver sent {} of {} labels and then failed: {error}", done(run), run.label_count)
        }
    }
}

fn done(run: &DryRunView) -> usize {
    run.labels.iter().filter(|label| label.proof.is_some()).count()
}

/// What a simulated printer makes of all labels, one after the other: a later one may use what an earlier one stored.
fn decode(language: Language, labels: &[SentView], sent: &[Vec<u8>]) -> Vec<PrintedLabel> {
    let mut config = ZebraConfig { language, ..ZebraConfig::default() };
    if let Some(raster) = labels.iter().find_map(|label| label.raster) {
        config.dots_per_mm = raster.dpmm;
        config.head_width = config.head_width.max(raster.width);
        config.label_length = raster.height;
    }
    interpret(config, &sent.concat()).labels
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
