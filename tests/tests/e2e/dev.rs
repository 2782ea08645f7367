//! A folder that is watched for driver authors: what is built into it runs.

use ostler_tests::{Daemon, place, plugin::another_build};
use serde_json::json;

#[test]
fn a_component_that_is_built_into_a_watched_folder_runs_at_once_and_its_next_build_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let component = std::fs::read(place::guest("ostler_driver_virtual")).unwrap();
    let file = folder.path().join("mine.wasm");
    std::fs::write(&file, &component).unwrap();
    let daemon = Daemon::builder().drivers(folder.path()).dev().start();
    let enabled = |daemon: &Daemon| {
        let all = daemon.get("/api/machine/drivers/");
        all.as_array().unwrap().iter().map(|driver| driver["digest"].clone()).collect::<Vec<_>>()
    };
    daemon.until("it is enabled", |daemon| enabled(daemon).len() == 1);
    let first = enabled(&daemon);
    daemon.add("desk", "virtual-printer", &[]);

    // A build that is no driver is reported, and what runs goes on.
    std::fs::write(&file, b"\0asm of another kind").unwrap();
    daemon.until("it is reported", |daemon| {
        daemon.get("/api/machine/status/")["registry_errors"].to_string().contains("not a WebAssembly component")
    });
    assert_eq!(enabled(&daemon), first);

    std::fs::write(&file, another_build(&component, "second")).unwrap();
    daemon.until("the next build is enabled", |daemon| enabled(daemon) != first);
    let machine = daemon.until_state("desk", "ready");
    assert_eq!(machine["is_driver_available"], json!(true));
    // Both builds are there to go back to.
    daemon.cli(&["driver", "rollback", "virtual-printer"]).ok();
    assert_eq!(enabled(&daemon), first);
}

#[test]
fn without_it_a_folder_s_components_are_installed_and_do_not_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(place::guest("ostler_driver_virtual"), folder.path().join("mine.wasm")).unwrap();
    let daemon = Daemon::builder().drivers(folder.path()).start();
    daemon.until("it is installed", |daemon| daemon.get("/api/driver/").as_array().unwrap().len() == 1);
    assert_eq!(daemon.get("/api/machine/drivers/"), json!([]));
}
