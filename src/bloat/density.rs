//! Bytes a row, measured when a table has just been repacked.

use super::facts::Scope;
use super::{Basis, Part, TableBloat, measure};
use crate::error::Result;
use crate::names::QualifiedName;
use crate::pg::Session;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Below so many bytes, what is left free on the last page and what an index has besides its entries
/// would count for too much.
const LEAST: i64 = 128 << 10;

/// The densities of a database's tables, by name: a repack gives a table another OID.
pub type Densities = HashMap<QualifiedName, Density>;

/// What a row of a table takes, just after a repack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// What its size depended on besides: of a table that has changed since, nothing is known.
    pub shape: String,
    /// Bytes of heap; 0: too small to be measured.
    pub heap: f64,
    /// Bytes of TOAST, if there is a TOAST table and it is large enough.
    pub toast: Option<f64>,
    /// Those of the indexes that are large enough, by name.
    pub indexes: BTreeMap<String, IndexDensity>,
}

/// What an entry of an index takes, just after it was built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexDensity {
    /// What its size depended on besides.
    pub shape: String,
    /// Bytes.
    pub bytes: f64,
}

/// Measures a table that has just been repacked; `None` if it is not there, too small, or its rows are
/// not counted.
pub async fn density(session: &Session, oid: u32) -> Result<Option<Density>> {
    let scope = Scope { oids: vec![oid], least: LEAST };
    let found = measure(session, &scope, &Densities::new()).await?;
    Ok(found.first().and_then(TableBloat::density))
}

impl TableBloat {
    /// Its density, taking it to have no bloat.
    pub fn density(&self) -> Option<Density> {
        let rows = self.rows.filter(|rows| *rows >= 1.0)?;
        let per = |part: &Part, rows: f64| {
            (part.bytes >= LEAST && rows >= 1.0).then(|| part.bytes as f64 / rows)
        };
        let indexes = self.indexes.iter().filter_map(|index| {
            let bytes = per(&index.part, index.rows?)?;
            Some((index.name.clone(), IndexDensity { shape: index.shape.clone(), bytes }))
        });
        Some(Density {
            shape: self.shape.clone(),
            heap: per(&self.heap, rows).unwrap_or(0.0),
            toast: self.toast.as_ref().and_then(|toast| per(&toast.part, rows)),
            indexes: indexes.collect(),
        })
    }

    /// Whether some part of it is expected to be what it was after an earlier repack.
    pub fn has_density(&self) -> bool {
        self.parts().any(|part| part.basis == Basis::Density)
    }
}
