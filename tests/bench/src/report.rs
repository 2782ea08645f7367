//! The results as Markdown: for people, and the same text for the file.

use std::fmt::Write as _;

/// One bar and what was measured against it.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is measured.
    pub what: String,
    /// What it must reach; `none` where a figure is only shown.
    pub bar: String,
    /// The baseline's median.
    pub baseline: String,
    /// The subject's median.
    pub measured: String,
    /// The figure that the bar is about, with its spread over the rounds.
    pub result: String,
    /// Whether it is reached; nothing where there is no bar.
    pub reached: Option<bool>,
}

/// One benchmark.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its title.
    pub title: &'static str,
    /// How it is measured: what both sides do, and how often.
    pub method: String,
    /// Its figures.
    pub rows: Vec<Row>,
}

/// The whole report.
pub fn markdown(facts: &[(&str, String)], sections: &[Section]) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `just bench`. Every figure stands beside its baseline from the same run.\n\n",
    );
    for (name, value) in facts {
        let _ = writeln!(text, "* {name}: {value}");
    }
    for Section { title, method, rows } in sections {
        let _ = writeln!(text, "\n## {title}\n\n{method}\n");
        text.push_str("| what | bar | baseline | measured | result | |\n|---|---|---|---|---|---|\n");
        for row in rows {
            let Row { what, bar, baseline, measured, result, reached } = row;
            let verdict = match reached {
                Some(true) => "reached ",
                Some(false) => "**missed** ",
                None => "",
            };
            let _ = writeln!(text, "| {what} | {bar} | {baseline} | {measured} | {result} | {verdict}|");
        }
    }
    text
}

/// Nanoseconds as microseconds with two digits behind the point.
pub fn microseconds(nanoseconds: f64) -> String {
    format!("{:.2} us", nanoseconds / 1e3)
}

/// A ratio with its spread.
pub fn ratio(median: f64, (least, most): (f64, f64)) -> String {
    format!("{median:.2}x ({least:.2} to {most:.2})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_is_not_to_be_overlooked() {
        let row = Row {
            what: "a".to_owned(),
            bar: "<= 1x".to_owned(),
            baseline: microseconds(1500.0),
            measured: microseconds(3000.0),
            result: ratio(2.0, (1.9, 2.1)),
            reached: Some(false),
        };
        let section = Section { title: "T", method: "M.".to_owned(), rows: vec![row] };
        let text = markdown(&[("processor", "one".to_owned())], &[section]);
        assert!(text.contains("| a | <= 1x | 1.50 us | 3.00 us | 2.00x (1.90 to 2.10) | **missed** |"), "{text}");
    }
}
