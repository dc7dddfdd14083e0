//! The size of a table into which its rows have just been written, and of its TOAST table.

use super::layout::{ALIGN, Bytes, Column, aligned, bytes};
use super::pages::fit;

/// A row's header without the bits for its nulls.
const HEADER: f64 = 23.0;
/// What a page keeps for itself.
const PAGE: f64 = 24.0;
/// A line pointer.
const POINTER: f64 = 4.0;

/// Rows to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// How many.
    pub rows: f64,
    /// Their columns; one that is not stored is always null.
    pub columns: Vec<Column>,
    /// What pages are filled to, in per cent.
    pub fillfactor: f64,
    /// The size of a page.
    pub block: f64,
}

/// Their expected size in bytes.
pub fn size(rows: &Rows) -> f64 {
    if rows.rows < 1.0 {
        return 0.0;
    }
    let row = row(&rows.columns);
    let item = Bytes { mean: row.mean + POINTER, variance: row.variance };
    let room = rows.block - PAGE - (rows.block * (100.0 - rows.fillfactor) / 100.0).floor();
    (rows.rows / fit(room, item).max(1.0)).ceil() * rows.block
}

/// The bytes of one row, without its line pointer.
pub fn row(columns: &[Column]) -> Bytes {
    let data = bytes(columns);
    let nulls = 1.0 - columns.iter().map(|c| 1.0 - c.nulls).product::<f64>();
    let bits = (columns.len() as f64 / 8.0).ceil();
    let (plain, with) = (aligned(HEADER), aligned(HEADER + bits));
    let more = with - plain;
    let header = plain + nulls * more;
    Bytes {
        mean: header + data.mean,
        variance: data.variance + nulls * (1.0 - nulls) * more * more,
    }
}

/// A whole chunk of a value outside its row: its own row's header, the value's number, the chunk's,
/// and the bytes.
const CHUNK: f64 = 1996.0;
const CHUNK_HEADER: f64 = 24.0 + 4.0 + 4.0 + 4.0;

/// The expected size of a TOAST table of so many chunks, of so many values; not known how many: `None`.
///
/// The server counts chunks, not their bytes. All but the last chunk of a value are whole; of the last
/// ones nothing is known, so they are taken to be half full; where there is but one, three quarters, since
/// short values do not leave their rows.
pub fn toast_size(chunks: f64, values: Option<f64>, block: f64) -> f64 {
    if chunks < 1.0 {
        return 0.0;
    }
    // Those of long values fill pages like any whole one.
    let last = values.map_or(0.0, |v| v.min(chunks));
    let last = if last * 50.0 < chunks { 0.0 } else { last };
    let whole = chunks - last;
    let part = if whole < last { 0.75 } else { 0.5 };
    let mean = (whole * CHUNK + last * part * CHUNK) / chunks;
    // Spread evenly over twice the free part.
    let spread = if last > 0.0 { CHUNK * (1.0 - part) * 2.0 } else { 0.0 };
    let share = last / chunks;
    let between = whole / chunks * share * (CHUNK * (1.0 - part)).powi(2);
    let variance = share * spread * spread / 12.0 + between;
    let half = if last > 0.0 { ALIGN as f64 / 2.0 * share } else { 0.0 };
    let item = Bytes { mean: aligned(CHUNK_HEADER + mean) - half + POINTER, variance };
    (chunks / fit(block - PAGE, item).max(1.0)).ceil() * block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(nulls: f64) -> Column {
        Column { nulls, ..Column::int() }
    }

    #[test]
    fn a_page_of_the_narrowest_rows() {
        let one =
            |rows, fillfactor| Rows { rows, columns: vec![int(0.0)], fillfactor, block: 8192.0 };
        assert_eq!(size(&one(226.0, 100.0)), 8192.0);
        assert_eq!(size(&one(227.0, 100.0)), 16384.0);
        assert_eq!(size(&one(1e6, 100.0)), 4425.0 * 8192.0);
        assert_eq!(size(&one(0.0, 100.0)), 0.0);
        assert_eq!(size(&one(159.0, 70.0)), 16384.0);
    }

    #[test]
    fn bits_for_nulls_cost_from_the_ninth_column_on() {
        assert_eq!(row(&vec![int(0.0); 9]).mean, 24.0 + 40.0);
        assert_eq!(row(&vec![int(1.0); 8]).mean, 24.0);
        assert_eq!(row(&vec![int(1.0); 9]).mean, 32.0);
    }

    #[test]
    fn four_whole_chunks_to_a_page() {
        assert_eq!(toast_size(4000.0, Some(1.0), 8192.0), 1000.0 * 8192.0);
        assert_eq!(toast_size(4000.0, None, 8192.0), 1000.0 * 8192.0);
        assert_eq!(toast_size(0.0, None, 8192.0), 0.0);
    }
}
