//! Requests over HTTP, several at a time, each line of them over one connection that stays.

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::try_join_all;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use ostler_tests::Daemon;
use serde_json::Value;
use std::{cell::Cell, net::Ipv4Addr, path::PathBuf};
use tokio::{
    net::{TcpStream, UnixStream},
    runtime::Runtime,
};

/// A runtime for clients: one thread, which leaves the rest of the machine to who is measured.
pub fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Where a server is.
#[derive(Debug, Clone)]
pub enum Server {
    /// A Unix socket.
    Socket(PathBuf),
    /// A port on loopback.
    Port(u16),
}

impl Server {
    /// A daemon's socket.
    pub fn of(daemon: &Daemon) -> Self {
        Self::Socket(daemon.data().join("ostler.sock"))
    }
}

/// A document for a server.
#[derive(Debug, Clone)]
pub struct Post {
    /// The path, with its query.
    pub path: String,
    /// Its media type.
    pub media_type: &'static str,
    /// The document.
    pub body: Bytes,
}

/// A connection, which makes one request after the other.
pub struct Line(SendRequest<Full<Bytes>>);

impl Line {
    /// Connects.
    pub async fn open(server: &Server) -> Result<Self> {
        let sender = match server {
            Server::Socket(path) => {
                let (sender, connection) = http1::handshake(TokioIo::new(UnixStream::connect(path).await?)).await?;
                tokio::spawn(connection);
                sender
            }
            Server::Port(port) => {
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).await?;
                stream.set_nodelay(true)?;
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                sender
            }
        };
        Ok(Self(sender))
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Incoming)> {
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        Ok((response.status(), response.into_body()))
    }

    /// Hands a document in, and returns what is answered; anything but success is an error.
    pub async fn post(&mut self, post: Post) -> Result<Bytes> {
        let request = Request::post(post.path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, post.media_type)
            .body(Full::new(post.body))?;
        let (status, body) = self.send(request).await?;
        let body = body.collect().await?.to_bytes();
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// Hands a document in for a job, and returns the job's number.
    pub async fn submit(&mut self, post: Post) -> Result<i64> {
        let job: Value = serde_json::from_slice(&self.post(post).await?)?;
        job["id"].as_i64().context("a job has a number")
    }
}

/// Hands documents in, `in_flight` at a time, and waits until all are acknowledged.
pub async fn submit_all(server: &Server, in_flight: usize, posts: Vec<Post>) -> Result<()> {
    let next = Cell::new(posts.into_iter());
    let line = async || -> Result<()> {
        let mut line = Line::open(server).await?;
        loop {
            // Nothing awaits between the two.
            let mut posts = next.take();
            let post = posts.next();
            next.set(posts);
            let Some(post) = post else { return Ok(()) };
            line.submit(post).await?;
        }
    };
    try_join_all((0..in_flight).map(|_| line())).await?;
    Ok(())
}

/// What a daemon tells of as it happens.
pub struct Feed {
    body: Incoming,
    text: Vec<u8>,
}

impl Feed {
    /// Listens from now on.
    pub async fn open(server: &Server) -> Result<Self> {
        let mut line = Line::open(server).await?;
        let request = Request::get("/api/events/").header(header::HOST, "localhost").body(Full::default())?;
        let (status, body) = line.send(request).await?;
        ensure!(status.is_success(), "the feed answers {status}");
        Ok(Self { body, text: Vec::new() })
    }

    /// Waits until a job is done; fails when it is over in another way.
    pub async fn until_done(&mut self, job: i64) -> Result<()> {
        loop {
            while let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                let Some(event) = line.strip_prefix(b"data: ") else { continue };
                let event: Value = serde_json::from_slice(event)?;
                if event["kind"] != "job.state-changed" || event["job"].as_i64() != Some(job) {
                    continue;
                }
                match event["data"]["to"].as_str() {
                    Some("done") => return Ok(()),
                    Some("queued" | "printing") => {}
                    _ => bail!("job {job} did not print: {event}"),
                }
            }
            let frame = self.body.frame().await.context("the feed has ended")??;
            if let Some(data) = frame.data_ref() {
                self.text.extend_from_slice(data);
            }
        }
    }
}
