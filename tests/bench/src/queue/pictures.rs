//! Labels of 4 x 6 inch at 203 dpi as PNG, each another picture.

use hyper::body::Bytes;
use ostler_tests::Label;
use std::thread;

/// 203 dots an inch, by the metre: `LPrint` goes by the physical size.
const DOTS_PER_METRE: u32 = 7992;

/// So many labels; `series` tells those of one call from those of another.
pub fn labels(series: &str, count: usize) -> Vec<Bytes> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let numbers: Vec<usize> = (0..count).collect();
    thread::scope(|scope| {
        let portions: Vec<_> = numbers
            .chunks(count.div_ceil(workers).max(1))
            .map(|portion| scope.spawn(move || portion.iter().map(|number| label(series, *number)).collect::<Vec<_>>()))
            .collect();
        portions.into_iter().flat_map(|portion| portion.join().unwrap_or_default()).collect()
    })
}

fn label(series: &str, number: usize) -> Bytes {
    Label::four_by_six(&format!("{series}-{number}")).png_at(DOTS_PER_METRE).into()
}

/// The same picture in so many files that differ: to who stores them they are different documents. `from` is the number
/// of the first.
pub fn copies(png: &[u8], from: usize, count: usize) -> Vec<Bytes> {
    (from..from + count).map(|number| with_comment(png, &format!("Comment\0{number}"))).collect()
}

/// Puts a chunk of text before the last chunk, which has 12 bytes (PNG specification, `tEXt` and `IEND`).
fn with_comment(png: &[u8], text: &str) -> Bytes {
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    let (before, end) = png.split_at(png.len().saturating_sub(12));
    let typed = [b"tEXt", text.as_bytes()].concat();
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    [before, &length, &typed, &CRC.checksum(&typed).to_be_bytes(), end].concat().into()
}

/// Black and white without a pattern, which no compression makes smaller: a label of 101.5 x 250 mm at 24 dots/mm. In ZPL it
/// has 3.6 MB; the kernel takes 2.6 MB from who writes to loopback before it feels that nobody reads.
pub fn noise() -> Bytes {
    Label::noise(2436, 6000).png_at(24_000).into()
}
