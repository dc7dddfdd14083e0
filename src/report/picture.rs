//! The picture: for each table its bytes before and after, and beside them its phases, as bars. Numbers
//! refer to the list in the report, so no letters are drawn. The background is transparent, and all colours
//! can be told apart on white and on black.

use super::png::Picture;
use super::view::{AFTER, BEFORE, GROUPS};
use super::{Account, Table, view};
use crate::units;

/// How many tables it shows.
const MOST: usize = 15;

const WIDTH: usize = 640;
const ROW: usize = 30;
const BAR: usize = 9;
/// Where the bars begin: of bytes, and of phases.
const LEFT: [usize; 2] = [40, 345];
const LENGTH: usize = 285;
/// The colour of the numbers.
const INK: [u8; 3] = [0x80, 0x86, 0x90];

/// The digits, three columns wide, five rows high, a row in three bits.
const DIGITS: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 2, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];

/// The tables that it shows: the first ones of which there is anything to see.
pub fn rows<'t>(tables: &[&'t Table]) -> Vec<&'t Table> {
    let seen = |t: &&&Table| t.bytes_before.is_some() || !t.phases.is_empty();
    let count = tables.iter().take(MOST).take_while(seen).count();
    tables[..count].to_vec()
}

/// The picture of an account, if there is anything to see.
pub fn png(account: &Account) -> Option<Vec<u8>> {
    let tables = rows(&view::ordered(account));
    let most_bytes = tables.iter().flat_map(|t| [t.bytes_before, t.bytes_after]).flatten().max();
    let most_seconds = tables.iter().map(|t| total(t)).fold(0.0, f64::max);
    if tables.is_empty() {
        return None;
    }
    let colours = [BEFORE, AFTER].into_iter().chain(GROUPS.iter().map(|(_, colour, _)| *colour));
    let palette: Vec<[u8; 3]> = colours.map(rgb).chain([INK]).collect();
    let ink = u8::try_from(palette.len()).unwrap_or(1);
    let mut picture = Picture::new(WIDTH, tables.len() * ROW, &palette);
    for (i, table) in tables.iter().enumerate() {
        let top = i * ROW + 4;
        number(&mut picture, i + 1, top + 4, ink);
        for (line, bytes) in [table.bytes_before, table.bytes_after].into_iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
            if let Some((bytes, most)) = bytes.zip(most_bytes) {
                let length = scaled(bytes as f64, most as f64);
                let colour = if line == 0 { 1 } else { 2 };
                picture.fill(LEFT[0], top + line * (BAR + 2), length, BAR, colour);
            }
        }
        let mut so_far = 0.0;
        for (group, colour) in GROUPS.iter().zip(3..) {
            let from = scaled(so_far, most_seconds);
            so_far += seconds(table, group.2);
            let to = if so_far > 0.0 { scaled(so_far, most_seconds) } else { from };
            picture.fill(LEFT[1] + from, top, to.saturating_sub(from), 2 * BAR + 2, colour);
        }
    }
    Some(picture.encode())
}

/// The same in words.
pub fn words(tables: &[&Table]) -> String {
    let tables = rows(tables);
    let mut all = Vec::new();
    for (i, table) in tables.iter().enumerate() {
        let mut text = format!("{}. {}", i + 1, table.table);
        if let Some(before) = table.bytes_before {
            text.push_str(&format!(": {}", units::size(before)));
            if let Some(after) = table.bytes_after {
                text.push_str(&format!(" before, {} after", units::size(after)));
            }
        }
        let phases = GROUPS.iter().map(|(name, _, phases)| (name, seconds(table, phases)));
        let phases: Vec<_> = phases
            .filter(|(_, seconds)| *seconds >= 0.05)
            .map(|(name, seconds)| format!("{name} {}", units::seconds(seconds)))
            .collect();
        if !phases.is_empty() {
            text.push_str(&format!(" ({})", phases.join(", ")));
        }
        all.push(text);
    }
    all.join("; ")
}

fn seconds(table: &Table, phases: &[&str]) -> f64 {
    let of = table.phases.iter().filter(|(name, _)| phases.contains(&name.as_str()));
    of.map(|(_, seconds)| seconds.max(0.0)).sum()
}

fn total(table: &Table) -> f64 {
    GROUPS.iter().map(|(_, _, phases)| seconds(table, phases)).sum()
}

/// So many pixels; one at least, so that nothing that is there is lost to sight.
fn scaled(value: f64, most: f64) -> usize {
    if most <= 0.0 || !value.is_finite() || value <= 0.0 {
        return 0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred pixels")]
    let pixels = (value / most * LENGTH as f64).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to LENGTH")]
    let pixels = pixels as usize;
    pixels.clamp(1, LENGTH)
}

fn number(picture: &mut Picture, number: usize, top: usize, ink: u8) {
    let text = number.to_string();
    let mut left = 28 - text.len() * 8;
    for digit in text.bytes().map(|b| usize::from(b - b'0')) {
        for (y, row) in DIGITS[digit].iter().enumerate() {
            for x in 0..3 {
                if row >> (2 - x) & 1 == 1 {
                    picture.fill(left + x * 2, top + y * 2, 2, 2, ink);
                }
            }
        }
        left += 8;
    }
}

/// `#rrggbb`.
fn rgb(css: &str) -> [u8; 3] {
    let part = |at: usize| css.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    [1, 3, 5].map(|at| part(at).unwrap_or(0))
}
