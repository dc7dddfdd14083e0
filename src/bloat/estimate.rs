//! From what is counted to what is expected.

use super::btree::{self, Entries, Group};
use super::facts::{Column, Counted, Index, Statistics, Table, Toast};
use super::heap::{self, Rows};
use super::{Basis, Densities, IndexBloat, Part, TableBloat, Unknown, layout};

/// What leaves are filled to when nothing is set.
const LEAF_FILLFACTOR: i32 = 90;

/// A pointer to a value outside its row.
const TOAST_POINTER: f64 = 18.0;

/// Sizes and bloat of one table.
pub fn table(table: &Table, densities: &Densities) -> TableBloat {
    let rows = rows(&table.rows, table.bytes);
    let shape = shape(table.fillfactor, table.columns.iter());
    let density = densities.get(&table.name).filter(|d| d.shape == shape);
    let columns = stored(&table.columns);
    let fillfactor = f64::from(table.fillfactor.unwrap_or(100));
    let (expected, basis) = match (rows, density, &columns) {
        (Some(rows), Some(density), _) if density.heap > 0.0 => {
            (Some(density.heap * rows), Basis::Density)
        }
        (Some(rows), _, _) if rows < 1.0 => (Some(0.0), Basis::Statistics),
        (Some(rows), _, Ok(columns)) => {
            let columns = columns.clone();
            let size = heap::size(&Rows { rows, columns, fillfactor, block: table.block });
            (Some(size), Basis::Statistics)
        }
        (_, _, Err(why)) => (None, Basis::Unknown(*why)),
        (None, ..) => (None, Basis::Unknown(Unknown::NeverAnalyzed)),
    };
    let indexes = table.indexes.iter().map(|i| index(table, rows, i, densities)).collect();
    let per_row = density.and_then(|d| d.toast).zip(rows).map(|(bytes, rows)| bytes * rows);
    let toast = table.toast.as_ref();
    let toast = toast.map(|t| toast_part(t, rows, columns.as_deref().ok(), per_row, table.block));
    TableBloat {
        oid: table.oid,
        name: table.name.clone(),
        rows,
        dead_rows: table.dead,
        heap: part(table.bytes, expected, basis),
        indexes,
        toast,
        shape,
        fillfactor,
    }
}

/// How many rows there are. The running count is right once it began with a count of what was there;
/// before that, say after the counters were lost in a crash, it may be far too low, and the last count is
/// the better one.
fn rows(counted: &Counted, bytes: i64) -> Option<f64> {
    let (live, last) = (counted.live as f64, f64::from(counted.reltuples));
    if bytes == 0 {
        Some(0.0)
    } else if counted.whole {
        Some(live)
    } else if last >= 0.0 || live > 0.0 {
        Some(live.max(last))
    } else {
        None
    }
}

fn part(bytes: i64, expected: Option<f64>, basis: Basis) -> Part {
    Part { bytes, expected: expected.map(|e| (e.ceil() as i64).min(bytes)), basis }
}

/// Columns as they are stored, or why that is not known.
fn stored(columns: &[Column]) -> Result<Vec<layout::Column>, Unknown> {
    columns.iter().map(|c| one(c, c.statistics.as_ref())).collect()
}

fn one(column: &Column, statistics: Option<&Statistics>) -> Result<layout::Column, Unknown> {
    let (length, alignment, short) = (column.length, column.alignment, !column.plain);
    let fixed = f64::from(length);
    let (nulls, width, constant) = match statistics {
        _ if column.is_virtual => (1.0, 0.0, true),
        Some(s) if length > 0 => (s.nulls, fixed, true),
        Some(s) => match is_constant(column, s) {
            true => (s.nulls, s.width, true),
            // What was cut off.
            false => (s.nulls, s.width + 0.5, false),
        },
        None if length > 0 && column.not_null => (0.0, fixed, true),
        None if column.hidden => return Err(Unknown::NotReadable),
        None => return Err(Unknown::NeverAnalyzed),
    };
    Ok(layout::Column { length, alignment, short, nulls, width, constant })
}

/// Whether all values of a type of varying length are of one length after all.
fn is_constant(column: &Column, statistics: &Statistics) -> bool {
    // Characters of one byte each, and a header of one or four.
    let padded = column.padded_to.map(f64::from);
    let padded = padded.is_some_and(|n| [n + 1.0, n + 4.0].contains(&statistics.width));
    padded
        || statistics.distinct == 1.0
        || statistics.width <= 1.0
        || statistics.width == TOAST_POINTER
            && column.padded_to.is_none()
            && statistics.distinct == 0.0
}

fn index(table: &Table, rows: Option<f64>, index: &Index, densities: &Densities) -> IndexBloat {
    let last = (f64::from(index.reltuples), f64::from(table.rows.reltuples));
    let entries = match (rows, index.partial) {
        (Some(rows), false) => Some(rows),
        // The share of the rows it had at the last count.
        (Some(rows), true) if last.0 >= 0.0 && last.1 > 0.0 => {
            Some(rows * (last.0 / last.1).min(1.0))
        }
        (Some(rows), true) if rows < 1.0 => Some(0.0),
        _ => None,
    };
    let shape = format!(
        "{} {} {}",
        index.method,
        index.keys,
        shape(index.fillfactor, index.columns.iter().map(|(_, column)| column))
    );
    let density = densities.get(&table.name).and_then(|d| d.indexes.get(&index.name));
    let density = density.filter(|d| d.shape == shape);
    let (expected, basis) = match (entries, density) {
        (None, _) => (None, Basis::Unknown(Unknown::NeverAnalyzed)),
        (Some(rows), Some(density)) => (Some(density.bytes * rows), Basis::Density),
        (Some(_), None) if index.method != "btree" => (None, Basis::Unknown(Unknown::AccessMethod)),
        (Some(rows), None) => match btree(table, index, rows) {
            Ok(size) => (Some(size), Basis::Statistics),
            Err(why) => (None, Basis::Unknown(why)),
        },
    };
    IndexBloat {
        name: index.name.clone(),
        method: index.method.clone(),
        rows: entries,
        shape,
        part: part(index.bytes, expected, basis),
    }
}

fn btree(table: &Table, index: &Index, rows: f64) -> Result<f64, Unknown> {
    let mut columns = Vec::with_capacity(index.columns.len());
    let mut distinct = Vec::with_capacity(index.columns.len());
    for (of, column) in &index.columns {
        let original = table.columns.iter().find(|c| *of != 0 && c.number == *of);
        let statistics = match original {
            Some(original) => original.statistics.as_ref(),
            None => column.statistics.as_ref(),
        };
        let hints = original.map_or_else(
            || column.clone(),
            |o| Column {
                not_null: o.not_null,
                hidden: o.hidden,
                padded_to: o.padded_to,
                ..column.clone()
            },
        );
        columns.push(one(&hints, statistics)?);
        distinct.push(statistics);
    }
    let together = index.deduplicate && !index.unique && index.keys == index.columns.len();
    let groups = match together {
        true => groups(rows, table.rows_now(), &distinct),
        false => Vec::new(),
    };
    Ok(btree::size(&Entries {
        rows,
        columns,
        keys: index.keys,
        groups,
        fillfactor: f64::from(index.fillfactor.unwrap_or(LEAF_FILLFACTOR)),
        block: table.block,
    }))
}

/// How many rows have the same key. Of several columns it is assumed that their values come together
/// by chance.
fn groups(rows: f64, of: f64, columns: &[Option<&Statistics>]) -> Vec<Group> {
    let values = |s: &Statistics| {
        let all = if s.distinct < 0.0 { -s.distinct * of } else { s.distinct };
        all.min(rows)
    };
    if let [Some(only)] = columns {
        let mut groups = Vec::new();
        let mut left = rows;
        let mut add = |keys: f64, share: f64| {
            if share > 0.0 && keys > 0.0 {
                groups.push(Group { keys, rows: share * rows / keys });
                left -= share * rows;
            }
        };
        add(1.0, only.nulls);
        only.frequencies.iter().for_each(|f| add(1.0, f64::from(*f)));
        let keys = (values(only) - only.frequencies.len() as f64).max(1.0);
        if left >= 1.0 {
            groups.push(Group { keys: keys.min(left), rows: (left / keys).max(1.0) });
        }
        return groups;
    }
    let mut pairs = 1.0;
    for column in columns {
        let Some(s) = column else { continue };
        pairs *= (values(s) + f64::from(u8::from(s.nulls > 0.0))).max(1.0);
    }
    // Of so many combinations, those that come up when each row has one by chance.
    let keys = if pairs > rows * 50.0 { rows } else { pairs * (1.0 - (-rows / pairs).exp()) };
    let keys = keys.clamp(1.0, rows.max(1.0));
    vec![Group { keys, rows: rows / keys }]
}

fn toast_part(
    toast: &Toast,
    rows_of_table: Option<f64>,
    columns: Option<&[layout::Column]>,
    by_density: Option<f64>,
    block: f64,
) -> Part {
    let bytes = toast.bytes + toast.index_bytes;
    if let Some(expected) = by_density {
        return part(bytes, Some(expected), Basis::Density);
    }
    let Some(chunks) = rows(&toast.chunks, toast.bytes) else {
        return part(bytes, None, Basis::Unknown(Unknown::NeverAnalyzed));
    };
    // Columns of which about every value is outside are no wider than a pointer.
    let outside = columns.map(|columns| {
        let pointers = columns.iter().filter(|c| {
            c.length < 0 && (TOAST_POINTER - 1.0..=TOAST_POINTER + 2.0).contains(&c.width)
        });
        pointers.map(|c| 1.0 - c.nulls).sum::<f64>()
    });
    let values = outside.zip(rows_of_table).map(|(columns, rows)| columns * rows);
    let heap = heap::toast_size(chunks, values.filter(|v| *v >= 1.0), block);
    let column = layout::Column {
        length: 4,
        alignment: 4,
        short: false,
        nulls: 0.0,
        width: 4.0,
        constant: true,
    };
    let index = btree::size(&Entries {
        rows: chunks,
        columns: vec![column; 2],
        keys: 2,
        groups: Vec::new(),
        fillfactor: f64::from(LEAF_FILLFACTOR),
        block,
    });
    part(bytes, Some(heap + index.min(toast.index_bytes as f64)), Basis::Statistics)
}

/// What bytes a row depend on, in a form that can be kept.
fn shape<'c>(fillfactor: Option<i32>, columns: impl Iterator<Item = &'c Column>) -> String {
    let mut text = format!("{}:", fillfactor.unwrap_or(0));
    for column in columns {
        text.push_str(&format!(" {}/{}", column.length, column.alignment));
    }
    text
}

impl Table {
    fn rows_now(&self) -> f64 {
        rows(&self.rows, self.bytes).unwrap_or(0.0)
    }
}
