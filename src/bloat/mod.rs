//! How large tables are, and how large they would be just after a repack.
//!
//! [`measure`] looks at every table of a database with a handful of statements, none of which reads a
//! table. What a heap, an index or a TOAST table should take follows, best first, from
//!
//! 1. its [`Density`]: bytes a row, measured after an earlier repack;
//! 2. what [`probe`] finds in the pages themselves, where an extension for that is installed;
//! 3. a formula, from the planner's statistics ([`heap`], [`btree`], [`layout`]).
//!
//! Where none of them can tell, it is unknown, and [`Basis::Unknown`] says why: never taken for none.
//!
//! The formulas know what a page, a row and an entry are made of. They do not know how the lengths of a
//! column vary, which columns are null together, or which values come together in an index over
//! several; `tests/bloat.rs` shows what that costs.

pub mod btree;
mod density;
mod estimate;
mod facts;
mod groups;
pub mod heap;
pub mod layout;
mod pages;
pub mod probe;

pub use density::{Densities, Density, density};
pub use facts::Scope;

use crate::error::{Error, Result};
use crate::job::Sizes;
use crate::names::{QualifiedName, ident};
use crate::pg::Session;
use crate::schedule::Candidate;
use std::time::Duration;
use tokio_postgres::Client;

/// What an expected size rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// Bytes a row, measured after an earlier repack.
    Density,
    /// The planner's statistics.
    Statistics,
    /// `pgstattuple_approx`.
    Pgstattuple,
    /// The free space map, through `pg_freespace`.
    Freespace,
    /// Nothing can tell, and why.
    Unknown(Unknown),
}

/// Why nothing can tell what a size should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// There are no statistics of some column, or no count of rows.
    NeverAnalyzed,
    /// The login may not read some column, so it may not see its statistics.
    NotReadable,
    /// There is no formula for this access method; a repack leaves a density.
    AccessMethod,
}

impl Basis {
    /// Its name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Density => "density",
            Self::Statistics => "statistics",
            Self::Pgstattuple => "pgstattuple",
            Self::Freespace => "freespace",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl Unknown {
    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::NeverAnalyzed => "never_analyzed",
            Self::NotReadable => "not_readable",
            Self::AccessMethod => "access_method",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NeverAnalyzed => "never analyzed",
            Self::NotReadable => "statistics not readable",
            Self::AccessMethod => "no formula for its access method",
        }
    }
}

/// A heap, an index or a TOAST table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its size now.
    pub bytes: i64,
    /// What it would be just after a repack; never more than it is.
    pub expected: Option<i64>,
    /// What that rests on.
    pub basis: Basis,
}

impl Part {
    /// Bytes to gain, if anybody knows.
    pub fn bloat(&self) -> Option<i64> {
        self.expected.map(|expected| (self.bytes - expected).max(0))
    }
}

/// An index.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexBloat {
    /// Its name, without the schema, which is its table's.
    pub name: String,
    /// Its access method.
    pub method: String,
    /// Its entries, as far as they are counted.
    pub rows: Option<f64>,
    /// What its size depends on besides; a density of another shape is of no use.
    pub shape: String,
    /// Its sizes.
    pub part: Part,
}

/// A TOAST table with its index.
#[derive(Debug, Clone, PartialEq)]
pub struct ToastBloat {
    /// Its OID.
    pub oid: u32,
    /// Its sizes.
    pub part: Part,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableBloat {
    /// Its OID.
    pub oid: u32,
    /// Its name.
    pub name: QualifiedName,
    /// Its rows, as far as they are counted.
    pub rows: Option<f64>,
    /// Rows that are dead and take space, by the server's count.
    pub dead_rows: i64,
    /// Its heap, without its maps.
    pub heap: Part,
    /// Its indexes.
    pub indexes: Vec<IndexBloat>,
    /// Its TOAST table.
    pub toast: Option<ToastBloat>,
    /// What the size of its heap depends on besides its rows.
    pub shape: String,
    /// What its pages are filled to, in per cent.
    pub fillfactor: f64,
    /// The size of a page.
    pub block: f64,
}

impl TableBloat {
    /// Everything it consists of.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        let indexes = self.indexes.iter().map(|i| &i.part);
        std::iter::once(&self.heap).chain(indexes).chain(self.toast.iter().map(|t| &t.part))
    }

    /// Its size now.
    pub fn bytes(&self) -> i64 {
        self.parts().map(|part| part.bytes).sum()
    }

    /// Bytes to gain by a repack, of those parts of which that is known; `None` if it is not known of
    /// the heap.
    pub fn bloat(&self) -> Option<i64> {
        self.heap.bloat()?;
        Some(self.parts().filter_map(Part::bloat).sum())
    }

    /// These in relation to its size.
    pub fn ratio(&self) -> Option<f64> {
        let bytes = self.bytes();
        self.bloat().map(|bloat| if bytes > 0 { bloat as f64 / bytes as f64 } else { 0.0 })
    }

    /// It as rules look at it. When it was repacked last, and why it is left alone, only those know
    /// who keep a history; they add it.
    pub fn candidate(&self, connection: &str, database: &str) -> Candidate {
        Candidate {
            connection: connection.to_owned(),
            database: database.to_owned(),
            table: self.name.clone(),
            sizes: Sizes {
                heap: self.heap.bytes,
                indexes: self.indexes.iter().map(|i| i.part.bytes).sum(),
                toast: self.toast.as_ref().map_or(0, |toast| toast.part.bytes),
            },
            bloat_bytes: self.bloat(),
            bloat_ratio: self.ratio(),
            dead_rows: Some(self.dead_rows),
            #[expect(clippy::cast_possible_truncation, reason = "a count of rows")]
            live_rows: self.rows.map(|rows| rows as i64),
            last_repack: None,
            set_aside: None,
        }
    }
}

/// How long to wait for a lock that only the asking for a size takes: whoever locks a table against
/// everybody between the two is rare, and sizes are then taken from the catalog.
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// Sizes and bloat of the tables in `scope`, most bytes to gain first, those of which nobody knows last.
pub async fn measure(
    session: &Session,
    scope: &Scope,
    densities: &Densities,
) -> Result<Vec<TableBloat>> {
    let facts = match facts::read(session, scope, true, LOCK_WAIT).await {
        Err(error) if error.is_lock() => facts::read(session, scope, false, LOCK_WAIT).await?,
        other => other?,
    };
    let mut all: Vec<_> = facts.iter().map(|t| estimate::table(t, densities)).collect();
    sort(&mut all);
    Ok(all)
}

/// The same of one table, in a transaction that the caller has begun; `None` if there is no such table.
pub async fn of_table(client: &Client, oid: u32) -> Result<Option<TableBloat>> {
    let scope = Scope { oids: vec![oid], least: 0 };
    let facts = facts::within(client, &scope, true).await?;
    Ok(facts.first().map(|table| estimate::table(table, &Densities::new())))
}

/// Most bytes to gain first, then largest first.
pub fn sort(tables: &mut [TableBloat]) {
    tables.sort_by_key(|t| std::cmp::Reverse((t.bloat(), t.bytes())));
}

/// Analyzes a table, so that it can be estimated. A login that may not do that gets a warning from the
/// server and no statistics.
pub async fn analyze(session: &Session, table: &QualifiedName) -> Result<()> {
    let sql = format!("ANALYZE {}.{}", ident(&table.schema), ident(&table.name));
    session.batch_execute(&sql).await.map_err(Error::sql(format!("analyzing {table}")))
}
