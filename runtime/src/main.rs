//! The `ostler` binary: daemon and client.

use std::process::ExitCode;

fn main() -> ExitCode {
    ostler::cli::run()
}
