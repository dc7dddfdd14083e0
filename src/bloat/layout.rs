//! How many bytes the columns of a row take, one after the other ("Database Page Layout" and "Data
//! Layout in Tables", PostgreSQL manual, chapter Database Physical Storage).
//!
//! A column begins where its type's alignment lets it, so what a row takes depends on which of its
//! columns are null and how long those before are. Instead of rows there is a distribution: how likely
//! each offset, modulo the largest alignment, is, with the mean and the spread of the bytes up to it.

/// What pages, rows and index entries begin on a multiple of: `MAXALIGN` on all that PostgreSQL is built
/// for today.
pub const ALIGN: usize = 8;

/// Rounds up to a multiple of [`ALIGN`].
pub fn aligned(bytes: f64) -> f64 {
    (bytes / ALIGN as f64).ceil() * ALIGN as f64
}

/// The longest value with a header of one byte, header included.
const SHORT: f64 = 127.0;

/// A column as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its type's alignment.
    pub alignment: usize,
    /// Whether a header of one byte, which needs no alignment, may stand for the usual four.
    pub short: bool,
    /// How many of its values are null.
    pub nulls: f64,
    /// How long the others are, headers included.
    pub widths: Widths,
}

/// How long values are.
#[derive(Debug, Clone, PartialEq)]
pub enum Widths {
    /// All alike.
    One(f64),
    /// Of this mean, and nothing else is known. They are taken to be spread evenly over half the mean to
    /// half as much again, so that, but for very short ones, no remainder is likelier than another.
    Mean(f64),
    /// So long, so often.
    These(Vec<(f64, f64)>),
}

impl Column {
    /// A column of four bytes that is never null.
    pub fn int() -> Self {
        Self { alignment: 4, short: false, nulls: 0.0, widths: Widths::One(4.0) }
    }
}

/// The mean and the variance of the bytes of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bytes {
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

/// One class of offsets: those that leave the same remainder.
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    /// How likely it is.
    share: f64,
    /// The mean, times the share.
    sum: f64,
    /// The mean of the squares, times the share.
    squares: f64,
}

impl Class {
    fn add(&mut self, from: &Self, part: f64, bytes: f64) {
        self.share += part * from.share;
        self.sum += part * (from.sum + bytes * from.share);
        self.squares += part * (from.squares + 2.0 * bytes * from.sum + bytes * bytes * from.share);
    }
}

/// What the columns of a row come to, rounded up to [`ALIGN`].
pub fn bytes(columns: &[Column]) -> Bytes {
    let mut classes = [Class::default(); ALIGN];
    classes[0].share = 1.0;
    for column in columns {
        let mut next = [Class::default(); ALIGN];
        let widths = column.widths.all();
        for (offset, class) in classes.iter().enumerate().filter(|(_, class)| class.share > 0.0) {
            next[offset].add(class, column.nulls, 0.0);
            for (width, part) in &widths {
                let bytes = padding(column, *width, offset) as f64 + width;
                let part = part * (1.0 - column.nulls);
                next[(offset + bytes as usize) % ALIGN].add(class, part, bytes);
            }
        }
        classes = next;
    }
    let mut whole = Class::default();
    for (offset, class) in classes.iter().enumerate() {
        whole.add(class, 1.0, ((ALIGN - offset) % ALIGN) as f64);
    }
    let (mean, squares) = (whole.sum / whole.share, whole.squares / whole.share);
    Bytes { mean, variance: (squares - mean * mean).max(0.0) }
}

fn padding(column: &Column, width: f64, offset: usize) -> usize {
    let none = column.alignment <= 1 || (column.short && width <= SHORT);
    if none { 0 } else { (column.alignment - offset % column.alignment) % column.alignment }
}

impl Widths {
    /// Whole bytes, and how likely each is.
    fn all(&self) -> Vec<(f64, f64)> {
        const STEPS: u32 = 16;
        match self {
            Self::One(width) => vec![(width.round(), 1.0)],
            Self::These(widths) => widths.clone(),
            Self::Mean(mean) => {
                let least = (mean / 2.0).max(1.0).min(*mean);
                let step = 2.0 * (mean - least) / f64::from(STEPS);
                let width = |i: u32| {
                    let width = least + step * (f64::from(i) + 0.5);
                    // What is cut off in one is added in the next.
                    if i.is_multiple_of(2) { width.floor() } else { width.ceil() }
                };
                (0..STEPS).map(|i| (width(i), 1.0 / f64::from(STEPS))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(length: i16, alignment: usize) -> Column {
        Column { alignment, short: false, nulls: 0.0, widths: Widths::One(f64::from(length)) }
    }

    #[test]
    fn columns_are_padded_in_their_order() {
        let (bool, int, bigint) = (fixed(1, 1), fixed(4, 4), fixed(8, 8));
        assert_eq!(bytes(&[]).mean, 0.0);
        let row =
            |columns: &[&Column]| bytes(&columns.iter().map(|c| (*c).clone()).collect::<Vec<_>>());
        assert_eq!(row(&[&bool, &bigint, &bool, &bigint]).mean, 32.0);
        assert_eq!(row(&[&bigint, &bigint, &bool, &bool]).mean, 24.0);
        assert_eq!(row(&[&bool, &int, &bool]).mean, 16.0);
        assert_eq!(row(&[&bool, &int, &bool]).variance, 0.0);
    }

    #[test]
    fn a_null_takes_nothing_and_leaves_the_next_where_it_is() {
        let half = Column { nulls: 0.5, ..fixed(1, 1) };
        let found = bytes(&[half, fixed(8, 8)]);
        assert_eq!((found.mean, found.variance), (12.0, 16.0));
    }

    #[test]
    fn short_values_need_no_alignment() {
        let text = |widths| Column { alignment: 4, short: true, nulls: 0.0, widths };
        assert_eq!(bytes(&[fixed(1, 1), text(Widths::One(127.0))]).mean, 128.0);
        assert_eq!(bytes(&[fixed(1, 1), text(Widths::One(132.0))]).mean, 136.0);
        let two = Widths::These(vec![(7.0, 0.5), (8.0, 0.5)]);
        assert_eq!(bytes(&[fixed(1, 1), text(two)]).mean, 12.0);
        // Of any remainder: half the alignment more, less half a byte.
        let spread = bytes(&[text(Widths::Mean(64.0))]).mean;
        assert!((spread - 67.5).abs() < 0.6, "{spread}");
    }
}
