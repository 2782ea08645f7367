//! Where binary, drivers and counterparts lie.
//!
//! Found from the running test, which cargo puts into `<target>/<profile>/deps`, or from a program beside `ostler`. `OSTLER_BIN` and `OSTLER_GUESTS` point elsewhere.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The `ostler` binary.
pub fn ostler() -> PathBuf {
    let path = env::var_os("OSTLER_BIN").map_or_else(|| profile().join("ostler"), PathBuf::from);
    assert!(path.is_file(), "{} is missing: run `cargo build`, or name it in OSTLER_BIN", path.display());
    path
}

/// The component of a driver by its crate's name, such as `ostler_driver_zebra`.
pub fn guest(name: &str) -> PathBuf {
    let path = guests().join(name).with_extension("wasm");
    assert!(path.is_file(), "{} is missing: run `just guests`, or name its folder in OSTLER_GUESTS", path.display());
    path
}

/// The folder with all components.
pub fn guests() -> PathBuf {
    env::var_os("OSTLER_GUESTS").map_or_else(|| profile().join("../wasm32-wasip2/guest"), PathBuf::from)
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `<target>/<profile>`.
fn profile() -> PathBuf {
    let running = env::current_exe().unwrap();
    let folder = running.parent().unwrap();
    if folder.ends_with("deps") { folder.parent().unwrap().to_owned() } else { folder.to_owned() }
}
