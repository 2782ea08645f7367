//! HTTP to the daemon: over its Unix socket, or over the network with a token.

use super::route::Route;
use crate::{listen::SOCKET, registry::view::MachineView};
use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};
use thiserror::Error;
use url::{Url, form_urlencoded::byte_serialize};

/// The daemon said no.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// What it said.
    pub message: String,
}

impl Refused {
    /// The exit status of the command line: 3 not found, 4 denied, else 1.
    pub fn exit_status(&self) -> u8 {
        match self.status {
            404 => 3,
            401 | 403 => 4,
            _ => 1,
        }
    }
}

/// Speaks with one daemon.
#[derive(Debug, Clone)]
pub struct Client {
    route: Route,
    token: Option<String>,
}

impl Client {
    /// A client of the daemon with this data folder, over its socket: nobody asks for a token there.
    pub fn new(data: &Path) -> Self {
        Self { route: Route::Socket(data.join(SOCKET)), token: None }
    }

    /// A client of the daemon at this address, with a token.
    pub fn at(url: Url, token: Option<String>, authority: Option<PathBuf>) -> Self {
        Self { route: Route::Network { url, authority }, token }
    }

    /// Whether it goes over a network.
    pub fn is_remote(&self) -> bool {
        matches!(self.route, Route::Network { .. })
    }
}

/// A body with its media type.
pub type Body = (Cow<'static, str>, Bytes);

impl Client {
    /// `GET`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::GET, path, None).await
    }

    /// `POST` with JSON.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        self.ask(Method::POST, path, Some(json(body))).await
    }

    /// `PUT` without a body.
    pub async fn put<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::PUT, path, None).await
    }

    /// `PATCH` with JSON.
    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        self.ask(Method::PATCH, path, Some(json(body))).await
    }

    /// `POST` with bytes.
    pub async fn upload<T: DeserializeOwned>(&self, path: &str, body: Body) -> Result<T> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// `POST` with bytes, answered with bytes.
    pub async fn exchange(&self, path: &str, body: Body) -> Result<Bytes> {
        Ok(self.send(Method::POST, path, Some(body)).await?.into_body().collect().await?.to_bytes())
    }

    /// `GET`, answered with bytes.
    pub async fn read(&self, path: &str) -> Result<Bytes> {
        Ok(self.send(Method::GET, path, None).await?.into_body().collect().await?.to_bytes())
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    /// `DELETE`, answered with what is left.
    pub async fn remove<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::DELETE, path, None).await
    }

    /// The machine of a name or an id.
    pub async fn machine(&self, name: &str) -> Result<MachineView> {
        let all: Vec<MachineView> = self.get("/api/machine/").await?;
        let id = name.to_ascii_lowercase();
        let mut found: Vec<_> =
            all.into_iter().filter(|machine| machine.name == name || machine.pk.to_string() == id).collect();
        match (found.pop(), found.is_empty()) {
            (Some(machine), true) => Ok(machine),
            (Some(_), false) => bail!("'{name}' is the name of one machine and the id of another: use the id"),
            (None, _) => {
                let message = format!("there is no machine '{name}'; `ostler machine list` shows them");
                Err(Refused { status: 404, message }.into())
            }
        }
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Body>) -> Result<T> {
        let bytes = self.send(method, path, body).await?.into_body().collect().await?.to_bytes();
        serde_json::from_slice(&bytes).with_context(|| format!("the daemon's answer to {path} was not understood"))
    }

    /// Sends a request; an answer that is not a success becomes [`Refused`].
    pub async fn send(&self, method: Method, path: &str, body: Option<Body>) -> Result<Response<Incoming>> {
        let stream = self.route.open().await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let host = self.route.host();
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let bytes = match body {
            Some((media_type, bytes)) => {
                request = request.header(header::CONTENT_TYPE, media_type.as_ref());
                bytes
            }
            None => Bytes::new(),
        };
        let response = sender.send_request(request.body(Full::new(bytes))?).await.context("the daemon went away")?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Err(Refused { status: status.as_u16(), message: explain(status, &body) }.into())
    }
}

fn json(body: &Value) -> Body {
    ("application/json".into(), body.to_string().into())
}

/// The words of a refusal: `detail`, or the field errors, or the status.
fn explain(status: StatusCode, body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => match fields.get("detail").and_then(Value::as_str) {
            Some(detail) => detail.to_owned(),
            None => {
                let line = |(field, messages): (&String, &Value)| {
                    let words: Vec<_> = messages
                        .as_array()
                        .map(|all| all.iter().filter_map(Value::as_str).collect())
                        .unwrap_or_default();
                    format!("{field}: {}", words.join(" "))
                };
                fields.iter().map(line).collect::<Vec<_>>().join("\n")
            }
        },
        _ => format!("the daemon answered {status}: {}", String::from_utf8_lossy(body)),
    }
}

/// A text as part of a URL's query or path.
pub fn encode(text: &str) -> String {
    // In a path `+` is a plus sign, so spaces are written as %20 everywhere.
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
