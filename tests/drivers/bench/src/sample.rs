//! A label like those that come out of printers: frame, rows of text, a bar code, a dithered picture, and much white.

/// Dots across: 4 inch at 8 dots/mm.
pub const WIDTH: u32 = 812;
/// Dots down: 6 inch.
pub const HEIGHT: u32 = 1218;

const STRIDE: usize = WIDTH.div_ceil(8) as usize;

/// The label's rows, one bit a dot, 1 is black.
pub fn label() -> Vec<u8> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let bars: Vec<bool> = modules(&mut random);
    let mut rows = Vec::with_capacity(STRIDE * HEIGHT as usize);
    for y in 0..HEIGHT {
        let mut row = vec![0_u8; STRIDE];
        let mut set = |x: u32| {
            if let Some(byte) = row.get_mut((x / 8) as usize) {
                *byte |= 0x80 >> (x % 8);
            }
        };
        match y {
            // The frame, and a rule between the parts.
            10..14 | 1204..1208 | 400..404 => (10..WIDTH - 10).for_each(&mut set),
            14..1204 => {
                for x in (10..14).chain(WIDTH - 14..WIDTH - 10) {
                    set(x);
                }
                let inner = 40..WIDTH - 40;
                match y {
                    // Text: lines of 24 dots with 12 between them, strokes of 2 to 5 dots.
                    40..400 if y % 36 < 24 => strokes(&mut random, inner.end - 200, &mut set),
                    // A bar code, 3 dots a module: every row alike.
                    440..700 => inner.filter(|x| at(&bars, (x - 40) / 3)).for_each(set),
                    // A picture in diffused grey, darker towards the right.
                    740..1160 => inner.filter(|x| random.below(WIDTH) < *x).filter(|x| *x > 400).for_each(set),
                    _ => {}
                }
            }
            _ => {}
        }
        rows.extend(row);
    }
    rows
}

/// The modules of a bar code: black and white of 1 to 4 in turn.
fn modules(random: &mut Random) -> Vec<bool> {
    let mut modules = Vec::new();
    let mut black = true;
    while modules.len() < 256 {
        modules.extend((0..=random.below(4)).map(|_| black));
        black = !black;
    }
    modules
}

fn at(modules: &[bool], index: u32) -> bool {
    modules.get(index as usize).copied().unwrap_or_default()
}

fn strokes(random: &mut Random, end: u32, set: &mut impl FnMut(u32)) {
    let mut x = 40;
    while x < end {
        let width = 2 + random.below(4);
        (x..x + width).for_each(&mut *set);
        x += width + 4 + random.below(16);
    }
}

/// Marsaglia's xorshift: the same label everywhere, with no crate.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 33).unwrap_or_default() % end
    }
}
