//! Whether a daemon runs, answers and is well.

use super::Check;
use crate::{
    cli::client::Client,
    config::Http,
    listen::{self, MAX_SOCKET_PATH, SOCKET},
    store::in_use,
};
use serde_json::Value;
use std::{path::Path, time::Duration};

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn look(client: &Client, data: &Path, http: Option<&Http>) -> Vec<Check> {
    const ABOUT: &str = "daemon";
    let socket = data.join(SOCKET);
    let length = socket.as_os_str().len();
    if length > MAX_SOCKET_PATH {
        let found = format!("the path of the socket has {length} characters, and {MAX_SOCKET_PATH} are possible");
        return vec![Check::problem(ABOUT, found, "choose a shorter data folder with --data")];
    }
    let answer = tokio::time::timeout(PATIENCE, client.get::<Value>("/api/machine/status/")).await;
    match (answer, in_use(data)) {
        (Ok(Ok(status)), _) => well(&status),
        (_, Some(false)) => {
            let mut checks = vec![Check::ok(ABOUT, "none runs on this folder; `ostler serve` starts one")];
            if let Some(http) = http {
                checks.push(port(data, http).await);
            }
            checks
        }
        (Ok(Err(error)), _) => {
            let found = format!("one uses the folder, and does not answer: {error:#}");
            vec![Check::problem(
                ABOUT,
                found,
                "it may still be starting, or be stopping: look at its log, and try again",
            )]
        }
        (Err(_), _) => {
            let found = format!("one uses the folder, and has not answered for {} s", PATIENCE.as_secs());
            vec![Check::problem(ABOUT, found, "look at its log and at the load of the machine; then start it again")]
        }
    }
}

/// Whether a daemon could listen where it is to.
async fn port(data: &Path, http: &Http) -> Check {
    const ABOUT: &str = "port";
    match listen::network(http).await {
        Ok(None) => Check::ok(ABOUT, "no network address is to be used; there is the socket in the data folder"),
        Ok(Some(url)) => Check::ok(ABOUT, format!("a daemon on {} can listen: {url}", data.display())),
        Err(error) => Check::problem(
            ABOUT,
            format!("{error:#}"),
            "`ostler serve` would not start; see `http` in `ostler config show`",
        ),
    }
}

fn well(status: &Value) -> Vec<Check> {
    let mut checks = vec![Check::ok("daemon", "one runs on this folder, and answers")];
    let store = status.get("store");
    if store.and_then(|store| store.get("ok")).and_then(Value::as_bool) == Some(false) {
        let message = store.and_then(|store| store.get("message")).and_then(Value::as_str).unwrap_or("not known");
        checks.push(Check::problem(
            "storing",
            message,
            "nothing can be printed until it is mended; it goes on by itself",
        ));
    }
    let errors = status.get("registry_errors").and_then(Value::as_array).cloned().unwrap_or_default();
    if !errors.is_empty() {
        let text = |error: &Value, field: &str| error.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let lines: Vec<_> =
            errors.iter().map(|error| format!("{}: {}", text(error, "source"), text(error, "message"))).collect();
        checks.push(Check::warning(
            "registry",
            lines.join("\n"),
            "what is named there does not run until it is mended",
        ));
    }
    checks
}
