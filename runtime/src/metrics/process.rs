//! The daemon's process, in the names that Prometheus' own clients give to these figures. The workers that render and compile
//! are processes of their own, and not among them.

use super::page::{Page, family};
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// What the kernel counts processor time in (`USER_HZ`, the same on every architecture that runs Rust's Linux targets).
const TICKS_A_SECOND: f64 = 100.0;

/// What the kernel says of this process.
#[derive(Debug)]
pub struct Process {
    started: SystemTime,
    /// `/proc/self/status`.
    status: String,
    /// `/proc/self/stat`, behind the name of the program.
    stat: String,
    open_files: Option<u64>,
}

impl Process {
    /// As it is now.
    pub fn now(started: SystemTime) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let stat = read("/proc/self/stat");
        Self {
            started,
            status: read("/proc/self/status"),
            stat: stat.rsplit_once(')').map(|(_, rest)| rest.to_owned()).unwrap_or_default(),
            // The folder is open while it is listed.
            open_files: std::fs::read_dir("/proc/self/fd").ok().map(|files| (files.count() as u64).saturating_sub(1)),
        }
    }

    /// What the kernel does not say is left out.
    pub fn write(&self, page: &mut Page<'_>) -> fmt::Result {
        let one = |value: Option<u64>| value.into_iter().map(|value| (Vec::new(), value));
        page.gauges(
            family("process_resident_memory", "Memory of the process that is resident.").bytes(),
            one(self.bytes("VmRSS:")),
        )?;
        page.gauges(
            family("process_virtual_memory", "Address space of the process.").bytes(),
            one(self.bytes("VmSize:")),
        )?;
        page.gauges(family("process_open_fds", "Open files of the process."), one(self.open_files))?;
        page.gauges(family("process_threads", "Threads of the process."), one(self.number("Threads:")))?;
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        page.gauges(
            family("process_start_time", "When the process was started, since 1970.").seconds(),
            std::iter::once((Vec::new(), started)),
        )?;
        page.counters(
            family("process_cpu", "Processor time of the process.").seconds(),
            self.cpu_seconds().into_iter().map(|seconds| (Vec::new(), seconds)),
        )
    }

    /// A line of `status` in kibibytes.
    fn bytes(&self, name: &str) -> Option<u64> {
        self.number(name).map(|kib| kib.saturating_mul(1024))
    }

    fn number(&self, name: &str) -> Option<u64> {
        let line = self.status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// `utime` and `stime`, the fields 14 and 15 of `proc_pid_stat(5)`; the name was field 2.
    fn cpu_seconds(&self) -> Option<f64> {
        let mut fields = self.stat.split_whitespace().skip(11);
        let user: u32 = fields.next()?.parse().ok()?;
        let system: u32 = fields.next()?.parse().ok()?;
        Some((f64::from(user) + f64::from(system)) / TICKS_A_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_how_much_memory_files_and_time_this_process_uses() {
        let process = Process::now(SystemTime::now());
        assert!(process.bytes("VmRSS:").is_some_and(|bytes| bytes > 100_000), "{process:?}");
        assert!(process.number("Threads:").is_some_and(|threads| threads >= 1));
        assert!(process.open_files.is_some_and(|files| files >= 3));
        assert!(process.cpu_seconds().is_some());
    }
}
