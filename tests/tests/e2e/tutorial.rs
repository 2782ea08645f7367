//! Tutorials, followed to the letter: the files that they show are those of the repository, and their commands print what they
//! say.

use ostler_tests::{
    Daemon, place,
    tutorial::{Block, Desk, Step, blocks, files},
};

/// `docs/machine-types.md`.
fn machine_types() -> Vec<Block> {
    let text = std::fs::read_to_string(place::repository().join("docs/machine-types.md")).unwrap();
    blocks(&text)
}

#[test]
fn the_machine_type_tutorial_shows_every_file_of_its_plugin_as_it_is() {
    let mut shown = Vec::new();
    for block in machine_types() {
        if let Block::File { path, text } = block {
            let file = std::fs::read_to_string(place::repository().join(&path)).unwrap_or_default();
            assert_eq!(text, file, "{path} is not what the tutorial shows");
            shown.push(path);
        }
    }
    shown.sort();
    assert_eq!(shown, files("plugins/abc"));
}

#[test]
fn the_machine_type_tutorials_commands_print_what_it_says() {
    let daemon = Daemon::start();
    let mut desk = Desk::beside(&daemon);
    let steps: Vec<Step> = machine_types()
        .into_iter()
        .flat_map(|block| if let Block::Console(steps) = block { steps } else { Vec::new() })
        .collect();
    assert!(steps.len() > 20, "{steps:#?}");
    for step in steps {
        match step.command.split_once(' ').unwrap_or_default() {
            // The components are built before the tests; they must be those that the tutorial builds.
            ("cargo", arguments) => {
                let packages: Vec<_> = arguments.split(" -p ").skip(1).collect();
                assert!(!packages.is_empty(), "{arguments}");
                for package in packages {
                    place::guest(&package.replace('-', "_"));
                }
            }
            // It runs already.
            ("ostler", "serve &") => {}
            _ => desk.follow(&step),
        }
    }
}
