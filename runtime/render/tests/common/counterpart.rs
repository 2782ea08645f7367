//! Programs nobody here wrote, which read codes back from pictures: zbarimg and zxing-cpp.
//!
//! A missing one fails the test, unless `OSTLER_ALLOW_MISSING=1`: then the test says so and is skipped.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A code as a program read it: the kind of code in its words, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub kind: String,
    pub text: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn python() -> PathBuf {
    repository().join("target/counterparts/venv/bin/python")
}

/// Whether the test cannot go on, because a program is not there.
#[track_caller]
pub fn missing() -> bool {
    let zbarimg = Command::new("zbarimg").arg("--version").output().is_ok();
    let zxing = Command::new(python()).args(["-c", "import zxingcpp, PIL"]).output();
    let zxing = zxing.is_ok_and(|output| output.status.success());
    if zbarimg && zxing {
        return false;
    }
    let allowed = std::env::var_os("OSTLER_ALLOW_MISSING").is_some_and(|value| value == "1");
    assert!(
        allowed,
        "zbarimg or zxing-cpp not there: run scripts/counterparts.sh, or allow it with OSTLER_ALLOW_MISSING=1"
    );
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let line = format!("SKIPPED {name}: zbarimg or zxing-cpp not installed");
    eprintln!("{line}");
    if let Some(list) = std::env::var_os("OSTLER_SKIPPED_LIST") {
        writeln!(OpenOptions::new().create(true).append(true).open(list).unwrap(), "{line}").unwrap();
    }
    true
}

/// What zxing-cpp reads in each file, by one process.
pub fn zxing(files: &[PathBuf]) -> Vec<Vec<Seen>> {
    let script = repository().join("tests/counterparts/zxing.py");
    let lines = run(Command::new(python()).arg(script).args(files), &[0]);
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), files.len());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let seen = |code: &serde_json::Value| Seen { kind: text(&code["format"]), text: text(&code["text"]) };
    lines.iter().map(|line| line["codes"].as_array().unwrap().iter().map(seen).collect()).collect()
}

/// What zbarimg reads in each file, by one process.
pub fn zbarimg(files: &[PathBuf]) -> Vec<Vec<Seen>> {
    // It ends with 4 when some picture has no code for it.
    let xml = run(Command::new("zbarimg").args(["--quiet", "--xml"]).args(files), &[0, 4]);
    let mut seen = vec![Vec::new(); files.len()];
    for source in xml.split("<source href='").skip(1) {
        let name = source.split('\'').next().unwrap();
        let at = files.iter().position(|file| file.to_str() == Some(name)).unwrap();
        for symbol in source.split("<symbol type='").skip(1) {
            let kind = symbol.split('\'').next().unwrap().to_owned();
            let data = symbol.split("<![CDATA[").nth(1).unwrap().split("]]>").next().unwrap();
            // Its base64 has signed bytes; so what is not plain is asked for once more.
            let text = if symbol.contains("format='base64'") {
                let raw = run(Command::new("zbarimg").args(["--quiet", "--raw"]).arg(&files[at]), &[0]);
                raw.trim_end_matches('\n').to_owned()
            } else {
                data.to_owned()
            };
            seen[at].push(Seen { kind, text });
        }
    }
    seen
}

fn run(command: &mut Command, expected: &[i32]) -> String {
    let output = command.output().unwrap();
    let ended = output.status.code().is_some_and(|code| expected.contains(&code));
    assert!(ended, "{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
