//! The table in `docs/compatibility.md`: no number is missing, and every test that it names is there.

use ostler_tests::place;
use std::{collections::BTreeMap, fs};

/// The behaviours of the registry, of settings, of printing and of the API; those of the page are not here.
fn numbers() -> impl Iterator<Item = u32> {
    (1..=27).chain(29..=68)
}

/// Those that may be otherwise here.
const MAY_DIFFER: [u32; 10] = [15, 22, 28, 33, 41, 58, 62, 64, 65, 68];

struct Row {
    behaviour: String,
    here: String,
    /// A test between backticks, or a reason.
    why: String,
}

fn table() -> BTreeMap<u32, Row> {
    let text = fs::read_to_string(place::repository().join("docs/compatibility.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, behaviour, here, why] = cells[..] else { panic!("not four cells: {line}") };
        let Ok(number) = number.parse() else { continue };
        let [behaviour, here, why] = [behaviour, here, why].map(str::to_owned);
        assert!(rows.insert(number, Row { behaviour, here, why }).is_none(), "{number} is there twice");
    }
    rows
}

/// Whether a module of the end-to-end tests has a test of this name: `hooks::starts::a_machine_is_...`.
fn exists(test: &str) -> bool {
    let Some((module, name)) = test.rsplit_once("::") else { return false };
    let file = place::repository().join("tests/tests/e2e").join(module.replace("::", "/")).with_extension("rs");
    let Ok(source) = fs::read_to_string(file) else { return false };
    // Attributes may stand between, such as a reason why it is ignored; then it shows nothing.
    source.contains(&format!("#[test]\nfn {name}() {{\n"))
}

#[test]
fn every_behaviour_of_the_table_is_shown_by_a_test_that_exists() {
    let table = table();
    let mut wrong = Vec::new();
    for (number, Row { behaviour, here, why }) in &table {
        let test = why.strip_prefix('`').and_then(|why| why.strip_suffix('`'));
        let problem = match (here.as_str(), test) {
            ("kept", Some(test)) if !exists(test) => format!("there is no test {test}"),
            ("kept", None) => "it names no test".to_owned(),
            ("changed", _) if !MAY_DIFFER.contains(number) => "it may not differ".to_owned(),
            ("changed", None) if why.is_empty() => "it gives no reason".to_owned(),
            ("kept" | "changed", _) if !behaviour.is_empty() => continue,
            _ => "it says neither what nor how".to_owned(),
        };
        wrong.push(format!("{number}: {problem}"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(table.keys().copied().eq(numbers()), "the table has {:?}", table.keys());
}
