//! How much may a document cost?

use serde::{Deserialize, Serialize};

use crate::error::RenderError;

/// What one request may take. Every field has a default, so that a configuration names only what it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RenderLimits {
    /// Milliseconds from handing a document to a worker to having the answer; 10,000 by default. Waiting for a free
    /// worker does not count. The worker is killed when they are over.
    pub time_ms: u32,
    /// Bytes of address space of a worker, its program included; 512 MiB by default. A document itself may take a
    /// quarter of it.
    pub memory_bytes: u64,
    /// Pages of a document; 200 by default.
    pub pages: u32,
    /// Pixels of a page, and dots of a raster; 100 million by default.
    pub dots: u64,
}

impl Default for RenderLimits {
    fn default() -> Self {
        Self { time_ms: 10_000, memory_bytes: 512 * 1024 * 1024, pages: 200, dots: 100_000_000 }
    }
}

impl RenderLimits {
    /// The longest document in bytes: a quarter of the memory, so that decoding it has the rest.
    pub fn document_bytes(&self) -> u64 {
        self.memory_bytes / 4
    }

    /// Refuses a document that is empty or too long to be sent to a worker.
    pub(crate) fn check_document(&self, document: &[u8]) -> Result<(), RenderError> {
        let bytes = document.len() as u64;
        if bytes == 0 {
            return Err(RenderError::Empty);
        }
        if bytes > self.document_bytes() {
            return Err(RenderError::DocumentBytes { bytes, limit: self.document_bytes() });
        }
        Ok(())
    }

    /// Refuses a document of too many pages.
    pub(crate) fn check_pages(&self, pages: u32) -> Result<(), RenderError> {
        if pages > self.pages { Err(RenderError::Pages { pages, limit: self.pages }) } else { Ok(()) }
    }

    /// Refuses a page of too many dots.
    pub(crate) fn check_dots(&self, width: u32, height: u32) -> Result<(), RenderError> {
        let dots = u64::from(width) * u64::from(height);
        if dots > self.dots {
            return Err(RenderError::PageDots { width, height, dots, limit: self.dots });
        }
        Ok(())
    }

    /// The error for an allocation that did not succeed or may not be tried.
    pub(crate) fn out_of_memory(&self) -> RenderError {
        RenderError::Memory { limit_bytes: self.memory_bytes }
    }

    /// A buffer of `len` zeros, or the error that says there is no memory for it: an ordinary allocation that fails would
    /// end the worker without an answer.
    pub(crate) fn buffer<T: Clone + Default>(&self, len: usize) -> Result<Vec<T>, RenderError> {
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(len).map_err(|_| self.out_of_memory())?;
        buffer.resize(len, T::default());
        Ok(buffer)
    }
}
