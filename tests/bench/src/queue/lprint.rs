//! `LPrint`'s server with one printer, and jobs for it in IPP (RFC 8010, 8011) over HTTP, as our daemon gets them over HTTP.

use super::{
    PNG,
    client::{Line, Post, Server},
    sink::Sink,
};
use anyhow::{Context as _, Result, bail, ensure};
use futures::future::try_join_all;
use hyper::body::Bytes;
use std::{
    cell::{Cell, RefCell},
    fs::File,
    net::{Ipv4Addr, TcpStream},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// It listens there on all addresses, so only in a network of its own.
const PORT: u16 = 8631;
const PRINTER: &str = "label";
/// 4 inch wide, 203 dots an inch, direct thermal.
const DRIVER: &str = "zpl_4inch-203dpi-dt";
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may print nothing while jobs wait. It prints one in some milliseconds.
const STILL: Duration = Duration::from_secs(1);
/// Between two looks at a sink.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How jobs are handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests at a time.
    pub in_flight: usize,
    /// The most jobs that are handed in and not printed.
    pub ahead: usize,
}

/// `LPrint` prints nothing although jobs wait: it misses the end of a job now and then, and goes on when the next one comes.
#[derive(Debug, thiserror::Error)]
#[error("LPrint stands still after {0} labels")]
pub struct StandsStill(usize);

/// Looks whether it goes on.
struct Watch {
    printed: usize,
    since: Instant,
}

impl Watch {
    fn new(printed: usize) -> Self {
        Self { printed, since: Instant::now() }
    }

    fn look(&mut self, printed: usize) -> Result<usize, StandsStill> {
        if printed > self.printed {
            *self = Self::new(printed);
        }
        if self.since.elapsed() < STILL { Ok(printed) } else { Err(StandsStill(printed)) }
    }
}

/// A server that runs. It ends with the value.
pub struct Lprint {
    server: Child,
    /// For its state and spool.
    folder: TempDir,
}

impl Lprint {
    /// Starts a server whose printer is this sink.
    pub fn start(sink: &Sink) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = command(&folder, "server");
        let spool = format!("spool-directory={}", folder.path().join("spool").display());
        for option in [format!("server-port={PORT}").as_str(), "log-file=-", "log-level=error", &spool] {
            command.args(["-o", option]);
        }
        let log = File::create(folder.path().join("log"))?;
        let server = command.stdout(Stdio::null()).stderr(log).spawn();
        let server = server.context("lprint cannot be run: run scripts/counterparts.sh")?;
        let mut lprint = Self { server, folder };
        let end = Instant::now() + PATIENCE;
        while !answers() {
            ensure!(Instant::now() < end && lprint.is_running()?, "LPrint's server does not start: {}", lprint.log());
            thread::sleep(Duration::from_millis(20));
        }
        let mut add = self::command(&lprint.folder, "add");
        add.args(["-u", &format!("ipp://localhost:{PORT}/"), "-d", PRINTER, "-m", DRIVER]);
        let output = add.args(["-v", &format!("socket://127.0.0.1:{}", sink.port)]).output()?;
        ensure!(output.status.success(), "LPrint adds no printer: {}", String::from_utf8_lossy(&output.stderr));
        Ok(lprint)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// The signal that it ended with, if it does so within a moment.
    pub fn crash(&mut self) -> Result<Option<i32>> {
        let end = Instant::now() + Duration::from_millis(500);
        while Instant::now() < end {
            if let Some(status) = self.server.try_wait()? {
                return Ok(status.signal());
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(None)
    }

    fn is_running(&mut self) -> Result<bool> {
        Ok(self.server.try_wait()?.is_none())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Prints documents, and returns how long it took until the sink had all of them.
    pub async fn print(&mut self, documents: &[Bytes], pace: Pace, sink: &mut Sink) -> Result<Duration> {
        let before = sink.labels()?;
        let begin = Instant::now();
        let next = Cell::new(0);
        let sink = RefCell::new(sink);
        let printed = || -> Result<usize> { Ok(usize::try_from(sink.borrow_mut().labels()? - before)?) };
        let line = async || -> Result<()> {
            let mut line = Line::open(&Server::Port(PORT)).await?;
            while let Some(document) = documents.get(next.get()) {
                let number = next.replace(next.get() + 1);
                let mut watch = Watch::new(printed()?);
                while number >= watch.look(printed()?)? + pace.ahead {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                print_job(&mut line, number, document).await?;
            }
            Ok(())
        };
        try_join_all((0..pace.in_flight).map(|_| line())).await?;
        let mut watch = Watch::new(printed()?);
        while watch.look(printed()?)? < documents.len() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(begin.elapsed())
    }
}

impl Drop for Lprint {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn answers() -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, PORT)).is_ok()
}

fn command(folder: &TempDir, verb: &str) -> Command {
    let mut command = Command::new("lprint");
    command.arg(verb).env("HOME", folder.path()).env("TMPDIR", folder.path()).env_remove("XDG_DATA_HOME");
    command.stdin(Stdio::null());
    command
}

/// Hands one document in.
async fn print_job(line: &mut Line, number: usize, document: &[u8]) -> Result<()> {
    let mut body = request(u32::try_from(number + 1)?);
    body.extend_from_slice(document);
    let post = Post { path: format!("/ipp/print/{PRINTER}"), media_type: "application/ipp", body: body.into() };
    let answer = line.post(post).await?;
    // Version, status, number. Below 100h is success (RFC 8011, 4.1.6).
    match answer.as_ref() {
        [_, _, 0, _, ..] => Ok(()),
        [_, _, high, low, ..] => bail!("LPrint refuses a job with {high:02x}{low:02x}"),
        _ => bail!("LPrint answers no IPP"),
    }
}

/// `Print-Job`, up to where the document begins.
fn request(number: u32) -> Vec<u8> {
    const PRINT_JOB: [u8; 4] = [2, 0, 0, 2];
    let [operation, job, end] = [1, 2, 3];
    let [keyword, uri_tag, charset, language, media_type] = [0x44, 0x45, 0x47, 0x48, 0x49];
    let uri = format!("ipp://localhost:{PORT}/ipp/print/{PRINTER}");
    let mut bytes = [PRINT_JOB, number.to_be_bytes()].concat();
    let attribute = |bytes: &mut Vec<u8>, tag: u8, name: &str, value: &str| {
        bytes.push(tag);
        for text in [name, value] {
            bytes.extend(u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    };
    bytes.push(operation);
    attribute(&mut bytes, charset, "attributes-charset", "utf-8");
    attribute(&mut bytes, language, "attributes-natural-language", "en");
    attribute(&mut bytes, uri_tag, "printer-uri", &uri);
    attribute(&mut bytes, media_type, "document-format", PNG);
    bytes.push(job);
    attribute(&mut bytes, keyword, "media", "na_index-4x6_4x6in");
    // Dot for dot: neither scaled nor cut into shades.
    attribute(&mut bytes, keyword, "print-scaling", "none");
    bytes.push(end);
    bytes
}
