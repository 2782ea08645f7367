//! What the numbers were measured on. What a system does not tell is left out.

use std::{fs, process::Command, thread};

/// Names and values, in order.
pub fn gather() -> Vec<(&'static str, String)> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let facts = [
        ("processor", field("/proc/cpuinfo", "model name").map(|model| format!("{cores} x {model}"))),
        ("memory", field("/proc/meminfo", "MemTotal").and_then(|total| gibibytes(&total))),
        (
            "kernel",
            fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|release| format!("Linux {}", release.trim())),
        ),
        ("compiler", said("rustc", &["--version"])),
        ("engine", locked("wasmtime").map(|version| format!("wasmtime {version}"))),
        ("build", Some(if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned())),
        ("date", said("date", &["--utc", "+%Y-%m-%d"])),
        ("load before", field_words("/proc/loadavg").map(|load| format!("{load} (average of one minute)"))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The value of the first line `name : value`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_owned())
}

fn field_words(file: &str) -> Option<String> {
    fs::read_to_string(file).ok()?.split_whitespace().next().map(str::to_owned)
}

fn gibibytes(text: &str) -> Option<String> {
    let kibibytes: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(format!("{} GiB", kibibytes.div_ceil(1 << 20)))
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The version of a crate in the workspace's lock file.
fn locked(name: &str) -> Option<String> {
    let lock = include_str!("../../../Cargo.lock");
    let at = lock.split("[[package]]").find(|package| package.contains(&format!("name = \"{name}\"\n")))?;
    let version = at.lines().find_map(|line| line.strip_prefix("version = "))?;
    Some(version.trim_matches('"').to_owned())
}
