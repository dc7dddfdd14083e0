//! How many rows of an index have the same key. Equal keys are kept together, so the size goes by it.

use super::facts::Statistics;

/// So many keys that so many rows each have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// The keys.
    pub keys: f64,
    /// The rows of each.
    pub rows: f64,
    /// Whether the key is the null of the only column.
    pub null: bool,
}

impl Group {
    /// Keys that are not null, or of several columns.
    pub fn new(keys: f64, rows: f64) -> Self {
        Self { keys, rows, null: false }
    }
}

/// How many of a column's common values are looked at one by one when there are several columns.
const COMMON: usize = 30;

/// The groups of `rows` entries over these columns. `of` is how many rows the statistics are about,
/// `together` how many combinations there are of all columns, if somebody has counted them.
///
/// The values of several columns are taken to come together by chance. Where they do not, there are
/// more equal keys than that, and the index is expected to be larger than it has to be.
pub fn groups(rows: f64, of: f64, columns: &[&Statistics], together: Option<f64>) -> Vec<Group> {
    let all: Vec<Vec<Group>> = columns.iter().map(|s| column(rows, of, s)).collect();
    let count = |groups: &[Group]| groups.iter().map(|g| g.keys).sum::<f64>();
    if let Some(keys) = together.filter(|_| columns.len() > 1) {
        let keys = keys.clamp(1.0, rows.max(1.0));
        return vec![Group::new(keys, rows / keys)];
    }
    let mut most: Vec<Group> = Vec::new();
    let mut combined = vec![Group::new(1.0, rows)];
    for groups in all {
        combined = combine(rows, &combined, &fewer(groups.clone()));
        if count(&groups) > count(&most) {
            most = groups;
        }
    }
    // There are at least as many combinations as values of one column.
    if count(&combined) > count(&most) && columns.len() > 1 { combined } else { most }
}

/// The values of one column.
fn column(rows: f64, of: f64, statistics: &Statistics) -> Vec<Group> {
    let mut groups = Vec::with_capacity(statistics.frequencies.len() + 2);
    let mut left = rows;
    let common = statistics.frequencies.iter().map(|f| f64::from(*f));
    for (place, share) in std::iter::once(statistics.nulls).chain(common).enumerate() {
        if share * rows >= 1.0 {
            groups.push(Group { null: place == 0, ..Group::new(1.0, share * rows) });
            left -= share * rows;
        }
    }
    let distinct = match statistics.distinct {
        relative if relative < 0.0 => -relative * of,
        absolute => absolute,
    };
    let keys = (distinct - statistics.frequencies.len() as f64).clamp(1.0, left.max(1.0));
    if left >= 0.5 || groups.is_empty() {
        groups.push(Group::new(keys, (left / keys).max(1.0)));
    }
    groups
}

/// Puts all but the most common values together.
fn fewer(mut groups: Vec<Group>) -> Vec<Group> {
    groups.sort_by(|a, b| b.rows.total_cmp(&a.rows));
    if groups.len() > COMMON {
        let rest = groups.split_off(COMMON);
        let keys: f64 = rest.iter().map(|g| g.keys).sum();
        let rows: f64 = rest.iter().map(|g| g.keys * g.rows).sum();
        groups.push(Group::new(keys, rows / keys));
    }
    groups
}

/// Each key of one with each of the other, as far as any of the rows has both.
fn combine(rows: f64, one: &[Group], other: &[Group]) -> Vec<Group> {
    let mut pairs = Vec::with_capacity(one.len() * other.len());
    for a in one {
        for b in other {
            let expected = a.rows * b.rows / rows.max(1.0);
            // None of them may have been drawn.
            let drawn = -(-expected).exp_m1();
            if drawn > 0.0 {
                pairs.push(Group::new(a.keys * b.keys * drawn, expected / drawn));
            }
        }
    }
    fewer(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(distinct: f64, frequencies: &[f32]) -> Statistics {
        let frequencies = frequencies.to_vec();
        Statistics { distinct, frequencies, ..Statistics::default() }
    }

    fn total(groups: &[Group]) -> (f64, f64) {
        let rows: f64 = groups.iter().map(|g| g.keys * g.rows).sum();
        (groups.iter().map(|g| g.keys).sum(), rows.round())
    }

    #[test]
    fn one_column_has_its_common_values_and_the_others() {
        let found = groups(1000.0, 1000.0, &[&values(101.0, &[0.5])], None);
        assert_eq!(found, [Group::new(1.0, 500.0), Group::new(100.0, 5.0)]);
        let unique = groups(1000.0, 1000.0, &[&values(-1.0, &[])], None);
        assert_eq!(unique, [Group::new(1000.0, 1.0)]);
        let half = Statistics { nulls: 0.5, ..values(-0.5, &[]) };
        let null = Group { null: true, ..Group::new(1.0, 500.0) };
        assert_eq!(groups(1000.0, 1000.0, &[&half], None), [null, Group::new(500.0, 1.0)]);
    }

    #[test]
    fn several_come_together_by_chance() {
        let (ten, unique) = (values(10.0, &[]), values(-1.0, &[]));
        let (keys, rows) = total(&groups(1e5, 1e5, &[&ten, &ten], None));
        assert_eq!((keys.round(), rows), (100.0, 100_000.0));
        // No row twice, with whatever else there is.
        assert_eq!(total(&groups(1e5, 1e5, &[&ten, &unique], None)), (1e5, 1e5));
        assert_eq!(total(&groups(1e5, 1e5, &[&ten, &ten], Some(10.0))), (10.0, 1e5));
    }
}
