//! The declarations: what an operator may set, what a job may say for itself, and the buttons.

use ostler_sdk::{Action, DriverInfo, Setting};

/// Where the printer is. The SDK's `connect` takes the key, never an address.
pub const CONNECTION: &str = "CONNECTION";
pub const LANGUAGE: &str = "LANGUAGE";
pub const DPMM: &str = "DPMM";
pub const LABEL_WIDTH: &str = "LABEL_WIDTH";
pub const LABEL_LENGTH: &str = "LABEL_LENGTH";
pub const MEDIA_TRACKING: &str = "MEDIA_TRACKING";
pub const PRINT_MODE: &str = "PRINT_MODE";
pub const MEDIA_TYPE: &str = "MEDIA_TYPE";
pub const DARKNESS: &str = "DARKNESS";
pub const SPEED: &str = "SPEED";
pub const ORIENTATION: &str = "ORIENTATION";
pub const LABEL_TOP: &str = "LABEL_TOP";
pub const LABEL_SHIFT: &str = "LABEL_SHIFT";
pub const ENCODING: &str = "ENCODING";
pub const RAW_ZPL: &str = "RAW_ZPL";

/// The widest print head in millimetres, with some air: heads of 8.5 inch have 216 mm.
pub const WIDEST: f64 = 250.0;
/// In millimetres. What is longer in dots than the language can say is refused as well.
pub const LONGEST: f64 = 2000.0;

const AS_SET: (&str, &str) = ("printer", "As the printer is set");

/// The driver, with everything that it declares.
pub fn info() -> DriverInfo {
    let info = DriverInfo::new("zebra-zpl", "Zebra ZPL II", env!("CARGO_PKG_VERSION"))
        .grant("link-local", "A printer on a direct cable, without a router, gives itself a link-local address.")
        .description(
            "Zebra label printers, and others that speak ZPL II, over the network, USB or a serial line; old ones in EPL2.",
        )
        .implements("media")
        .implements("raw-formats");
    let info = settings().into_iter().fold(info, DriverInfo::setting);
    actions().into_iter().fold(info, DriverInfo::action)
}

/// The settings, in the order of the form.
pub fn settings() -> Vec<Setting> {
    let densities = [("8", "8 dots/mm (203 dpi)"), ("12", "12 dots/mm (300 dpi)"), ("24", "24 dots/mm (600 dpi)")];
    let trackings = [AS_SET, ("continuous", "Continuous"), ("gap", "Gap or notch"), ("mark", "Black mark")];
    let modes = [
        AS_SET,
        ("tear-off", "Tear off"),
        ("peel-off", "Peel off"),
        ("cutter", "Cut"),
        ("rewind", "Rewind"),
        ("applicator", "Applicator"),
        ("kiosk", "Kiosk"),
    ];
    let methods = [AS_SET, ("direct", "Direct thermal"), ("transfer", "Thermal transfer (ribbon)")];
    let encodings = [("auto", "By the printer's firmware"), ("z64", "Compressed (Z64)"), ("hex", "Hexadecimal")];
    vec![
        Setting::device_uri(CONNECTION, "Connection", &["tcp", "usb", "serial"])
            .description("Where the printer is: tcp://address:9100, usb:///dev/usb/lp0 or serial:///dev/ttyUSB0?baud=9600.")
            .required(),
        Setting::choice(LANGUAGE, "Language", [("zpl", "ZPL II"), ("epl2", "EPL2 (old printers)")])
            .description("EPL2 is for printers that do not know ZPL. They tell less about themselves.")
            .default("zpl"),
        Setting::choice(DPMM, "Density", densities).description("Of the print head.").default("8"),
        Setting::decimal(LABEL_WIDTH, "Label width")
            .description("Of the label without its liner.")
            .units("mm")
            .min(1)
            .max(WIDEST)
            .default(101.5),
        Setting::decimal(LABEL_LENGTH, "Label length")
            .description("From one label's edge to its other one, without the gap.")
            .units("mm")
            .min(1)
            .max(LONGEST)
            .default(152.25),
        Setting::choice(MEDIA_TRACKING, "Media tracking", trackings)
            .description("How the printer finds the end of a label. With a gap or a mark, the length that it measured is compared with the label length.")
            .default("printer"),
        Setting::choice(PRINT_MODE, "Print mode", modes)
            .description("What happens to a printed label. After `Peel off`, the next label waits until it is taken. ZPL only.")
            .default("printer"),
        Setting::choice(MEDIA_TYPE, "Print method", methods).description("ZPL only.").default("printer"),
        darkness(DARKNESS),
        speed(SPEED),
        Setting::choice(ORIENTATION, "Orientation", [("normal", "Normal"), ("inverted", "Turned by 180 degrees")])
            .description("The printer turns the label.")
            .default("normal"),
        Setting::decimal(LABEL_TOP, "Label top")
            .description("Moves everything down (up when negative), by up to 120 dots: 15 mm at 8 dots/mm. As the printer is set when empty. ZPL only.")
            .units("mm")
            .min(-15)
            .max(15),
        Setting::decimal(LABEL_SHIFT, "Label shift")
            .description("Moves everything to the left (right when negative). As the printer is set when empty. ZPL only.")
            .units("mm")
            .min(-WIDEST)
            .max(WIDEST),
        Setting::choice(ENCODING, "Encoding of pictures", encodings)
            .description("Compressed is shorter and protected by a checksum, and needs firmware x.14 or later. `By the printer's firmware` uses hexadecimal where the firmware is older or the printer does not say what it is. ZPL only.")
            .default("auto"),
        Setting::boolean(RAW_ZPL, "Accept documents in ZPL")
            .description("Lets everybody who may print send labels in ZPL, with {{field}} for values. Only commands that draw a label are accepted.")
            .confirm("Documents in ZPL draw what they like on the label. Accept them?")
            .default(false),
    ]
}

/// What a job may say for itself.
pub fn options() -> Vec<Setting> {
    let halftones = [("threshold", "Black and white"), ("diffusion", "Photograph"), ("ordered", "Pattern")];
    let rotations =
        [("none", "None"), ("quarter", "90 degrees"), ("half", "180 degrees"), ("three-quarters", "270 degrees")];
    let scalings = [("fit", "Shrink to fit"), ("crop", "Cut off"), ("exact", "Refuse another size")];
    vec![
        darkness("darkness"),
        speed("speed"),
        Setting::choice("halftone", "Halftone", halftones)
            .description("How grey becomes black and white.")
            .default("threshold"),
        Setting::integer("threshold", "Threshold")
            .description("With the halftone `threshold`: what is darker than this becomes black.")
            .min(0)
            .max(255)
            .default(128),
        Setting::choice("rotation", "Rotation", rotations)
            .description("Clockwise turn of the document before it is placed.")
            .default("none"),
        Setting::choice("scaling", "Scaling", scalings)
            .description("What happens to a document that is not as large as the label.")
            .default("fit"),
        offset("offset-x", "Offset to the right"),
        offset("offset-y", "Offset down"),
        Setting::boolean("invert", "Invert").description("Black becomes white and white black.").default(false),
        Setting::boolean("mirror", "Mirror").description("Left becomes right.").default(false),
    ]
}

/// The buttons.
fn actions() -> Vec<Action> {
    let end_of_batch = "Labels that wait in the printer are lost. Go on?";
    vec![
        Action::new("calibrate", "Calibrate media")
            .description("The printer feeds some labels and learns their length.")
            .confirm("This uses up some labels. Go on?"),
        Action::new("feed", "Feed a label").description("The printer feeds one blank label. ZPL only."),
        Action::new("configuration-label", "Print configuration label")
            .description("The printer prints how it is set up."),
        Action::new("self-test", "Print test label")
            .description("Prints a label with a border, diagonals, bars of all widths and the machine's name, in the size that is set."),
        Action::new("pause", "Pause").description("The printer stops after the label in hand. ZPL only."),
        Action::new("resume", "Resume").description("The printer goes on after a pause. ZPL only."),
        Action::new("cancel-all", "Clear the printer's memory")
            .description("The printer forgets labels that it has received and not printed. ZPL only.")
            .confirm(end_of_batch),
    ]
}

fn darkness(key: &str) -> Setting {
    Setting::integer(key, "Darkness")
        .description("From 0 (light) to 30; as the printer was set last when empty. EPL2 halves it.")
        .min(0)
        .max(30)
}

fn speed(key: &str) -> Setting {
    Setting::integer(key, "Speed")
        .description("The nearest speed that the printer has; as it was set last when empty. In EPL2 it is the printer's own number from 0 to 6.")
        .units("inch/s")
        .min(1)
        .max(14)
}

fn offset(key: &str, name: &str) -> Setting {
    Setting::decimal(key, name)
        .description("Where the document is placed; may be negative.")
        .units("mm")
        .min(-LONGEST)
        .max(LONGEST)
        .default(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_required_and_all_else_has_a_default_or_may_be_empty() {
        let missing = |setting: &Setting| setting.required && setting.default.is_none();
        let keys: Vec<String> = settings().into_iter().filter(missing).map(|setting| setting.key).collect();
        assert_eq!(keys, ["CONNECTION"]);
    }

    #[test]
    fn everything_is_described() {
        assert!(settings().iter().chain(&options()).all(|setting| setting.description.ends_with('.')));
        assert!(actions().iter().all(|action| action.description.ends_with('.')));
    }
}
