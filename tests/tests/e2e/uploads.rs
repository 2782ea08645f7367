//! Large bodies: clients that send slowly hold no memory, and what is too large is refused in words.

use ostler_tests::{Ask, Daemon, until};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

/// What a process has in memory, in bytes (`proc_pid_status(5)`).
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn uploads_that_stop_half_way_hold_no_memory() {
    const CLIENTS: usize = 8;
    const SENT: usize = 24 << 20;
    let daemon = Daemon::builder().network().start();
    let token = daemon.token("slow", "admin", &[]);
    let before = memory(daemon.pid());
    let part = vec![b'.'; 1 << 20];
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut client = TcpStream::connect(daemon.address()).unwrap();
            let head = format!(
                "POST /api/driver/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
                2 * SENT
            );
            client.write_all(head.as_bytes()).unwrap();
            for _ in 0..SENT / part.len() {
                client.write_all(&part).unwrap();
            }
            client
        })
        .collect();
    // Everything was taken in by now, but for what lies in the buffers of the kernel.
    let held = memory(daemon.pid()).saturating_sub(before);
    println!("{CLIENTS} clients sent {} MiB each, and the daemon holds {} MiB for them", SENT >> 20, held >> 20);
    assert!(held < 64 << 20, "{} MiB for {} MiB", held >> 20, (CLIENTS * SENT) >> 20);
    // One of them goes on, and is answered.
    let mut first = clients.into_iter().next().unwrap();
    for _ in 0..SENT / part.len() {
        first.write_all(&part).unwrap();
    }
    let mut answer = [0; 12];
    first.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
    until("the memory is given back", || memory(daemon.pid()).saturating_sub(before) < 128 << 20);
}

#[test]
fn what_is_too_large_is_refused_with_413() {
    let daemon = Daemon::builder().network().start();
    let token = daemon.token("large", "admin", &[]);
    let large = vec![b'a'; (1 << 20) + 4096];
    let said = daemon.ask("POST", "/api/template/", Ask::token(&token).body("text/plain", large)).is(413).json();
    assert_eq!(said["error"]["code"], "too-large", "{said}");
}
