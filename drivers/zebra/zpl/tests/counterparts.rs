//! What programs that nobody here wrote make of our streams, dot for dot: `zpl-renderer-js` (npm), `zplkit`
//! (`PyPI`) and `labelize` (a crate).
//!
//! `scripts/counterparts.sh` installs them into `target/counterparts`. A test whose program is missing fails, unless
//! `OSTLER_ALLOW_MISSING` is set.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ostler_zpl::{Bitmap, Encoding, Label, Stored, Template};

/// Of the printer, in dots/mm.
const DPMM: u32 = 8;
/// Whole millimetres, as labelize wants them, and more than one strip of dots.
const WIDTH: u32 = 816;
const HEIGHT: u32 = 1216;

/// An independent reader of ZPL.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reader {
    ZplRendererJs,
    Zplkit,
    Labelize,
}

impl Reader {
    const ALL: [Self; 3] = [Self::ZplRendererJs, Self::Zplkit, Self::Labelize];

    /// What must be there.
    fn program(self) -> PathBuf {
        let root = root();
        match self {
            Self::ZplRendererJs => root.join("target/counterparts/node/node_modules/zpl-renderer-js"),
            Self::Zplkit => root.join("target/counterparts/venv/bin/python"),
            Self::Labelize => root.join("target/counterparts/cargo/bin/labelize"),
        }
    }

    /// The first label of a stream, as rows of dots.
    fn draw(self, zpl: &str) -> Vec<Vec<bool>> {
        let size = [DPMM, WIDTH, HEIGHT].map(|number| number.to_string());
        let scripts = root().join("tests/counterparts");
        match self {
            Self::ZplRendererJs => {
                dots(&piped(Command::new("node").arg(scripts.join("zpl-renderer-js.mjs")).args(size), zpl))
            }
            // It is strict, and stops at a command that draws nothing.
            Self::Zplkit => {
                let zpl = zpl.replace("^PQ1,0,0,N", "");
                dots(&piped(Command::new(self.program()).arg(scripts.join("zplkit.py")).args(size), &zpl))
            }
            Self::Labelize => {
                let name = format!("{}-{:?}", std::process::id(), std::thread::current().id());
                let place = std::env::temp_dir().join(format!("ostler-zpl-{name}"));
                let (from, to) = (place.with_extension("zpl"), place.with_extension("png"));
                std::fs::write(&from, zpl).unwrap();
                let millimetres = [WIDTH / DPMM, HEIGHT / DPMM].map(|length| length.to_string());
                let mut command = Command::new(self.program());
                command.arg("convert").arg(&from).arg("-o").arg(&to);
                command.args(["--width", &millimetres[0], "--height", &millimetres[1], "--dpmm", &DPMM.to_string()]);
                piped(&mut command, "");
                let png = std::fs::read(&to).unwrap();
                std::fs::remove_file(from).unwrap();
                std::fs::remove_file(to).unwrap();
                dots(&png)
            }
        }
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// The readers that are there. One that is missing is a failure, unless that is allowed.
fn readers() -> Vec<Reader> {
    let (there, missing): (Vec<_>, Vec<_>) = Reader::ALL.into_iter().partition(|reader| reader.program().exists());
    for reader in &missing {
        println!("skipped: {reader:?} is not at {}", reader.program().display());
    }
    let allowed = std::env::var_os("OSTLER_ALLOW_MISSING").is_some();
    assert!(missing.is_empty() || allowed, "{missing:?} missing; run scripts/counterparts.sh");
    there
}

fn piped(command: &mut Command, input: &str) -> Vec<u8> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

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

fn assert_shows(reader: Reader, name: &str, zpl: &str, bitmap: &Bitmap<'_>) {
    let seen = reader.draw(zpl);
    assert_eq!((seen[0].len(), seen.len()), (WIDTH as usize, HEIGHT as usize), "{reader:?}, {name}");
    for (y, row) in seen.iter().enumerate() {
        for (x, black) in row.iter().enumerate() {
            let byte = bitmap.data()[y * bitmap.stride() + x / 8];
            assert_eq!(*black, byte >> (7 - x % 8) & 1 == 1, "{reader:?}, {name}: dot {x},{y}");
        }
    }
}

/// White, black, lines, a pattern and noise: every form of compression has something to do.
fn picture() -> Vec<u8> {
    let stride = WIDTH / 8;
    let mut noise = 1_u32;
    let byte = |x: u32, y: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match y / 64 % 5 {
            0 => 0x00,
            1 if x > 20 => 0xFF,
            2 => 0x0F << (y % 5),
            3 if x < 40 => noise.to_be_bytes()[0],
            _ if x == y % stride => 0x18,
            _ => 0,
        }
    };
    let mut byte = byte;
    (0..HEIGHT).flat_map(|y| (0..stride).map(move |x| (x, y))).map(|(x, y)| byte(x, y)).collect()
}

#[test]
fn every_form_of_a_graphic_is_drawn_dot_for_dot() {
    let data = picture();
    let bitmap = Bitmap::new(WIDTH, HEIGHT, WIDTH / 8, &data).unwrap();
    for reader in readers() {
        for encoding in [Encoding::Hex, Encoding::Z64] {
            let label = Label { encoding, ..Label::new(bitmap) };
            let stored = Stored::for_job(7);
            let forms = [
                ("fields", label.to_bytes()),
                ("stored", [stored.download(&bitmap, encoding), label.recall(&stored)].concat()),
                ("stored, printed and deleted", {
                    [stored.download(&bitmap, encoding), label.recall(&stored), stored.delete()].concat()
                }),
            ];
            for (name, bytes) in forms {
                // zplkit renders what is left of a stream, and has no objects to delete in it.
                if reader == Reader::Zplkit && name.ends_with("deleted") {
                    continue;
                }
                let zpl = String::from_utf8(bytes).unwrap();
                assert_shows(reader, &format!("{encoding:?}, {name}"), &zpl, &bitmap);
            }
        }
    }
}

#[test]
fn a_value_in_a_template_is_drawn_like_the_same_text_written_by_hand() {
    let value = "M4_x 10 #7 = 100 %";
    let template = "^XA^PW816^LL1216^FO60,60^A0N,60,60^FDa_{{value}}^FS^XZ";
    let by_hand = format!("^XA^CI28^PW816^LL1216^FO60,60^A0N,60,60^FDa_{value}^FS^XZ");
    let fields = [("value".to_owned(), value.to_owned())];
    let filled = Template::parse(template).unwrap().fill(&fields, 1).unwrap();
    let filled = String::from_utf8(filled).unwrap();
    assert!(filled.contains("_5F") && filled.contains("_25"), "{filled}");
    for reader in readers() {
        let (left, right) = (reader.draw(&filled), reader.draw(&by_hand));
        assert!(left.iter().flatten().any(|black| *black), "{reader:?} drew nothing");
        assert!(left == right, "{reader:?} draws the value in another way");
    }
}
