//! Files that are no plugins: each is refused with a sentence that names what is wrong, and nothing of it is kept.

use super::{counting, drivers, enable, install, registry_errors};
use ostler_tests::{
    Daemon,
    plugin::{Bundle, archive},
};
use serde_json::json;

const MANIFEST: &str = "slug = 'bad'\nname = 'Bad'\nversion = '1'\n";

/// Fails the test unless the archive is refused with these words, and all is as it was before.
#[track_caller]
fn refused(daemon: &Daemon, archive: &[u8], words: &[&str]) {
    let before = (daemon.get("/api/plugin/"), daemon.get("/api/driver/"), registry_errors(daemon));
    let (status, body) = daemon.request("POST", "/api/plugin/", Some(("application/x-tar", archive.to_vec())));
    assert_eq!(status, 400, "{body}");
    let detail = body["detail"].as_str().unwrap();
    assert!(words.iter().all(|word| detail.contains(word)), "{words:?} are not in: {detail}");
    assert_eq!((daemon.get("/api/plugin/"), daemon.get("/api/driver/"), registry_errors(daemon)), before);
}

/// Like [`refused`], for a plugin with this manifest and no other file.
#[track_caller]
fn refused_manifest(daemon: &Daemon, manifest: &str, words: &[&str]) {
    refused(daemon, &archive([("ostler-plugin.toml", manifest.as_bytes())]), words);
}

#[test]
fn what_is_no_archive_or_a_damaged_one_is_refused() {
    let daemon = Daemon::start();
    let whole = counting().archive();
    for bytes in [&b"hello"[..], &whole[..whole.len() / 2], &[0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]] {
        refused(&daemon, bytes, &["not a plugin", "ostler plugin install"]);
    }
    refused(&daemon, b"", &["ostler-plugin.toml"]);
}

#[test]
fn a_file_that_leads_out_of_its_archive_is_refused_by_name() {
    let daemon = Daemon::start();
    for path in ["../outside.txt", "/etc/ostler.txt", "abc/../../outside.txt"] {
        let files = [("ostler-plugin.toml", MANIFEST.as_bytes()), (path, b"x".as_slice())];
        refused(&daemon, &archive(files), &[path, "inside"]);
    }
    assert!(!daemon.scratch().join("outside.txt").exists());
}

#[test]
fn a_manifest_that_is_missing_or_wrong_is_named() {
    let daemon = Daemon::start();
    refused(&daemon, &archive([("readme.txt", b"hello".as_slice())]), &["no ostler-plugin.toml"]);
    refused_manifest(&daemon, "slug = ", &["ostler-plugin.toml"]);
    refused_manifest(&daemon, &format!("{MANIFEST}colour = 'red'\n"), &["ostler-plugin.toml", "colour", "drivers"]);
    refused_manifest(&daemon, "slug = 'bad'\nname = 'Bad'\n", &["version"]);
    refused_manifest(&daemon, "slug = 'Bad One'\nname = 'Bad'\nversion = '1'\n", &["slug"]);
    refused(&daemon, &archive([("ostler-plugin.toml", [0xff, 0xfe].as_slice())]), &["ostler-plugin.toml", "utf-8"]);
}

#[test]
fn a_manifest_that_names_what_is_not_there_is_refused_by_name() {
    let daemon = Daemon::start();
    refused_manifest(&daemon, &format!("{MANIFEST}drivers = ['ghost.wasm']\n"), &["'ghost.wasm'", "does not have"]);
    refused_manifest(&daemon, &format!("{MANIFEST}types = ['ghost']\n"), &["'ghost/*.wit'", "does not have"]);
    let outside = format!("{MANIFEST}drivers = ['../data/ostler.sqlite']\n");
    refused_manifest(&daemon, &outside, &["'../data/ostler.sqlite'", "does not have"]);
}

#[test]
fn an_archive_of_too_many_files_is_refused() {
    let daemon = Daemon::start();
    let names: Vec<_> = (0..1000).map(|number| format!("{number}.txt")).collect();
    let many = names.iter().map(|name| (name.as_str(), b"".as_slice()));
    let all = std::iter::once(("ostler-plugin.toml", MANIFEST.as_bytes())).chain(many);
    refused(&daemon, &archive(all), &["more than", "1000 files"]);
}

#[test]
fn a_header_that_promises_more_than_there_is_is_refused() {
    let daemon = Daemon::start();
    let mut archive = archive([("ostler-plugin.toml", MANIFEST.as_bytes())]);
    // The size in octal stands at byte 124 of a header, its checksum at 148 (POSIX pax, ustar Interchange Format).
    let mut header = tar::Header::from_byte_slice(&archive[..512]).clone();
    header.set_size(1 << 40);
    header.set_cksum();
    archive[..512].copy_from_slice(header.as_bytes());
    refused(&daemon, &archive, &["more than 512 MiB"]);
}

#[test]
fn a_bad_upgrade_leaves_the_version_before_running() {
    let daemon = Daemon::start();
    install(&daemon, &counting());
    enable(&daemon, "counting");
    refused_manifest(&daemon, "slug = 'counting'\nname = 'x'\nversion = '2'\ndrivers = ['ghost.wasm']\n", &["ghost"]);
    assert_eq!(daemon.get("/api/plugin/counting/")["version"], json!("1"));
    assert_eq!(drivers(&daemon), ["counting-printer"]);
}

#[test]
fn a_folder_that_is_no_plugin_is_told_before_anything_is_sent() {
    let daemon = Daemon::start();
    let folder = daemon.scratch().join("empty");
    std::fs::create_dir(&folder).unwrap();
    let install = |path: &str| daemon.cli(&["plugin", "install", path]);
    install(&folder.to_string_lossy()).refused(1, &["no ostler-plugin.toml", "not a plugin"]);
    install("/nowhere/plugin.tar").refused(1, &["/nowhere/plugin.tar"]);
    for order in ["enable", "disable", "remove", "show"] {
        daemon.cli(&["plugin", order, "ghost"]).refused(3, &["no plugin 'ghost' is installed"]);
    }
}

#[test]
fn a_component_that_is_no_driver_is_told_by_file_and_its_plugin_is_there() {
    let daemon = Daemon::start();
    let plugin = Bundle::new("odd", "1").driver("text.wasm", b"print hello\n".to_vec());
    let installed = install(&daemon, &plugin);
    let problem = installed["drivers"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("not a WebAssembly component"), "{problem}");
    enable(&daemon, "odd");
    let errors = registry_errors(&daemon);
    assert!(errors.len() == 1 && errors[0].contains("plugin 'odd', text.wasm"), "{errors:?}");
    daemon.cli(&["plugin", "remove", "odd"]).ok();
    assert_eq!(registry_errors(&daemon), [""; 0]);
}
