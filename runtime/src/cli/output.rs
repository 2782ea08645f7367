//! Tables for people, JSON for programs.

use anyhow::Result;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::Write as _;

/// Columns that are not made narrower where the terminal is.
const WHOLE: [&str; 6] = ["SLUG", "TYPE", "DIGEST", "JOB", "KEY", "ID"];

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON, or tables.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints rows: as they are for programs, as a table for people.
    pub fn rows<T: Serialize, const N: usize>(
        self,
        rows: &[T],
        heads: [&str; N],
        cells: impl Fn(&T) -> [String; N],
    ) -> Result<()> {
        if self.json {
            return json(&rows);
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(heads);
        for row in rows {
            table.add_row(cells(row));
        }
        for (column, head) in table.column_iter_mut().zip(heads) {
            column.set_padding((0, 2));
            // Broken over two lines, they could not be copied.
            if WHOLE.contains(&head) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        line(&table.trim_fmt())
    }

    /// Prints one thing: as it is for programs, as lines of name and value for people.
    pub fn one<T: Serialize>(self, thing: &T, lines: &[(&str, String)]) -> Result<()> {
        if self.json {
            return json(thing);
        }
        let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
            let mut parts = value.lines();
            line(&format!("{name:width$}  {}", parts.next().unwrap_or_default()))?;
            for part in parts {
                line(&format!("{:width$}  {part}", ""))?;
            }
        }
        Ok(())
    }

    /// Prints a sentence for people; programs get the thing.
    pub fn say<T: Serialize>(self, thing: &T, sentence: &str) -> Result<()> {
        if self.json { json(thing) } else { line(sentence) }
    }

    /// Whether programs read it.
    pub fn is_json(self) -> bool {
        self.json
    }
}

fn json<T: Serialize>(thing: &T) -> Result<()> {
    line(&serde_json::to_string_pretty(thing)?)
}

/// Writes a line; a reader that went away (`| head`) is an error that ends the command, not a panic.
pub fn line(text: &str) -> Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
