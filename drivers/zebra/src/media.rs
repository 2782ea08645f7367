//! What is in the printer, as far as it can tell.

use ostler_sdk::printing::LoadedMedia;
use ostler_zpl::{HostStatus, Tracking};

use crate::settings::Settings;

/// Dots in millimetres.
pub fn millimetres(dots: u32, dpmm: u32) -> f64 {
    f64::from(dots) / f64::from(dpmm.max(1))
}

/// The labels in the printer.
///
/// No printer tells a width, so that is the one that is set. The length is what the printer measured, where it
/// measures: with a gap or a mark. A printer whose tracking the operator left alone says itself whether its media is
/// continuous, and its length is then believed to be the one that is set.
pub fn loaded(settings: &Settings, status: Option<&HostStatus>) -> LoadedMedia {
    let measured = status.map(|status| status.label_length).filter(|dots| *dots > 0);
    let says_continuous = status.is_some_and(|status| status.continuous);
    let (kind, length) = match settings.setup.tracking {
        Some(Tracking::Continuous) => ("continuous", None),
        Some(Tracking::Gap) => ("die-cut", measured.or(Some(settings.length))),
        Some(Tracking::Mark) => ("black mark", measured.or(Some(settings.length))),
        None if says_continuous => ("continuous", None),
        None => ("die-cut", Some(settings.length)),
    };
    LoadedMedia {
        width_um: micrometres(settings.width, settings.dpmm),
        length_um: length.map(|dots| micrometres(dots, settings.dpmm)),
        kind: kind.to_owned(),
        labels_left: None,
    }
}

fn micrometres(dots: u32, dpmm: u32) -> u32 {
    let micrometres = u64::from(dots) * 1000 / u64::from(dpmm.max(1));
    u32::try_from(micrometres).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use ostler_zpl::Setup;

    fn tracked(tracking: Option<Tracking>) -> Settings {
        Settings { setup: Setup { tracking, ..Setup::default() }, ..settings() }
    }

    fn length(tracking: Option<Tracking>, status: Option<&HostStatus>) -> (String, Option<u32>) {
        let media = loaded(&tracked(tracking), status);
        assert_eq!(media.width_um, 101_500);
        (media.kind, media.length_um)
    }

    #[test]
    fn the_measured_length_counts_where_the_printer_measures() {
        let status = HostStatus { label_length: 400, ..HostStatus::default() };
        assert_eq!(length(Some(Tracking::Gap), Some(&status)), ("die-cut".to_owned(), Some(50_000)));
        assert_eq!(length(Some(Tracking::Mark), Some(&status)), ("black mark".to_owned(), Some(50_000)));
        assert_eq!(length(None, Some(&status)), ("die-cut".to_owned(), Some(152_250)));
        assert_eq!(length(Some(Tracking::Gap), None), ("die-cut".to_owned(), Some(152_250)));
    }

    #[test]
    fn a_continuous_roll_has_no_length() {
        let status = HostStatus { label_length: 400, continuous: true, ..HostStatus::default() };
        assert_eq!(length(Some(Tracking::Continuous), None), ("continuous".to_owned(), None));
        assert_eq!(length(None, Some(&status)), ("continuous".to_owned(), None));
    }
}
