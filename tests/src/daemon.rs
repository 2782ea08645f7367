//! An `ostler serve` in a folder of its own.
//!
//! Its log is kept, and printed when the test fails. A log with a panic fails the test, whatever else it saw.

use crate::{PATIENCE, place};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The time between two pings unless a test wants another: short, so that recovery is seen soon.
const PING_INTERVAL_MS: u32 = 250;

/// How a daemon is to be started.
#[derive(Debug, Clone)]
pub struct Builder {
    config: Option<String>,
    listen: &'static str,
    ping_interval_ms: Option<u32>,
    drivers: Vec<PathBuf>,
    dev: bool,
    environment: Vec<(OsString, OsString)>,
    parent: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            config: None,
            listen: "off",
            ping_interval_ms: Some(PING_INTERVAL_MS),
            drivers: Vec::new(),
            dev: false,
            environment: Vec::new(),
            parent: None,
        }
    }
}

impl Builder {
    /// Limits in TOML, such as `cpu_slice_ms = 50`.
    #[must_use]
    pub fn limits(self, toml: &str) -> Self {
        self.config(&format!("[limits]\n{toml}"))
    }

    /// Its whole configuration; [`Daemon::configure`] writes another one.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        self.config = Some(toml.to_owned());
        self
    }

    /// Pings as the configuration says: the flag of [`Self::ping_interval`] would count more.
    #[must_use]
    pub fn configured_pings(mut self) -> Self {
        self.ping_interval_ms = None;
        self
    }

    /// Listens on a port of this machine that the system picks, too; [`Daemon::address`] tells which.
    #[must_use]
    pub fn network(mut self) -> Self {
        self.listen = "127.0.0.1:0";
        self
    }

    /// The time between two pings; 0 switches them off.
    #[must_use]
    pub fn ping_interval(mut self, ms: u32) -> Self {
        self.ping_interval_ms = Some(ms);
        self
    }

    /// A folder whose components are installed at start.
    #[must_use]
    pub fn drivers(mut self, folder: impl Into<PathBuf>) -> Self {
        self.drivers.push(folder.into());
        self
    }

    /// Watches the folders.
    #[must_use]
    pub fn dev(mut self) -> Self {
        self.dev = true;
        self
    }

    /// A variable in the daemon's environment.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((key.into(), value.into()));
        self
    }

    /// Where its folder is made; else where the system keeps such folders.
    #[must_use]
    pub fn folder_in(mut self, parent: impl Into<PathBuf>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// Starts it and waits until it answers.
    pub fn start(self) -> Daemon {
        self.start_on(|_| ())
    }

    /// Starts it on a data folder that this makes at the path that it is given.
    pub fn start_on(self, make: impl FnOnce(&Path)) -> Daemon {
        let parent = self.parent.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new().prefix("ostler-").tempdir_in(parent).unwrap();
        let log = Arc::default();
        make(&folder.path().join(DATA));
        if let Some(toml) = &self.config {
            std::fs::write(folder.path().join(CONFIG), toml).unwrap();
        }
        let running = Running::start(&self, folder.path(), &log);
        Daemon { builder: self, folder, log, running: Some(running) }
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(place::ostler());
        command.arg("--data").arg(folder.join(DATA)).arg("serve");
        command.arg("--listen").arg(self.listen);
        if let Some(ms) = self.ping_interval_ms {
            command.arg("--ping-interval").arg(ms.to_string());
        }
        if self.config.is_some() {
            command.arg("--config").arg(folder.join(CONFIG));
        }
        if self.dev {
            command.arg("--dev");
        }
        for folder in &self.drivers {
            command.arg("--drivers").arg(folder);
        }
        command.env("NO_COLOR", "1").envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }
}

/// The data folder, inside the test's folder.
const DATA: &str = "data";
/// Its configuration, beside that.
const CONFIG: &str = "ostler.toml";

/// A running daemon. Stops in order when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    builder: Builder,
    folder: TempDir,
    /// What all its processes wrote, one after the other.
    log: Arc<Mutex<String>>,
    /// Nothing between a kill and a restart.
    running: Option<Running>,
}

impl Daemon {
    /// A daemon with the default limits.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A daemon with other limits, pings or drivers.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join(DATA)
    }

    /// A folder for the test's own files, which goes away with the daemon.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Writes another configuration; a daemon that was built with one reads it on SIGHUP.
    pub fn configure(&self, toml: &str) {
        std::fs::write(self.folder.path().join(CONFIG), toml).unwrap();
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the daemon runs").child.id()
    }

    /// What it has logged so far, over all its lives.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it as a power cut would (SIGKILL). [`Self::restart`] starts it again.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().unwrap();
            running.finish();
        }
    }

    /// Ends it in order (SIGTERM), and returns how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.running.take().expect("the daemon runs").stop()
    }

    /// Sends it a signal, and does not wait for what comes of it.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.running.as_ref().expect("the daemon runs").child), signal).unwrap();
    }

    /// Waits until it ends after a signal, and returns how it ended.
    pub fn ended(&mut self) -> ExitStatus {
        self.running.take().expect("the daemon runs").ended()
    }

    /// Starts it on the same folder; kills it first if it runs.
    pub fn restart(&mut self) {
        self.kill();
        self.running = Some(Running::start(&self.builder, self.folder.path(), &self.log));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if thread::panicking() {
            self.kill();
            eprintln!("--- log of the daemon ---\n{}--- end of the log ---", self.log());
            return;
        }
        if let Some(running) = self.running.take() {
            let status = running.stop();
            assert!(status.success(), "the daemon ended with {status}:\n{}", self.log());
        }
        let log = self.log();
        assert!(!log.contains("panicked"), "the daemon panicked:\n{log}");
    }
}

/// A process and the thread that reads its log.
#[derive(Debug)]
struct Running {
    child: Child,
    reader: JoinHandle<()>,
}

impl Running {
    fn start(builder: &Builder, folder: &Path, log: &Arc<Mutex<String>>) -> Self {
        let mut child =
            builder.command(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::clone(log);
        let lines = Arc::clone(&log);
        let reader = thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                let mut log = lines.lock().unwrap();
                log.push_str(&String::from_utf8_lossy(&line));
                log.push('\n');
            }
        });
        let mut running = Self { child, reader };
        let data = folder.join(DATA);
        let end = Instant::now() + PATIENCE;
        while !crate::client::answers(&data) {
            if let Some(status) = running.child.try_wait().unwrap() {
                running.finish();
                panic!("the daemon did not start ({status}):\n{}", log.lock().unwrap());
            }
            if Instant::now() > end {
                running.child.kill().unwrap();
                running.finish();
                panic!("the daemon does not answer:\n{}", log.lock().unwrap());
            }
            thread::sleep(Duration::from_millis(5));
        }
        running
    }

    fn stop(self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.ended()
    }

    fn ended(mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        if self.child.try_wait().unwrap().is_none() {
            // It will not stop by itself: its status says so.
            self.child.kill().unwrap();
        }
        self.finish()
    }

    /// Reaps the process and takes in the rest of its log.
    fn finish(mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        // Its workers hold the log open for the moment that they outlive it.
        let end = Instant::now() + Duration::from_secs(5);
        while !self.reader.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
        status
    }
}
