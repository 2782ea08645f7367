//! Large bodies, taken in as they come: what is more than a little lies in a file of the system's until all of it is there, so that
//! clients that send slowly hold no memory.

use super::ApiError;
use axum::body::Body;
use futures::StreamExt as _;
use std::io::SeekFrom;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
};

/// What is kept in memory while more is to come, in bytes.
const IN_MEMORY: usize = 256 << 10;

/// Takes in a body, whose limit is that of its route.
pub async fn gather(body: Body) -> Result<Vec<u8>, ApiError> {
    let mut spool = Spool::default();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        spool.take(&chunk.map_err(|error| refused(&error))?).await?;
    }
    spool.finish().await
}

/// Why a body did not arrive: too large, or broken off.
fn refused(error: &axum::Error) -> ApiError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(found) = cause {
        if found.is::<http_body_util::LengthLimitError>() {
            return ApiError::too_large("the body is larger than this path takes");
        }
        cause = found.source();
    }
    ApiError::bad_request(format!("the body did not arrive as a whole: {error}"))
}

/// What has come so far.
#[derive(Default)]
pub struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    length: usize,
}

impl Spool {
    /// The next part.
    pub async fn take(&mut self, part: &[u8]) -> Result<(), ApiError> {
        self.length += part.len();
        if self.file.is_none() && self.length > IN_MEMORY {
            // It has no name, and is gone with its handle.
            let mut file = File::from_std(tempfile::tempfile().map_err(|error| full(&error))?);
            file.write_all(&std::mem::take(&mut self.memory)).await.map_err(|error| full(&error))?;
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(part).await.map_err(|error| full(&error)),
            None => {
                self.memory.extend_from_slice(part);
                Ok(())
            }
        }
    }

    /// All of it.
    pub async fn finish(self) -> Result<Vec<u8>, ApiError> {
        let Some(mut file) = self.file else { return Ok(self.memory) };
        let mut bytes = Vec::with_capacity(self.length);
        let read = async {
            file.flush().await?;
            file.seek(SeekFrom::Start(0)).await?;
            file.read_to_end(&mut bytes).await
        };
        read.await.map_err(|error| full(&error))?;
        Ok(bytes)
    }
}

fn full(error: &std::io::Error) -> ApiError {
    ApiError::Other {
        status: axum::http::StatusCode::INSUFFICIENT_STORAGE,
        code: "no-room".into(),
        detail: format!("the body could not be kept until all of it is there ({error}): make room where TMPDIR says"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn what_is_taken_in_parts_comes_out_whole_from_memory_or_a_file() {
        for length in [0, 1, IN_MEMORY, IN_MEMORY + 1, 3 * IN_MEMORY + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251).try_into().unwrap()).collect();
            let mut spool = Spool::default();
            for part in bytes.chunks(65_537) {
                spool.take(part).await.unwrap();
                assert!(spool.memory.len() <= IN_MEMORY);
            }
            assert!(spool.finish().await.unwrap() == bytes, "{length}");
        }
    }
}
