//! What there can be in a schema.

use super::types::Type;
use repackd::names::ident;

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, quoted.
    pub name: String,
    /// Its type and values.
    pub r#type: Type,
    /// Whether clients give it a value.
    pub written: bool,
    /// Whether it is an identity column, which is nobody's but its own table's.
    pub identity: bool,
}

impl Column {
    /// The value for a number, an expression.
    pub fn value(&self, number: &str) -> String {
        self.r#type.value.replace("{i}", number)
    }

    /// Whether its values can be long enough to be compressed or put elsewhere.
    pub fn is_long(&self) -> bool {
        const LONG: [&str; 9] =
            ["text", "numeric", "character", "bytea", "json", "path", "polygon", "tsvector", "bit"];
        let sql = self.r#type.sql.as_str();
        (LONG.iter().any(|l| sql.starts_with(l)) || sql.contains("[]")) && sql != "jsonpath"
    }

    /// Whether its type can all that (see [`Type`]).
    pub fn can(&self, what: char) -> bool {
        self.r#type.can.contains(what)
    }
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its schema's name.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner: &'static str,
    /// Columns. The first is the number of the row.
    pub columns: Vec<Column>,
    /// The columns that are unique together, as foreign keys may refer to them.
    pub unique: Vec<Vec<String>>,
    /// The columns of the primary key.
    pub primary: Option<Vec<String>>,
    /// The columns that may not go, since the key needs them.
    pub held: Vec<String>,
    /// Whether it is partitioned.
    pub partitioned: bool,
    /// Whether it is a partition.
    pub partition: bool,
    /// The tables it inherits from, or the one it is a partition of.
    pub parents: Vec<usize>,
    /// The tables that inherit from it, or its partitions.
    pub children: Vec<usize>,
}

impl Table {
    /// One that has nothing yet but its columns.
    pub fn new(schema: String, name: String, owner: &'static str, columns: Vec<Column>) -> Self {
        Self {
            schema,
            name,
            owner,
            columns,
            unique: Vec::new(),
            primary: None,
            held: Vec::new(),
            partitioned: false,
            partition: false,
            parents: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Its name as SQL.
    pub fn sql(&self) -> String {
        format!("{}.{}", ident(&self.schema), ident(&self.name))
    }

    /// The column with the number of the row.
    pub fn number(&self) -> &str {
        &self.columns[0].name
    }
}

/// A view or a materialized view.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name as SQL.
    pub sql: String,
    /// Who owns it.
    pub owner: &'static str,
    /// Its first column, a number.
    pub column: String,
    /// Whether it takes writes.
    pub writable: bool,
    /// Whether it is materialized.
    pub materialized: bool,
    /// Whether what it shows is as old as a REFRESH: it is materialized, or reads one that is.
    pub aged: bool,
    /// Whether it says which table each row is from, or reads one that does.
    pub labelled: bool,
}

/// A statement that clients may run.
#[derive(Debug, Clone)]
pub struct Call {
    /// It.
    pub sql: String,
    /// Whether what it gives is as old as a REFRESH.
    pub aged: bool,
}
