//! What the standard library reaches of the world: nothing, and a blocked thread ends the instance.

use std::fmt::Display;
use std::io::{self, Read as _};
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use ostler_sdk::{Machine, Property};

/// Tries every door, and shows what happened as properties.
pub fn look(machine: &Machine) {
    let mut byte = [0];
    machine.set_properties(&[
        property("read a file", std::fs::read("/etc/passwd").map(|bytes| bytes.len())),
        property("write a file", std::fs::write("/tmp/hostile", "x").map(|()| "written")),
        property("list a folder", std::fs::read_dir("/").map(Iterator::count)),
        property("environment", Ok::<_, io::Error>(std::env::vars().count())),
        property("arguments", Ok::<_, io::Error>(std::env::args().count())),
        property("standard input", io::stdin().read(&mut byte)),
        property("resolve a name", ("localhost", 80).to_socket_addrs().map(Iterator::count)),
        property("open a TCP connection", TcpStream::connect(("127.0.0.1", 22)).map(|_| "connected")),
        property("bind a UDP socket", UdpSocket::bind(("127.0.0.1", 0)).map(|_| "bound")),
    ]);
}

/// `std::thread::sleep` would stop all machines of the driver.
pub fn block_the_thread() -> ! {
    std::thread::sleep(Duration::from_hours(1));
    unreachable!("the host refuses to block")
}

fn property<T: Display>(key: &str, result: io::Result<T>) -> Property {
    let value = match result {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    };
    Property::text(key, value)
}
