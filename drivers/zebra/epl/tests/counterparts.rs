//! What a program that nobody here wrote makes of our forms, dot for dot: `labelize` (a crate).
//!
//! `scripts/counterparts.sh` installs it into `target/counterparts`. When it is missing the test fails, unless
//! `OSTLER_ALLOW_MISSING` is set.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::process::Command;

use ostler_epl::{Label, Setup, Tracking};

/// Whole millimetres at 8 dots/mm, as labelize wants them, and several strips.
const WIDTH: u32 = 816;
const HEIGHT: u32 = 400;

/// A PNG as rows of dots, true for black.
fn dots(png: &[u8]) -> Vec<Vec<bool>> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let samples = info.color_type.samples();
    let rows = bytes[..info.buffer_size()].chunks(info.line_size);
    rows.map(|row| row.chunks(samples).map(|pixel| pixel[0] < 128).collect()).collect()
}

#[test]
fn labelize_draws_every_dot_where_it_belongs() {
    let program = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/counterparts/cargo/bin/labelize"));
    if !program.exists() {
        let allowed = std::env::var_os("OSTLER_ALLOW_MISSING").is_some();
        assert!(allowed, "{} is missing; run scripts/counterparts.sh", program.display());
        println!("skipped: {} is missing", program.display());
        return;
    }
    let mut noise = 1_u32;
    let data: Vec<u8> = (0..WIDTH / 8 * HEIGHT)
        .map(|at| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if at % 1000 < 500 { noise.to_be_bytes()[0] } else { 0 }
        })
        .collect();
    let setup = Setup { darkness: Some(8), tracking: Some(Tracking::Gap(24)), ..Setup::default() };
    let form = Label::new(WIDTH, HEIGHT, &data).unwrap().setup(setup).to_bytes();

    let place = std::env::temp_dir().join(format!("ostler-epl-{}", std::process::id()));
    let (from, to) = (place.with_extension("epl"), place.with_extension("png"));
    std::fs::write(&from, form).unwrap();
    let size = ["--width", "102", "--height", "50", "--dpmm", "8"];
    let output = Command::new(program).arg("convert").arg(&from).arg("-o").arg(&to).args(size).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = dots(&std::fs::read(&to).unwrap());
    std::fs::remove_file(from).unwrap();
    std::fs::remove_file(to).unwrap();

    assert_eq!((seen[0].len(), seen.len()), (WIDTH as usize, HEIGHT as usize));
    for (y, row) in seen.iter().enumerate() {
        for (x, drawn) in row.iter().enumerate() {
            let black = data[y * WIDTH as usize / 8 + x / 8] >> (7 - x % 8) & 1 == 1;
            // labelize takes 1 for black. Printers take 0: so the guide's examples, and so write LPrint and the drivers
            // of CUPS. Every dot is compared; only its colour is the other one.
            assert_eq!(*drawn, !black, "dot {x},{y}");
        }
    }
}
