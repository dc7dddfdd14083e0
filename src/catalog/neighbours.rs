//! The relations that the exchange locks besides the table.

use crate::error::{Error, Result};
use crate::names::{QualifiedName, ident};
use crate::pg::lock::Mode;
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
    /// Whether writes to it go on to the table: then whoever does holds its lock when he comes to
    /// the table's.
    pub writes_through: bool,
    /// Whether it is a child of the table, so that whoever uses the table comes to it afterwards.
    pub below: bool,
}

impl Neighbour {
    /// The statement that takes a lock on it, as its owner `role`.
    ///
    /// LOCK TABLE on a view locks whatever it reads, too, and refuses a materialized view. For ACCESS
    /// EXCLUSIVE they are therefore given to the owner they have, which does nothing under the same
    /// lock. There is no such thing for SHARE ROW EXCLUSIVE; but a view that writes go through mostly
    /// reads nothing else, and nobody writes to a materialized view.
    pub fn lock(&self, mode: Mode, role: &str) -> String {
        match (self.kind.as_str(), mode) {
            ("v", Mode::AccessExclusive) => {
                return format!("ALTER VIEW {} OWNER TO {}", self.name.sql(), ident(role));
            }
            ("m", Mode::AccessExclusive) => {
                let (name, role) = (self.name.sql(), ident(role));
                return format!("ALTER MATERIALIZED VIEW {name} OWNER TO {role}");
            }
            _ => {}
        }
        format!("LOCK TABLE ONLY {} IN {} MODE", self.name.sql(), mode.sql())
    }
}

/// All of them, in the order in which they are locked; those below the table come after it.
/// `keys_of_parent`: with the tables of the foreign keys that a partition has from its parent.
pub async fn neighbours(
    client: &impl GenericClient,
    oid: u32,
    keys_of_parent: bool,
) -> Result<Vec<Neighbour>> {
    let rows = client
        .query_typed(
            include_str!("sql/neighbours.sql"),
            &[(&oid, Type::OID), (&keys_of_parent, Type::BOOL)],
        )
        .await
        .map_err(Error::sql("looking for what the exchange has to lock"))?;
    Ok(rows
        .iter()
        .map(|r| Neighbour {
            oid: r.get(0),
            name: QualifiedName::new(r.get::<_, &str>(1), r.get::<_, &str>(2)),
            kind: r.get(3),
            role: r.get(4),
            writes_through: r.get(5),
            below: r.get(6),
        })
        .collect())
}
