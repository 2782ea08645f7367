//! The fonts that documents are set in: `DejaVu`, whatever they name.

/// The font files, the regular ones of each family first.
pub(crate) fn files() -> [&'static [u8]; 10] {
    [
        dejavu::sans::regular(),
        dejavu::sans::bold(),
        dejavu::sans::oblique(),
        dejavu::sans::bold_oblique(),
        dejavu::serif::regular(),
        dejavu::serif::bold(),
        dejavu::serif::italic(),
        dejavu::serif::bold_italic(),
        dejavu::sans_mono::regular(),
        dejavu::sans_mono::bold(),
    ]
}
