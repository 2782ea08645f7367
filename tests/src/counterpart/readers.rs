//! What is read on a label? Codes, by zbarimg and by zxing-cpp: of which kind they are, what they say, and how they lie.
//!
//! Many pictures go to one process, for most of the time is taken by its start.

use super::{python, run, run_to};
use crate::place::repository;
use std::path::PathBuf;
use tokio::process::Command;

/// Pictures for one process: few enough that it is done in time on a busy machine.
const AT_ONCE: usize = 32;

/// A code as a program read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The kind of code, in the program's words.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// How far it is turned clockwise, in quarters; nothing when the program does not tell.
    pub quarters: Option<u8>,
}

/// What the codes in a picture say, by zbarimg: `CODE-128:text`, `QR-Code:text`.
pub fn zbarimg(png: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("label.png");
    std::fs::write(&file, png).unwrap();
    let mut command = Command::new("zbarimg");
    command.arg("--quiet").arg(file);
    text(run(command, &[])).lines().map(str::to_owned).collect()
}

/// The codes in each of these pictures, by zbarimg.
pub fn zbarimg_of(files: &[PathBuf]) -> Vec<Vec<Seen>> {
    files.chunks(AT_ONCE).flat_map(zbarimg_at_once).collect()
}

fn zbarimg_at_once(files: &[PathBuf]) -> Vec<Vec<Seen>> {
    let says = |form: &str, files: &[&PathBuf]| {
        let mut command = Command::new("zbarimg");
        command.args(["--quiet", form]).args(files);
        // It ends with 4 when there is no code for it in some picture.
        text(run_to(command, &[], &[0, 4]))
    };
    let mut seen = vec![Vec::new(); files.len()];
    let mut encoded = Vec::new();
    for source in says("--xml", &files.iter().collect::<Vec<_>>()).split("<source ").skip(1) {
        let name = attribute(source, "href").unwrap();
        let at = files.iter().position(|file| file.to_str() == Some(name)).unwrap();
        for symbol in source.split("<symbol ").skip(1) {
            let data = symbol.split("<![CDATA[").nth(1).unwrap().split("]]>").next().unwrap();
            let turns = ["UP", "RIGHT", "DOWN", "LEFT"];
            let turn = attribute(symbol, "orientation");
            let quarters = (0..).zip(turns).find(|(_, name)| turn == Some(*name)).map(|(quarters, _)| quarters);
            let kind = attribute(symbol, "type").unwrap().to_owned();
            seen[at].push(Seen { kind, text: data.to_owned(), quarters });
            if attribute(symbol, "format") == Some("base64") && encoded.last() != Some(&at) {
                encoded.push(at);
            }
        }
    }
    // It has other bytes in its base64 than it read; so what is not plain is asked for once more, a line for each code.
    if !encoded.is_empty() {
        let raw = says("--raw", &encoded.iter().map(|at| &files[*at]).collect::<Vec<_>>());
        let mut lines = raw.lines();
        for at in encoded {
            for code in &mut seen[at] {
                lines.next().unwrap().clone_into(&mut code.text);
            }
        }
        assert_eq!(lines.next(), None, "a line for each code");
    }
    seen
}

/// The codes in each of these pictures, by zxing-cpp.
pub fn zxing_of(files: &[PathBuf]) -> Vec<Vec<Seen>> {
    files.chunks(AT_ONCE).flat_map(zxing_at_once).collect()
}

fn zxing_at_once(files: &[PathBuf]) -> Vec<Vec<Seen>> {
    let mut command = Command::new(python());
    command.arg(repository().join("tests/counterparts/zxing.py")).args(files);
    let lines = text(run(command, &[]));
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), files.len());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let seen = |code: &serde_json::Value| {
        // Degrees from -180 to 180, and perhaps one off.
        let quarters = (code["turned"].as_i64().unwrap() + 360 + 45) / 90 % 4;
        Seen { kind: text(&code["format"]), text: text(&code["text"]), quarters: u8::try_from(quarters).ok() }
    };
    lines.iter().map(|line| line["codes"].as_array().unwrap().iter().map(seen).collect()).collect()
}

/// The value of the first attribute of this name.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split(&format!("{name}='")).nth(1)?.split('\'').next()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
