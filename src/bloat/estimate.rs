//! From what is counted to what is expected.

use super::btree::{self, Entries};
use super::facts::{Column, Counted, Index, Statistics, Table, Toast};
use super::groups::groups;
use super::heap::{self, Rows};
use super::layout::{self, Widths};
use super::{Basis, Densities, IndexBloat, Part, TableBloat, ToastBloat, Unknown};

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
    let toast = toast.map(|t| ToastBloat {
        oid: t.oid,
        part: toast_part(t, rows, &table.columns, per_row, table.block),
    });
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
        block: table.block,
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
    let fixed = Widths::One(f64::from(column.length));
    let (nulls, widths) = match statistics {
        _ if column.is_virtual => (1.0, Widths::One(0.0)),
        Some(s) if column.length > 0 => (s.nulls, fixed),
        Some(s) => (s.nulls, widths(column, s)),
        None if column.length > 0 && column.not_null => (0.0, fixed),
        None if column.hidden => return Err(Unknown::NotReadable),
        None => return Err(Unknown::NeverAnalyzed),
    };
    Ok(layout::Column { alignment: column.alignment, short: !column.plain, nulls, widths })
}

/// How long the values are of a column whose type leaves that open.
fn widths(column: &Column, s: &Statistics) -> Widths {
    if s.width <= 1.0 || s.distinct == 1.0 || s.is_outside() {
        return Widths::One(s.width);
    }
    let header = |length: i32| {
        let length = f64::from(length);
        if column.length < -1 {
            length + 1.0
        } else if column.plain || length > 126.0 {
            length + 4.0
        } else {
            length + 1.0
        }
    };
    let common: f64 = s.frequencies.iter().map(|f| f64::from(*f)).sum();
    let other = (1.0 - s.nulls - common).max(0.0) / (s.lengths.len().max(1)) as f64;
    let common = s.common_lengths.iter().zip(&s.frequencies);
    let mut sample: Vec<(f64, f64)> =
        common.map(|(length, share)| (header(*length), f64::from(*share))).collect();
    sample.extend(s.lengths.iter().map(|length| (header(*length), other)));
    let all: f64 = sample.iter().map(|(_, share)| share).sum();
    let mean = sample.iter().map(|(width, share)| width * share).sum::<f64>() / all;
    sample.iter_mut().for_each(|(_, share)| *share /= all);
    let first = sample.first().map_or(0.0, |(width, _)| *width);
    // Where it holds other values than the rows do, because those are compressed, outside their rows
    // or too wide to be kept, it says nothing. The mean's fraction is cut off.
    let fits = mean > s.width - 0.1 * s.width - 1.0 && mean < s.width + 1.0 + 0.1 * s.width;
    match all > 0.0 && fits {
        true if sample.iter().all(|(width, _)| *width == first) => Widths::One(first),
        true => Widths::These(sample),
        false => Widths::Mean(s.width + 0.5),
    }
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
        shape(index.fillfactor, index.columns.iter().map(|c| &c.column))
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
    let mut statistics = Vec::with_capacity(index.columns.len());
    for part in &index.columns {
        let original = table.columns.iter().find(|c| part.of != 0 && c.number == part.of);
        let mut column = part.column.clone();
        if let Some(original) = original {
            (column.not_null, column.hidden) = (original.not_null, original.hidden);
            column.statistics.clone_from(&original.statistics);
        }
        if let Some(statistics) = column.statistics.as_mut().filter(|_| part.in_condition) {
            statistics.nulls = 0.0;
        }
        columns.push(one(&column, column.statistics.as_ref())?);
        statistics.extend(column.statistics);
    }
    let kept_together = index.deduplicate
        && !index.unique
        && index.keys == index.columns.len()
        && statistics.len() == index.keys
        && index.columns.iter().all(|c| c.same_if_equal);
    let groups = match kept_together {
        true => {
            let mut numbers: Vec<i16> = index.columns.iter().map(|c| c.of).collect();
            numbers.sort_unstable();
            let counted = table.combinations.iter().find(|(of, _)| *of == numbers);
            let statistics: Vec<&Statistics> = statistics.iter().collect();
            groups(rows, table.rows_now(), &statistics, counted.map(|(_, count)| *count))
        }
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

fn toast_part(
    toast: &Toast,
    rows_of_table: Option<f64>,
    columns: &[Column],
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
    let values = rows_of_table.map(|rows| {
        let outside =
            columns.iter().filter_map(|c| c.statistics.as_ref()).filter(|s| s.is_outside());
        outside.map(|s| (1.0 - s.nulls) * rows).sum::<f64>()
    });
    let heap = heap::toast_size(chunks, values.filter(|v| *v >= 1.0), block);
    let index = btree::size(&Entries {
        rows: chunks,
        columns: vec![layout::Column::int(); 2],
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

impl Statistics {
    /// Whether about every value is outside its row: too wide to be kept, and no wider than a pointer.
    fn is_outside(&self) -> bool {
        self.wide && (TOAST_POINTER..TOAST_POINTER + 1.0).contains(&self.width)
    }
}

impl Table {
    fn rows_now(&self) -> f64 {
        rows(&self.rows, self.bytes).unwrap_or(0.0)
    }
}
