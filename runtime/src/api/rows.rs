//! Rows of values as requests bring them: JSON or CSV.
//!
//! JSON is an object for one label, or a list with one for each. CSV has a line of names first (RFC 4180); a cell without text
//! is no value.

use super::ApiError;
use crate::model::Fields;

const FORM: &str = "a JSON object of texts, numbers and truth values, or a list with one for each label";

/// Rows of a file: CSV where its media type or its first byte says so, else JSON.
pub fn of_file(media_type: Option<&str>, bytes: &[u8]) -> Result<Vec<Fields>, ApiError> {
    let said = media_type.map(|said| said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let is_json = match said.as_deref() {
        Some("text/csv") => false,
        Some("application/json") => true,
        _ => matches!(bytes.trim_ascii_start(), [b'[' | b'{', ..]),
    };
    if is_json {
        let value = serde_json::from_slice(bytes).map_err(|error| wrong(format!("The rows are not JSON: {error}.")))?;
        of_json(value)
    } else {
        of_csv(bytes)
    }
}

/// Rows of a JSON value; numbers and truth values are written as text, and null is no value.
pub fn of_json(value: serde_json::Value) -> Result<Vec<Fields>, ApiError> {
    let rows = match value {
        serde_json::Value::Array(rows) => rows,
        row => vec![row],
    };
    (1..).zip(rows).map(|(number, row)| of_object(number, row)).collect()
}

fn of_object(number: usize, row: serde_json::Value) -> Result<Fields, ApiError> {
    let serde_json::Value::Object(row) = row else { return Err(wrong(format!("Row {number}: give {FORM}."))) };
    let mut fields = Fields::new();
    for (key, value) in row {
        match value {
            serde_json::Value::String(text) => drop(fields.insert(key, text)),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => drop(fields.insert(key, value.to_string())),
            serde_json::Value::Null => {}
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                return Err(wrong(format!("Row {number}, `{key}`: give {FORM}.")));
            }
        }
    }
    Ok(fields)
}

fn of_csv(bytes: &[u8]) -> Result<Vec<Fields>, ApiError> {
    // Spreadsheets write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes);
    let names: Vec<String> = reader.headers().map_err(|error| unreadable(&error))?.iter().map(str::to_owned).collect();
    if let Some(twice) =
        names.iter().enumerate().find(|(at, name)| names.iter().skip(at + 1).any(|other| other == *name))
    {
        return Err(wrong(format!("The column '{}' is there twice.", twice.1)));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let cells = names.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
        rows.push(cells.map(|(name, cell)| (name.clone(), cell.to_owned())).collect());
    }
    if rows.is_empty() {
        return Err(wrong("There are no rows behind the line of names.".to_owned()));
    }
    Ok(rows)
}

fn unreadable(error: &csv::Error) -> ApiError {
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map(csv::Position::line).unwrap_or_default();
            format!("Line {line} has {len} cells, and the line of names has {expected_len}.")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map(csv::Position::line).unwrap_or_default();
            format!("Line {line} is not in UTF-8: save the file in that encoding.")
        }
        _ => format!("The rows are not CSV: {error}."),
    };
    wrong(message)
}

fn wrong(message: String) -> ApiError {
    ApiError::field("fields", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(media_type: Option<&str>, text: &str) -> Result<Vec<Fields>, String> {
        of_file(media_type, text.as_bytes()).map_err(|error| format!("{error:?}"))
    }

    fn row(cells: &[(&str, &str)]) -> Fields {
        cells.iter().map(|(name, cell)| ((*name).to_owned(), (*cell).to_owned())).collect()
    }

    #[test]
    fn json_is_an_object_or_a_list_of_them() {
        let one = row(&[("part", "M4"), ("count", "3")]);
        assert_eq!(rows(None, r#" {"part": "M4", "count": 3, "note": null}"#).unwrap(), [one]);
        assert_eq!(rows(None, r#"[{"part": "M4"}, {"ok": true}]"#).unwrap().len(), 2);
        for (wrong, words) in [("[1]", "Row 1"), (r#"[{}, {"part": {"deep": 1}}]"#, "Row 2, `part`"), ("[", "not JSON")]
        {
            let error = rows(None, wrong).unwrap_err();
            assert!(error.contains(words), "{wrong}: {error}");
        }
    }

    #[test]
    fn csv_has_names_first_and_cells_without_text_are_no_values() {
        let text = "\u{feff}part, count\r\n\"M4, long\",3\r\nM5,\r\n";
        let expected = [row(&[("part", "M4, long"), ("count", "3")]), row(&[("part", "M5")])];
        assert_eq!(rows(Some("text/csv; charset=utf-8"), text).unwrap(), expected);
        for (wrong, words) in [
            ("part,count\nM4\n", "Line 2 has 1 cells"),
            ("part,part\nM4,M5\n", "'part' is there twice"),
            ("part\n", "no rows"),
        ] {
            let error = rows(None, wrong).unwrap_err();
            assert!(error.contains(words), "{wrong}: {error}");
        }
        assert!(format!("{:?}", of_file(None, b"part\n\xff\n").unwrap_err()).contains("Line 2 is not in UTF-8"));
    }
}
