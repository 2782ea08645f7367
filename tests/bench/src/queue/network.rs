//! A network that has nothing but loopback: `LPrint` 1.1.0 listens on all addresses whatever it is told.

use anyhow::{Context as _, Result, ensure};
use std::process::{Command, Stdio};

/// Runs this program with an argument in a network of its own, and returns what it printed. Whatever it leaves running ends
/// with it, and `/run` is empty there, so that `LPrint` finds no server of somebody else.
pub fn alone(argument: &str) -> Result<String> {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["sh", "-c", "ip link set lo up && mount -t tmpfs tmpfs /run && exec \"$0\" \"$1\""]);
    command.arg(std::env::current_exe()?).arg(argument);
    let output = command.stderr(Stdio::inherit()).output().context("unshare cannot be run: install util-linux")?;
    ensure!(output.status.success(), "measuring in a network of its own ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
