//! What can be wrong with a printer, and what somebody should do about it.

use crate::{Conditions, HostStatus};

/// What a fault is about, to choose a status by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// Labels or ribbon are missing.
    Media,
    /// Something is stuck.
    Jam,
    /// Anything else at the printer.
    Device,
}

macro_rules! table {
    ($(#[$doc:meta])* $name:ident: $($variant:ident = $bit:literal, $code:literal, $advice:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = $advice] $variant,)*
            /// A bit without a meaning in the guide.
            Other(u32),
        }

        impl $name {
            /// What the bits of `~HQES`, group 1, say, in the order of what to do first.
            fn from_bits(bits: u32) -> Vec<Self> {
                let mut rest = bits;
                let mut found = Vec::new();
                $(
                    if rest & $bit != 0 {
                        found.push(Self::$variant);
                        rest &= !$bit;
                    }
                )*
                if rest != 0 {
                    found.push(Self::Other(rest));
                }
                found
            }

            /// A short stable name for programs.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(_) => "printer-fault",
                }
            }

            /// What is wrong and what to do at the printer.
            pub fn advice(self) -> String {
                match self {
                    $(Self::$variant => $advice.to_owned(),)*
                    Self::Other(bits) => format!("The printer reports condition {bits:08X}h. See its display."),
                }
            }
        }
    };
}

table! {
    /// Why a printer does not print (guide, page of `~HQ`, error flags, and the flags of `~HS`). In the order of what
    /// to do first.
    Fault:
    HeadOpen = 0x4, "head-open", "The print head is open. Close it.";
    Jam = 0x1000, "paper-jam", "Labels are jammed. Open the printer and remove them.";
    FeedError = 0x4000, "feed-error", "Labels do not feed. Open the printer, check how they are loaded, and close it.";
    PresenterStopped = 0x2000, "presenter", "The presenter does not run. Remove what blocks it, then switch the printer off and on.";
    PathBlocked = 0x8000, "path-blocked", "The paper path could not be cleared. Remove the labels in it.";
    RetractTimeout = 0x2_0000, "retract", "The presenter did not retract. Take the printed label away.";
    Cutter = 0x8, "cutter", "The cutter is stuck. Switch the printer off and clear the cutter.";
    MediaOut = 0x1, "no-media", "Out of labels. Load a new roll.";
    RibbonOut = 0x2, "no-ribbon", "Out of ribbon. Load a new ribbon.";
    BlackMarkMissing = 0x8_0000, "no-black-mark", "No black mark was found. Load labels with black marks, or change the setting `MEDIA_TRACKING`.";
    BlackMarkCalibration = 0x4_0000, "black-mark-calibration", "The black marks could not be learnt. Check that they pass under the sensor, then run the action `Calibrate media`.";
    HeadTooHot = 0x10, "head-hot", "The print head is too hot. It goes on when it has cooled down.";
    MotorTooHot = 0x20, "motor-hot", "The motor is too hot. It goes on when it has cooled down.";
    HeadTooCold = 0x8000_0000, "head-cold", "The print head is too cold. It goes on when it has warmed up.";
    HeadElement = 0x40, "bad-head-element", "A dot of the print head is broken: codes may be unreadable. Have the head replaced.";
    HeadDetection = 0x80, "head-detection", "The print head is not recognised. Switch the printer off and check that the head is seated.";
    FirmwareConfiguration = 0x100, "firmware-configuration", "The printer's configuration is not valid. Load its defaults at its display and set it up again.";
    Thermistor = 0x200, "head-thermistor", "The print head's sensor is broken. Have the head replaced.";
    Paused = 0x1_0000, "paused", "The printer is paused. Press its PAUSE button.";
}

table! {
    /// What wants attention soon (guide, page of `~HQ`, warning flags).
    Warning:
    MediaLow = 0x8, "media-low", "The labels are nearly used up. Have a new roll ready.";
    CleanHead = 0x2, "clean-head", "The print head wants cleaning. Clean it with alcohol when the roll is changed.";
    ReplaceHead = 0x4, "replace-head", "The print head is worn. Have it replaced.";
    Calibrate = 0x1, "calibrate", "The media sensor wants to be calibrated. Run the action `Calibrate media`.";
}

impl Fault {
    /// What it is about.
    pub fn concern(self) -> Concern {
        match self {
            Self::MediaOut | Self::RibbonOut | Self::BlackMarkMissing => Concern::Media,
            Self::Jam | Self::FeedError | Self::PathBlocked | Self::PresenterStopped | Self::RetractTimeout => {
                Concern::Jam
            }
            _ => Concern::Device,
        }
    }

    /// All faults of both answers, each once, in the order of what to do first.
    pub fn all(status: Option<&HostStatus>, conditions: Option<&Conditions>) -> Vec<Self> {
        let flags = status.map_or(0, |status| {
            let flags = [
                (status.head_up, 0x4),
                (status.paper_out, 0x1),
                (status.ribbon_out, 0x2),
                (status.too_hot, 0x10),
                // Not a bit of `~HQES`: the printer only says so in `~HS`.
                (status.too_cold, TOO_COLD),
                (status.corrupt_ram, 0x100),
                (status.paused, 0x1_0000),
            ];
            flags.into_iter().filter(|(set, _)| *set).fold(0, |bits, (_, bit)| bits | bit)
        });
        // The highest bit has no meaning in `~HQES`, so it cannot clash.
        Self::from_bits(flags | conditions.map_or(0, |conditions| conditions.errors & !TOO_COLD))
    }
}

/// A bit of our own for the one flag that `~HS` has and `~HQES` has not.
const TOO_COLD: u32 = 0x8000_0000;

/// Where kiosk printers tell what their eight sensors see (guide, page of `~HQ`, warning flags, *Sensor 1* to
/// *Sensor 8*): no reason to worry.
const SENSORS: u32 = 0xFF0;

impl Warning {
    /// All warnings of an answer.
    pub fn all(conditions: Option<&Conditions>) -> Vec<Self> {
        Self::from_bits(conditions.map_or(0, |conditions| conditions.warnings & !SENSORS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_closed_before_labels_are_loaded() {
        let conditions = Conditions { errors: 0x5, warnings: 0 };
        assert_eq!(Fault::all(None, Some(&conditions)), [Fault::HeadOpen, Fault::MediaOut]);
    }

    #[test]
    fn what_both_answers_say_is_one_fault() {
        let status = HostStatus { paper_out: true, ..HostStatus::default() };
        let conditions = Conditions { errors: 0x1, warnings: 0x8 };
        assert_eq!(Fault::all(Some(&status), Some(&conditions)), [Fault::MediaOut]);
        assert_eq!(Warning::all(Some(&conditions)), [Warning::MediaLow]);
    }

    #[test]
    fn a_bit_without_a_meaning_is_still_a_fault() {
        let faults = Fault::all(None, Some(&Conditions { errors: 0x10_0000, warnings: 0 }));
        assert_eq!(faults, [Fault::Other(0x10_0000)]);
        assert_eq!(faults[0].concern(), Concern::Device);
        assert!(faults[0].advice().contains("00100000h"));
    }

    #[test]
    fn what_the_sensors_of_a_kiosk_see_is_no_warning() {
        let warnings = |bits| Warning::all(Some(&Conditions { errors: 0, warnings: bits }));
        assert_eq!(warnings(0x0C2), [Warning::CleanHead]);
        assert_eq!(warnings(0x1000), [Warning::Other(0x1000)]);
    }

    #[test]
    fn every_bit_of_the_guide_says_what_is_wrong_and_what_to_do() {
        let faults = Fault::all(None, Some(&Conditions { errors: 0xF_F3FF, warnings: 0 }));
        assert_eq!(faults.len(), 18);
        for fault in faults {
            let advice = fault.advice();
            assert!(!matches!(fault, Fault::Other(_)) && advice.matches('.').count() >= 2, "{advice}");
        }
    }

    #[test]
    fn cold_is_known_from_the_host_status_alone() {
        let status = HostStatus { too_cold: true, ..HostStatus::default() };
        assert_eq!(Fault::all(Some(&status), None), [Fault::HeadTooCold]);
        assert_eq!(Fault::all(None, Some(&Conditions { errors: TOO_COLD, warnings: 0 })), []);
    }
}
