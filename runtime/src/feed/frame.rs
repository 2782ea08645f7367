//! An event as a piece of a stream of server-sent events (HTML Living Standard, section 9.2, "Server-sent events").

use crate::model::Event;
use axum::body::Bytes;

/// The event that tells of others that were removed before they were told.
pub const GAP: &str = "feed.gap";

/// An event: its number, its kind, and all of it as one line of JSON.
pub fn of(event: &Event) -> Bytes {
    // An event is made of texts and JSON, so it can be written as JSON. JSON has no line breaks of its own.
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\nevent: {}\ndata: {data}\n\n", event.id, event.kind).into()
}

/// Events were removed before they were told.
pub fn gap() -> Bytes {
    Bytes::from(format!("event: {GAP}\ndata: {{}}\n\n"))
}

/// A sign of life, which no reader sees as an event. With the number up to which nothing concerned the reader, so that it goes on
/// there: an id without data dispatches nothing and is kept all the same.
pub fn beat(seen: Option<i64>) -> Bytes {
    match seen {
        Some(id) => format!(":\nid: {id}\n\n").into(),
        None => Bytes::from_static(b":\n\n"),
    }
}
