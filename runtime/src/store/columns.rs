//! How values are written in columns: as text that is parsed, or as JSON. What does not parse counts as damage. A column is named, or
//! numbered where rows are read so often that the search for names would count.

use super::{Result, StoreError};
use crate::model::Timestamp;
use rusqlite::{Row, RowIndex, types::Type};
use serde::{Serialize, de::DeserializeOwned};
use std::{error::Error, str::FromStr};

/// Parses a text column.
pub(super) fn parsed<T>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    text(row, column, |text| text.parse().map_err(|error: T::Err| Box::new(error).into()))
}

/// Parses a text column that may be empty.
pub(super) fn parsed_option<T>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<T>>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    if is_null(row, column)? { Ok(None) } else { parsed(row, column).map(Some) }
}

/// Reads a name of a closed set.
pub(super) fn named<T>(row: &Row<'_>, column: impl RowIndex, parse: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    text(row, column, |text| parse(text).ok_or_else(|| format!("'{text}' is not one of its names").into()))
}

/// Reads a JSON column.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<T> {
    text(row, column, |text| serde_json::from_str(text).map_err(Into::into))
}

/// Reads a JSON column that may be empty.
pub(super) fn json_option<T: DeserializeOwned>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<T>> {
    if is_null(row, column)? { Ok(None) } else { json(row, column).map(Some) }
}

/// Reads a time.
pub(super) fn time(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp)
}

/// Reads a time that may be empty.
pub(super) fn time_option(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// Whether a column is empty.
pub(super) fn is_null(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<bool> {
    Ok(row.get_ref(column)? == rusqlite::types::ValueRef::Null)
}

/// The JSON of a value.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Other { what: format!("no JSON form: {error}") })
}

/// The count of changed rows as a count of rows must be 1; anything else is `error`.
pub(super) fn changed_one(count: usize, error: impl FnOnce() -> StoreError) -> Result<()> {
    if count == 1 { Ok(()) } else { Err(error()) }
}

fn text<T>(
    row: &Row<'_>,
    column: impl RowIndex,
    parse: impl FnOnce(&str) -> Result<T, Box<dyn Error + Send + Sync>>,
) -> rusqlite::Result<T> {
    let failed = |error| {
        let index = column.idx(row.as_ref()).unwrap_or_default();
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error)
    };
    let text = row.get_ref(column)?.as_str().map_err(|error| failed(Box::new(error)))?;
    parse(text).map_err(failed)
}
