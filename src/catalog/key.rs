//! The key: the columns that identify a row in both tables.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use tokio_postgres::{GenericClient, types::Type};

const KEYS: &str = include_str!("sql/keys.sql");

/// The columns of the primary key, or of another unique index that always identifies a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The index it comes from.
    pub index: String,
    /// Whether that is the primary key's.
    pub primary: bool,
    /// Whether the index is a btree. If not (WITHOUT OVERLAPS), drains need a helper index.
    pub btree: bool,
    /// Its columns, in index order.
    pub columns: Vec<KeyColumn>,
}

/// One column of the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    /// Its name in the table.
    pub name: String,
    /// Its type without modifiers and domains, as SQL.
    pub r#type: String,
    /// The index's collation for it, as SQL; empty for types without one.
    pub collation: String,
    /// `OPERATOR(schema.=)`: equality as the index sees it.
    pub equality: String,
    /// `OPERATOR(schema.<)`, if equality is not what DISTINCT takes it for.
    pub less: String,
}

impl KeyColumn {
    /// ` COLLATE …`, or nothing for types without collations.
    pub fn collate(&self) -> String {
        if self.collation.is_empty() {
            String::new()
        } else {
            format!(" COLLATE {}", self.collation)
        }
    }
}

impl Key {
    /// The columns, for people.
    pub fn readable(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|c| crate::names::readable(&c.name)).collect();
        format!("({})", names.join(", "))
    }
}

/// The best key of the table, if it has one.
pub async fn choose(client: &impl GenericClient, oid: u32) -> Result<Option<Key>> {
    let sql = Error::sql("looking for a key");
    let rows = client.query_typed(KEYS, &[(&oid, Type::OID)]).await.map_err(sql)?;
    let Some(row) = rows.first() else { return Ok(None) };
    let get = |column: &str| {
        row.try_get::<_, Vec<String>>(column).map_err(Error::sql("looking for a key"))
    };
    let (names, types) = (get("columns")?, get("types")?);
    let (collations, equality) = (get("collations")?, get("equality")?);
    let less = get("less")?;
    let columns = names
        .into_iter()
        .zip(types)
        .zip(collations.into_iter().zip(equality.into_iter().zip(less)))
        .map(|((name, r#type), (collation, (equality, less)))| KeyColumn {
            name,
            r#type,
            collation,
            equality,
            less,
        })
        .collect();
    Ok(Some(Key {
        index: row.get("index"),
        primary: row.get("primary"),
        btree: row.get("btree"),
        columns,
    }))
}
