//! PNG files made by hand, for what no encoder writes: interlacing, lies and bombs.

/// A file of these chunks; `IEND` is added.
pub fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat(), chunk(*b"IEND", &[])].concat()
}

pub fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind, data].concat();
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes()[..], &body, &crc32(&body).to_be_bytes()].concat()
}

/// `color` and `interlace` are the numbers of the specification.
pub fn header(width: u32, height: u32, depth: u8, color: u8, interlace: u8) -> Vec<u8> {
    let rest = [depth, color, 0, 0, interlace];
    chunk(*b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &rest].concat())
}

/// The bytes as a zlib stream without compression.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

/// A zlib stream that inflates to `258 * matches + 1` zeros: one literal, then copies of what went before. Of fixed codes
/// (RFC 1951, 3.2.6): 13 bits for each match.
pub fn zeros(matches: usize) -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x78, 0x01], used: 8 };
    bits.push("1"); // the last block
    bits.push("10"); // of fixed codes; numbers go lowest bit first
    bits.push("00110000"); // literal 0
    for _ in 0..matches {
        bits.push("11000101"); // length 258
        bits.push("00000"); // distance 1
    }
    bits.push("0000000"); // end of the block
    bits.bytes.extend([0; 4]); // a checksum that nobody reads
    bits.bytes
}

struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, bits: &str) {
        for bit in bits.bytes() {
            if self.used == 8 {
                self.bytes.push(0);
                self.used = 0;
            }
            *self.bytes.last_mut().unwrap() |= (bit - b'0') << self.used;
            self.used += 1;
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| {
        if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
    };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}
