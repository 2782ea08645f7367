//! The command line and the REST API of a daemon, and waiting for what they show.

use crate::{Daemon, PATIENCE, dots, place, printer, printer::runtime};
use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use ostler_simulators::{Bitmap, ZebraConfig, ZebraPrinter};
use serde_json::Value;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Instant,
};
use tokio::{net::UnixStream, process::Command, time::timeout};

/// What a command said.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit status; -1 when a signal ended it.
    pub status: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Output {
    /// What a process said.
    pub fn of(output: &std::process::Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless the command succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Fails the test unless the command ended with this status and its stderr contains all of these.
    #[track_caller]
    pub fn refused(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "'{word}' is not in: {}", self.stderr);
        }
        self
    }
}

/// Runs `ostler --data <data>` with arguments.
pub fn ostler(data: &Path, arguments: &[impl AsRef<OsStr>]) -> Output {
    ostler_with(data, arguments, &[])
}

/// Runs `ostler --data <data>` with arguments and variables.
pub fn ostler_with(data: &Path, arguments: &[impl AsRef<OsStr>], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(place::ostler());
    command.arg("--data").arg(data).args(arguments).envs(environment.iter().copied());
    command.env("NO_COLOR", "1").stdin(Stdio::null()).kill_on_drop(true);
    let output = runtime().block_on(async { timeout(PATIENCE, command.output()).await });
    let output = output.unwrap_or_else(|_| panic!("{command:?} does not end")).unwrap();
    Output::of(&output)
}

/// Whether a daemon answers on this data folder.
pub(crate) fn answers(data: &Path) -> bool {
    runtime()
        .block_on(async { timeout(PATIENCE, send(data, "GET", "/healthz", None)).await })
        .is_ok_and(|ok| ok.is_ok())
}

/// One request on a connection of its own: HTTP status and body, which is null when it is no JSON.
pub async fn send(data: &Path, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Result<(u16, Value)> {
    let stream = UnixStream::connect(data.join("ostler.sock")).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "ostler");
    let mut bytes = Bytes::new();
    if let Some((media_type, body)) = body {
        request = request.header(header::CONTENT_TYPE, media_type);
        bytes = body.into();
    }
    let response = sender.send_request(request.body(Full::new(bytes))?).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// `GET` of a text, with its media type.
async fn fetch(data: &Path, path: &str) -> Result<(String, String)> {
    let stream = UnixStream::connect(data.join("ostler.sock")).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::builder().uri(path).header(header::HOST, "ostler").body(Full::<Bytes>::default())?;
    let response = sender.send_request(request).await?;
    anyhow::ensure!(response.status().is_success(), "{}", response.status());
    let media_type = response.headers().get(header::CONTENT_TYPE).context("no media type")?.to_str()?.to_owned();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((media_type, String::from_utf8(body.to_vec())?))
}

impl Daemon {
    /// Runs the command line on this daemon.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        ostler(&self.data(), arguments)
    }

    /// Runs the command line with `--json`, which must succeed, and returns what it printed.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cli(&[&["--json"], arguments].concat());
        assert_eq!(output.status, 0, "ostler {}: {}", arguments.join(" "), output.stderr);
        serde_json::from_str(&output.stdout).with_context(|| output.stdout.clone()).unwrap()
    }

    /// A request over the socket: HTTP status and body.
    #[track_caller]
    pub fn request(&self, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> (u16, Value) {
        let data = self.data();
        let answer = runtime().block_on(async { timeout(PATIENCE, send(&data, method, path, body)).await });
        answer.unwrap_or_else(|_| panic!("{method} {path} is not answered")).unwrap()
    }

    /// `GET` of a text, which must succeed: its media type and itself.
    #[track_caller]
    pub fn text(&self, path: &str) -> (String, String) {
        let data = self.data();
        let answer = runtime().block_on(async { timeout(PATIENCE, fetch(&data, path)).await });
        answer.unwrap_or_else(|_| panic!("GET {path} is not answered")).unwrap()
    }

    /// `GET`, which must succeed.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.request("GET", path, None);
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Installs and enables a driver by its crate's name, such as `ostler_driver_zebra`.
    #[track_caller]
    pub fn install(&self, guest: &str) -> Value {
        let file = place::guest(guest);
        self.json(&["driver", "install", &file.to_string_lossy(), "--enable"])
    }

    /// Adds a label printer and waits until it is ready. Settings are `KEY=VALUE`.
    #[track_caller]
    pub fn add(&self, name: &str, driver: &str, settings: &[&str]) -> Value {
        self.add_of_type("label-printer", name, driver, settings)
    }

    /// Adds a machine of this type and waits until it is ready. Settings are `KEY=VALUE`.
    #[track_caller]
    pub fn add_of_type(&self, slug: &str, name: &str, driver: &str, settings: &[&str]) -> Value {
        let mut arguments = vec!["machine", "add", name, "--type", slug, "--driver", driver];
        for setting in settings {
            arguments.extend(["--set", setting]);
        }
        self.json(&arguments);
        self.until_state(name, "ready")
    }

    /// Adds a Zebra machine for a simulated printer and waits until it is ready.
    #[track_caller]
    pub fn add_zebra(&self, name: &str, printer: &ZebraPrinter, settings: &[&str]) -> Value {
        let connection = format!("CONNECTION={}", printer.uri());
        self.add(name, "zebra-zpl", &[&[connection.as_str()], settings].concat())
    }

    /// A new daemon with one machine `dock` for a simulated printer, and that printer.
    #[track_caller]
    pub fn with_zebra() -> (Self, ZebraPrinter) {
        let daemon = Self::start();
        let printer = daemon.add_dock(ZebraConfig::default());
        (daemon, printer)
    }

    /// Installs the Zebra driver and adds a machine `dock` for a simulated printer like this.
    #[track_caller]
    pub fn add_dock(&self, printer: ZebraConfig) -> ZebraPrinter {
        self.install("ostler_driver_zebra");
        let printer = printer::zebra_with(printer);
        self.add_zebra("dock", &printer, &[]);
        printer
    }

    /// A machine as the API shows it.
    #[track_caller]
    pub fn machine(&self, name: &str) -> Value {
        let machines = self.get("/api/machine/");
        let found = machines.as_array().unwrap().iter().find(|machine| machine["name"] == name);
        found.unwrap_or_else(|| panic!("no machine '{name}' in {machines}")).clone()
    }

    /// Waits until a machine's state has this name (`ready`, `failed` ...), and returns the machine.
    #[track_caller]
    pub fn until_state(&self, name: &str, state: &str) -> Value {
        self.until_machine(name, state, |machine| machine["state"]["state"] == state)
    }

    /// Waits until a machine meets a condition, and returns it; fails with how it is instead.
    #[track_caller]
    pub fn until_machine(&self, name: &str, what: &str, mut condition: impl FnMut(&Value) -> bool) -> Value {
        until_value(what, || self.machine(name), |machine| condition(machine))
    }

    /// Waits until a condition holds, or fails the test with `what`.
    #[track_caller]
    pub fn until(&self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        crate::until(what, || condition(self));
    }

    /// So many events after one, as the command line shows them; waits until there are so many.
    #[track_caller]
    pub fn events(&self, after: i64, count: usize) -> Vec<Value> {
        let arguments = ["--json", "events", "--after", &after.to_string(), "--count", &count.to_string()];
        let said = self.cli(&arguments).ok().stdout;
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// All events from the oldest to the first one of this kind.
    #[track_caller]
    pub fn events_up_to(&self, kind: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        while all.last().is_none_or(|event| event["kind"] != kind) {
            let after = all.last().map_or(0, |event| event["id"].as_i64().unwrap());
            all.extend(self.events(after, 1));
        }
        all
    }

    /// Writes a document into the test's folder.
    pub fn document(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.scratch().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Prints a PNG through the command line, and returns the job's number.
    #[track_caller]
    pub fn print(&self, machine: &str, png: &[u8], copies: u32) -> i64 {
        let file = self.document("label.png", png);
        let job = self.json(&["print", machine, &file.to_string_lossy(), "--copies", &copies.to_string()]);
        job["id"].as_i64().unwrap()
    }

    /// Prints a document with further arguments, and returns the job's number.
    #[track_caller]
    pub fn print_with(&self, machine: &str, document: &Path, arguments: &[&str]) -> i64 {
        let job = self.json(&[&["print", machine, &document.to_string_lossy()], arguments].concat());
        job["id"].as_i64().unwrap()
    }

    /// The dots that a machine would print for a document, with further arguments, and the PNG that has them.
    #[track_caller]
    pub fn preview(&self, machine: &str, document: &Path, arguments: &[&str]) -> Bitmap {
        let to = self.scratch().join("preview.png");
        let begin = ["preview", machine, &document.to_string_lossy(), "--to", &to.to_string_lossy()];
        self.cli(&[&begin, arguments].concat()).ok();
        dots::of_png(&std::fs::read(to).unwrap())
    }

    /// Prints a label once and waits until the job is done; fails with how it ended instead.
    #[track_caller]
    pub fn print_done(&self, machine: &str, png: &[u8]) -> Value {
        let job = self.job_over(self.print(machine, png, 1));
        assert_eq!(job["state"], "done", "{job:#}");
        job
    }

    /// A job as the API shows it.
    #[track_caller]
    pub fn job(&self, job: i64) -> Value {
        self.get(&format!("/api/job/{job}/"))
    }

    /// Waits until a job is over (done, failed, cancelled or unknown), and returns it.
    #[track_caller]
    pub fn job_over(&self, job: i64) -> Value {
        let over = ["done", "failed", "cancelled", "unknown"];
        self.until_job(job, "over", |job| over.iter().any(|state| job["state"] == *state))
    }

    /// Waits until a job meets a condition, and returns it; fails with how it is instead.
    #[track_caller]
    pub fn until_job(&self, job: i64, what: &str, mut condition: impl FnMut(&Value) -> bool) -> Value {
        until_value(what, || self.job(job), |job| condition(job))
    }
}

#[track_caller]
fn until_value(what: &str, look: impl Fn() -> Value, mut condition: impl FnMut(&Value) -> bool) -> Value {
    let end = Instant::now() + PATIENCE;
    loop {
        let value = look();
        if condition(&value) {
            return value;
        }
        assert!(Instant::now() < end, "still not '{what}' after {} s: {value:#}", PATIENCE.as_secs());
        std::thread::sleep(crate::LOOK_AGAIN);
    }
}
