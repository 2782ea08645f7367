//! What processes took, as `/proc` tells it (proc(5), `/proc/pid/stat` and `/proc/pid/status`).

use anyhow::{Context as _, Result};
use std::{collections::HashMap, fs, time::Duration};

/// Of the times in `/proc`; the same on every Linux (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time that a process, its children and those of theirs took so far, also those that ended.
pub fn processor_time(pid: u32) -> Result<Duration> {
    let mut ticks = HashMap::new();
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc")?.filter_map(Result::ok) {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended since.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((parent, time)) = parse(&stat) else { continue };
        ticks.insert(process, time);
        children.entry(parent).or_default().push(process);
    }
    let mut total = *ticks.get(&pid).context("the process has ended")?;
    let mut open = vec![pid];
    while let Some(parent) = open.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            total += ticks.get(child).copied().unwrap_or_default();
            open.push(*child);
        }
    }
    #[allow(clippy::cast_precision_loss)] // hours at most
    Ok(Duration::from_secs_f64(total as f64 / TICKS_PER_SECOND))
}

/// The parent, and the time in ticks: in user and kernel mode, and that of the children that it waited for.
fn parse(stat: &str) -> Option<(u32, u64)> {
    // The name in brackets may hold anything. Behind it: 3 is the state, 4 the parent, 14 to 17 the times.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let parent = fields.get(1)?.parse().ok()?;
    let times = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok());
    Some((parent, times.sum::<Option<u64>>()?))
}

/// The most memory that a process had at a time, in MiB.
pub fn peak_memory(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: f64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_with_brackets_and_blanks() {
        let stat = "7 (a) b (c) S 4 7 7 0 -1 4194560 1 2 3 4 10 20 300 4000 20 0 1 0";
        assert_eq!(parse(stat), Some((4, 4330)));
    }

    #[test]
    fn this_process_has_taken_memory() {
        assert!(peak_memory(std::process::id()).is_ok_and(|peak| peak > 0.5));
    }
}
