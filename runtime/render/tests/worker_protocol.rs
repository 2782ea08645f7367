//! The worker by itself, spoken to by hand.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use common::Picture;
use ostler_render::protocol::{self, Output, Reply, Request};
use ostler_render::{ErrorClass, Raster, RenderLimits};

struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Worker {
    /// Started and, when there are limits, limited.
    fn start(limits: Option<RenderLimits>) -> Self {
        let mut child = Command::new(common::worker().program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut worker = Self { child, stdin, stdout };
        if let Some(limits) = limits {
            protocol::write(&mut worker.stdin, &Request::Limits(limits), &[]).unwrap();
        }
        worker
    }

    fn limited() -> Self {
        Self::start(Some(RenderLimits::default()))
    }

    fn ask(&mut self, header: &impl serde::Serialize, body: &[u8]) -> (Reply, Vec<u8>) {
        protocol::write(&mut self.stdin, header, body).unwrap();
        self.reply()
    }

    fn reply(&mut self) -> (Reply, Vec<u8>) {
        let (header, body) = protocol::read(&mut self.stdout, 1 << 20).unwrap().unwrap();
        (serde_json::from_slice(&header).unwrap(), body)
    }

    /// Ends its input and waits for it.
    fn end(self) -> ExitStatus {
        let Self { mut child, stdin, mut stdout } = self;
        drop(stdin);
        std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
        child.wait().unwrap()
    }
}

fn render() -> Request {
    let raster = Raster::new(8, 2, 1);
    Request::Render { media_type: "image/png".to_owned(), page: 0, raster, output: Output::Bitmap, row_bytes: 0 }
}

#[test]
fn it_ends_well_when_its_input_ends() {
    assert!(Worker::start(None).end().success());
    let mut worker = Worker::limited();
    assert_eq!(worker.ask(&render(), &Picture::lines(&["#."]).file()), (Reply::Rendered, vec![0x80]));
    assert!(worker.end().success());
}

#[test]
fn it_ends_when_its_parent_is_gone_even_if_somebody_else_holds_its_input() {
    let Worker { mut child, mut stdin, stdout } = Worker::limited();
    // Half a request: it is not waiting between requests, where the end of its input would tell it.
    let head = protocol::head(&render(), 1_000).unwrap();
    stdin.write_all(&head).unwrap();
    drop(stdout);
    assert!(child.wait().unwrap().success());
    drop(stdin);
}

#[test]
fn a_request_that_makes_no_sense_is_answered_and_the_next_one_works() {
    let mut worker = Worker::limited();
    for nonsense in [
        serde_json::json!({}),
        serde_json::json!([1, 2]),
        serde_json::json!({"request": "explode"}),
        serde_json::json!({"request": "render", "media_type": 7}),
        serde_json::to_value(Request::Limits(RenderLimits::default())).unwrap(),
    ] {
        let (reply, _) = worker.ask(&nonsense, b"document");
        assert!(matches!(reply, Reply::Failed { error } if error.class() == ErrorClass::Worker));
    }
    let (reply, body) = worker.ask(&render(), &Picture::lines(&["#."]).file());
    assert_eq!((reply, body), (Reply::Rendered, vec![0x80]));
}

#[test]
fn a_frame_that_claims_too_much_is_answered_and_ends_it() {
    for prefix in [[0xff; 12], [9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]] {
        let mut worker = Worker::limited();
        worker.stdin.write_all(&prefix).unwrap();
        let (reply, _) = worker.reply();
        assert!(matches!(reply, Reply::Failed { error } if error.class() == ErrorClass::Worker));
        assert!(!worker.end().success());
    }
}

#[test]
fn garbage_instead_of_limits_ends_it() {
    for garbage in [b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![0; 12], vec![0xff; 4_000]] {
        let mut worker = Worker::start(None);
        worker.stdin.write_all(&garbage).unwrap();
        assert!(!worker.end().success());
    }
    let mut worker = Worker::start(None);
    protocol::write(&mut worker.stdin, &render(), &[]).unwrap();
    assert!(!worker.end().success());
}

#[test]
fn input_that_ends_in_the_middle_of_a_request_ends_it() {
    let whole = [protocol::head(&render(), 8).unwrap(), b"12345678".to_vec()].concat();
    for length in 1..whole.len() {
        let mut worker = Worker::limited();
        worker.stdin.write_all(&whole[..length]).unwrap();
        assert!(!worker.end().success(), "{length}");
    }
}

#[test]
fn it_has_given_up_what_it_does_not_need() {
    let asked = RenderLimits { memory_bytes: 123 << 20, time_ms: 5_000, ..RenderLimits::default() };
    let mut worker = Worker::start(Some(asked));
    worker.ask(&render(), &Picture::lines(&["#."]).file());
    let limits = fs::read_to_string(format!("/proc/{}/limits", worker.child.id())).unwrap();
    let soft = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(soft("Max address space"), (123 << 20).to_string());
    assert_eq!(soft("Max core file size"), "0");
    assert_eq!(soft("Max file size"), "0");
    assert_eq!(soft("Max open files"), "16");
    assert_eq!(soft("Max cpu time"), "7");
    let status = fs::read_to_string(format!("/proc/{}/status", worker.child.id())).unwrap();
    assert!(status.lines().any(|line| line.split_whitespace().eq(["NoNewPrivs:", "1"])));
}

#[test]
fn it_writes_nothing_but_replies() {
    let mut worker = Worker::limited();
    worker.ask(&render(), b"\x89PNG\r\n\x1a\nbroken");
    let mut stderr = worker.child.stderr.take().unwrap();
    assert!(worker.end().success());
    let mut words = String::new();
    stderr.read_to_string(&mut words).unwrap();
    assert_eq!(words, "");
}
