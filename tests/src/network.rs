//! The daemon over the network: HTTP/1.1 by hand on a TCP connection, with whatever headers a test wants.

use crate::{Daemon, PATIENCE, printer::runtime, until};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::{net::TcpStream, time::timeout};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body with its media type.
    pub body: Option<(String, Vec<u8>)>,
}

impl Ask {
    /// With a token.
    #[must_use]
    pub fn token(token: &str) -> Self {
        Self::default().header("authorization", &format!("Bearer {token}"))
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body in JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some((media_type.to_owned(), bytes.into()));
        self
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Fails the test unless it has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// One request on a connection of its own.
#[track_caller]
pub fn ask(address: SocketAddr, method: &str, path: &str, ask: Ask) -> Answer {
    let exchange = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, address.to_string());
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let mut bytes = Bytes::new();
        if let Some((media_type, body)) = ask.body {
            request = request.header(header::CONTENT_TYPE, media_type);
            bytes = body.into();
        }
        let response = sender.send_request(request.body(Full::new(bytes))?).await?;
        let status = response.status().as_u16();
        let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let bytes = response.into_body().collect().await?.to_bytes().to_vec();
        anyhow::Ok(Answer { status, headers, bytes })
    };
    let answered = runtime().block_on(async { timeout(PATIENCE, exchange).await });
    answered.unwrap_or_else(|_| panic!("{method} {path} is not answered")).unwrap()
}

impl Daemon {
    /// Where it listens, for a daemon that was built with [`crate::Builder::network`].
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        let found = |log: &str| {
            let from = log.rfind("page=http")?;
            let url = log.get(from..)?.split_whitespace().next()?;
            url.split_once("://")?.1.trim_end_matches('/').parse().ok()
        };
        until("the daemon tells where it listens", || found(&self.log()).is_some());
        found(&self.log()).unwrap()
    }

    /// One request over the network.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, request: Ask) -> Answer {
        ask(self.address(), method, path, request)
    }

    /// The text of a new token.
    #[track_caller]
    pub fn token(&self, name: &str, role: &str, more: &[&str]) -> String {
        let made = self.json(&[&["token", "create", name, "--role", role], more].concat());
        made["token"].as_str().unwrap().to_owned()
    }
}
