//! The settings, and their values.

use ostler_scale_protocols::{Protocol, Unit};
use ostler_sdk::{DriverInfo, Error, Machine, Result, Setting};

/// Where the scale is. The SDK's `connect` takes the key, never an address.
pub const CONNECTION: &str = "CONNECTION";
pub const PROTOCOL: &str = "PROTOCOL";
pub const UNIT: &str = "UNIT";

/// The driver, with everything that it declares.
pub fn info() -> DriverInfo {
    let info = DriverInfo::new("toledo-8217", "Toledo 8217 and SMA", env!("CARGO_PKG_VERSION"))
        .description("Scales that answer Toledo 8217 or the SMA protocol, over a serial line or the network.")
        .implements("tare")
        .implements("zero")
        .translation("de", "name", "Toledo 8217 und SMA")
        .translation("de", "settings.CONNECTION.name", "Verbindung")
        .translation("de", "settings.PROTOCOL.name", "Protokoll")
        .translation("de", "settings.UNIT.name", "Einheit");
    settings().into_iter().fold(info, DriverInfo::setting)
}

/// The settings, in the order of the form.
fn settings() -> Vec<Setting> {
    vec![
        Setting::device_uri(CONNECTION, "Connection", &["serial", "tcp"])
            .description(
                "Where the scale is: serial:///dev/ttyUSB0?baud=9600&bits=7&parity=even as most scales of Toledo 8217 are \
                 set, serial:///dev/ttyUSB0 for SMA, or tcp://address:port.",
            )
            .required(),
        Setting::choice(PROTOCOL, "Protocol", [("toledo-8217", "Toledo 8217"), ("sma", "SMA (SCP-0499)")])
            .description("What the scale is set to speak; see its set-up menu.")
            .default("toledo-8217"),
        Setting::choice(UNIT, "Unit", [("kg", "kg"), ("lb", "lb")])
            .description("What the scale shows. Toledo 8217 does not tell; a scale of SMA says its unit itself.")
            .default("kg"),
    ]
}

/// The values of a machine's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What the scale speaks.
    pub protocol: Protocol,
    /// What the numbers mean where the protocol does not say.
    pub unit: Unit,
}

impl Settings {
    /// Reads them.
    pub fn read(machine: &Machine) -> Result<Self> {
        Ok(Self {
            protocol: protocol(&machine.setting::<String>(PROTOCOL)?)?,
            unit: unit(&machine.setting::<String>(UNIT)?)?,
        })
    }
}

fn protocol(value: &str) -> Result<Protocol> {
    match value {
        "toledo-8217" => Ok(Protocol::Toledo8217),
        "sma" => Ok(Protocol::Sma),
        other => Err(unknown(PROTOCOL, other)),
    }
}

fn unit(value: &str) -> Result<Unit> {
    match value {
        "kg" => Ok(Unit::Kilogram),
        "lb" => Ok(Unit::Pound),
        other => Err(unknown(UNIT, other)),
    }
}

fn unknown(key: &str, value: &str) -> Error {
    Error::invalid("setting", format!("'{value}' is no value of {key}. Choose another one."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_required_and_all_else_has_a_default() {
        let missing = |setting: &Setting| setting.required && setting.default.is_none();
        let keys: Vec<String> = settings().into_iter().filter(missing).map(|setting| setting.key).collect();
        assert_eq!(keys, ["CONNECTION"]);
    }

    #[test]
    fn every_choice_is_a_value_that_is_understood() {
        for setting in settings() {
            for choice in setting.choices {
                let known = match setting.key.as_str() {
                    PROTOCOL => protocol(&choice.value).is_ok(),
                    UNIT => unit(&choice.value).is_ok(),
                    other => panic!("{other}"),
                };
                assert!(known, "{}", choice.value);
            }
        }
        assert!(unit("stone").is_err() && protocol("dialog-06").is_err());
    }

    #[test]
    fn everything_is_described() {
        assert!(settings().iter().all(|setting| setting.description.ends_with('.')));
    }
}
