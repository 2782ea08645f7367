//! A simulated scale that nobody here wrote: emupos, of which one runs for one test.
//!
//! It is reached over TCP or a pseudo-terminal, and what lies on it is decided through its control API.

use crate::{PATIENCE, counterpart, printer::runtime, until};
use anyhow::Result;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};

/// What a scale speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Toledo 8217, in kilograms.
    Toledo8217,
    /// SMA SCP-0499, in kilograms or pounds.
    Sma,
}

/// A scale of 15 kg that counts by 5 g. Ends with its value.
#[derive(Debug)]
pub struct Scale {
    child: Child,
    api: SocketAddr,
    tcp: SocketAddr,
    device: String,
    // Deleted after the process has ended: fields are dropped in this order.
    _folder: TempDir,
}

/// How often to try other ports: they are free when they are chosen, and may be taken when they are used.
const ATTEMPTS: u32 = 5;

impl Scale {
    /// A scale whose weight comes to rest half a second after it was moved.
    pub fn start(protocol: Protocol) -> Self {
        Self::settling(protocol, 500)
    }

    /// A scale whose weight comes to rest this many milliseconds after it was moved; not at all when 0 would be the answer
    /// to [`put_moving`](Self::put_moving), so it is at least 1.
    pub fn settling(protocol: Protocol, settles_after_ms: u32) -> Self {
        assert_ne!(settles_after_ms, 0, "such a scale is never in motion");
        for _ in 0..ATTEMPTS {
            if let Some(scale) = Self::attempt(protocol, settles_after_ms) {
                return scale;
            }
        }
        panic!("emupos does not start");
    }

    /// Nothing when the process ended, as it does when a port is taken.
    fn attempt(protocol: Protocol, settles_after_ms: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let [api, tcp] = free_ports();
        fs::write(folder.path().join("profile.yaml"), profile(protocol, settles_after_ms)).unwrap();
        let config = format!(
            "schema: 1\n\
             api: {{ host: 127.0.0.1, port: {} }}\n\
             devices:\n\
             - id: scale\n  \
               type: scale\n  \
               profile: ./profile.yaml\n  \
               connections:\n  \
               - tcp: {{ host: 127.0.0.1, port: {} }}\n  \
               - serial: {{ pty: true }}\n",
            api.port(),
            tcp.port(),
        );
        let file = folder.path().join("emupos.yaml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new(counterpart::emupos());
        command.arg("run").arg("--config").arg(&file);
        // It publishes links to its pseudo-terminals there.
        command.env("TMPDIR", folder.path());
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        let mut scale = Self { child, api, tcp, device: String::new(), _folder: folder };
        let mut ended = false;
        until("emupos answers or ends", || {
            ended = scale.child.try_wait().unwrap().is_some();
            ended || scale.describe().is_ok_and(|device| scale.note(&device))
        });
        (!ended).then_some(scale)
    }

    /// Notes the pseudo-terminal of a description; false when there is none yet.
    fn note(&mut self, description: &Value) -> bool {
        let connections = description["connections"].as_array().into_iter().flatten();
        let mut paths = connections.filter_map(|connection| connection["device_path"].as_str());
        paths.next().unwrap_or_default().clone_into(&mut self.device);
        !self.device.is_empty()
    }

    /// Where it listens: `tcp://127.0.0.1:40123`.
    pub fn uri(&self) -> String {
        format!("tcp://{}", self.tcp)
    }

    /// Its serial line: `serial:///dev/pts/7?baud=9600`. A pseudo-terminal carries 8 bits without parity, whatever a real
    /// scale would be set to.
    pub fn serial_uri(&self) -> String {
        format!("serial://{}?baud=9600", self.device)
    }

    /// Puts this on it instead of what lies there, in grams; less than 0 is less than an empty platter. It stands still.
    #[track_caller]
    pub fn put(&self, grams: i32) {
        self.order("PUT", "weight", Some(&json!({ "grams": grams, "stable": true })));
    }

    /// As [`put`](Self::put), and it takes its time to come to rest.
    #[track_caller]
    pub fn put_moving(&self, grams: i32) {
        self.order("PUT", "weight", Some(&json!({ "grams": grams, "stable": false })));
    }

    /// Somebody presses its key for tare.
    #[track_caller]
    pub fn press_tare(&self) {
        self.order("POST", "tare", None);
    }

    /// Somebody presses its key for zero.
    #[track_caller]
    pub fn press_zero(&self) {
        self.order("POST", "zero", None);
    }

    /// How it is: `grams`, `tare_grams`, `net_grams`, `stable`, `unit`.
    #[track_caller]
    pub fn state(&self) -> Value {
        self.describe().unwrap()["state"].clone()
    }

    /// It keeps its connections, takes new ones, and answers nothing, until [`wake`](Self::wake).
    pub fn fall_silent(&self) {
        self.signal(Signal::STOP);
    }

    /// It answers again, also what it was asked meanwhile.
    pub fn wake(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn describe(&self) -> Result<Value> {
        let (status, device) = self.send("GET", "", None)?;
        anyhow::ensure!(status == 200, "emupos answered {status}: {device}");
        Ok(device)
    }

    #[track_caller]
    fn order(&self, method: &str, what: &str, body: Option<&Value>) {
        let (status, answer) = self.send(method, &format!("/{what}"), body).unwrap();
        assert_eq!(status, 204, "{method} {what}: {answer}");
    }

    /// A request about the device: HTTP status and body.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let request = async {
            let stream = TcpStream::connect(self.api).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let mut request = Request::builder().method(method).uri(format!("/api/v1/devices/scale{path}"));
            request = request.header(header::HOST, self.api.to_string());
            let mut bytes = Bytes::new();
            if let Some(body) = body {
                request = request.header(header::CONTENT_TYPE, "application/json");
                bytes = body.to_string().into();
            }
            let response = sender.send_request(request.body(Full::new(bytes))?).await?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await?.to_bytes();
            Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
        };
        runtime().block_on(async { timeout(PATIENCE, request).await })?
    }
}

impl Drop for Scale {
    fn drop(&mut self) {
        // Also when it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports that are free now, on the loopback device.
fn free_ports<const N: usize>() -> [SocketAddr; N] {
    // All at once, so that they differ.
    let listeners: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

/// A scale of 15 kg that counts by 5 g, like the two that emupos brings along.
fn profile(protocol: Protocol, settles_after_ms: u32) -> String {
    let own = match protocol {
        Protocol::Toledo8217 => {
            "protocol: toledo8217\n\
             reply_integer_digits: 2\n\
             reply_decimals: 3\n\
             serial: { baud: 9600, data_bits: 7, parity: even, stop_bits: 1 }\n"
        }
        Protocol::Sma => {
            "protocol: sma\n\
             units: [{ unit: kg_, decimals: 3, count_by: 5 }, { unit: lb_, decimals: 2, count_by: 1 }]\n\
             maker: emupos\n\
             model: SMA 15kg\n\
             revision: \"1.0\"\n\
             repeat_interval_ms: 200\n\
             serial: { baud: 9600, data_bits: 8, parity: none, stop_bits: 1 }\n"
        }
    };
    format!("type: scale\nname: 15 kg\ncapacity_grams: 15000\ndivision_grams: 5\nsettle_ms: {settles_after_ms}\n{own}")
}
