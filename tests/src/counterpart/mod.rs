//! Programs nobody here wrote, which read what we print. `scripts/counterparts.sh` installs them.
//!
//! A missing one fails the test, unless `OSTLER_ALLOW_MISSING=1`: then the test is skipped and says so, on stderr and in the
//! file that `OSTLER_SKIPPED_LIST` names.

mod readers;

pub use readers::{Seen, zbarimg, zbarimg_of, zxing_of};

use crate::{PATIENCE, place::repository, printer::runtime};
use ostler_simulators::Bitmap;
use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// A program to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counterpart {
    /// Reads barcodes from a picture.
    Zbarimg,
    /// Reads barcodes from a picture, in Python.
    ZxingCpp,
    /// ZPL to PNG, in Go.
    ZplRendererJs,
    /// ZPL to PNG, in Python, strict.
    Zplkit,
    /// ZPL and EPL2 to PNG, in Rust.
    Labelize,
    /// Builds drivers that are written in Python.
    ComponentizePy,
    /// PDF to PBM, of Poppler.
    Pdftoppm,
    /// Labels as PDF, by ten makers.
    Documents,
    /// Reads pages of metrics, in Python, strict.
    Prometheus,
    /// A simulated scale, in Python 3.13.
    Emupos,
    /// Asks an API whatever its `OpenAPI` document allows.
    Schemathesis,
    /// A browser, with the program that drives it.
    Chromium,
    /// Looks for what keeps people from using a page, in JavaScript.
    Axe,
    /// A small disk: a tmpfs, which only root may mount.
    SmallDisk,
    /// A network of its own, which only root may make, with `ip` of iproute2.
    OwnNetwork,
}

/// Says whether the test can go on: `if missing("test", &[...]) { return; }`.
///
/// Fails the test when a program is not installed, unless missing ones are allowed.
#[track_caller]
pub fn missing(test: &str, needed: &[Counterpart]) -> bool {
    let absent: Vec<_> = needed.iter().filter(|counterpart| !counterpart.is_there()).collect();
    if absent.is_empty() {
        return false;
    }
    let allowed = std::env::var_os("OSTLER_ALLOW_MISSING").is_some_and(|value| value == "1");
    assert!(
        allowed,
        "{absent:?} not there: run scripts/counterparts.sh (a small disk and a network of its own need root), or allow it with OSTLER_ALLOW_MISSING=1"
    );
    let line = format!("SKIPPED {test}: {absent:?} not installed");
    eprintln!("{line}");
    if let Some(list) = std::env::var_os("OSTLER_SKIPPED_LIST") {
        let mut file = OpenOptions::new().create(true).append(true).open(list).unwrap();
        writeln!(file, "{line}").unwrap();
    }
    true
}

impl Counterpart {
    fn is_there(self) -> bool {
        let runs = |program| std::process::Command::new(program).arg("--version").output().is_ok();
        match self {
            Self::Zbarimg => runs("zbarimg"),
            Self::ZxingCpp => {
                let imports = std::process::Command::new(python()).args(["-c", "import zxingcpp, PIL"]).output();
                imports.is_ok_and(|output| output.status.success())
            }
            Self::ZplRendererJs => runs("node") && installed().join("node/node_modules/zpl-renderer-js").is_dir(),
            Self::Zplkit => python().is_file(),
            Self::Labelize => labelize_program().is_file(),
            Self::ComponentizePy => installed().join("venv/bin/componentize-py").is_file(),
            Self::Pdftoppm => runs("pdftoppm"),
            Self::Documents => installed().join("documents/.installed").is_file(),
            Self::Prometheus => installed().join("prometheus/.installed").is_file(),
            Self::Emupos => emupos().is_file(),
            Self::Schemathesis => schemathesis_program().is_file(),
            Self::Chromium => runs("chromium") && runs("chromedriver"),
            Self::Axe => axe().is_file(),
            Self::SmallDisk => rustix::process::geteuid().is_root(),
            Self::OwnNetwork => {
                let ip = std::process::Command::new("ip").arg("-Version").output();
                rustix::process::geteuid().is_root() && ip.is_ok()
            }
        }
    }
}

fn installed() -> PathBuf {
    repository().join("target/counterparts")
}

fn labelize_program() -> PathBuf {
    installed().join("cargo/bin/labelize")
}

/// The program of [`Counterpart::Emupos`]; [`Scale`](crate::Scale) runs it.
pub(crate) fn emupos() -> PathBuf {
    installed().join("emupos/bin/emupos")
}

fn schemathesis_program() -> PathBuf {
    installed().join("schemathesis/bin/schemathesis")
}

/// Asks an API everything that its document allows and some of what it does not, and fails the test at an answer that is a failure
/// of the server (500) or that the document does not have: another status, media type, header or form. `seed` is fixed, so that a
/// failure comes again. Paths of `leave` are left out.
pub fn schemathesis(url: &str, document: &str, token: &str, leave: &[&str]) {
    // It keeps what it found in the folder where it runs.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(schemathesis_program());
    command.current_dir(folder.path()).args([
        "run",
        &format!("{url}{document}"),
        "--header",
        &format!("Authorization: Bearer {token}"),
    ]);
    command.args([
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        "15",
        "--seed",
        "1",
        "--continue-on-failure",
    ]);
    command.args(["--warnings", "off", "--no-color", "--checks"]).arg(
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
         response_headers_conformance,unsupported_method,allow_header_conformance",
    );
    for path in leave {
        command.args(["--exclude-path", path]);
    }
    let said = runtime().block_on(async { timeout(PATIENCE * 5, command.kill_on_drop(true).output()).await });
    let said = said.expect("schemathesis does not end").unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

/// The script of [`Counterpart::Axe`].
pub fn axe() -> PathBuf {
    installed().join("axe/node_modules/axe-core/axe.min.js")
}

fn python() -> PathBuf {
    installed().join("venv/bin/python")
}

/// The size and density that a ZPL renderer draws for.
#[derive(Debug, Clone, Copy)]
pub struct Paper {
    /// Dots per millimetre.
    pub dpmm: u32,
    /// In dots.
    pub width: u32,
    /// In dots.
    pub height: u32,
}

/// A label of a ZPL stream as PNG, by zpl-renderer-js.
pub fn zpl_renderer_js(zpl: &[u8], paper: Paper, index: usize) -> Vec<u8> {
    draw("node".as_ref(), "zpl-renderer-js.mjs", zpl, paper, index)
}

/// A label of a ZPL stream as PNG, by zplkit. It stops at commands that it does not draw by; see [`without`].
pub fn zplkit(zpl: &[u8], paper: Paper, index: usize) -> Vec<u8> {
    draw(&python(), "zplkit.py", zpl, paper, index)
}

/// A language that labelize reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Language {
    Zpl,
    Epl,
}

/// The first label of a stream as PNG, by labelize. Takes sizes of whole millimetres.
pub fn labelize(language: Language, stream: &[u8], paper: Paper) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    // It tells the language by the name of the file.
    let from = folder.path().join(match language {
        Language::Zpl => "label.zpl",
        Language::Epl => "label.epl",
    });
    let to = folder.path().join("label.png");
    std::fs::write(&from, stream).unwrap();
    let [width, height] = [paper.width, paper.height].map(|dots| {
        assert!(dots.is_multiple_of(paper.dpmm), "{dots} dots are no whole millimetres");
        (dots / paper.dpmm).to_string()
    });
    let mut command = Command::new(labelize_program());
    command.arg("convert").arg(from).arg("-o").arg(&to);
    command.args(["--width", &width, "--height", &height, "--dpmm", &paper.dpmm.to_string()]);
    run(command, &[]);
    std::fs::read(to).unwrap()
}

fn draw(program: &Path, script: &str, zpl: &[u8], paper: Paper, index: usize) -> Vec<u8> {
    let mut command = Command::new(program);
    command.arg(repository().join("tests/counterparts").join(script));
    command.args([paper.dpmm, paper.width, paper.height].map(|number| number.to_string())).arg(index.to_string());
    run(command, zpl)
}

/// A stream of ZPL without the named commands (`^MM`, `~HS` ...). Each goes as a whole: from its own caret or tilde to the next.
/// Lines of Set-Get-Do (`! U1 getvar ...`), which are not ZPL, go as well unless none is named.
pub fn without(zpl: &[u8], commands: &[&str]) -> Vec<u8> {
    if commands.is_empty() {
        return zpl.to_vec();
    }
    let lines = zpl.split_inclusive(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"! U1"));
    let zpl = lines.collect::<Vec<_>>().concat();
    let zpl = zpl.as_slice();
    let starts: Vec<_> = (0..zpl.len()).filter(|&at| matches!(zpl[at], b'^' | b'~')).chain([zpl.len()]).collect();
    let before = &zpl[..starts[0]];
    let kept = starts.windows(2).map(|ends| &zpl[ends[0]..ends[1]]);
    let kept = kept.filter(|command| !commands.iter().any(|name| command.starts_with(name.as_bytes())));
    [before].into_iter().chain(kept).collect::<Vec<_>>().concat()
}

/// The families of a page of metrics with their samples, by `prometheus_client`, which fails where the page is not as `OpenMetrics`
/// wants it.
pub fn openmetrics(page: &str) -> serde_json::Value {
    let mut command = Command::new(installed().join("prometheus/bin/python"));
    command.arg(repository().join("tests/counterparts/openmetrics.py"));
    serde_json::from_slice(&run(command, page.as_bytes())).unwrap()
}

/// The PDFs of all makers, by name.
pub fn documents() -> Vec<PathBuf> {
    let files = std::fs::read_dir(installed().join("documents")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|extension| extension == "pdf")).collect();
    files.sort();
    files
}

/// A page of a PDF, from 1, as black and white dots without grey, by pdftoppm.
pub fn pdftoppm(pdf: &Path, page: usize, dpi: f64) -> Bitmap {
    let mut command = Command::new("pdftoppm");
    let page = page.to_string();
    command.args(["-mono", "-cropbox", "-r", &dpi.to_string(), "-f", &page, "-l", &page]).arg(pdf);
    let pbm = run(command, &[]);
    // `P4`, width and height as text, one white space, rows of bits in which 1 is black (netpbm's `pbm`).
    let mut parts = pbm.splitn(4, u8::is_ascii_whitespace);
    let mut text = || std::str::from_utf8(parts.next().unwrap()).unwrap();
    assert_eq!(text(), "P4");
    let (width, height): (u32, u32) = (text().parse().unwrap(), text().parse().unwrap());
    let dots = Bitmap::from_rows(width, parts.next().unwrap().to_vec()).unwrap();
    assert_eq!(dots.height(), height);
    dots
}

fn run(command: Command, input: &[u8]) -> Vec<u8> {
    run_to(command, input, &[0])
}

/// Runs a program, which must end with one of these.
fn run_to(mut command: Command, input: &[u8], ends: &[i32]) -> Vec<u8> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let ending = async {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that ends before it has read everything says why on stderr.
        let write = async move {
            let _ = stdin.write_all(input).await;
        };
        tokio::join!(write, child.wait_with_output()).1.unwrap()
    };
    let ended = runtime().block_on(async { timeout(PATIENCE, ending).await });
    let output = ended.unwrap_or_else(|_| panic!("{command:?} does not end"));
    let ended = output.status.code().is_some_and(|code| ends.contains(&code));
    assert!(ended, "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
