//! Long lists in parts: `limit` and `offset` as upstream has them. Without a limit the answer is the list alone.

use super::ApiError;
use schemars::JsonSchema;
use serde::Serialize;

/// The most that one page has.
const MOST: usize = 1000;

/// A list, or a part of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Listed<T> {
    /// All of it.
    All(Vec<T>),
    /// A part.
    Page(Page<T>),
}

/// A part of a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Page<T> {
    /// How many there are in all.
    pub count: usize,
    /// The query of the next part, if there is one.
    pub next: Option<String>,
    /// The query of the part before, if there is one.
    pub previous: Option<String>,
    /// The part.
    pub results: Vec<T>,
}

/// Which part of a list of `count`: the positions, or all of them without a limit.
pub fn part(count: usize, limit: Option<usize>, offset: Option<usize>) -> Result<std::ops::Range<usize>, ApiError> {
    let from = offset.unwrap_or(0).min(count);
    match limit {
        None => Ok(from..count),
        Some(0) => Err(ApiError::field("limit", format!("Ask for 1 to {MOST}."))),
        Some(limit) => Ok(from..count.min(from.saturating_add(limit.min(MOST)))),
    }
}

impl<T> Listed<T> {
    /// The part of a list that is there.
    pub fn of(results: Vec<T>, count: usize, limit: Option<usize>, at: &std::ops::Range<usize>) -> Self {
        let Some(limit) = limit else { return Self::All(results) };
        let query = |offset: usize| format!("?limit={limit}&offset={offset}");
        Self::Page(Page {
            count,
            next: (at.end < count).then(|| query(at.end)),
            previous: (at.start > 0).then(|| query(at.start.saturating_sub(limit))),
            results,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_part_says_where_the_others_are() {
        let at = part(5, Some(2), Some(2)).unwrap();
        assert_eq!(at, 2..4);
        let Listed::Page(page) = Listed::of(vec![3, 4], 5, Some(2), &at) else { unreachable!("a limit was given") };
        assert_eq!(page.count, 5);
        assert_eq!(page.next.as_deref(), Some("?limit=2&offset=4"));
        assert_eq!(page.previous.as_deref(), Some("?limit=2&offset=0"));
        assert_eq!(part(5, Some(2), Some(9)).unwrap(), 5..5);
        assert_eq!(part(5, None, None).unwrap(), 0..5);
        assert!(part(5, Some(0), None).is_err());
    }
}
