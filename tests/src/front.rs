//! The daemon's pages as a browser of the operator's reaches them: on a loopback port that leads to the daemon's socket, and stays
//! the same while the daemon is started again.

use crate::{
    Daemon,
    network::{Answer, Ask, ask},
    printer::runtime,
};
use std::{fmt::Write as _, net::SocketAddr};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, UnixStream},
    task::JoinHandle,
};

/// A port that leads to a daemon, until it is dropped.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Front {
    /// For this daemon.
    pub fn of(daemon: &Daemon) -> Self {
        let socket = daemon.data().join("ostler.sock");
        let _inside = runtime().enter();
        let listener = runtime().block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = runtime().spawn(async move {
            while let Ok((mut browser, _)) = listener.accept().await {
                let socket = socket.clone();
                tokio::spawn(async move {
                    // While the daemon does not run, the connection ends at once.
                    if let Ok(mut daemon) = UnixStream::connect(socket).await {
                        let _ = copy_bidirectional(&mut browser, &mut daemon).await;
                    }
                });
            }
        });
        Self { address, serving }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// `GET`.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        ask(self.address, "GET", path, Ask::default())
    }

    /// `POST` of a form with a file, without following where it leads.
    #[track_caller]
    pub fn post(&self, path: &str, form: &Form) -> Answer {
        ask(self.address, "POST", path, form.ask())
    }

    /// `POST` of a form without files, as a button's.
    #[track_caller]
    pub fn submit(&self, path: &str, values: &[(&str, &str)]) -> Answer {
        let body: Vec<_> = values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        ask(self.address, "POST", path, Ask::default().body("application/x-www-form-urlencoded", body.join("&")))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

const BOUNDARY: &str = "a-boundary-that-no-label-has";

/// A form with its file.
#[derive(Debug, Clone, Default)]
pub struct Form {
    parts: Vec<u8>,
}

impl Form {
    /// With a value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let mut head = String::new();
        write!(head, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").unwrap();
        self.parts.extend(head.into_bytes());
        self
    }

    /// With a file; without name and bytes, as browsers send an input in which none was chosen.
    #[must_use]
    pub fn file(mut self, name: &str, file_name: &str, media_type: &str, bytes: &[u8]) -> Self {
        let mut head = String::new();
        write!(head, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n")
            .unwrap();
        write!(head, "Content-Type: {media_type}\r\n\r\n").unwrap();
        self.parts.extend(head.into_bytes());
        self.parts.extend(bytes);
        self.parts.extend(b"\r\n");
        self
    }

    /// As a request.
    pub fn ask(&self) -> Ask {
        let bytes = [self.parts.as_slice(), format!("--{BOUNDARY}--\r\n").as_bytes()].concat();
        Ask::default().body(&format!("multipart/form-data; boundary={BOUNDARY}"), bytes)
    }
}
