//! Builders of the SQL that repackd generates. Pure: a description goes in, statements come out.
//!
//! Values are bound where the protocol allows it; identifiers cannot be, so they go through
//! [`crate::names`].

pub mod attached;
pub mod capture;
pub mod copy;
pub mod drain;
pub mod exchange;
pub mod family;
pub mod grants;
pub mod indexes;
pub mod matviews;
pub mod options;
pub mod respell;
pub mod schemas;
pub mod script;
pub mod shadow;
pub mod verify;

use crate::catalog::{Key, TableDescription};
use crate::names::{QualifiedName, RunNames, ident};

/// What all builders need to know of one run.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The original.
    pub table: QualifiedName,
    /// Its OID, after which the run's schemas are called.
    pub oid: u32,
    /// The schemas.
    pub names: RunNames,
    /// The table as described when the run began.
    pub description: TableDescription,
    /// How a row is identified.
    pub key: Key,
}

impl Subject {
    /// The run of the table with this OID.
    pub fn new(oid: u32, description: TableDescription, key: Key) -> Self {
        Self { table: description.name(), oid, names: RunNames::new(oid), description, key }
    }

    /// The shadow: the table's own name in the run's schema.
    pub fn shadow(&self) -> QualifiedName {
        QualifiedName::new(&self.names.new, &self.table.name)
    }

    /// The key log, as SQL.
    pub fn log(&self) -> String {
        self.names.work_sql("log")
    }

    /// The owner as SQL.
    pub fn owner(&self) -> String {
        ident(&self.description.relation.owner)
    }

    /// `"a", "b", …`: the columns that are copied.
    fn columns(&self) -> String {
        let columns: Vec<_> = self.description.copied_columns().map(|c| ident(&c.name)).collect();
        columns.join(", ")
    }

    /// The columns that are copied, each with a table alias in front.
    fn columns_of(&self, alias: &str) -> String {
        let columns: Vec<_> = self
            .description
            .copied_columns()
            .map(|c| format!("{alias}.{}", ident(&c.name)))
            .collect();
        columns.join(", ")
    }

    /// `k1, k2, …`: the key columns as the log names them.
    fn log_key(&self) -> String {
        let columns: Vec<_> = (1..=self.key.columns.len()).map(|i| format!("k{i}")).collect();
        columns.join(", ")
    }

    /// A subquery: each key in the rows of the log that meet a condition, once.
    fn logged_keys(&self, condition: &str) -> String {
        let (list, log) = (self.log_key(), self.log());
        if self.key.columns.iter().all(|c| c.less.is_empty()) {
            return format!("(SELECT DISTINCT {list} FROM {log} WHERE {condition})");
        }
        // DISTINCT ON takes equality from the operator class that ORDER BY names. Another one might
        // take two keys for the same, and lose one.
        let order: Vec<_> = self
            .key
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| match c.less.as_str() {
                "" => format!("k{}", i + 1),
                less => format!("k{} USING {less}", i + 1),
            })
            .collect();
        format!(
            "(SELECT DISTINCT ON ({list}) {list} FROM {log} WHERE {condition} ORDER BY {})",
            order.join(", ")
        )
    }

    /// The condition that a row of `table` has the key in the log row `log`.
    fn key_matches(&self, table: &str, log: &str) -> String {
        let terms: Vec<_> = self
            .key
            .columns
            .iter()
            .enumerate()
            .map(|(i, c)| {
                format!("{table}.{} {} {log}.k{}{}", ident(&c.name), c.equality, i + 1, c.collate())
            })
            .collect();
        terms.join(" AND ")
    }
}
