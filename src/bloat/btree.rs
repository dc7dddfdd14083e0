//! The size of a B-tree index that has just been built ("Implementation" of B-Tree Indexes, PostgreSQL
//! manual): leaves filled to the fillfactor, equal keys in posting lists, the pages above them, and the
//! page that says where the root is.

use super::layout::{ALIGN, Bytes, Column, aligned, bytes};
use super::pages::fit;

/// An entry's header: the row's place and the entry's length.
const HEADER: f64 = 8.0;
/// What a page keeps for itself: its header and the links to its neighbours.
const PAGE: f64 = 40.0;
/// A line pointer.
const POINTER: f64 = 4.0;
/// A row's place.
const PLACE: f64 = 6.0;
/// What pages above the leaves are filled to, in per cent.
const INNER: f64 = 70.0;

/// An index to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries {
    /// How many.
    pub rows: f64,
    /// Its columns, INCLUDE's too.
    pub columns: Vec<Column>,
    /// How many of them are compared, and so stand above the leaves.
    pub keys: usize,
    /// How many rows have the same key: groups of so many rows, so many times. Empty: equal keys are
    /// not kept together.
    pub groups: Vec<Group>,
    /// Of the leaves, in per cent.
    pub fillfactor: f64,
    /// The size of a page.
    pub block: f64,
}

/// So many keys that so many rows each have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// The keys.
    pub keys: f64,
    /// The rows of each.
    pub rows: f64,
}

/// Its expected size in bytes.
pub fn size(entries: &Entries) -> f64 {
    if entries.rows < 1.0 {
        return entries.block;
    }
    let key = entry(&entries.columns);
    let room = entries.block - PAGE - POINTER;
    let (items, item, posting) = items(entries, key);
    // A page is full once less than this is left, and its last entry goes to the next page: only the
    // key itself stays, as the upper bound.
    let full = room - POINTER - entries.block * (1.0 - entries.fillfactor / 100.0);
    // An entry that would not fit any more ends a page, too, however low the fillfactor.
    let room = (full + posting).min(room - (item.mean - posting) - POINTER);
    let leaf = Bytes { mean: item.mean + POINTER, variance: item.variance };
    let mut pages = if items * leaf.mean <= entries.block - PAGE {
        1.0
    } else {
        (items / fit(room, leaf)).ceil()
    };
    let mut all = 1.0 + pages;
    let above = entry(&entries.columns[..entries.keys.min(entries.columns.len())]);
    let above = Bytes { mean: above.mean + POINTER, variance: above.variance };
    let room = entries.block - PAGE - 2.0 * POINTER - entries.block * (1.0 - INNER / 100.0);
    while pages > 1.0 {
        pages = (pages / fit(room, above).max(2.0)).ceil();
        all += pages;
    }
    all * entries.block
}

/// The bytes of one entry, without its line pointer.
fn entry(columns: &[Column]) -> Bytes {
    let data = bytes(columns);
    let nulls = 1.0 - columns.iter().map(|c| 1.0 - c.nulls).product::<f64>();
    // The bits for nulls, of whatever number of columns, and their padding.
    let header = HEADER + nulls * ALIGN as f64;
    Bytes { mean: header + data.mean, variance: data.variance + nulls * (1.0 - nulls) * 64.0 }
}

/// How many items there are on the leaves, their size, and the part of it that is places of rows.
fn items(entries: &Entries, key: Bytes) -> (f64, Bytes, f64) {
    if entries.groups.is_empty() {
        return (entries.rows, key, 0.0);
    }
    // No posting list is longer than a tenth of a page.
    let most = aligned(entries.block / 10.0) - 2.0 * ALIGN as f64;
    let longest = ((most - key.mean) / PLACE).floor().max(1.0);
    let size = |rows: f64| if rows > 1.0 { aligned(key.mean + PLACE * rows) } else { key.mean };
    let (mut items, mut sum, mut squares) = (0.0, 0.0, 0.0);
    let mut add = |number: f64, size: f64| {
        items += number;
        sum += number * size;
        squares += number * size * size;
    };
    for group in &entries.groups {
        let whole = (group.rows / longest).floor();
        let rest = group.rows - whole * longest;
        add(group.keys * whole, size(longest));
        // Part of a row: there are keys with one more and keys with one less.
        let (low, high) = (rest.floor(), rest.ceil());
        if high > low {
            if low > 0.0 {
                add(group.keys * (high - rest), size(low));
            }
            add(group.keys * (rest - low), size(high));
        } else if low > 0.0 {
            add(group.keys, size(low));
        }
    }
    let mean = sum / items;
    let variance = (squares / items - mean * mean).max(0.0);
    (items, Bytes { mean, variance: variance + key.variance }, mean - key.mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(rows: f64, groups: Vec<Group>) -> Entries {
        let int = Column {
            length: 4,
            alignment: 4,
            short: false,
            nulls: 0.0,
            width: 4.0,
            constant: true,
        };
        Entries { rows, columns: vec![int], keys: 1, groups, fillfactor: 90.0, block: 8192.0 }
    }

    /// What CREATE INDEX made of so many rows.
    #[test]
    fn as_large_as_the_server_makes_it() {
        let pages = |entries: &Entries| size(entries) / 8192.0;
        assert_eq!(pages(&ints(0.0, vec![])), 1.0);
        assert_eq!(pages(&ints(10.0, vec![])), 2.0);
        // pgbench -s 10: 2745 pages of the primary key of a million rows.
        assert_eq!(pages(&ints(1e6, vec![])), 2745.0);
    }
}
