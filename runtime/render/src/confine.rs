//! What may a worker do beside computing?
//!
//! It gives up, before it has seen a document: address space beyond the limit, core files (they would hold the document),
//! writing files at all, more than a few open files, and gaining privileges by running another program. Processor time is
//! given anew for each request, as a net for a worker whose parent is gone: a living parent kills it earlier.

use std::io;
use std::os::fd::AsFd;
use std::process;
use std::sync::{Arc, Barrier};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::limits::RenderLimits;

/// Standard input, output and error, and a few for decoders that read fonts.
const OPEN_FILES: u64 = 16;

/// Seconds of processor time on top of the deadline, so that the parent's kill comes first.
const CPU_MARGIN: u64 = 2;

/// Sets the limits that hold from now on. An error means that the worker must not go on.
pub(crate) fn confine(limits: &RenderLimits) -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    lower(Resource::Core, 0)?;
    lower(Resource::Fsize, 0)?;
    lower(Resource::Nofile, OPEN_FILES)?;
    lower(Resource::As, limits.memory_bytes)?;
    Ok(())
}

/// Gives the next request its processor time.
pub(crate) fn allow_time(limits: &RenderLimits) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    let seconds = u64::try_from(used).unwrap_or(0) + u64::from(limits.time_ms).div_ceil(1_000) + CPU_MARGIN;
    // Only the soft limit: it is moved on with each request. Its signal ends the process.
    let maximum = getrlimit(Resource::Cpu).maximum;
    let current = Some(maximum.map_or(seconds, |maximum| maximum.min(seconds)));
    Ok(setrlimit(Resource::Cpu, Rlimit { current, maximum })?)
}

/// Ends the process as soon as nobody can read its standard output any more: its parent is gone, even while a document is
/// being rendered.
///
/// The kernel's own signal for that (`PR_SET_PDEATHSIG`) is not it: it comes when the parent's *thread* that started the
/// worker ends, and threads of an asynchronous runtime do.
pub(crate) fn end_with_parent() -> io::Result<()> {
    let running = Arc::new(Barrier::new(2));
    let watch = Arc::clone(&running);
    let watch = move || {
        watch.wait();
        let stdout = io::stdout();
        // The error condition, which needs no asking for, is what a pipe without reader has.
        let mut fds = [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::empty())];
        while let Err(Errno::INTR) = poll(&mut fds, None) {}
        process::exit(0);
    };
    thread::Builder::new().name("parent-watch".to_owned()).stack_size(64 * 1024).spawn(watch)?;
    // A thread takes memory before it runs, and should get it before that is limited.
    running.wait();
    Ok(())
}

fn lower(resource: Resource, to: u64) -> io::Result<()> {
    // A limit that is lower already, because an administrator set it, stays.
    let to = getrlimit(resource).maximum.map_or(to, |maximum| maximum.min(to));
    Ok(setrlimit(resource, Rlimit { current: Some(to), maximum: Some(to) })?)
}
