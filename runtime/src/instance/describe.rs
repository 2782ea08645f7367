//! Asks a component what it is: the only thing that runs before an operator enables it. No machines, no grants, a short
//! deadline, and a store that is thrown away.

use super::{
    code::Loaded,
    engine::GuestEngine,
    exports::{self, Describe, LIFECYCLE},
    life::explain,
    limits::Limits,
    state::DriverStore,
};
use crate::{
    broker::{DriverContext, LogRing, log::cut},
    contract::convert,
    model::{DriverInfo, SettingKind},
};
use std::sync::Arc;
use thiserror::Error;

/// How much of what a failed `describe` wrote is shown, in lines and in bytes.
const LOG_LINES: usize = 5;
const LOG_BYTES: usize = 1000;

/// Why `describe` gave nothing usable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DescribeError {
    /// It trapped or passed a limit.
    #[error("`describe` of this driver failed: {0}")]
    Failed(String),
    /// What it said is not usable.
    #[error("what `describe` of this driver says cannot be used:\n{}", .0.iter().map(|p| format!("  - {p}")).collect::<Vec<_>>().join("\n"))]
    Unusable(Vec<String>),
}

/// Runs `describe` and checks the answer.
pub async fn describe(guests: &GuestEngine, loaded: Arc<Loaded>, limits: &Limits) -> Result<DriverInfo, DescribeError> {
    let deadline = limits.describe();
    let limits = limits.clone();
    let nobody = DriverContext::new("describe".to_owned(), None);
    let log = Arc::clone(&nobody.log);
    let ask: tokio::task::JoinHandle<wasmtime::Result<_>> = guests.spawn({
        let loaded = Arc::clone(&loaded);
        async move {
            let engine = loaded.pre.engine().clone();
            let mut store = DriverStore::create(&engine, nobody, &limits, Arc::default(), Arc::default());
            let instance = loaded.pre.instantiate_async(&mut store).await?;
            let describe: Describe = exports::find(&mut store, &instance, LIFECYCLE, "describe")?;
            let (info,) = store.run_concurrent(async |accessor| describe.call_concurrent(accessor, ()).await).await??;
            Ok(info)
        }
    });
    let abort = ask.abort_handle();
    let info = match tokio::time::timeout(deadline, ask).await {
        Ok(Ok(Ok(info))) => info,
        Ok(Ok(Err(error))) => return Err(DescribeError::Failed(with_log(explain(&error), &log))),
        Ok(Err(_)) => return Err(DescribeError::Failed("the host had an internal error".to_owned())),
        Err(_) => {
            abort.abort();
            return Err(DescribeError::Failed(format!("it took longer than {deadline:?}")));
        }
    };
    let info = convert::driver_info_from_wit(info).map_err(DescribeError::Unusable)?;
    let problems = contradictions(&info, &loaded);
    if problems.is_empty() { Ok(info) } else { Err(DescribeError::Unusable(problems)) }
}

/// A reason, with the last lines that `describe` wrote: a panic's own words are there, and the log goes with the store.
fn with_log(reason: String, log: &LogRing) -> String {
    let lines = log.lines();
    let last = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default();
    if last.is_empty() {
        return reason;
    }
    let words: Vec<_> = last.iter().map(|line| line.message.as_str()).collect();
    format!("{reason}:\n{}", cut(&words.join("\n"), LOG_BYTES))
}

/// Everything in a description that its contract or the rules forbid.
fn contradictions(info: &DriverInfo, loaded: &Loaded) -> Vec<String> {
    let machine_type = &loaded.machine_type;
    let mut problems = Vec::new();
    if info.machine_type != machine_type.slug {
        problems.push(format!(
            "machine-type: it says '{}', but the component exports {}, the contract of '{}'",
            info.machine_type, machine_type.contract, machine_type.slug
        ));
    }
    for spec in &info.settings {
        if matches!(spec.kind, SettingKind::DeviceUri | SettingKind::Url) && spec.default.is_some() {
            problems.push(format!(
                "settings: '{}' is where the driver may connect to, and that is the operator's decision alone: remove \
                 its default",
                spec.key
            ));
        }
        if let Some(default) = &spec.default {
            let json = serde_json::to_value(default).unwrap_or_default();
            if let Err(why) = spec.parse(&json) {
                problems.push(format!("settings: the default of '{}' is not a value that it takes: {why}", spec.key));
            }
        }
    }
    for name in info.implements.iter().filter(|name| !machine_type.optional.contains(name)) {
        problems.push(format!("implements: '{name}' is not an optional function of '{}'", machine_type.slug));
    }
    problems
}
