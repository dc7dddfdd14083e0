//! Pictures of a few colours as PNG (W3C, "Portable Network Graphics", third edition), with the
//! simplest compression that makes them small: fixed Huffman codes, and runs of the same byte (RFC 1951).
//! What is like the row above it is zero after the filter, so pictures of bars are nearly all runs.

/// A picture with a palette; colour 0 is transparent.
pub struct Picture {
    width: usize,
    height: usize,
    palette: Vec<[u8; 3]>,
    pixels: Vec<u8>,
}

impl Picture {
    /// An empty one. The palette has no more than 255 colours besides the transparent one.
    pub fn new(width: usize, height: usize, palette: &[[u8; 3]]) -> Self {
        let palette = [[0; 3]].iter().chain(palette).copied().collect();
        Self { width, height, palette, pixels: vec![0; width * height] }
    }

    /// Fills a rectangle with a colour of the palette, from 1; what is outside of the picture is cut off.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, colour: u8) {
        for row in y..(y + height).min(self.height) {
            let (from, to) = (x.min(self.width), (x + width).min(self.width));
            self.pixels[row * self.width + from..row * self.width + to].fill(colour);
        }
    }

    /// The file.
    pub fn encode(&self) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = Vec::new();
        for number in [self.width, self.height] {
            header.extend(u32::try_from(number).unwrap_or(0).to_be_bytes());
        }
        // Eight bits each, from a palette, without interlacing.
        header.extend([8, 3, 0, 0, 0]);
        chunk(&mut file, *b"IHDR", &header);
        chunk(&mut file, *b"PLTE", self.palette.as_flattened());
        chunk(&mut file, *b"tRNS", &[0]);
        chunk(&mut file, *b"IDAT", &zlib(&self.filtered()));
        chunk(&mut file, *b"IEND", &[]);
        file
    }

    /// Each row as its difference to the one above.
    fn filtered(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.height * (self.width + 1));
        let mut above = vec![0; self.width];
        for row in self.pixels.chunks(self.width) {
            all.push(2);
            all.extend(row.iter().zip(&above).map(|(here, up)| here.wrapping_sub(*up)));
            above.copy_from_slice(row);
        }
        all
    }
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    file.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let checked = crc(&file[start..]);
    file.extend(checked.to_be_bytes());
}

fn crc(data: &[u8]) -> u32 {
    let step = |mut crc: u32, byte: &u8| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
        crc
    };
    !data.iter().fold(!0, step)
}

/// Bits, the lowest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, value: u32, count: usize) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> i & 1) as u8) << (self.used % 8);
            }
            self.used += 1;
        }
    }

    /// A Huffman code, whose highest bit comes first.
    fn code(&mut self, value: u32, count: usize) {
        for i in (0..count).rev() {
            self.push(value >> i & 1, 1);
        }
    }

    /// A literal byte, or a length: the fixed codes.
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..=143 => self.code(0x30 + symbol, 8),
            144..=255 => self.code(0x190 + symbol - 144, 9),
            256..=279 => self.code(symbol - 256, 7),
            _ => self.code(0xC0 + symbol - 280, 8),
        }
    }

    /// So many repeats of the byte before.
    fn repeat(&mut self, length: u32) {
        if length == 258 {
            self.symbol(285);
        } else {
            // Lengths come in groups of four symbols, each with one more extra bit.
            let over = length - 3;
            let extra = if over < 8 { 0 } else { over.ilog2() - 2 };
            let group = if extra == 0 { over } else { extra * 4 + (over >> extra) };
            self.symbol(257 + group);
            self.push(over & ((1 << extra) - 1), extra as usize);
        }
        // Distance 1.
        self.code(0, 5);
    }
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x78, 0x01], used: 16 };
    // One block, the last, with fixed codes.
    bits.push(1, 1);
    bits.push(1, 2);
    let mut at = 0;
    while at < data.len() {
        bits.symbol(u32::from(data[at]));
        let run = data[at + 1..].iter().take_while(|byte| **byte == data[at]).count();
        at += 1;
        let mut left = run;
        while left >= 3 {
            let length = left.min(258);
            bits.repeat(u32::try_from(length).unwrap_or(3));
            left -= length;
            at += length;
        }
    }
    bits.symbol(256);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    bits.bytes.extend((b << 16 | a).to_be_bytes());
    bits.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc(b"IEND"), 0xAE42_6082);
    }

    #[test]
    fn runs_are_short_and_every_length_has_its_code() {
        // RFC 1951, 3.2.5: the first length of each symbol.
        for (length, symbol, extra) in
            [(3, 257, 0), (10, 264, 0), (11, 265, 1), (19, 269, 2), (35, 273, 3), (227, 284, 5)]
        {
            let (mut found, mut expected) = (Bits::default(), Bits::default());
            found.repeat(length);
            expected.symbol(symbol);
            expected.push(0, extra);
            expected.code(0, 5);
            assert_eq!(found.bytes, expected.bytes, "{length}");
        }
        assert!(zlib(&[7; 100_000]).len() < 1000);
    }
}
