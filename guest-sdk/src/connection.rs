//! An open connection to a device.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::__private::core::ostler::machine::host;
use crate::machine::millis;
use crate::{Error, Result};

/// How much is handed to the host at once: small enough that a cancel is noticed while a slow device takes its time.
const WRITE_PIECE: usize = 64 * 1024;

/// An open connection to a device. It closes when it is dropped, and at `stop_machine` at the latest.
#[derive(Debug)]
pub struct Connection {
    handle: host::Connection,
    /// Read from the device, and not yet from here.
    pending: RefCell<Vec<u8>>,
}

impl Connection {
    /// Waits for bytes: at least one and at most `max`, whatever has arrived. An empty answer is the end of the
    /// stream. No byte within `timeout` is an error for which [`Error::is_timeout`] is true.
    pub async fn read(&self, max: u32, timeout: Duration) -> Result<Vec<u8>> {
        let pending = take(&mut self.pending.borrow_mut(), max);
        if !pending.is_empty() {
            return Ok(pending);
        }
        Ok(self.handle.read(max, millis(timeout)).await?)
    }

    /// Reads up to and including `delimiter`; what came behind it is left for the next read.
    ///
    /// `timeout` is for the whole. A longer line than `max` and an end of the stream before the delimiter are
    /// `permanent` and `transient` errors; in these cases and after a time-out, what has arrived stays readable.
    pub async fn read_until(&self, delimiter: u8, max: u32, timeout: Duration) -> Result<Vec<u8>> {
        let deadline = Instant::now() + timeout;
        let limit = usize::try_from(max).unwrap_or(usize::MAX);
        loop {
            let found = {
                let mut pending = self.pending.borrow_mut();
                match pending.iter().position(|byte| *byte == delimiter) {
                    Some(at) => Some(pending.drain(..=at).collect::<Vec<u8>>()),
                    None if pending.len() >= limit => return Err(too_long(max)),
                    None => None,
                }
            };
            if let Some(line) = found {
                return if line.len() > limit { Err(too_long(max)) } else { Ok(line) };
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let more = self.handle.read(max, millis(left)).await?;
            if more.is_empty() {
                return Err(Error::transient("closed", "the device closed the connection in the middle of an answer"));
            }
            self.pending.borrow_mut().extend(more);
        }
    }

    /// Writes all bytes, and returns when they have been handed to the operating system. The host counts them. While
    /// a print call runs, writing is refused until `label_started`.
    pub async fn write_all(&self, bytes: &[u8]) -> Result<()> {
        for piece in bytes.chunks(WRITE_PIECE) {
            self.handle.write(piece.to_vec()).await?;
        }
        Ok(())
    }

    /// Tells the device that nothing more follows; reading goes on.
    pub async fn close_write(&self) -> Result<()> {
        Ok(self.handle.close_write().await?)
    }

    /// The address that was reached, for messages: `10.0.0.7:9100`, `/dev/usb/lp0`.
    pub fn peer(&self) -> String {
        self.handle.peer()
    }
}

impl From<host::Connection> for Connection {
    fn from(handle: host::Connection) -> Self {
        Self { handle, pending: RefCell::default() }
    }
}

/// Up to `max` bytes from the front.
fn take(bytes: &mut Vec<u8>, max: u32) -> Vec<u8> {
    let count = bytes.len().min(usize::try_from(max).unwrap_or(usize::MAX));
    bytes.drain(..count).collect()
}

fn too_long(max: u32) -> Error {
    Error::permanent("protocol", format!("the device's answer is longer than {max} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_from_the_front_in_order() {
        let mut bytes = b"abcde".to_vec();
        assert_eq!(take(&mut bytes, 2), b"ab");
        assert_eq!(take(&mut bytes, 9), b"cde");
        assert!(take(&mut bytes, 9).is_empty());
    }
}
