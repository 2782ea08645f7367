//! `/api/events/`: the feed as server-sent events, filtered and resumable by id.

use super::{ApiError, State, extract::Query};
use crate::{
    access::Caller,
    feed::Following,
    model::{EventFilter, JobId, event::KINDS},
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{convert::Infallible, fmt::Display, str::FromStr};

/// The header with which a reader goes on.
const LAST_EVENT_ID: &str = "last-event-id";

/// What a reader wants. All of it is text here, so that each wrong value is told by its field.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Events after this id; from now on when neither this nor `Last-Event-ID` is given.
    after: Option<String>,
    /// Whether to go on when everything so far was sent; true unless it says otherwise.
    follow: Option<String>,
    /// Ids of machines, with commas between them.
    machine: Option<String>,
    /// Slugs of drivers, with commas between them.
    driver: Option<String>,
    /// What kinds begin with, with commas between them.
    kind: Option<String>,
    /// The number of a job.
    job: Option<String>,
}

/// `GET /api/events/?after=ID&follow=BOOL&machine=ID,ID&driver=SLUG&kind=PREFIX,PREFIX&job=ID`.
pub async fn stream(
    registry: State,
    caller: Caller,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let services = &registry.services;
    let limits = services.limits();
    let mut following = read(wanted, headers.get(LAST_EVENT_ID).map(|id| id.to_str().unwrap_or_default()))?;
    following.heartbeat = limits.event_heartbeat();
    following.filter.within = caller.machines().cloned();
    let most = limits.event_readers;
    let seat = services.metrics.api.seat(most).ok_or_else(|| too_many(most))?;
    let reader = services.feed.read(following).await?;
    let pieces = stream::unfold((reader, seat), async |(mut reader, seat)| {
        let piece = reader.next().await?;
        Some((Ok::<Bytes, Infallible>(piece), (reader, seat)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Of nginx, which else keeps events back until it has a buffer full of them.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn too_many(most: u32) -> ApiError {
    ApiError::Other {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "too-many-readers".into(),
        detail: format!(
            "{most} readers follow the events already: end one of them, or allow more with 'event_readers' in [limits]"
        ),
    }
}

/// Reads what is wanted; everything that is wrong is told at once.
fn read(wanted: Wanted, resumed: Option<&str>) -> Result<Following, ApiError> {
    let Wanted { after, follow, machine, driver, kind, job } = wanted;
    let mut problems = Map::new();
    let filter = EventFilter {
        machines: list(&mut problems, "machine", machine.as_deref()),
        drivers: list(&mut problems, "driver", driver.as_deref()),
        kinds: list::<Kind>(&mut problems, "kind", kind.as_deref()).into_iter().map(|kind| kind.0).collect(),
        job: one(&mut problems, "job", job.as_deref(), "the number of a job").map(JobId),
        within: None,
    };
    let place = "the number of an event; 0 is the place before the first";
    let resumed = one(&mut problems, "Last-Event-ID", resumed, place);
    let after = resumed.or(one(&mut problems, "after", after.as_deref(), place)).map(|id: i64| id.max(0));
    let goes_on = one(&mut problems, "follow", follow.as_deref(), "true or false").unwrap_or(true);
    if problems.is_empty() {
        Ok(Following { filter, after, goes_on, heartbeat: std::time::Duration::ZERO })
    } else {
        Err(ApiError::Fields(problems))
    }
}

fn one<T: FromStr>(problems: &mut Map<String, Value>, field: &str, text: Option<&str>, what: &str) -> Option<T> {
    let text = text?.trim();
    let parsed = text.parse().ok();
    if parsed.is_none() {
        problems.insert(field.to_owned(), json!([format!("'{text}' is not {what}.")]));
    }
    parsed
}

fn list<T>(problems: &mut Map<String, Value>, field: &str, text: Option<&str>) -> Vec<T>
where
    T: FromStr,
    T::Err: Display,
{
    let (mut values, mut wrong) = (Vec::new(), Vec::new());
    for text in text.into_iter().flat_map(|text| text.split(',')) {
        match text.trim().parse() {
            Ok(value) => values.push(value),
            Err(error) => wrong.push(json!(format!("{error}"))),
        }
    }
    if !wrong.is_empty() {
        problems.insert(field.to_owned(), wrong.into());
    }
    values
}

/// What some kinds of events begin with.
struct Kind(String);

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && KINDS.iter().any(|kind| kind.starts_with(text)) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("no kind of event begins with '{text}': there are {}.", KINDS.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn everything_wrong_is_told_by_its_field() {
        let text = |text: &str| Some(text.to_owned());
        let wanted = Wanted {
            after: text("first"),
            follow: text("perhaps"),
            machine: text("dock"),
            driver: text("zebra-zpl,No Slug"),
            kind: text("job.,jbo."),
            job: text("x"),
        };
        let Err(ApiError::Fields(problems)) = read(wanted, Some("nonsense")) else { panic!("it was taken") };
        let fields: Vec<_> = problems.keys().map(String::as_str).collect();
        assert_eq!(fields, ["Last-Event-ID", "after", "driver", "follow", "job", "kind", "machine"]);
        assert!(problems.get("kind").unwrap().to_string().contains("begins with 'jbo.'"));
    }

    #[test]
    fn the_header_counts_more_than_the_parameter() {
        let wanted =
            || Wanted { after: Some("3".to_owned()), kind: Some("job., machine.re".to_owned()), ..Wanted::default() };
        let following = read(wanted(), Some("7")).unwrap();
        assert_eq!((following.after, following.goes_on), (Some(7), true));
        assert_eq!(following.filter.kinds, ["job.", "machine.re"]);
        assert_eq!(read(wanted(), None).unwrap().after, Some(3));
    }
}
