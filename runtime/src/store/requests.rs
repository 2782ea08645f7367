//! Requests that must not be done twice: what was asked for under a client's name for it, and what was answered.

use super::{Result, Store};
use crate::model::{Digest, Timestamp};
use rusqlite::{OptionalExtension, params};

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is begun.
    New,
    /// It was answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// It was begun, and has no answer yet; or the daemon ended before it had one.
    Begun,
    /// The name was used for another request.
    Other,
}

impl Store {
    /// Begins a request of this name, unless it was begun before.
    pub async fn begin_request(&self, key: String, request: Digest) -> Result<Known> {
        self.write(move |write| {
            let found = write
                .db
                .prepare_cached("SELECT request, status, body FROM requests WHERE key = ?1")?
                .query_row([&key], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, Option<u16>>(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
                })
                .optional()?;
            Ok(match found {
                Some((other, ..)) if other != request.to_string() => Known::Other,
                Some((_, Some(status), body)) => Known::Answered { status, body: body.unwrap_or_default() },
                Some((_, None, _)) => Known::Begun,
                None => {
                    write
                        .db
                        .prepare_cached("INSERT INTO requests (key, request, at) VALUES (?1, ?2, ?3)")?
                        .execute(params![key, request.to_string(), write.now.0])?;
                    Known::New
                }
            })
        })
        .await
    }

    /// Keeps the answer to a request.
    pub async fn answer_request(&self, key: String, status: u16, body: Vec<u8>) -> Result<()> {
        self.write(move |write| {
            write
                .db
                .prepare_cached("UPDATE requests SET status = ?2, body = ?3 WHERE key = ?1")?
                .execute(params![key, status, body])?;
            Ok(())
        })
        .await
    }

    /// Forgets a request that was not done, so that it can be tried again.
    pub async fn forget_request(&self, key: String) -> Result<()> {
        self.write(move |write| {
            write.db.prepare_cached("DELETE FROM requests WHERE key = ?1")?.execute([key])?;
            Ok(())
        })
        .await
    }

    /// Forgets requests from before a time.
    pub async fn prune_requests(&self, before: Timestamp) -> Result<()> {
        self.write(move |write| {
            write.db.prepare_cached("DELETE FROM requests WHERE at < ?1")?.execute([before.0])?;
            Ok(())
        })
        .await
    }
}
