//! Worker processes, clock, and what driver authors need.

use super::Check;
use crate::{
    cli::driver::project::{TARGET, Toolchain},
    instance::{Limits, code::compile_apart},
    model::Timestamp,
};
use ostler_render::{RenderLimits, RenderPool, WorkerCommand};
use std::path::{Path, PathBuf};

/// A document that is easy to read.
const DOCUMENT: &[u8] = br#"<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="10mm"/>"#;
/// A component with nothing in it: magic number, version, layer.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// 2026-01-01: no ostler is older. In milliseconds since 1970.
const OLDEST: i64 = 1_767_225_600_000;

pub(super) async fn look(limits: &Limits) -> Vec<Check> {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            let found = format!("the ostler binary cannot be found: {error}");
            return vec![Check::problem("workers", found, "mount /proc, which tells where it is")];
        }
    };
    let mut checks = vec![rendering(program.clone()).await, compiling(&program, limits).await];
    checks.push(clock());
    checks.push(target().await);
    checks
}

async fn rendering(program: PathBuf) -> Check {
    const ABOUT: &str = "rendering";
    let pool = RenderPool::new(RenderLimits::default(), WorkerCommand { program, args: vec!["render-worker".into()] });
    let inspected = pool.inspect(DOCUMENT, "image/svg+xml").await;
    pool.end_idle().await;
    match inspected {
        Ok(_) => Check::ok(ABOUT, "a worker starts and reads a document"),
        Err(error) => Check::problem(ABOUT, error.to_string(), "look at limits of processes and memory (ulimit -a)"),
    }
}

async fn compiling(program: &Path, limits: &Limits) -> Check {
    const ABOUT: &str = "compiling";
    match compile_apart(program, limits, COMPONENT).await {
        Ok(_) => Check::ok(ABOUT, "a worker starts and compiles a component"),
        Err(error) => {
            let advice = "look at limits of processes and memory (ulimit -a), and at limits.compile_memory_bytes";
            Check::problem(ABOUT, error.to_string(), advice)
        }
    }
}

fn clock() -> Check {
    let now = Timestamp::now();
    if now.0 < OLDEST {
        return Check::problem(
            "clock",
            format!("it is {now}"),
            "set the clock (NTP): times of jobs and events are wrong",
        );
    }
    Check::ok("clock", now.to_string())
}

/// Only authors of drivers need it, so it is never a problem.
async fn target() -> Check {
    Check::ok(
        "driver authors",
        match Toolchain::look().await {
            Toolchain::Complete => format!("the target {TARGET} is installed"),
            Toolchain::WithoutTarget => format!("to write drivers in Rust: rustup target add {TARGET}"),
            Toolchain::Absent => {
                "no Rust here; only who writes drivers in Rust needs it (https://rustup.rs)".to_owned()
            }
        },
    )
}
