//! `ostler machine capture`: what goes over a machine's wire.

use super::{
    client::Client,
    output::{Output, line},
};
use crate::{
    api::capture::{Begin, Begun},
    broker::capture::{Frame, Happened},
    registry::view::MachineView,
};
use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http_body_util::BodyExt as _;
use hyper::Method;
use serde_json::json;
use std::{fmt::Write as _, path::PathBuf};

/// How many bytes a line shows.
const WIDTH: usize = 16;

/// What to do with a capture.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The machine's name or id.
    machine: String,
    /// Begin, for so many minutes: 1 to 1440. What was captured before is gone.
    #[arg(long, value_name = "N", default_value_t = 10)]
    minutes: u32,
    /// End it; what was captured stays.
    #[arg(long, conflicts_with = "minutes")]
    stop: bool,
    /// Show what was captured so far.
    #[arg(long, conflicts_with_all = ["minutes", "stop"])]
    show: bool,
    /// Write what was captured so far to a file, as JSON Lines.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["minutes", "stop", "show"])]
    to: Option<PathBuf>,
}

/// Does it.
pub async fn run(client: &Client, out: Output, arguments: Arguments) -> Result<()> {
    let view = client.machine(&arguments.machine).await?;
    let path = format!("/api/machine/{}/capture/", view.pk);
    if arguments.stop {
        client.delete(&path).await?;
        return out.say(&json!({ "until": null }), &format!("the capture of {} is over", view.name));
    }
    if !arguments.show && arguments.to.is_none() {
        let begun: Begun = client.post(&path, &json!(Begin { minutes: arguments.minutes })).await?;
        return out.say(&begun, &begun_sentence(&view, &begun));
    }
    let lines = client.send(Method::GET, &path, None).await?.into_body().collect().await?.to_bytes();
    if let Some(file) = arguments.to {
        std::fs::write(&file, &lines).with_context(|| format!("writing {}", file.display()))?;
        let sentence = format!("{} has what was captured of {}", file.display(), view.name);
        return out.say(&json!({ "file": file, "bytes": lines.len() }), &sentence);
    }
    for text in lines.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
        if out.is_json() {
            line(&String::from_utf8_lossy(text))?;
        } else {
            // The last line of a capture that goes on may not be whole yet.
            let Ok(frame) = serde_json::from_slice(text) else { break };
            line(describe(&frame).trim_end())?;
        }
    }
    Ok(())
}

fn begun_sentence(view: &MachineView, begun: &Begun) -> String {
    let name = &view.name;
    format!(
        "what goes over the wire of {name} is captured until {}: `ostler machine capture {name} --show`",
        begun.until
    )
}

fn describe(frame: &Frame) -> String {
    let job = frame.job.map(|job| format!(" job {job}")).unwrap_or_default();
    let connection = if frame.connection > 0 { format!(" #{}", frame.connection) } else { String::new() };
    let head = format!("{}{connection}{job}", frame.at);
    match &frame.event {
        Happened::Opened { peer } => format!("{head} opened {peer}"),
        Happened::Failed { message } => format!("{head} failed: {message}"),
        Happened::Sent { bytes } => format!("{head} sent{}", dump(bytes)),
        Happened::Received { bytes } => format!("{head} received{}", dump(bytes)),
        Happened::Silent { ms } => format!("{head} silent for {ms} ms"),
        Happened::Ended => format!("{head} the device ended its side"),
        Happened::Closed => format!("{head} closed"),
        Happened::Missed { frames } => format!("{head} {frames} frames are missing here: the disk was too slow"),
        Happened::Over { why } => format!("{head} over: {why}"),
    }
}

/// Bytes in hexadecimal and as text, as `hexdump -C` shows them.
fn dump(base64: &str) -> String {
    let Ok(bytes) = BASE64.decode(base64) else { return " bytes that cannot be read".to_owned() };
    let mut text = format!(" {} bytes\n", bytes.len());
    for (at, row) in bytes.chunks(WIDTH).enumerate() {
        let _ = write!(text, "  {:08x} ", at * WIDTH);
        for byte in row {
            let _ = write!(text, " {byte:02x}");
        }
        let shown =
            row.iter().map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' });
        let _ = writeln!(text, "{:pad$}  |{}|", "", shown.collect::<String>(), pad = (WIDTH - row.len()) * 3);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_hexdump_shows_them() {
        let shown = dump(&BASE64.encode(b"^XA^FDone\r\n^FS^XZ"));
        let rows: Vec<&str> = shown.lines().collect();
        assert_eq!(
            rows,
            [
                " 17 bytes",
                "  00000000  5e 58 41 5e 46 44 6f 6e 65 0d 0a 5e 46 53 5e 58  |^XA^FDone..^FS^X|",
                "  00000010  5a                                               |Z|",
            ]
        );
    }
}
