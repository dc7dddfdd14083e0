//! What a client knows of its rows: its own record of what the table must hold.

use std::collections::HashMap;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The columns of an order other than its key, as text wherever PostgreSQL's own text is exact.
pub const COLUMNS: &str = "reference, customer_id, status, amount::text, details::text, note, \
                           tags::text, placed_at::text";

/// All columns of an order but its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    pub reference: String,
    pub customer: i64,
    pub status: String,
    pub amount: String,
    pub details: String,
    pub note: Option<String>,
    pub tags: String,
    pub placed_at: String,
}

impl Order {
    /// Reads [`COLUMNS`], the first of which is number `first` of the row.
    pub fn from_row(row: &Row, first: usize) -> Self {
        Self {
            reference: row.get(first),
            customer: row.get(first + 1),
            status: row.get(first + 2),
            amount: row.get(first + 3),
            details: row.get(first + 4),
            note: row.get(first + 5),
            tags: row.get(first + 6),
            placed_at: row.get(first + 7),
        }
    }

    /// The values for a statement's first eight parameters.
    pub fn parameters(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.reference,
            &self.customer,
            &self.status,
            &self.amount,
            &self.details,
            &self.note,
            &self.tags,
            &self.placed_at,
        ]
    }
}

/// The rows of one client by key, with a way back for transactions that do not commit.
#[derive(Default)]
pub struct Record {
    /// Every key the client ever used. `None`: there must be no such row.
    rows: HashMap<i64, Option<Order>>,
    /// The same keys in an order in which one can be picked.
    keys: Vec<i64>,
    /// What the current transaction replaced, oldest first.
    replaced: Vec<(i64, Option<Order>)>,
}

impl Record {
    /// The row that must be there under this key now.
    pub fn get(&self, key: i64) -> Option<&Order> {
        self.rows.get(&key).and_then(Option::as_ref)
    }

    /// Notes that the row of `key` is now this one, or is gone.
    pub fn set(&mut self, key: i64, order: Option<Order>) {
        let before = self.rows.insert(key, order);
        if before.is_none() {
            self.keys.push(key);
        }
        self.replaced.push((key, before.flatten()));
    }

    /// Every key ever used.
    pub fn keys(&self) -> &[i64] {
        &self.keys
    }

    /// A place in the transaction to go [`back_to`](Self::back_to).
    pub fn savepoint(&self) -> usize {
        self.replaced.len()
    }

    /// Undoes everything since the savepoint; 0 is the start of the transaction.
    pub fn back_to(&mut self, savepoint: usize) {
        while self.replaced.len() > savepoint {
            if let Some((key, order)) = self.replaced.pop() {
                self.rows.insert(key, order);
            }
        }
    }

    /// The transaction has committed.
    pub fn commit(&mut self) {
        self.replaced.clear();
    }

    /// How many rows must be there.
    pub fn live(&self) -> usize {
        self.rows.values().flatten().count()
    }
}
