//! A process of Python with `WeasyPrint`, which runs `tests/counterparts/labels.py`.

use super::Took;
use crate::processes;
use anyhow::{Context as _, Result, ensure};
use ostler_render::template::Fields;
use std::{
    fmt::Display,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// Seen from this crate.
const PYTHON: &str = "../../target/counterparts/weasyprint/bin/python";
const SCRIPT: &str = "../counterparts/labels.py";
/// The baseline's side of the label.
const LABEL: &str = "src/templates/label.html";

/// The process, which ends with the value.
pub struct WeasyPrint {
    python: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
    /// For pictures.
    folder: TempDir,
}

impl WeasyPrint {
    /// Starts it, and waits until its modules are there.
    pub fn start() -> Result<Self> {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = crate_folder.join(PYTHON);
        ensure!(python.is_file(), "{} is missing: run scripts/counterparts.sh", python.display());
        let mut command = Command::new(python);
        command.arg(crate_folder.join(SCRIPT)).arg(crate_folder.join(LABEL));
        let mut python = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(requests), Some(answers)) = (python.stdin.take(), python.stdout.take()) else {
            anyhow::bail!("no pipes");
        };
        let (answers, folder) = (BufReader::new(answers), tempfile::tempdir()?);
        let mut weasyprint = Self { python, requests, answers, version: String::new(), folder };
        weasyprint.version = weasyprint.ask("version")?;
        Ok(weasyprint)
    }

    /// Of `WeasyPrint`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Takes the rows that are to be rendered, and draws their codes.
    pub fn take(&mut self, rows: &[Fields]) -> Result<()> {
        let taken = self.ask(format_args!("codes {}", serde_json::to_string(rows)?))?;
        ensure!(taken == rows.len().to_string(), "WeasyPrint's side took {taken} rows of {}", rows.len());
        Ok(())
    }

    /// Renders them, one after the other.
    pub fn render(&mut self) -> Result<Took> {
        let before = processes::processor_time(self.python.id())?;
        let answer = self.ask("labels")?;
        let processor = processes::processor_time(self.python.id())?.saturating_sub(before);
        let times: Vec<f64> = serde_json::from_str(&answer).with_context(|| answer.clone())?;
        Ok(Took { times, processor })
    }

    /// Renders one label, and returns it as PNG.
    pub fn png(&mut self, row: &Fields) -> Result<Vec<u8>> {
        self.take(std::slice::from_ref(row))?;
        self.render()?;
        let file = self.folder.path().join("label.png");
        let size = self.ask(format_args!("keep {}", file.display()))?;
        let right = format!("{} x {}", super::RASTER.width, super::RASTER.height);
        ensure!(size == right, "WeasyPrint's label has {size} dots, and ours {right}");
        Ok(std::fs::read(file)?)
    }

    fn ask(&mut self, request: impl Display) -> Result<String> {
        const ENDED: &str = "WeasyPrint's process ended; what it said stands above";
        writeln!(self.requests, "{request}").context(ENDED)?;
        let mut answer = String::new();
        ensure!(self.answers.read_line(&mut answer)? > 0, ENDED);
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for WeasyPrint {
    fn drop(&mut self) {
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}
