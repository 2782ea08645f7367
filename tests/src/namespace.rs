//! A network of a test's own, in which nothing but its loopback device is there: addresses can be had that the machine has not.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::{
    fs::File,
    os::fd::AsFd as _,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

/// Makes names differ within this process.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A network namespace with a loopback device; gone with this. Needs root, and `ip` of iproute2.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// One whose loopback device has this address beside its usual ones.
    pub fn with_address(address: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = Self { name: format!("ostler-{}-{number}", std::process::id()) };
        ip(&["netns", "add", &namespace.name]);
        ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
        ip(&["-n", &namespace.name, "addr", "add", &format!("{address}/32"), "dev", "lo"]);
        namespace
    }

    /// Does something in it, on a thread of its own: sockets that are opened and processes that are started there belong to it.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let place = File::open(format!("/run/netns/{}", self.name)).unwrap();
        thread::scope(|scope| {
            let inside = scope.spawn(move || {
                move_into_link_name_space(place.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                work()
            });
            inside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
