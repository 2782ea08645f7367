//! What is known about a printer, as properties of its machine.

use ostler_sdk::Property;

use crate::media::millimetres;
use crate::printer::Printer;
use crate::settings::{Language, Settings};

/// All that is known; what is not known is left out.
pub fn list(printer: &Printer, settings: &Settings) -> Vec<Property> {
    let mut list = Vec::new();
    let mut add = |group: &str, property: Property| list.push(property.group(group));
    let variables = printer.variables.as_deref();
    // Their order is that of `ostler_zpl::VARIABLES`.
    let known = |at: usize| variables?.get(at).filter(|value| !matches!(value.as_str(), "" | "?"));

    if let Some(identity) = &printer.identity {
        add("Printer", Property::text("Model", &identity.model));
        add("Printer", Property::text("Firmware", &identity.firmware));
        add("Printer", Property::integer("Dots per mm", identity.dpmm));
        add("Printer", Property::text("Memory", &identity.memory));
    }
    if settings.language == Language::Epl2 {
        add("Printer", Property::text("Language", "EPL2"));
    }
    if let Some(serial) = known(3) {
        add("Printer", Property::text("Serial number", serial));
    }
    if let Some(name) = known(2) {
        add("Printer", Property::text("Name in the network", name));
    }
    if let Some(count) = known(0).and_then(|count| count.parse::<i64>().ok()) {
        add("Odometer", Property::integer("Labels printed", count));
    }
    if let Some(length) = known(1) {
        add("Odometer", Property::text("Length printed", length));
    }
    if let Some(status) = &printer.status {
        add("Media", Property::text("Media", if status.continuous { "continuous" } else { "with gaps or marks" }));
        if status.label_length > 0 {
            let length = (millimetres(status.label_length, settings.dpmm) * 10.0).round() / 10.0;
            add("Media", Property::decimal("Label length in mm", length));
        }
        let method = if status.thermal_transfer { "thermal transfer" } else { "direct thermal" };
        add("Media", Property::text("Print method", method));
        if status.thermal_transfer {
            add("Media", Property::text("Ribbon", if status.ribbon_out { "out" } else { "loaded" }));
        }
        if let Some(mode) = status.print_mode_name() {
            add("Media", Property::text("Print mode", mode));
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use ostler_zpl::{HostStatus, Identity};

    fn value<'a>(list: &'a [Property], key: &str) -> Option<&'a str> {
        list.iter().find(|property| property.key == key).map(|property| property.value.as_str())
    }

    #[test]
    fn what_the_printer_said_is_shown_in_groups() {
        let identity =
            Identity { model: "ZD421".into(), firmware: "V93.21.26Z".into(), dpmm: 8, memory: "8192KB".into() };
        let status = HostStatus { label_length: 1218, thermal_transfer: true, print_mode: 2, ..HostStatus::default() };
        let variables = ["1234", "90 INCHES, 228 CENTIMETERS", "?", "D2J1"].map(str::to_owned).to_vec();
        let printer = Printer {
            identity: Some(identity),
            status: Some(status),
            variables: Some(variables),
            ..Printer::default()
        };
        let list = list(&printer, &settings());
        assert_eq!(value(&list, "Model"), Some("ZD421"));
        assert_eq!(value(&list, "Serial number"), Some("D2J1"));
        assert_eq!(value(&list, "Labels printed"), Some("1234"));
        assert_eq!(value(&list, "Label length in mm"), Some("152.3"));
        assert_eq!((value(&list, "Ribbon"), value(&list, "Print mode")), (Some("loaded"), Some("tear-off")));
        // A variable that the printer does not have is no property.
        assert_eq!(value(&list, "Name in the network"), None);
        assert!(list.iter().all(|property| !property.group.is_empty()));
    }

    #[test]
    fn of_a_silent_printer_nothing_is_claimed() {
        assert!(list(&Printer::default(), &settings()).is_empty());
    }
}
