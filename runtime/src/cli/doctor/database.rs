//! The database, its components and secrets.

use super::Check;
use crate::{
    model::Timestamp,
    store::{Examined, StoreError, examine},
};
use std::path::PathBuf;

/// How far ahead of the clock an event may be, in milliseconds.
const AHEAD: i64 = 60_000;

pub(super) async fn look(data: PathBuf) -> Vec<Check> {
    const ABOUT: &str = "database";
    let examined = tokio::task::spawn_blocking(move || examine(&data)).await;
    match examined.unwrap_or(Err(StoreError::Stopped)) {
        Ok(None) => vec![Check::ok(ABOUT, "there is none yet; the first start makes it")],
        Ok(Some(examined)) => {
            let mut checks = vec![database(&examined), components(&examined)];
            checks.extend(secrets(&examined));
            checks.extend(clock(&examined));
            checks
        }
        Err(error) => {
            // Some say what to do themselves; damage has one remedy.
            let advice = "stop the daemon, and restore a backup into an empty folder: ostler restore FILE --data DIR";
            vec![Check::problem(ABOUT, error.to_string(), advice)]
        }
    }
}

fn database(examined: &Examined) -> Check {
    const ABOUT: &str = "database";
    let found = format!("whole, form {}, {} MiB", examined.form, examined.bytes.div_ceil(1 << 20));
    if examined.form < examined.known_form {
        let advice = format!("the next start brings it to form {}, after a copy in 'backups'", examined.known_form);
        return Check::warning(ABOUT, found, advice);
    }
    Check::ok(ABOUT, found)
}

fn components(examined: &Examined) -> Check {
    const ABOUT: &str = "components";
    match examined.bad_components.as_slice() {
        [] => Check::ok(ABOUT, "each that the database names is there"),
        bad => {
            let names: Vec<_> = bad.iter().map(ToString::to_string).collect();
            let found = format!("missing or damaged: {}", names.join(" "));
            Check::problem(ABOUT, found, "install their drivers again: `ostler driver install FILE`")
        }
    }
}

fn secrets(examined: &Examined) -> Option<Check> {
    const ABOUT: &str = "secrets";
    if examined.secrets == 0 {
        return None;
    }
    if examined.missing_keys.is_empty() {
        return Some(Check::ok(ABOUT, format!("{}, sealed with keys that are there", examined.secrets)));
    }
    let names = examined.missing_keys.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let found = format!("the key file lacks the key {names}, which some were sealed with");
    Some(Check::problem(ABOUT, found, "put back secret.key from a backup, or enter the secret settings again"))
}

fn clock(examined: &Examined) -> Option<Check> {
    let newest = examined.newest_event?;
    (newest.0 > Timestamp::now().0 + AHEAD).then(|| {
        let found = format!("it is {}, and the newest event is of {newest}", Timestamp::now());
        Check::problem("clock", found, "set the clock (NTP): times of jobs and events would be wrong")
    })
}
