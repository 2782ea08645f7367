//! Programs that nobody here wrote, which print on the simulator: `lprint`'s server, and the filters of CUPS.
//!
//! A missing one fails the test, unless `OSTLER_ALLOW_MISSING=1`: then the test says so and is skipped.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;

use crate::common::LIMIT;

pub const RASTERTOLABEL: &str = "/usr/lib/cups/filter/rastertolabel";
pub const LABEL_DRIVERS: &str = "/usr/share/cups/drv/sample.drv";

/// Set in a test that runs in a network of its own.
const ALONE: &str = "OSTLER_TEST_NETWORK";

/// Whether the test cannot go on, because one of these files is not there.
#[track_caller]
pub fn missing(needed: &[&str]) -> bool {
    let absent: Vec<_> = needed.iter().filter(|file| !Path::new(file).exists()).collect();
    !absent.is_empty() && is_skipped(&format!("{absent:?} not installed"))
}

/// Fails the test for this reason, unless missing programs are allowed.
#[track_caller]
fn is_skipped(reason: &str) -> bool {
    let allowed = std::env::var_os("OSTLER_ALLOW_MISSING").is_some_and(|value| value == "1");
    assert!(allowed, "{reason}: run scripts/counterparts.sh, or allow it with OSTLER_ALLOW_MISSING=1");
    let line = format!("SKIPPED {}: {reason}", name_of_test());
    eprintln!("{line}");
    if let Some(list) = std::env::var_os("OSTLER_SKIPPED_LIST") {
        writeln!(OpenOptions::new().create(true).append(true).open(list).unwrap(), "{line}").unwrap();
    }
    true
}

fn name_of_test() -> String {
    std::thread::current().name().expect("tests have names").to_owned()
}

/// Runs the calling test once more, in a network that has nothing but loopback, and in which every port is free: `lprint` 1.1.0
/// listens on all addresses whatever it is told. Says whether this is that second run.
///
/// `/run` is empty there, so that servers of several tests do not share a socket; and whatever the test leaves running ends
/// with it.
#[track_caller]
pub fn in_a_network_of_its_own() -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let alone = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["sh", "-c", &format!("ip link set lo up && mount -t tmpfs tmpfs /run && {script}")]);
        command
    };
    if !alone("true").output().is_ok_and(|output| output.status.success()) {
        is_skipped("a network of its own (unshare and ip, and leave to use them) is not to be had");
        return false;
    }
    let mut command = alone("exec \"$0\" --exact \"$1\" --nocapture");
    let output = command.arg(std::env::current_exe().unwrap()).arg(name_of_test()).env(ALONE, "1").output().unwrap();
    check(&command, &output);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "{stdout}");
    false
}

#[track_caller]
pub fn check(command: &Command, output: &Output) {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{command:?}: {}\n{stdout}\n{stderr}", output.status);
}

/// `lprint`'s server with one printer; it ends with the value.
pub struct Lprint<'a> {
    server: Child,
    folder: &'a Path,
}

impl<'a> Lprint<'a> {
    const PORT: &'static str = "8631";
    const PRINTER: &'static str = "label";

    /// For tests in a network of their own. The folder takes its state.
    pub fn start(folder: &'a Path, driver: &str, port: u16) -> Self {
        let mut server = command(folder, "server");
        let spool = format!("spool-directory={}", folder.join("spool").display());
        let port_option = format!("server-port={}", Self::PORT);
        for option in [port_option.as_str(), "log-file=-", "log-level=info", &spool] {
            server.args(["-o", option]);
        }
        let mut server = server.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(server.stderr.take().unwrap());
        let lprint = Self { server, folder };
        let (lines, log_lines) = mpsc::channel();
        // Reads on for as long as the server writes, so that it never waits for us.
        std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line))));
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains("Listening for connections")) {
            seen.push(log_lines.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("{error}; LPrint said {seen:#?}")));
        }
        lprint.run("add", &["-v", &format!("socket://127.0.0.1:{port}"), "-m", driver]);
        lprint
    }

    /// Prints a file with these options.
    pub fn submit(&self, options: &[&str], file: &Path) {
        let options = options.iter().flat_map(|option| ["-o", option]);
        let arguments: Vec<_> = options.chain([file.to_str().unwrap()]).collect();
        self.run("submit", &arguments);
    }

    fn run(&self, verb: &str, arguments: &[&str]) {
        let mut command = command(self.folder, verb);
        command.args(["-u", &format!("ipp://localhost:{}/", Self::PORT), "-d", Self::PRINTER]).args(arguments);
        let output = command.output().unwrap();
        check(&command, &output);
    }
}

impl Drop for Lprint<'_> {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn command(folder: &Path, verb: &str) -> Command {
    let mut command = Command::new("lprint");
    command.arg(verb).env("HOME", folder).env("TMPDIR", folder).env_remove("XDG_DATA_HOME").stdin(Stdio::null());
    command
}

/// What CUPS's label filter makes of a raster for one of the printers that it comes with (`zebra.ppd`, `zebraep2.ppd`).
pub fn rastertolabel(folder: &Path, ppd: &str, raster: &[u8]) -> Vec<u8> {
    let mut compiler = Command::new("ppdc");
    let output = compiler.arg("-d").arg(folder).arg(LABEL_DRIVERS).output().unwrap();
    check(&compiler, &output);
    let file = folder.join("label.ras");
    fs::write(&file, raster).unwrap();
    let mut filter = Command::new(RASTERTOLABEL);
    // Job, user, title, copies, options, file.
    filter.args(["1", "user", "title", "1", ""]).arg(file).env("PPD", folder.join(ppd)).env("TMPDIR", folder);
    let output = filter.output().unwrap();
    check(&filter, &output);
    output.stdout
}

/// A page of 203 dots an inch in CUPS's raster format, version 3, of one bit a dot (CUPS, *Raster Format*).
pub fn cups_raster(width: u32, height: u32, rows: &[u8]) -> Vec<u8> {
    const BLACK: u32 = 3;
    let mut header = vec![0; 1796];
    let points = |dots: u32| dots * 72 / 203;
    let fields = [
        (276, 203), // HWResolution
        (280, 203),
        (340, 1),             // NumCopies
        (352, points(width)), // PageSize
        (356, points(height)),
        (372, width),             // cupsWidth
        (376, height),            // cupsHeight
        (384, 1),                 // cupsBitsPerColor
        (388, 1),                 // cupsBitsPerPixel
        (392, width.div_ceil(8)), // cupsBytesPerLine
        (400, BLACK),             // cupsColorSpace
        (404, u32::MAX),          // cupsCompression: darkness; -1 is the printer's own
        (416, 200),               // cupsRowStep: label top; 200 is the printer's own
        (420, 1),                 // cupsNumColors
    ];
    for (at, value) in fields {
        header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    // The sync word, as a little-endian machine writes it: nothing is compressed.
    [b"3SaR", header.as_slice(), rows].concat()
}
