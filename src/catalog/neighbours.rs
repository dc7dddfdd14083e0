//! The relations that the exchange locks besides the table.

use crate::error::{Error, Result};
use crate::names::{QualifiedName, ident};
use tokio_postgres::{GenericClient, types::Type};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its OID.
    pub oid: u32,
    /// Its name.
    pub name: QualifiedName,
    /// `relkind`.
    pub kind: String,
    /// Who may lock it: its owner, if the login role is a member of that.
    pub role: Option<String>,
}

impl Neighbour {
    /// The statement that takes ACCESS EXCLUSIVE on it and on nothing else, as its owner.
    ///
    /// LOCK TABLE on a view would lock whatever it reads, so a view is given to the owner it has,
    /// which does nothing under the same lock.
    pub fn lock(&self, role: &str) -> String {
        match self.kind.as_str() {
            "v" => format!("ALTER VIEW {} OWNER TO {}", self.name.sql(), ident(role)),
            _ => format!("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", self.name.sql()),
        }
    }
}

/// All of them, in the order in which they are locked.
pub async fn neighbours(client: &impl GenericClient, oid: u32) -> Result<Vec<Neighbour>> {
    let rows = client
        .query_typed(include_str!("sql/neighbours.sql"), &[(&oid, Type::OID)])
        .await
        .map_err(Error::sql("looking for what the exchange has to lock"))?;
    Ok(rows
        .iter()
        .map(|r| Neighbour {
            oid: r.get(0),
            name: QualifiedName::new(r.get::<_, &str>(1), r.get::<_, &str>(2)),
            kind: r.get(3),
            role: r.get(4),
        })
        .collect())
}
