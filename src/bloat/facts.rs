//! What the catalog and the server's counters say, table by table.

use crate::error::{Error, Result};
use crate::names::QualifiedName;
use crate::pg::{READ_ONLY, Session, transaction};
use std::collections::HashMap;
use std::time::Duration;
use tokio_postgres::{Client, Row, types::Type};

const TABLES: &str = include_str!("sql/tables.sql");
const COLUMNS: &str = include_str!("sql/columns.sql");
const INDEXES: &str = include_str!("sql/indexes.sql");
const COMBINATIONS: &str = include_str!("sql/combinations.sql");
const INDEX_COLUMNS: &str = include_str!("sql/index_columns.sql");

/// Which tables to look at.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Their OIDs; empty: all that are not the system's or repackd's own.
    pub oids: Vec<u32>,
    /// Those that are smaller, indexes and all, are left out.
    pub least: i64,
}

/// The rows of a relation, as they are counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// By the last VACUUM, ANALYZE or index build; negative: never.
    pub reltuples: f32,
    /// By the running count.
    pub live: i64,
    /// Whether that began with a count of what was there.
    pub whole: bool,
}

/// A column of a table or of an index.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its number.
    pub number: i16,
    /// Its type's length; negative if that varies.
    pub length: i16,
    /// Its type's alignment.
    pub alignment: usize,
    /// Whether its values always have the long header and are never compressed.
    pub plain: bool,
    /// Whether it is declared NOT NULL.
    pub not_null: bool,
    /// Whether it is computed on reading, and nothing is stored.
    pub is_virtual: bool,
    /// Whether the login may not see its statistics.
    pub hidden: bool,
    /// The planner's statistics.
    pub statistics: Option<Statistics>,
}

/// The planner's statistics of a column.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// The share of nulls.
    pub nulls: f64,
    /// The mean length of the others, cut off to whole bytes.
    pub width: f64,
    /// How many values there are; negative: in relation to the rows.
    pub distinct: f64,
    /// How frequent the most common ones are.
    pub frequencies: Vec<f32>,
    /// The lengths of the most common ones, if it is text.
    pub common_lengths: Vec<i32>,
    /// The lengths of a sample of the others, if it is text.
    pub lengths: Vec<i32>,
    /// Whether all values were too wide for the statistics to keep any.
    pub wide: bool,
}

/// An index.
#[derive(Debug, Clone)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its access method.
    pub method: String,
    /// Whether it is unique.
    pub unique: bool,
    /// Whether it has not all rows.
    pub partial: bool,
    /// How many of its columns are compared.
    pub keys: usize,
    /// What its leaves are filled to, if that is set.
    pub fillfactor: Option<i32>,
    /// Whether equal keys may be kept together.
    pub deduplicate: bool,
    /// Its entries by the last count; negative: never.
    pub reltuples: f32,
    /// Its size.
    pub bytes: i64,
    /// Its columns.
    pub columns: Vec<IndexColumn>,
}

/// A column of an index.
#[derive(Debug, Clone)]
pub struct IndexColumn {
    /// The number of the table's column it is; 0: it is an expression.
    pub of: i16,
    /// Whether equal values are the same bytes.
    pub same_if_equal: bool,
    /// Whether a partial index's condition is about it.
    pub in_condition: bool,
    /// It, as it is in the index.
    pub column: Column,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its OID.
    pub oid: u32,
    /// Its name.
    pub name: QualifiedName,
    /// The size of a page.
    pub block: f64,
    /// What its pages are filled to, if that is set.
    pub fillfactor: Option<i32>,
    /// Its rows.
    pub rows: Counted,
    /// Those that are dead.
    pub dead: i64,
    /// The size of its heap.
    pub bytes: i64,
    /// Its TOAST table.
    pub toast: Option<Toast>,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// How many combinations of values there are of columns, by their numbers, where that was counted.
    pub combinations: Vec<(Vec<i16>, f64)>,
    /// Its indexes.
    pub indexes: Vec<Index>,
}

/// A TOAST table.
#[derive(Debug, Clone, Copy)]
pub struct Toast {
    /// Its OID.
    pub oid: u32,
    /// Its chunks.
    pub chunks: Counted,
    /// Its size.
    pub bytes: i64,
    /// That of its index.
    pub index_bytes: i64,
}

/// Reads them in one snapshot. With `exact`, sizes are asked for, which may have to wait for a lock.
pub async fn read(
    session: &Session,
    scope: &Scope,
    exact: bool,
    wait: Duration,
) -> Result<Vec<Table>> {
    transaction(session, READ_ONLY, async |client| {
        let set = format!("SET LOCAL lock_timeout = {}", wait.as_millis().max(1));
        client.batch_execute(&set).await.map_err(Error::sql("setting lock_timeout"))?;
        within(client, scope, exact).await
    })
    .await
}

/// Reads them in a transaction that has been begun.
pub async fn within(client: &Client, scope: &Scope, exact: bool) -> Result<Vec<Table>> {
    let failed = || Error::sql("reading what the server counts of its tables");
    let rows = client
        .query_typed(TABLES, &[(&scope.oids, Type::OID_ARRAY), (&exact, Type::BOOL)])
        .await
        .map_err(failed())?;
    let mut tables = HashMap::with_capacity(rows.len());
    for row in &rows {
        let table = table(row).map_err(failed())?;
        let indexes: i64 =
            row.try_get::<_, Option<i64>>("about_indexes").map_err(failed())?.unwrap_or(0);
        let toast = table.toast.map_or(0, |t| t.bytes);
        if table.bytes + toast + indexes >= scope.least {
            tables.insert(table.oid, table);
        }
    }
    let oids: Vec<u32> = tables.keys().copied().collect();
    columns(client, &oids, &mut tables).await?;
    combinations(client, &oids, &mut tables).await?;
    indexes(client, &oids, exact, &mut tables).await?;
    Ok(tables.into_values().collect())
}

async fn columns(client: &Client, oids: &[u32], tables: &mut HashMap<u32, Table>) -> Result<()> {
    let failed = || Error::sql("reading the statistics of columns");
    let rows = client.query_typed(COLUMNS, &[(&oids, Type::OID_ARRAY)]).await.map_err(failed())?;
    for row in &rows {
        let table: u32 = row.try_get("table").map_err(failed())?;
        let mut one = column(row).map_err(failed())?;
        let read = || -> Result<_, tokio_postgres::Error> {
            Ok((row.try_get("not_null")?, row.try_get("virtual")?, row.try_get("hidden")?))
        };
        (one.not_null, one.is_virtual, one.hidden) = read().map_err(failed())?;
        if let Some(table) = tables.get_mut(&table) {
            table.columns.push(one);
        }
    }
    for table in tables.values_mut() {
        table.columns.sort_by_key(|c| c.number);
    }
    Ok(())
}

async fn combinations(
    client: &Client,
    oids: &[u32],
    tables: &mut HashMap<u32, Table>,
) -> Result<()> {
    let failed = || Error::sql("reading extended statistics");
    let rows =
        client.query_typed(COMBINATIONS, &[(&oids, Type::OID_ARRAY)]).await.map_err(failed())?;
    for row in &rows {
        let table: u32 = row.try_get("table").map_err(failed())?;
        let counts: &str = row.try_get("counts").map_err(failed())?;
        let counts: HashMap<String, f64> = serde_json::from_str(counts).unwrap_or_default();
        if let Some(table) = tables.get_mut(&table) {
            // Numbers below zero are expressions; of those there is no telling which they are.
            let counts = counts.into_iter().filter_map(|(numbers, count)| {
                let numbers: Result<Vec<i16>, _> =
                    numbers.split(',').map(|n| n.trim().parse()).collect();
                Some((numbers.ok().filter(|n| n.iter().all(|n| *n > 0))?, count))
            });
            table.combinations.extend(counts);
        }
    }
    Ok(())
}

async fn indexes(
    client: &Client,
    oids: &[u32],
    exact: bool,
    tables: &mut HashMap<u32, Table>,
) -> Result<()> {
    let failed = || Error::sql("reading the indexes");
    let rows = client
        .query_typed(INDEXES, &[(&oids, Type::OID_ARRAY), (&exact, Type::BOOL)])
        .await
        .map_err(failed())?;
    let parts =
        client.query_typed(INDEX_COLUMNS, &[(&oids, Type::OID_ARRAY)]).await.map_err(failed())?;
    let mut columns: HashMap<u32, Vec<IndexColumn>> = HashMap::new();
    for row in &parts {
        let read = || -> Result<_, tokio_postgres::Error> {
            let column = IndexColumn {
                of: row.try_get("of")?,
                same_if_equal: row.try_get("same_if_equal")?,
                in_condition: row.try_get("in_condition")?,
                column: column(row)?,
            };
            Ok((row.try_get::<_, u32>("index")?, column))
        };
        let (index, column) = read().map_err(failed())?;
        columns.entry(index).or_default().push(column);
    }
    for row in &rows {
        let mut read = || -> Result<_, tokio_postgres::Error> {
            let oid: u32 = row.try_get("oid")?;
            let mut columns = columns.remove(&oid).unwrap_or_default();
            columns.sort_by_key(|c| c.column.number);
            let index = Index {
                name: row.try_get("name")?,
                method: row.try_get("method")?,
                unique: row.try_get("unique")?,
                partial: row.try_get("partial")?,
                keys: usize::try_from(row.try_get::<_, i16>("keys")?).unwrap_or(0),
                fillfactor: row.try_get("fillfactor")?,
                deduplicate: row.try_get("deduplicate")?,
                reltuples: row.try_get("reltuples")?,
                bytes: row.try_get("bytes")?,
                columns,
            };
            Ok((row.try_get::<_, u32>("table")?, index))
        };
        let (table, index) = read().map_err(failed())?;
        if let Some(table) = tables.get_mut(&table) {
            table.indexes.push(index);
        }
    }
    for table in tables.values_mut() {
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(())
}

fn table(row: &Row) -> Result<Table, tokio_postgres::Error> {
    let toast = if let Some(oid) = row.try_get("toast")? {
        Some(Toast {
            oid,
            chunks: Counted {
                reltuples: row.try_get("toast_reltuples")?,
                live: row.try_get("toast_live")?,
                whole: row.try_get("toast_counted")?,
            },
            bytes: row.try_get("toast_bytes")?,
            index_bytes: row.try_get::<_, Option<i64>>("toast_index_bytes")?.unwrap_or(0),
        })
    } else {
        None
    };
    Ok(Table {
        oid: row.try_get("oid")?,
        name: QualifiedName::new(
            row.try_get::<_, String>("schema")?,
            row.try_get::<_, String>("name")?,
        ),
        block: row.try_get::<_, i64>("block")? as f64,
        fillfactor: row.try_get("fillfactor")?,
        rows: Counted {
            reltuples: row.try_get("reltuples")?,
            live: row.try_get("live")?,
            whole: row.try_get("counted")?,
        },
        dead: row.try_get("dead")?,
        bytes: row.try_get("bytes")?,
        toast,
        columns: Vec::new(),
        combinations: Vec::new(),
        indexes: Vec::new(),
    })
}

/// What columns of tables and of indexes have in common.
fn column(row: &Row) -> Result<Column, tokio_postgres::Error> {
    let statistics = match row.try_get::<_, Option<f32>>("null_frac")? {
        Some(nulls) => Some(Statistics {
            nulls: f64::from(nulls),
            width: f64::from(row.try_get::<_, i32>("avg_width")?),
            distinct: f64::from(row.try_get::<_, f32>("n_distinct")?),
            frequencies: row.try_get::<_, Option<_>>("frequencies")?.unwrap_or_default(),
            common_lengths: row.try_get::<_, Option<_>>("common_lengths")?.unwrap_or_default(),
            lengths: row.try_get::<_, Option<_>>("lengths")?.unwrap_or_default(),
            wide: row.try_get("wide")?,
        }),
        None => None,
    };
    let alignment = match row.try_get::<_, &str>("alignment")? {
        "d" => 8,
        "i" => 4,
        "s" => 2,
        _ => 1,
    };
    Ok(Column {
        number: row.try_get("number")?,
        length: row.try_get("length")?,
        alignment,
        plain: row.try_get::<_, &str>("storage")? == "p",
        not_null: false,
        is_virtual: false,
        hidden: false,
        statistics,
    })
}
