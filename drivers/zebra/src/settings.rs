//! The settings of one printer, checked, and what a job changes in them.

use std::ops::RangeInclusive;

use ostler_sdk::printing::{Halftone, PrintJob, Raster, Rotation, Scaling};
use ostler_sdk::{Error, FromValue, Machine, Result};
use ostler_zpl::{Bitmap, Encoding, Identity, Method, Mode, Setup, Tracking};

use crate::declare::{
    DARKNESS, DPMM, ENCODING, LABEL_LENGTH, LABEL_SHIFT, LABEL_TOP, LABEL_WIDTH, LANGUAGE, LONGEST, MEDIA_TRACKING,
    MEDIA_TYPE, ORIENTATION, PRINT_MODE, RAW_ZPL, SPEED, WIDEST,
};

/// The gap or mark that EPL2 wants to be told, in millimetres: what label rolls have.
const GAP: u32 = 3;

/// Which language the printer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    Zpl,
    Epl2,
}

/// The settings of one printer, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub language: Language,
    /// Dots per millimetre.
    pub dpmm: u32,
    /// Of a label, in dots.
    pub width: u32,
    /// Of a label, in dots.
    pub length: u32,
    /// Nothing: by the printer's firmware.
    pub encoding: Option<Encoding>,
    pub setup: Setup,
    /// Whether documents in ZPL are accepted.
    pub raw_zpl: bool,
    pub picture: Picture,
}

/// How a document becomes dots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picture {
    pub halftone: Halftone,
    pub threshold: u8,
    pub rotation: Rotation,
    pub scaling: Scaling,
    /// In dots.
    pub offset: (i32, i32),
    pub invert: bool,
    pub mirror: bool,
}

impl Default for Picture {
    fn default() -> Self {
        Self {
            halftone: Halftone::Threshold,
            threshold: 128,
            rotation: Rotation::None,
            scaling: Scaling::Fit,
            offset: (0, 0),
            invert: false,
            mirror: false,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub key: &'static str,
    pub message: String,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::invalid("setting", format!("{}: {}", refusal.key, refusal.message))
    }
}

/// The values as stored, each of its declared kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stored {
    pub language: String,
    pub dpmm: u32,
    pub width: f64,
    pub length: f64,
    pub tracking: String,
    pub mode: String,
    pub method: String,
    pub darkness: Option<u8>,
    pub speed: Option<u8>,
    pub orientation: String,
    pub top: Option<f64>,
    pub shift: Option<f64>,
    pub encoding: String,
    pub raw_zpl: bool,
}

impl Stored {
    fn read(machine: &Machine) -> Result<Self, Refusal> {
        fn get<T: FromValue>(machine: &Machine, key: &'static str) -> Result<T, Refusal> {
            machine.setting(key).map_err(|error| Refusal { key, message: error.message })
        }
        fn may<T: FromValue>(machine: &Machine, key: &'static str) -> Result<Option<T>, Refusal> {
            machine.optional_setting(key).map_err(|error| Refusal { key, message: error.message })
        }
        Ok(Self {
            language: get(machine, LANGUAGE)?,
            dpmm: get(machine, DPMM)?,
            width: get(machine, LABEL_WIDTH)?,
            length: get(machine, LABEL_LENGTH)?,
            tracking: get(machine, MEDIA_TRACKING)?,
            mode: get(machine, PRINT_MODE)?,
            method: get(machine, MEDIA_TYPE)?,
            darkness: may(machine, DARKNESS)?,
            speed: may(machine, SPEED)?,
            orientation: get(machine, ORIENTATION)?,
            top: may(machine, LABEL_TOP)?,
            shift: may(machine, LABEL_SHIFT)?,
            encoding: get(machine, ENCODING)?,
            raw_zpl: get(machine, RAW_ZPL)?,
        })
    }
}

impl Settings {
    /// The settings of a machine, also while they are only proposed.
    pub fn read(machine: &Machine) -> Result<Self, Refusal> {
        Self::new(&Stored::read(machine)?)
    }

    pub fn new(stored: &Stored) -> Result<Self, Refusal> {
        let dpmm = stored.dpmm;
        let language = choice(LANGUAGE, &stored.language, LANGUAGES)?;
        if !(1..=48).contains(&dpmm) {
            return Err(Refusal { key: DPMM, message: format!("{dpmm} dots/mm is no density of a printer") });
        }
        if language == Language::Epl2 && dpmm > 12 {
            return Err(Refusal { key: DPMM, message: "printers that speak EPL2 have 8 or 12 dots/mm".to_owned() });
        }
        if language == Language::Epl2 && stored.raw_zpl {
            let message = "a printer that speaks EPL2 cannot print documents in ZPL".to_owned();
            return Err(Refusal { key: RAW_ZPL, message });
        }
        let setup = Setup {
            darkness: limited(DARKNESS, stored.darkness, 0..=30)?,
            speed: limited(SPEED, stored.speed, 1..=14)?,
            tracking: choice(MEDIA_TRACKING, &stored.tracking, TRACKINGS)?,
            mode: choice(PRINT_MODE, &stored.mode, MODES)?,
            method: choice(MEDIA_TYPE, &stored.method, METHODS)?,
            inverted: choice(ORIENTATION, &stored.orientation, [("normal", false), ("inverted", true)])?,
            top: moved(LABEL_TOP, stored.top, dpmm, Setup::TOP)?,
            shift: moved(LABEL_SHIFT, stored.shift, dpmm, Setup::SHIFT)?,
        };
        Ok(Self {
            language,
            dpmm,
            width: size(LABEL_WIDTH, stored.width, WIDEST, dpmm)?,
            length: size(LABEL_LENGTH, stored.length, LONGEST, dpmm)?,
            encoding: choice(ENCODING, &stored.encoding, ENCODINGS)?,
            setup,
            raw_zpl: stored.raw_zpl,
            picture: Picture::default(),
        })
    }

    /// The same, with what the job says.
    pub fn for_job(mut self, job: &PrintJob) -> Result<Self> {
        let named = |key: &str| job.option::<String>(key);
        if let Some(darkness) = job.option("darkness")? {
            self.setup.darkness = limited("darkness", Some(darkness), 0..=30)?;
        }
        if let Some(speed) = job.option("speed")? {
            self.setup.speed = limited("speed", Some(speed), 1..=14)?;
        }
        let picture = &mut self.picture;
        if let Some(name) = named("halftone")? {
            picture.halftone = choice("halftone", &name, HALFTONES)?;
        }
        if let Some(name) = named("rotation")? {
            picture.rotation = choice("rotation", &name, ROTATIONS)?;
        }
        if let Some(name) = named("scaling")? {
            picture.scaling = choice("scaling", &name, SCALINGS)?;
        }
        picture.threshold = job.option("threshold")?.unwrap_or(picture.threshold);
        picture.invert = job.option("invert")?.unwrap_or(picture.invert);
        picture.mirror = job.option("mirror")?.unwrap_or(picture.mirror);
        let most = i32::try_from(Bitmap::MOST_DOTS).unwrap_or(i32::MAX);
        let offset = |key: &'static str| -> Result<i32> {
            Ok(moved(key, job.option(key)?, self.dpmm, -most..=most)?.unwrap_or(0))
        };
        picture.offset = (offset("offset-x")?, offset("offset-y")?);
        Ok(self)
    }

    /// What to ask the host for.
    pub fn raster(&self) -> Raster {
        let Picture { halftone, threshold, rotation, scaling, offset, invert, mirror } = self.picture;
        let (offset_x, offset_y) = offset;
        let plain = Raster::new(self.dpmm, self.width, self.length);
        Raster { halftone, threshold, rotation, scaling, offset_x, offset_y, invert, mirror, ..plain }
    }

    /// How pictures are written for this printer.
    pub fn encoding_for(&self, identity: Option<&Identity>) -> Encoding {
        self.encoding.unwrap_or_else(|| Encoding::for_printer(identity))
    }

    /// The same set-up in EPL2, as far as that has it.
    pub fn epl_setup(&self) -> ostler_epl::Setup {
        let gap = GAP * self.dpmm;
        let tracking = self.setup.tracking.map(|tracking| match tracking {
            Tracking::Continuous => ostler_epl::Tracking::Continuous,
            Tracking::Gap => ostler_epl::Tracking::Gap(gap),
            Tracking::Mark => ostler_epl::Tracking::Mark(gap),
        });
        ostler_epl::Setup {
            darkness: self.setup.darkness.map(|darkness| darkness / 2),
            speed: self.setup.speed,
            tracking,
            inverted: self.setup.inverted,
        }
    }
}

const LANGUAGES: [(&str, Language); 2] = [("zpl", Language::Zpl), ("epl2", Language::Epl2)];
const TRACKINGS: [(&str, Option<Tracking>); 4] = [
    ("printer", None),
    ("continuous", Some(Tracking::Continuous)),
    ("gap", Some(Tracking::Gap)),
    ("mark", Some(Tracking::Mark)),
];
const MODES: [(&str, Option<Mode>); 7] = [
    ("printer", None),
    ("tear-off", Some(Mode::TearOff)),
    ("peel-off", Some(Mode::PeelOff)),
    ("cutter", Some(Mode::Cutter)),
    ("rewind", Some(Mode::Rewind)),
    ("applicator", Some(Mode::Applicator)),
    ("kiosk", Some(Mode::Kiosk)),
];
const METHODS: [(&str, Option<Method>); 3] =
    [("printer", None), ("direct", Some(Method::Direct)), ("transfer", Some(Method::Transfer))];
const ENCODINGS: [(&str, Option<Encoding>); 3] =
    [("auto", None), ("z64", Some(Encoding::Z64)), ("hex", Some(Encoding::Hex))];
const HALFTONES: [(&str, Halftone); 3] =
    [("threshold", Halftone::Threshold), ("diffusion", Halftone::Diffusion), ("ordered", Halftone::Ordered)];
const ROTATIONS: [(&str, Rotation); 4] = [
    ("none", Rotation::None),
    ("quarter", Rotation::Quarter),
    ("half", Rotation::Half),
    ("three-quarters", Rotation::ThreeQuarters),
];
const SCALINGS: [(&str, Scaling); 3] = [("fit", Scaling::Fit), ("crop", Scaling::Crop), ("exact", Scaling::Exact)];

/// The value of a name.
fn choice<T: Copy, const N: usize>(key: &'static str, name: &str, values: [(&str, T); N]) -> Result<T, Refusal> {
    let found = values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let known = values.map(|(known, _)| known).join(", ");
        Refusal { key, message: format!("`{name}` is none of {known}") }
    })
}

fn limited(key: &'static str, value: Option<u8>, range: RangeInclusive<u8>) -> Result<Option<u8>, Refusal> {
    match value {
        Some(value) if !range.contains(&value) => {
            let message = format!("{value} is not between {} and {}", range.start(), range.end());
            Err(Refusal { key, message })
        }
        value => Ok(value),
    }
}

/// A length of a label in millimetres, in dots, rounded.
fn size(key: &'static str, millimetres: f64, most: f64, dpmm: u32) -> Result<u32, Refusal> {
    let dots = (millimetres * f64::from(dpmm)).round();
    let printable = millimetres <= most && (1.0..=f64::from(Bitmap::MOST_DOTS)).contains(&dots);
    if !printable {
        let longest = most.min(f64::from(Bitmap::MOST_DOTS) / f64::from(dpmm));
        let message = format!("{millimetres} mm is no size of a label; up to {longest:.0} mm can be printed");
        return Err(Refusal { key, message });
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 1 and 32,000
    Ok(dots as u32)
}

/// A way in millimetres, in dots, rounded.
fn moved(
    key: &'static str,
    millimetres: Option<f64>,
    dpmm: u32,
    range: RangeInclusive<i32>,
) -> Result<Option<i32>, Refusal> {
    let Some(millimetres) = millimetres else {
        return Ok(None);
    };
    let dots = (millimetres * f64::from(dpmm)).round();
    let (least, most) = (f64::from(*range.start()), f64::from(*range.end()));
    if !(least..=most).contains(&dots) {
        let farthest = most / f64::from(dpmm);
        return Err(Refusal {
            key,
            message: format!("{millimetres} mm is too far; up to {farthest:.1} mm can be moved"),
        });
    }
    #[allow(clippy::cast_possible_truncation)] // within a range of i32
    Ok(Some(dots as i32))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::declare;

    /// What a machine has whose operator has set nothing but the connection.
    pub fn defaults() -> Stored {
        let value = |key: &str| {
            let setting = declare::settings().into_iter().find(|setting| setting.key == key).unwrap();
            setting.default.unwrap()
        };
        let text = |key: &str| String::from_value(&value(key)).unwrap();
        Stored {
            language: text(LANGUAGE),
            dpmm: u32::from_value(&value(DPMM)).unwrap(),
            width: f64::from_value(&value(LABEL_WIDTH)).unwrap(),
            length: f64::from_value(&value(LABEL_LENGTH)).unwrap(),
            tracking: text(MEDIA_TRACKING),
            mode: text(PRINT_MODE),
            method: text(MEDIA_TYPE),
            darkness: None,
            speed: None,
            orientation: text(ORIENTATION),
            top: None,
            shift: None,
            encoding: text(ENCODING),
            raw_zpl: bool::from_value(&value(RAW_ZPL)).unwrap(),
        }
    }

    pub fn settings() -> Settings {
        Settings::new(&defaults()).unwrap()
    }

    #[test]
    fn the_defaults_are_a_label_of_4_by_6_inch_and_a_printer_as_it_is_set() {
        let settings = settings();
        assert_eq!((settings.width, settings.length), (812, 1218));
        assert_eq!(settings.setup, Setup::default());
        assert_eq!((settings.encoding, settings.raw_zpl), (None, false));
    }

    #[test]
    fn sizes_that_no_printer_has_are_refused_with_the_key() {
        for width in [0.0, -1.0, f64::NAN, f64::INFINITY, 251.0] {
            assert_eq!(Settings::new(&Stored { width, ..defaults() }).unwrap_err().key, LABEL_WIDTH, "{width}");
        }
        // 1,500 mm are too many dots at 24 dots/mm, and fine at 8.
        let long = Stored { length: 1500.0, ..defaults() };
        assert!(Settings::new(&long).is_ok());
        let refusal = Settings::new(&Stored { dpmm: 24, ..long }).unwrap_err();
        assert!(refusal.key == LABEL_LENGTH && refusal.message.contains("up to 1333 mm"), "{refusal:?}");
    }

    #[test]
    fn label_top_and_shift_are_millimetres_of_this_printer() {
        let stored = Stored { top: Some(-2.5), shift: Some(10.0), dpmm: 12, ..defaults() };
        let setup = Settings::new(&stored).unwrap().setup;
        assert_eq!((setup.top, setup.shift), (Some(-30), Some(120)));
        // 120 dots are 15 mm at 8 dots/mm and 5 mm at 24.
        let refusal = Settings::new(&Stored { top: Some(6.0), dpmm: 24, ..defaults() }).unwrap_err();
        assert!(refusal.key == LABEL_TOP && refusal.message.contains("5.0 mm"), "{refusal:?}");
        assert!(Settings::new(&Stored { shift: Some(f64::NAN), ..defaults() }).is_err());
    }

    #[test]
    fn a_printer_of_epl2_prints_no_zpl_and_has_no_600_dpi() {
        let epl = Stored { language: "epl2".into(), ..defaults() };
        assert!(Settings::new(&epl).is_ok());
        assert_eq!(Settings::new(&Stored { raw_zpl: true, ..epl.clone() }).unwrap_err().key, RAW_ZPL);
        assert_eq!(Settings::new(&Stored { dpmm: 24, ..epl.clone() }).unwrap_err().key, DPMM);
        let stored = Stored { tracking: "gap".into(), darkness: Some(21), ..epl };
        let setup = Settings::new(&stored).unwrap().epl_setup();
        assert_eq!((setup.tracking, setup.darkness), (Some(ostler_epl::Tracking::Gap(24)), Some(10)));
    }

    #[test]
    fn every_choice_that_is_offered_is_understood() {
        let understood = |key: &str, name: &str| match key {
            LANGUAGE => choice(LANGUAGE, name, LANGUAGES).is_ok(),
            DPMM => name.parse::<u32>().is_ok(),
            MEDIA_TRACKING => choice(MEDIA_TRACKING, name, TRACKINGS).is_ok(),
            PRINT_MODE => choice(PRINT_MODE, name, MODES).is_ok(),
            MEDIA_TYPE => choice(MEDIA_TYPE, name, METHODS).is_ok(),
            ORIENTATION => matches!(name, "normal" | "inverted"),
            ENCODING => choice(ENCODING, name, ENCODINGS).is_ok(),
            "halftone" => choice("halftone", name, HALFTONES).is_ok(),
            "rotation" => choice("rotation", name, ROTATIONS).is_ok(),
            "scaling" => choice("scaling", name, SCALINGS).is_ok(),
            _ => false,
        };
        for setting in declare::settings().iter().chain(&declare::options()) {
            for choice in &setting.choices {
                assert!(understood(&setting.key, &choice.value), "{} = {}", setting.key, choice.value);
            }
        }
    }

    #[test]
    fn a_name_that_is_not_offered_is_refused_with_those_that_are() {
        let refusal = Settings::new(&Stored { tracking: "hole".into(), ..defaults() }).unwrap_err();
        assert_eq!(refusal.message, "`hole` is none of printer, continuous, gap, mark");
    }
}
