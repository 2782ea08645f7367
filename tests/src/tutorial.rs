//! The files and commands that a tutorial shows, so that tests can hold it to its word.
//!
//! A fenced block of the language `console` has commands behind `$ `, each with what it prints below; `...` there stands for
//! anything. Every other block is a whole file, whose path stands in backquotes on the last line before the block.

use crate::{Daemon, PATIENCE, place};
use std::{
    ffi::OsString,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// What a fenced block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A file of the repository.
    File {
        /// Its path from the repository's root.
        path: String,
        /// Its text.
        text: String,
    },
    /// Commands in the order in which they are given.
    Console(Vec<Step>),
}

/// A command, and what it prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// As it is typed.
    pub command: String,
    /// Both streams together.
    pub prints: String,
}

/// All fenced blocks of a text in Markdown.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            if !line.trim().is_empty() {
                before = line;
            }
            continue;
        };
        let text: String = lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect();
        if language == "console" {
            blocks.push(Block::Console(steps(&text)));
        } else {
            let path = before.split('`').nth(1).unwrap_or_else(|| panic!("no path stands before this block:\n{text}"));
            blocks.push(Block::File { path: path.to_owned(), text });
        }
    }
    blocks
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut continues = false;
    for line in text.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command: command.to_owned(), prints: String::new() }),
            (None, Some(step)) if continues => step.command.extend(["\n", line]),
            (None, Some(step)) => step.prints.extend([line, "\n"]),
            (None, None) => panic!("a block begins with '{line}' instead of a command"),
        }
        // A command goes on in the next line behind a backslash; what is printed never does.
        continues = line.ends_with('\\') && (continues || line.starts_with("$ "));
    }
    steps
}

/// Whether a text is what a tutorial says, where `...` stands for anything.
pub fn is_said(said: &str, text: &str) -> bool {
    let said = without_trailing_blanks(said);
    let text = without_trailing_blanks(text);
    let parts: Vec<&str> = said.split("...").collect();
    let [first, between @ .., last] = parts.as_slice() else { return said == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in between {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

fn without_trailing_blanks(text: &str) -> String {
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A place where a tutorial's commands find what it says is there: the repository's folders, the daemon's data, `ostler`.
#[derive(Debug)]
pub struct Desk {
    folder: PathBuf,
    path: OsString,
    /// What the shell was told to remember: each command has a shell of its own.
    variables: String,
}

impl Desk {
    /// Beside a daemon, which stands for the one that the tutorial starts.
    pub fn beside(daemon: &Daemon) -> Self {
        let folder = daemon.scratch().join("desk");
        let programs = folder.join("bin");
        std::fs::create_dir_all(&programs).unwrap();
        symlink(std::path::absolute(place::ostler()).unwrap(), programs.join("ostler")).unwrap();
        symlink(daemon.data(), folder.join("ostler-data")).unwrap();
        for name in ["plugins", "scripts"] {
            symlink(place::repository().join(name), folder.join(name)).unwrap();
        }
        let mut path = OsString::from(programs);
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        Self { folder, path, variables: String::new() }
    }

    /// Runs a command, which must print what the tutorial says. One that only looks is repeated until it does.
    #[track_caller]
    pub fn follow(&mut self, step: &Step) {
        let name = step.command.split('=').next().unwrap_or_default();
        if name.len() < step.command.len() && name.bytes().all(|letter| letter.is_ascii_lowercase()) {
            self.variables.push_str(&step.command);
            self.variables.push('\n');
            return;
        }
        let only_looks = [" show ", " list"].iter().any(|word| step.command.contains(word));
        let end = Instant::now() + PATIENCE;
        loop {
            let printed = self.run(&step.command);
            if is_said(&step.prints, &printed) {
                return;
            }
            let again = only_looks && Instant::now() < end;
            assert!(again, "$ {}\nprints\n{printed}\nand the tutorial says\n{}", step.command, step.prints);
            std::thread::sleep(crate::LOOK_AGAIN);
        }
    }

    fn run(&self, command: &str) -> String {
        // Both streams in the order in which a terminal would show them.
        let mut shell = Command::new("bash");
        shell
            .arg("-c")
            .arg(format!("exec 2>&1\n{}{command}", self.variables))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        shell.env("PATH", &self.path).env("NO_COLOR", "1").env("OSTLER_GUESTS", guests());
        shell.env_remove("OSTLER_DATA");
        String::from_utf8_lossy(&shell.output().expect("bash is needed").stdout).into_owned()
    }
}

fn guests() -> PathBuf {
    std::path::absolute(place::guests()).unwrap()
}

/// The files below a folder of the repository, by their paths from its root, in order.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&place::repository().join(folder), &mut found);
    let root = place::repository();
    let mut paths: Vec<_> =
        found.iter().map(|path| path.strip_prefix(root).unwrap().to_string_lossy().into_owned()).collect();
    paths.sort();
    paths
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_a_file_or_commands_with_what_they_print() {
        let text = "`a/b.toml`:\n\n```toml\nx = 1\n```\n\n```console\n$ one \\\n  two\nout\n$ three\n```\n";
        let step = |command: &str, prints: &str| Step { command: command.to_owned(), prints: prints.to_owned() };
        let expected = [
            Block::File { path: "a/b.toml".to_owned(), text: "x = 1\n".to_owned() },
            Block::Console(vec![step("one \\\n  two", "out\n"), step("three", "")]),
        ];
        assert_eq!(blocks(text), expected);
    }

    #[test]
    fn dots_stand_for_anything_and_all_else_for_itself() {
        for (said, text, same) in [
            ("a b\n", "a b  \n", true),
            ("a b", "a c", false),
            ("since ...)", "since now)", true),
            ("a ... b ... c", "a 1 b 2\n3 c", true),
            ("a ... b", "a 1 b 2", false),
            ("", "anything", false),
        ] {
            assert_eq!(is_said(said, text), same, "'{said}' and '{text}'");
        }
    }
}
