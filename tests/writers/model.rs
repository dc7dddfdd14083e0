//! What the table should hold: the record that writers keep of what they have committed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A row's key. Where the table's key is `id` alone, all parts are the same.
pub type Key = (i64, String);

/// The rest of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The second unique value; `span` and `grown` follow from it.
    pub u: i64,
    /// A number that is counted up.
    pub n: i64,
    /// Text, at times so long that it goes to the TOAST table.
    pub body: Option<String>,
}

/// The rows of one writer, as last committed.
pub type Rows = BTreeMap<Key, Row>;

/// The same rows as an open transaction sees them.
#[derive(Debug)]
pub struct View<'a> {
    committed: &'a Rows,
    changes: BTreeMap<Key, Option<Row>>,
}

/// The changes of a transaction.
pub type Changes = BTreeMap<Key, Option<Row>>;

impl<'a> View<'a> {
    /// Nothing is changed yet.
    pub fn new(committed: &'a Rows) -> Self {
        Self { committed, changes: Changes::new() }
    }

    /// The row of a key.
    pub fn get(&self, key: &Key) -> Option<&Row> {
        match self.changes.get(key) {
            Some(change) => change.as_ref(),
            None => self.committed.get(key),
        }
    }

    /// The first row at or after an id.
    pub fn from(&self, id: i64) -> Option<(Key, Row)> {
        let start = (id, String::new());
        let mut old =
            self.committed.range(start.clone()..).filter(|(k, _)| !self.changes.contains_key(*k));
        let new = self.changes.range(start..).filter_map(|(k, v)| v.as_ref().map(|v| (k, v)));
        let first = [old.next(), new.min_by_key(|(k, _)| *k)];
        first.into_iter().flatten().min_by_key(|(k, _)| *k).map(|(k, v)| (k.clone(), v.clone()))
    }

    /// The rows whose id lies in a range.
    pub fn within(&self, ids: RangeInclusive<i64>) -> Vec<(Key, Row)> {
        let (first, past) = ((*ids.start(), String::new()), (*ids.end() + 1, String::new()));
        let mut rows: BTreeMap<Key, Row> = self
            .committed
            .range(first.clone()..past.clone())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        for (key, change) in self.changes.range(first..past) {
            match change {
                Some(row) => rows.insert(key.clone(), row.clone()),
                None => rows.remove(key),
            };
        }
        rows.into_iter().collect()
    }

    /// Puts a row.
    pub fn put(&mut self, key: Key, row: Row) {
        self.changes.insert(key, Some(row));
    }

    /// Takes a row away.
    pub fn remove(&mut self, key: &Key) {
        self.changes.insert(key.clone(), None);
    }

    /// What to go back to.
    pub fn savepoint(&self) -> Changes {
        self.changes.clone()
    }

    /// Goes back.
    pub fn back_to(&mut self, savepoint: Changes) {
        self.changes = savepoint;
    }

    /// What to apply at COMMIT.
    pub fn into_changes(self) -> Changes {
        self.changes
    }
}

/// Applies what was committed.
pub fn apply(rows: &mut Rows, changes: Changes) {
    for (key, change) in changes {
        match change {
            Some(row) => rows.insert(key, row),
            None => rows.remove(&key),
        };
    }
}
