//! `/api/backup/`: all of the state, as a tar archive.

use super::{ApiError, State, extract::file};
use crate::{
    access::Caller,
    backup::archive,
    store::{NewAudit, StateCopy},
};
use axum::{
    body::{Body, Bytes},
    response::Response,
};
use serde_json::json;
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// How many pieces may wait for the client.
const PIECES: usize = 4;

/// `POST`: takes a backup while everything goes on. The answer breaks off when something fails, so a client that checks it
/// against its manifest knows whether it has all of it.
pub async fn take(registry: State, caller: Caller) -> Result<Response, ApiError> {
    let store = &registry.services.store;
    let copy = store.copy_state().await?;
    store
        .audit(NewAudit {
            who: caller.name().to_owned(),
            action: "backup.take".to_owned(),
            subject: "state".to_owned(),
            before: None,
            after: Some(json!({ "files": copy.files.len() })),
        })
        .await?;
    let (pieces, receiver) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = send(&copy, Pieces(pieces.clone())) {
            tracing::warn!(%error, "a backup was not finished");
            let _ = pieces.blocking_send(Err(error));
        }
    });
    Ok(file("application/x-tar", Body::from_stream(ReceiverStream::new(receiver))))
}

fn send(copy: &StateCopy, to: Pieces) -> io::Result<()> {
    let manifest = archive::describe(copy.folder.path(), copy.form, &copy.files)?;
    archive::write(copy.folder.path(), &manifest, to)
}

/// Writes to a body.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the client went away");
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
