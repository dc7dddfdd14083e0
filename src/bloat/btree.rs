//! The size of a B-tree index that has just been built ("Implementation" of B-Tree Indexes, PostgreSQL
//! manual): leaves filled to the fillfactor, equal keys in posting lists, the pages above them, and the
//! page that says where the root is.

use super::groups::Group;
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
    /// How many rows have the same key. Empty: equal keys are not kept together.
    pub groups: Vec<Group>,
    /// Of the leaves, in per cent.
    pub fillfactor: f64,
    /// The size of a page.
    pub block: f64,
}

/// Its expected size in bytes.
pub fn size(entries: &Entries) -> f64 {
    if entries.rows < 1.0 {
        return entries.block;
    }
    let key = entry(&entries.columns);
    let leaves = if entries.groups.is_empty() {
        entries.rows / kept(entries, key.mean, key)
    } else {
        // Equal keys stand side by side, so groups of one kind have pages of their own.
        // Of a single column it is known which keys are null, and those are smaller.
        let only = |nulls| match &entries.columns[..] {
            [column] => entry(&[Column { nulls, ..column.clone() }]),
            _ => key,
        };
        let (null, other) = (only(1.0), only(0.0));
        let key = |group: &Group| if group.null { null } else { other };
        entries.groups.iter().map(|group| pages(entries, key(group), group)).sum()
    };
    let mut pages = leaves.ceil().max(1.0);
    let mut all = 1.0 + pages;
    let above = entry(&entries.columns[..entries.keys.min(entries.columns.len())]);
    let above = Bytes { mean: above.mean + POINTER, variance: above.variance };
    let room = entries.block * INNER / 100.0 - PAGE - 2.0 * POINTER;
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

/// How many items of such a size a leaf keeps. It is full once less is left than the fillfactor says;
/// then its last item moves on to the next page, and only the key of that stays, as the upper bound. An
/// item that does not fit ends a page in the same way.
fn kept(entries: &Entries, key: f64, item: Bytes) -> f64 {
    let item = Bytes { mean: item.mean + POINTER, variance: item.variance };
    let room = entries.block - PAGE - 2.0 * POINTER;
    let full = room - entries.block * (1.0 - entries.fillfactor / 100.0);
    let until_full = 1.0 + fit(full - key - POINTER, item);
    let until_no_room = fit(room - ALIGN as f64, item) - 1.0;
    until_full.min(until_no_room).max(1.0)
}

/// The pages of one group of keys, or the part of a page.
fn pages(entries: &Entries, key: Bytes, group: &Group) -> f64 {
    // No posting list is longer than a tenth of a page.
    let most = aligned(entries.block / 10.0) - 2.0 * ALIGN as f64;
    let longest = ((most - key.mean) / PLACE).floor().max(1.0);
    let size = |rows: f64| if rows > 1.0 { aligned(key.mean + PLACE * rows) } else { key.mean };
    let (mut items, mut sum, mut squares) = (0.0, 0.0, 0.0);
    let mut add = |number: f64, rows: f64| {
        let size = size(rows);
        items += number;
        sum += number * size;
        squares += number * size * size;
    };
    let whole = (group.rows / longest).floor();
    let rest = group.rows - whole * longest;
    // Part of a row: there are keys with one more and keys with one less.
    let (low, more) = (rest.floor(), rest.fract());
    for (number, rows) in [(whole, longest), (1.0 - more, low), (more, low + 1.0)] {
        if number > 0.0 && rows > 0.0 {
            add(group.keys * number, rows);
        }
    }
    let mean = sum / items;
    let variance = (squares / items - mean * mean).max(0.0) + key.variance;
    items / kept(entries, key.mean, Bytes { mean, variance })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(rows: f64, groups: Vec<Group>) -> f64 {
        let (columns, keys) = (vec![Column::int()], 1);
        size(&Entries { rows, columns, keys, groups, fillfactor: 90.0, block: 8192.0 }) / 8192.0
    }

    /// What CREATE INDEX made of so many rows.
    #[test]
    fn as_large_as_the_server_makes_it() {
        assert_eq!(ints(0.0, vec![]), 1.0);
        assert_eq!(ints(10.0, vec![]), 2.0);
        assert_eq!(ints(1e6, vec![]), 2745.0);
        let one = |keys, rows| ints(1e6, vec![Group::new(keys, rows)]);
        for (found, made) in
            [(one(1.0, 1e6), 849.0), (one(1e3, 1e3), 896.0), (one(2e5, 5.0), 1426.0)]
        {
            assert!((found / made - 1.0).abs() < 0.02, "{found} pages instead of {made}");
        }
        assert_eq!(one(1e6, 1.0), 2745.0);
    }
}
