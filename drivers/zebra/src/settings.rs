//! What the operator declares about a printer, and what a job may change for itself.

use ostler_sdk::printing::{Halftone, PrintJob, Raster};
use ostler_sdk::{Error, Machine, Result, Setting};
use ostler_zpl::Bitmap;

/// Where the printer is. The SDK's `connect` takes the key, never an address.
pub const CONNECTION: &str = "CONNECTION";
/// The key that an error about the label's size is shown at.
pub const WIDTH: &str = "LABEL_WIDTH";

/// The widest print head in millimetres, with some air: heads of 8.5 inch have 216 mm.
const WIDEST: f64 = 250.0;
/// In millimetres. What is longer in dots than ZPL can say is refused as well.
const LONGEST: f64 = 2000.0;

/// The settings of one printer, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Dots per millimetre.
    pub dpmm: u32,
    /// Of a label, in dots.
    pub width: u32,
    /// Of a label, in dots.
    pub length: u32,
    /// 0 to 30, or as the printer is set.
    pub darkness: Option<u8>,
    /// Black and white, or grey by dots.
    pub halftone: Halftone,
}

impl Settings {
    /// The declarations, in the order of the form.
    pub fn declarations() -> Vec<Setting> {
        let densities = [("8", "8 dots/mm (203 dpi)"), ("12", "12 dots/mm (300 dpi)"), ("24", "24 dots/mm (600 dpi)")];
        vec![
            Setting::device_uri(CONNECTION, "Connection", &["tcp", "usb"])
                .description("Where the printer is: tcp://address:9100 or usb:///dev/usb/lp0.")
                .required(),
            Setting::choice("DPMM", "Density", densities).description("Of the print head.").default("8"),
            Setting::decimal(WIDTH, "Label width").units("mm").min(1).max(WIDEST).default(101.5),
            Setting::decimal("LABEL_LENGTH", "Label length").units("mm").min(1).max(LONGEST).default(152.25),
            darkness("DARKNESS", "Darkness"),
        ]
    }

    /// The settings of a machine, also while they are only proposed.
    pub fn read(machine: &Machine) -> Result<Self> {
        let darkness = machine.optional_setting("DARKNESS")?;
        Self::new(machine.setting("DPMM")?, machine.setting(WIDTH)?, machine.setting("LABEL_LENGTH")?, darkness)
    }

    fn new(dpmm: u32, width: f64, length: f64, darkness: Option<u8>) -> Result<Self> {
        if !(1..=48).contains(&dpmm) {
            return Err(Error::invalid("setting", format!("{dpmm} dots/mm is no density of a printer")));
        }
        let width = dots(WIDTH, width, WIDEST, dpmm)?;
        let length = dots("LABEL_LENGTH", length, LONGEST, dpmm)?;
        if darkness.is_some_and(|darkness| darkness > 30) {
            return Err(Error::invalid("setting", "DARKNESS goes from 0 to 30"));
        }
        Ok(Self { dpmm, width, length, darkness, halftone: Halftone::Threshold })
    }

    /// The same, with what the job says.
    pub fn for_job(mut self, job: &PrintJob) -> Result<Self> {
        if let Some(darkness) = job.option::<u8>("darkness")? {
            self.darkness = Some(darkness.min(30));
        }
        if let Some(halftone) = job.option::<String>("halftone")? {
            self.halftone = halftone_named(&halftone)?;
        }
        Ok(self)
    }

    /// What to ask the host for.
    pub fn raster(&self) -> Raster {
        Raster { halftone: self.halftone, ..Raster::new(self.dpmm, self.width, self.length) }
    }
}

/// What a job may say for itself.
pub fn options() -> Vec<Setting> {
    let halftones = [("threshold", "Black and white"), ("diffusion", "Photograph"), ("ordered", "Pattern")];
    vec![darkness("darkness", "Darkness"), Setting::choice("halftone", "Halftone", halftones).default("threshold")]
}

fn darkness(key: &str, name: &str) -> Setting {
    Setting::integer(key, name).description("From 0 (light) to 30; as the printer is set when empty.").min(0).max(30)
}

fn halftone_named(name: &str) -> Result<Halftone> {
    match name {
        "threshold" => Ok(Halftone::Threshold),
        "diffusion" => Ok(Halftone::Diffusion),
        "ordered" => Ok(Halftone::Ordered),
        other => Err(Error::invalid("option", format!("halftone `{other}` is none of threshold, diffusion, ordered"))),
    }
}

/// Millimetres in dots, rounded.
fn dots(key: &str, millimetres: f64, most: f64, dpmm: u32) -> Result<u32> {
    let dots = (millimetres * f64::from(dpmm)).round();
    let printable = millimetres <= most && (1.0..=f64::from(Bitmap::MOST_DOTS)).contains(&dots);
    if !printable {
        let longest = most.min(f64::from(Bitmap::MOST_DOTS) / f64::from(dpmm));
        let message = format!("{key}: {millimetres} mm is no size of a label; up to {longest:.0} mm can be printed");
        return Err(Error::invalid("setting", message));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 1 and 32,000
    Ok(dots as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_label_of_4_by_6_inch() {
        let settings = Settings::new(8, 101.5, 152.25, None).unwrap();
        assert_eq!((settings.width, settings.length), (812, 1218));
    }

    #[test]
    fn sizes_that_no_printer_has_are_refused_with_the_key() {
        for (width, length) in [(0.0, 50.0), (-1.0, 50.0), (f64::NAN, 50.0), (f64::INFINITY, 50.0), (251.0, 50.0)] {
            let error = Settings::new(8, width, length, None).unwrap_err();
            assert!(error.message.starts_with("LABEL_WIDTH: "), "{error}");
        }
        // 1,500 mm are too many dots at 24 dots/mm, and fine at 8.
        assert!(Settings::new(8, 50.0, 1500.0, None).is_ok());
        assert!(Settings::new(24, 50.0, 1500.0, None).unwrap_err().message.contains("up to 1333 mm"));
    }

    #[test]
    fn a_connection_is_required_and_all_else_has_a_default_or_may_be_empty() {
        let missing = |setting: &Setting| setting.required && setting.default.is_none();
        let keys: Vec<String> =
            Settings::declarations().into_iter().filter(missing).map(|setting| setting.key).collect();
        assert_eq!(keys, ["CONNECTION"]);
    }

    #[test]
    fn every_halftone_that_is_offered_is_understood() {
        let options = options();
        let halftone = options.iter().find(|option| option.key == "halftone").unwrap();
        assert_eq!(halftone.choices.len(), 3);
        assert!(halftone.choices.iter().all(|choice| halftone_named(&choice.value).is_ok()));
    }
}
