//! The documented file with every default.

use super::{
    key::Applies,
    sections::{DRIVER, SECTIONS},
};
use std::fmt::Write as _;

const HEAD: &str = "\
# ostler.toml: the configuration of `ostler serve`, with every key and its default.
#
# It is read from the data folder, or from where --config or OSTLER_CONFIG says. Each key may be set by an environment variable,
# too, which counts more than the file: OSTLER_ and the key in capitals, with its section before it (OSTLER_LIMITS_DRAIN_MS).
# Flags of `ostler serve` count more than both; `--set limits.drain_ms=0` sets any key. `ostler config show` says which value
# comes from where.
#
# A running daemon reads it again on SIGHUP. Times are milliseconds and sizes bytes unless the key says otherwise.
";

/// The text of the file.
pub fn text() -> String {
    let mut text = HEAD.to_owned();
    for section in SECTIONS {
        text.push('\n');
        comment(&mut text, section.about);
        if !section.name.is_empty() {
            let _ = writeln!(text, "[{}]", section.name);
        }
        let defaults = (section.defaults)();
        for key in section.keys {
            text.push('\n');
            comment(&mut text, key.doc);
            if key.applies != Applies::Reload {
                let _ = writeln!(text, "# A change applies {}.", key.applies);
            }
            if let Some(default) = defaults.get(key.name) {
                let _ = writeln!(text, "{} = {default}", key.name);
            }
        }
        if section.by_driver {
            let _ = write!(
                text,
                "\n# Limits of one driver, by its slug: those that it does not list are as above.\n\
                 # [{}.{DRIVER}.some-driver]\n# memory_bytes = 134217728\n",
                section.name
            );
        }
    }
    text
}

fn comment(text: &mut String, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "#{line}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Config, Origin, Sources};
    use super::*;

    #[test]
    fn the_example_is_read_as_the_defaults_and_lists_every_key() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(super::super::FILE), text()).unwrap();
        let loaded = Sources { data: folder.path().to_owned(), ..Sources::default() }.load().unwrap();
        assert_eq!(loaded.config, Config::default());
        for entry in loaded.entries() {
            assert!(matches!(entry.origin, Origin::File { .. }), "{} is not in the example", entry.key);
        }
    }

    #[test]
    fn every_key_says_what_it_is() {
        for section in SECTIONS {
            assert!(!section.about.is_empty(), "the section '{}' says nothing", section.name);
            for key in section.keys {
                assert!(!key.doc.is_empty(), "'{}' says nothing", section.path(key.name));
            }
        }
    }
}
