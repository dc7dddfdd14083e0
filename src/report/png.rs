//! Pictures of a few colours as PNG (W3C, "Portable Network Graphics", third edition). What is like the
//! row above it is zero after the filter, so pictures of bars are nearly all runs.

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

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
    let mut crc = Crc::new();
    crc.update(data);
    crc.sum()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Memory takes whatever is written to it.
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
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
    fn runs_are_short() {
        assert!(zlib(&[7; 100_000]).len() < 1000);
    }
}
