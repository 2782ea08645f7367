//! Opening a device: a TCP connection, or a character device node below `/dev`, which may be a serial line.

use super::{
    address::{DeviceUri, resolve},
    grants::Grants,
    serial::SerialLine,
};
use crate::{
    instance::Limits,
    model::{DriverError, ErrorKind},
};
use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
};
use std::{io, net::SocketAddr, path::Path};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, unix::pipe},
};

/// The major number of Linux's memory devices (`/dev/mem`, `/dev/kmsg`, `/dev/null` ...): never a printer.
const MEMORY_DEVICES: u32 = 1;

/// An open device: its two directions and what was reached.
pub struct Opened {
    /// Bytes from the device.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// Bytes to the device.
    pub writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// `10.0.0.7:9100` or `/dev/usb/lp0`.
    pub peer: String,
}

/// Opens the device of a URI for a driver with these grants. Every resolved address is tried, all of them within the
/// time for that.
pub async fn open(uri: &DeviceUri, grants: &Grants, limits: &Limits) -> Result<Opened, DriverError> {
    match uri {
        DeviceUri::Tcp { host, port } => {
            let timeout = limits.connect();
            match tokio::time::timeout(timeout, open_tcp(host, *port, grants, limits.device_buffer_bytes)).await {
                Ok(result) => result,
                Err(_) => Err(unreachable(&format!("{host}:{port}"), &format!("no answer within {timeout:?}"))),
            }
        }
        DeviceUri::Usb { path } => open_node(path, None),
        DeviceUri::Serial { path, line } => open_node(path, Some(*line)),
    }
}

/// A device that takes everything and never answers, for rehearsals.
pub fn nowhere() -> Opened {
    let peer = "the device of a rehearsal".to_owned();
    Opened { reader: Box::new(tokio::io::empty()), writer: Box::new(tokio::io::sink()), peer }
}

fn unreachable(peer: &str, why: &str) -> DriverError {
    let message = format!("{peer} cannot be reached ({why}): check that the device is on and its address right");
    DriverError::new(ErrorKind::Transient, "unreachable", message)
}

async fn open_tcp(host: &str, port: u16, grants: &Grants, buffer_bytes: u32) -> Result<Opened, DriverError> {
    let mut last = None;
    for address in resolve(host, port, grants).await? {
        match connect(address, buffer_bytes).await {
            Ok(stream) => {
                // Status queries are small and waited for; without this they sit out a delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                let (reader, writer) = stream.into_split();
                let (reader, writer) = (Box::new(reader), Box::new(writer));
                return Ok(Opened { reader, writer, peer: address.to_string() });
            }
            Err(error) => last = Some((address, error)),
        }
    }
    Err(match last {
        Some((address, error)) => unreachable(&address.to_string(), &error.to_string()),
        None => unreachable(&format!("{host}:{port}"), "it has no address"),
    })
}

/// A buffer of 0 bytes is the system's own.
async fn connect(address: SocketAddr, buffer_bytes: u32) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if buffer_bytes > 0 {
        // Before it connects: later the system has made room already.
        socket.set_send_buffer_size(buffer_bytes)?;
    }
    socket.connect(address).await
}

fn open_node(path: &Path, line: Option<SerialLine>) -> Result<Opened, DriverError> {
    let shown = path.display().to_string();
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => unreachable(&shown, "there is no such device"),
        io::ErrorKind::PermissionDenied => DriverError::new(
            ErrorKind::Permanent,
            "no-permission",
            format!(
                "{shown} may not be opened by this user: add it to the group that owns the device (often lp or dialout)"
            ),
        ),
        _ => unreachable(&shown, &error.to_string()),
    };
    // Links are followed first, so that what is judged is what is opened.
    let real = path.canonicalize().map_err(failed)?;
    if !real.starts_with("/dev") {
        let message = format!("{shown} leads to {}, outside of /dev: name the device itself", real.display());
        return Err(DriverError::denied("not-a-device", message));
    }
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let node = rustix::fs::open(&real, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    let facts = rustix::fs::fstat(&node).map_err(|error| failed(error.into()))?;
    let memory = rustix::fs::major(facts.st_rdev) == MEMORY_DEVICES;
    if FileType::from_raw_mode(facts.st_mode) != FileType::CharacterDevice || memory {
        let message =
            format!("{shown} is not a character device of a printer or the like: name one such as /dev/usb/lp0");
        return Err(DriverError::denied("not-a-device", message));
    }
    match line.map(|line| line.apply(&node)) {
        None | Some(Ok(())) => {}
        Some(Err(Errno::NOTTY)) => {
            return Err(DriverError::denied(
                "not-a-device",
                format!("{shown} is not a serial line: name one such as /dev/ttyUSB0"),
            ));
        }
        Some(Err(error)) => {
            let message =
                format!("{shown} cannot be set up as its URI says ({error}): check baud, bits, parity, stop and flow");
            return Err(DriverError::invalid("serial-line", message));
        }
    }
    // The pipe types read and write any descriptor that does not block; both directions are one open device.
    let node = std::fs::File::from(node);
    let reader = pipe::Receiver::from_file_unchecked(node.try_clone().map_err(failed)?).map_err(failed)?;
    let writer = pipe::Sender::from_file_unchecked(node).map_err(failed)?;
    Ok(Opened { reader: Box::new(reader), writer: Box::new(writer), peer: real.display().to_string() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn only_character_devices_of_devices_are_opened() {
        let refused = |path: &str| open_node(Path::new(path), None).err().unwrap();
        assert_eq!(refused("/dev/null").code, "not-a-device");
        assert_eq!(refused("/dev/no-such-thing").code, "unreachable");
        assert_eq!(refused("/dev/fd/0/../../../etc/hostname").kind, ErrorKind::Transient);
    }
}
