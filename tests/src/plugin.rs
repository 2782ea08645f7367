//! A plugin's folder, put together from the repository and its components as `scripts/plugin.sh` does it.

use crate::place;
use std::{path::Path, process::Command};

/// Puts a plugin of the repository's `plugins/` together at `out`: a folder, or an archive when that ends in `.tar.zst`.
pub fn assemble(name: &str, out: &Path) {
    let mut command = Command::new(place::repository().join("scripts/plugin.sh"));
    command.arg(place::repository().join("plugins").join(name)).arg(out);
    let output = command.env("OSTLER_GUESTS", place::guests()).output().expect("bash is needed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
