//! What the driver declares: its recorder, settings of every kind, and how their values look in a record.

use ostler_sdk::{DriverInfo, MachineState, Scope, Setting, SettingValue, Value};

/// Where the recorder is.
pub const RECORDER: &str = "RECORDER";

/// The settings of all versions: one of each kind, the recorder's among them.
pub fn declare(info: DriverInfo) -> DriverInfo {
    info.setting(Setting::device_uri(RECORDER, "Recorder", &["tcp"]).required())
        .setting(Setting::text("NOTE", "Note").max_length(40))
        .setting(Setting::multi_line("LINES", "Lines"))
        .setting(Setting::integer("COUNT", "Count").min(0).max(9).step(3))
        .setting(Setting::decimal("SHARE", "Share").min(0).max(1).step(0.25).units("mm"))
        .setting(Setting::boolean("FLAG", "Flag"))
        .setting(Setting::choice("SIZE", "Size", [("s", "Small"), ("l", "Large")]))
        .setting(Setting::asked_choice("TRAY", "Tray"))
        .setting(Setting::secret("PASSWORD", "Password"))
        .setting(Setting::url("SERVICE", "Service"))
        .setting(Setting::duration("PAUSE", "Pause"))
        .setting(Setting::text("BAUD", "Baud").restart_required())
        .setting(Setting::new("PART", "Part", "reference"))
        .setting(Setting::new("COLOUR", "Colour", "colour-wheel").pattern("[a-z]+"))
}

/// `left, active, NOTE="a"`.
pub fn state(old: &MachineState) -> String {
    let active = if old.active { "active" } else { "inactive" };
    let values = values(&old.settings);
    let comma = if values.is_empty() { "" } else { ", " };
    format!("{}, {active}{comma}{values}", old.name)
}

/// Settings that have a value, all but the recorder's, which is another one each time: `NOTE="a", COUNT=3`.
pub fn values(settings: &[SettingValue]) -> String {
    let known = settings.iter().filter(|setting| setting.key != RECORDER);
    let pairs = known.filter_map(|setting| {
        let value = match setting.value.as_ref()? {
            Value::Text(text) => format!("{text:?}"),
            Value::Integer(number) => number.to_string(),
            // With a fraction, so that it is told from a whole number.
            Value::Decimal(number) => format!("{number:?}"),
            Value::Boolean(flag) => flag.to_string(),
        };
        Some(format!("{}={value}", at(setting.scope, &setting.key)))
    });
    pairs.collect::<Vec<_>>().join(", ")
}

/// `KEY` of the driver, `M:KEY` of the machine's type.
pub fn at(scope: Scope, key: &str) -> String {
    match scope {
        Scope::Machine => format!("M:{key}"),
        Scope::Driver => key.to_owned(),
    }
}
